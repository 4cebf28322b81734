package simulator_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/gsm"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// pieces cuts a text as a client does, with each part's place written by mark.
func pieces(t testing.TB, text string, h gsm.Header, mark func(p *smpp.SubmitSM, c smpp.Concat)) []*smpp.SubmitSM {
	var split gsm.Splitter
	alphabet, parts, err := split.Split(text, gsm.GSM7, h)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*smpp.SubmitSM, len(parts))
	for i, octets := range parts {
		list[i] = to("+33612345678", string(octets))
		list[i].DataCoding = smpp.DataCoding(alphabet.DataCoding())
		if len(parts) > 1 {
			mark(list[i], smpp.Concat{Ref: 0x0107, Total: byte(len(parts)), Seq: byte(i + 1)})
		}
	}
	return list
}

func header(wide bool) func(*smpp.SubmitSM, smpp.Concat) {
	return func(p *smpp.SubmitSM, c smpp.Concat) {
		c.Wide = wide
		udh, _ := smpp.UDH{c.Element()}.Append(nil)
		p.ESMClass, p.ShortMessage = smpp.ESMUDHI, append(udh, p.ShortMessage...)
	}
}

func parameters(p *smpp.SubmitSM, c smpp.Concat) { p.TLVs = c.TLVs() }

// ways are those in which a long text comes.
var ways = map[string]struct {
	header gsm.Header
	mark   func(*smpp.SubmitSM, smpp.Concat)
}{
	"header of 8 bits":  {gsm.Header8, header(false)},
	"header of 16 bits": {gsm.Header16, header(true)},
	"parameters":        {gsm.Header8, parameters},
}

func TestLongTextsAreJoined(t *testing.T) {
	const long = 400
	for name, way := range ways {
		for _, text := range []string{strings.Repeat("Soldes à 10 € ! ", long/16), strings.Repeat("Привет 🐦 ", long/9)} {
			t.Run(name, func(t *testing.T) {
				o := start(t, simulator.Options{})
				c := o.bind()
				ids := map[string]bool{}
				list := pieces(t, text, way.header, way.mark)
				for i := range list { // the last one first, and one of them twice
					ids[c.submit(list[len(list)-1-i])] = true
					if i == 0 {
						c.submit(list[len(list)-1])
					}
				}
				if len(o.Messages("")) != 1 || len(o.Messages("+33612345678")) != 0 {
					t.Error("it is there before it is delivered")
				}
				o.clock.Advance(transit)
				for range len(list) + 1 {
					if r := c.receipt(); r.State != smpp.StateDelivered {
						t.Errorf("%+v", r)
					}
				}
				o.quiet(c)
				shows(t, o, "+33612345678", text)
				m := o.Messages("")[0]
				if m.Parts != len(list) || len(m.PartIDs) != len(list) || !ids[m.PartIDs[0]] || m.ID != m.PartIDs[0] {
					t.Errorf("%+v", m)
				}
			})
		}
	}
}

func TestPayload(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	p := to("+33612345678", "")
	text := strings.Repeat("Bonjour ", 100)
	p.TLVs = smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(text)}}
	c.submit(p)
	d := &smpp.DataSM{Source: p.Source, Dest: p.Dest, RegisteredDelivery: smpp.RegisterReceipt, TLVs: p.TLVs}
	answer, err := c.ask(d)
	if err != nil || answer.(*smpp.DataSMResp).MessageID == "" {
		t.Errorf("data_sm gives %+v, %v", answer, err)
	}
	o.clock.Advance(transit)
	c.receipt()
	c.receipt()
	shows(t, o, "+33612345678", text, text)
}

// Whatever the order in which parts come, the handset shows the text.
func TestAnyOrder(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 600, -1).Draw(t, "text")
		list := rapid.Permutation(pieces(o.t, text, gsm.Header8, header(false))).Draw(t, "order")
		o.Reset()
		for _, p := range list {
			p.RegisteredDelivery = smpp.RegisterNone
			c.submit(p)
		}
		o.clock.Advance(transit)
		o.until("all is delivered", func(s simulator.Status) bool { return s.Enroute == 0 })
		if all := o.Messages("+33612345678"); len(all) != 1 || all[0].Text != text {
			t.Errorf("the handset shows %+v, want %q", all, text)
		}
	})
}
