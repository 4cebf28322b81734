package simulator_test

import (
	"errors"
	"strings"
	"testing"

	"ramier/internal/gsm"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// written joins a handset's text from its pieces.
func (c *client) written(n int) (text string, first *smpp.DeliverSM) {
	c.t.Helper()
	var list []gsm.Piece
	for range n {
		p := c.deliver()
		if first == nil {
			first = p
		}
		piece := gsm.Piece{Index: 1, Total: 1, Coding: byte(p.DataCoding), Octets: p.ShortMessage}
		if p.ESMClass == smpp.ESMUDHI {
			udh, rest, err := smpp.ParseUDH(p.ShortMessage)
			place, ok := udh.Concat()
			if err != nil || !ok {
				c.t.Fatalf("%+v", p)
			}
			piece = gsm.Piece{Index: place.Seq, Total: place.Total, Coding: byte(p.DataCoding), Octets: rest}
		}
		list = append(list, piece)
	}
	text, _ = gsm.Join(list)
	return text, first
}

func TestReplies(t *testing.T) {
	const handset = "+33612345678"
	o := start(t, simulator.Options{})
	c := o.bind()
	p := to(handset, "Bonjour")
	p.RegisteredDelivery = smpp.RegisterNone
	c.submit(shortNumber(p))
	o.clock.Advance(transit)
	o.until("it is delivered", func(s simulator.Status) bool { return s.Delivered == 1 })

	for _, r := range []struct {
		to, text string
		parts    int
		address  string
	}{
		{"", "Oui", 1, "38080"},
		{"38080", "Non", 1, "38080"},
		{"", "Привет 🐦", 1, "38080"},
		{"", strings.Repeat("Bien reçu ? ", 30), 6, "38080"}, // ç is not in the alphabet of 7 bits
		{"36111", "STOP", 1, "36111"},
		{"0612000000", "Salut", 1, "33612000000"},
	} {
		if err := o.Reply("0612345678", r.to, r.text); err != nil {
			t.Error(err)
			continue
		}
		text, first := c.written(r.parts)
		if text != r.text || first.Source != p.Dest || first.Dest.Addr != r.address {
			t.Errorf("%q to %q came as %q from %v to %v", r.text, r.to, text, first.Source, first.Dest)
		}
	}
	o.quiet(c)
	if s := o.Status().Replies; s.Acked != 11 {
		t.Errorf("%+v", s)
	}
}

func TestReplyToAName(t *testing.T) {
	const handset = "+33612345678"
	o := start(t, simulator.Options{})
	c := o.bind()
	c.submit(to(handset, "Soldes"))
	o.clock.Advance(transit)
	c.receipt()
	if err := o.Reply(handset, "", "Merci"); !strings.Contains(err.Error(), "Ramier is a name") {
		t.Error(err)
	}
	if err := o.Reply(handset, "", "stop svp"); err != nil {
		t.Error(err)
	}
	if text, first := c.written(1); text != "stop svp" || first.Dest.Addr != "36111" {
		t.Errorf("%q went to %v", text, first.Dest)
	}
	c.submit(shortNumber(to(handset, "Bonjour")))
	o.clock.Advance(transit)
	c.receipt()
	c.submit(to(handset, "Soldes"))
	o.clock.Advance(transit)
	c.receipt()
	if err := o.Reply(handset, "", "Merci"); err != nil {
		t.Error(err)
	}
	if _, first := c.written(1); first.Dest.Addr != "38080" { // the last one that can be answered
		t.Errorf("it went to %v", first.Dest)
	}
}

func TestRepliesThatCannotBe(t *testing.T) {
	o := start(t, simulator.Options{})
	for _, r := range []struct{ from, to, text, field string }{
		{"nobody", "36111", "Oui", "number"},
		{"+33612345678", "", "Oui", "to"},
		{"+33612345678", "Ramier", "Oui", "to"},
		{"+33612345678", "36111", "", "text"},
		{"+33612345678", "36111", "Oui", "to"}, // nobody has bound
		{"+33612345678", "36111", strings.Repeat("long ", 10_000), "text"},
	} {
		if r.field == "text" && r.text != "" {
			o.bind()
		}
		var m *simulator.Mistake
		if err := o.Reply(r.from, r.to, r.text); !errors.As(err, &m) || m.Field != r.field {
			t.Errorf("%.20q from %q to %q: %v, want a mistake in %s", r.text, r.from, r.to, err, r.field)
		}
	}
}

// A handset may write to a number it knows nothing of; it goes to a client that is there.
func TestFirstWord(t *testing.T) {
	o := start(t, simulator.Options{})
	o.dial("archive", smpp.Transmitter)
	c := o.bind()
	o.until("both are bound", func(s simulator.Status) bool { return len(s.Binds) == 2 })
	if err := o.Reply("+33612345678", "36111", "Allo"); err != nil {
		t.Fatal(err)
	}
	if text, first := c.written(1); text != "Allo" || first.Dest.TON != smpp.TONAbbreviated || first.Source.Addr != "33612345678" {
		t.Errorf("%q %+v", text, first)
	}
}
