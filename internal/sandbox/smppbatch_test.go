package sandbox_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// bindWire opens a wire that is bound.
func bindWire(t *testing.T, p *sandboxtest.Platform, mode smpp.BindMode) *wire {
	t.Helper()
	w := openWire(t, p)
	w.put(1, &smpp.Bind{Mode: mode, SystemID: p.Info.SMPPSystemID, Password: p.Info.SMPPPassword})
	frame, err := w.read.Next()
	check(t, err)
	if h, _, err := smpp.Decode(frame); err != nil || h.Status != smpp.OK {
		t.Fatal(h.Status, err)
	}
	return w
}

// Messages that come together are jobs of several, and yet each has its own answer, id, receipt and place on the handset.
func TestSubmitsThatComeTogether(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		speakPlain(t, p)
		receipts := mustBind(t, p, receiver)
		w := bindWire(t, p, smpp.Transmitter)
		const n = 60
		w.putAll(n, func(i int) smpp.PDU {
			m := aMessage("Nr. " + strconv.Itoa(i/2)) // each text twice, to the same handset
			switch i % 10 {
			case 3:
				m.Source.Addr = "Nobody"
			case 4:
				m.Dest.Addr = "12"
			case 5:
				m.RegisteredDelivery = 0
			case 6:
				m.Dest.Addr, m.Dest.TON = "0"+handset[3:], smpp.TONNational
			case 7:
				m.ShortMessage = nil
			}
			return m
		})
		want := map[int]smpp.Status{3: smpp.InvalidSource, 4: smpp.InvalidDest, 7: smpp.InvalidMessageLength}
		texts, jobs, ids := map[string]int{}, map[int64]int{}, map[string]int{}
		var told []string
		for seq, a := range w.answers(n) {
			i := int(seq)
			if a.status != want[i%10] {
				t.Errorf("%d: %v", i, a.status)
			}
			if a.status != smpp.OK {
				continue
			}
			uuid := a.pdu.(*smpp.SubmitSMResp).MessageID
			id, _, ok := sms.ParseSMPPMessageID(uuid)
			m, j, err := p.App.Store.Message(t.Context(), 0, id)
			if !ok || err != nil || m.Body(j) != "Nr. "+strconv.Itoa(i/2) {
				t.Errorf("%d: %q %v", i, m.Body(j), err)
			}
			ids[uuid] = i
			jobs[m.JobID]++
			texts[m.Body(j)]++
			if i%10 != 5 {
				told = append(told, uuid)
			}
		}
		if len(ids) != n*7/10 || len(jobs) > n/3 {
			t.Errorf("%d ids in %d jobs", len(ids), len(jobs))
		}
		got := receipts.awaitReceipts(p, told...)
		p.Until("all have arrived", func() bool { p.Clock.Advance(time.Second); return len(p.Simulator.Messages(handset)) >= len(ids) })
		if len(got) != len(told) {
			t.Errorf("%d receipts for %d messages", len(got), len(told))
		}
		receipts.mu.Lock()
		for _, d := range receipts.got {
			dest := handset[1:]
			if ids[smpp.ParseReceipt(d, time.UTC).ID]%10 == 6 {
				dest = "0" + handset[3:]
			}
			if d.Source.Addr != dest || d.Dest.Addr != "Ramier" {
				t.Errorf("a receipt from %v to %v", d.Source, d.Dest)
			}
		}
		receipts.mu.Unlock()
		for _, m := range p.Simulator.Messages(handset) {
			texts[m.Text]--
		}
		for text, n := range texts {
			if n != 0 {
				t.Errorf("%q: %d", text, n)
			}
		}
		// Each is found by its id.
		for uuid := range ids {
			var found []int64
			p.Get("/outgoing?messageID="+uuid, &found)
			if id, _, _ := sms.ParseSMPPMessageID(uuid); len(found) != 1 || found[0] != id {
				t.Errorf("%v instead of %d", found, id)
			}
			break
		}
		p.Audit()
	})
}

// If the credits do not last, those that come first are sent.
func TestCreditsForSomeOfWhatComesTogether(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		speakPlain(t, p)
		before := balance(t, p)
		w := bindWire(t, p, smpp.Transmitter)
		w.putAll(1, func(int) smpp.PDU { return aMessage("eins") })
		w.answers(1)
		price := before - balance(t, p)
		v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
		check(t, err)
		_, err = p.App.Store.Grant(t.Context(), v.ID, 5*price-balance(t, p), "test", p.Clock.Now())
		check(t, err)
		w.putAll(20, func(i int) smpp.PDU { return aMessage(fmt.Sprint("Nr. ", i)) })
		for seq, a := range w.answers(20) {
			want := smpp.SubmitFailed
			if seq < 5 {
				want = smpp.OK
			}
			if a.status != want {
				t.Errorf("%d: %v", seq, a.status)
			}
		}
		p.Audit()
	})
}

// Peers that send halves, never read, or lie about lengths harm nobody else.
func TestHostilePeersOverSMPP(t *testing.T) {
	p := sandboxtest.Start(t, "")
	speakPlain(t, p)
	half, err := smpp.Append(nil, 9, smpp.OK, aMessage("half"))
	check(t, err)
	cut := bindWire(t, p, smpp.Transmitter)
	_, err = cut.Write(append(half, half[:len(half)/2]...)) // the whole one is taken before the other half comes
	check(t, err)
	cut.want(smpp.CommandSubmitSMResp, 9, smpp.OK)
	check(t, cut.Close())
	deaf := bindWire(t, p, smpp.Transmitter)
	deaf.putAll(1500, func(int) smpp.PDU { return &smpp.QuerySM{MessageID: "x"} })
	// One that lies about its optional parameters, its header and its command_length.
	liar := bindWire(t, p, smpp.Transmitter)
	frame, err := smpp.Append(nil, 1, smpp.OK, aMessage("TLV"))
	check(t, err)
	frame = append(frame, 0x04, 0x24, 0xFF, 0xFF, 'x')
	frame[3] += 5
	_, err = liar.Write(frame)
	check(t, err)
	liar.want(smpp.CommandGenericNack, 1, smpp.InvalidTLVStream)
	header := aMessage("x")
	header.ESMClass, header.ShortMessage = smpp.ESMUDHI, []byte{200, 0, 3, 1}
	liar.put(2, header)
	liar.want(smpp.CommandSubmitSMResp, 2, smpp.InvalidMessageLength)
	_, err = liar.Write([]byte{0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3})
	check(t, err)
	liar.want(smpp.CommandGenericNack, 0, smpp.InvalidCommandLength)
	liar.closed()
	check(t, deaf.Close())
	e := mustBind(t, p)
	e.awaitReceipts(p, e.send(aMessage("Bonjour")))
	p.Until("the whole one", func() bool {
		n := 0
		for _, m := range p.Simulator.Messages(handset) {
			if m.Text == "half" {
				n++
			}
		}
		return n == 1
	})
	p.Audit()
}
