package sandbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// speakPlain sets the dialect of the sandbox's customer, with room for a load.
func speakPlain(t *testing.T, p *sandboxtest.Platform) {
	t.Helper()
	check(t, p.Operator.Put("/operator/services/"+p.Info.ServiceName+"/smpp",
		map[string]any{"dialect": "plain", "throughput": 1000, "windowing": 1000}, nil))
}

// ask makes a request and compares the status of its answer.
func (e *esme) ask(what string, p smpp.PDU, want smpp.Status) smpp.PDU {
	e.t.Helper()
	a, err := e.Request(e.t.Context(), p)
	var got smpp.Status
	if err != nil && !errors.As(err, &got) {
		e.t.Fatal(what, err)
	}
	if got != want {
		e.t.Errorf("%s: %v instead of %v", what, got, want)
	}
	return a
}

// state asks for the state of a message.
func (e *esme) state(id string) smpp.MessageState {
	e.t.Helper()
	r, ok := e.ask("query_sm", &smpp.QuerySM{MessageID: id, Source: smpp.Address{TON: 5, Addr: "Ramier"}}, smpp.OK).(*smpp.QuerySMResp)
	if !ok || r.MessageID != id || (r.FinalDate == "") != (r.State == smpp.StateEnroute) {
		e.t.Fatalf("%+v", r)
	}
	return r.State
}

// inAnHour is a message that is due in an hour.
func inAnHour(text string) *smpp.SubmitSM {
	m := aMessage(text)
	m.ScheduleTime = "000000010000000R"
	return m
}

func balance(t *testing.T, p *sandboxtest.Platform) sms.Credits {
	t.Helper()
	v, err := p.App.Store.Service(t.Context(), p.Info.ServiceName)
	check(t, err)
	b, err := p.App.Store.Balance(t.Context(), v.ID)
	check(t, err)
	return b.Available
}

func TestWaitingMessagesAreQueriedAndCancelledOverSMPP(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		speakPlain(t, p)
		e := mustBind(t, p)
		from := smpp.Address{TON: 5, Addr: "Ramier"}
		before := balance(t, p)
		one := e.send(inAnHour("eins"))
		price := before - balance(t, p)
		two, three := e.send(inAnHour("zwei")), e.send(inAnHour("drei"))
		other := inAnHour("vier")
		other.Dest.Addr = "33639980009"
		four := e.send(other)
		now := e.send(aMessage("sofort"))
		e.awaitReceipts(p, now)
		if s := e.state(now); s != smpp.StateDelivered {
			t.Error(s)
		}
		if s := e.state(one); s != smpp.StateEnroute {
			t.Error(s)
		}
		e.ask("another source", &smpp.QuerySM{MessageID: one, Source: smpp.Address{TON: 5, Addr: "Other"}}, smpp.InvalidSource)
		e.ask("no id", &smpp.QuerySM{MessageID: "12345"}, smpp.InvalidMessageID)
		e.ask("an unknown id", &smpp.QuerySM{MessageID: sms.SMPPMessageID(1<<40, 0)}, smpp.InvalidMessageID)
		e.ask("an unknown part", &smpp.QuerySM{MessageID: sms.SMPPMessageID(1<<40, 3)}, smpp.InvalidMessageID)
		// What was sent otherwise, or by others, is unknown.
		foreign := sms.SMPPMessageID(p.Send("API", []string{handset}).IDs[0], 0)
		for _, pdu := range []smpp.PDU{
			&smpp.QuerySM{MessageID: foreign}, &smpp.CancelSM{MessageID: foreign}, &smpp.ReplaceSM{MessageID: foreign, ShortMessage: []byte("x")},
		} {
			e.ask("not over SMPP", pdu, smpp.InvalidMessageID)
		}
		e.ask("delivered", &smpp.CancelSM{MessageID: now, Source: from}, smpp.CancelFailed)
		e.ask("another receiver", &smpp.CancelSM{MessageID: one, Source: from, Dest: other.Dest}, smpp.InvalidDest)
		e.ask("cancel", &smpp.CancelSM{MessageID: one, Source: from}, smpp.OK)
		e.ask("again", &smpp.CancelSM{MessageID: one, Source: from}, smpp.CancelFailed)
		if s := e.state(one); s != smpp.StateDeleted {
			t.Error(s)
		}
		e.ask("all to nobody", &smpp.CancelSM{Source: from, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "33639980010"}}, smpp.CancelFailed)
		e.ask("all from nobody", &smpp.CancelSM{Dest: other.Dest}, smpp.InvalidSource)
		e.ask("all to one", &smpp.CancelSM{Source: from, Dest: aMessage("").Dest}, smpp.OK)
		got := e.awaitReceipts(p, one, two, three)
		for _, id := range []string{one, two, three} {
			if got[id].State != smpp.StateDeleted || e.state(id) != smpp.StateDeleted {
				t.Errorf("%+v", got[id])
			}
		}
		if s := e.state(four); s != smpp.StateEnroute {
			t.Error(s)
		}
		if left := balance(t, p); left != before-3*price { // what was sent at once, by the API, and in an hour
			t.Errorf("%v credits left of %v at %v each", left, before, price)
		}
		p.Clock.Advance(time.Hour)
		e.awaitReceipts(p, four)
		p.Audit()
	})
}

func TestWaitingMessagesAreReplacedOverSMPP(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		speakPlain(t, p)
		e := mustBind(t, p)
		from := smpp.Address{TON: 5, Addr: "Ramier"}
		before := balance(t, p)
		id := e.send(inAnHour("kurz"))
		price := before - balance(t, p)
		long := strings.Repeat("abcdefghij", 20)
		with := func(text string) *smpp.ReplaceSM {
			return &smpp.ReplaceSM{MessageID: id, Source: from, RegisteredDelivery: smpp.RegisterReceipt, ShortMessage: []byte(text)}
		}
		e.ask("longer", with(long), smpp.OK)
		if left := balance(t, p); left != before-2*price {
			t.Errorf("%v left of %v at %v each", left, before, price)
		}
		p.Audit()
		e.ask("another source", &smpp.ReplaceSM{MessageID: id, Source: smpp.Address{TON: 5, Addr: "Other"}, ShortMessage: []byte("x")}, smpp.InvalidSource)
		e.ask("no GSM 03.38", with("\xe9"), 0x402)
		e.ask("empty", with(""), smpp.InvalidMessageLength)
		late := with("zu spät")
		late.ValidityPeriod = "200101000000000+"
		late.ShortMessage = []byte("zu spaet")
		e.ask("validity", late, smpp.InvalidValidityPeriod)
		late.ValidityPeriod, late.ScheduleTime = "", "991231235959000+"
		e.ask("schedule", late, smpp.InvalidScheduleTime)
		e.ask("shorter", with("so"), smpp.OK)
		if left := balance(t, p); left != before-price {
			t.Errorf("%v left of %v at %v each", left, before, price)
		}
		// Not at once, but in two hours, valid for three, and no receipt.
		late.ShortMessage, late.ScheduleTime, late.ValidityPeriod, late.RegisteredDelivery = []byte("doch"), "000000020000000R", "000000050000000R", 0
		e.ask("later", late, smpp.OK)
		sooner := e.send(inAnHour("bald"))
		now := with("jetzt")
		now.MessageID, now.ScheduleTime = sooner, p.Clock.Now().UTC().Add(-time.Minute).Format("060102150405")+"000+"
		e.ask("sooner", now, smpp.OK)
		e.awaitReceipts(p, sooner)
		if s := e.state(id); s != smpp.StateEnroute {
			t.Error(s)
		}
		p.Clock.Advance(2 * time.Hour)
		p.Until("it has arrived", func() bool { p.Clock.Advance(time.Second); return e.state(id) == smpp.StateDelivered })
		e.ask("delivered", with("zu spaet"), smpp.ReplaceFailed)
		texts := map[string]int{}
		for _, m := range p.Simulator.Messages(handset) {
			texts[m.Text]++
		}
		if len(texts) != 2 || texts["doch"] != 1 || texts["jetzt"] != 1 {
			t.Errorf("%v", texts)
		}
		if _, told := e.receipts()[id]; told {
			t.Error("a receipt came for what wants none")
		}
		p.Audit()
	})
}

func TestOneTextToManyOverSMPP(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		speakPlain(t, p)
		e := mustBind(t, p)
		to := func(numbers ...string) (all []smpp.Dest) {
			for _, n := range numbers {
				all = append(all, smpp.Dest{Address: smpp.Address{TON: 1, NPI: 1, Addr: n}})
			}
			return all
		}
		m := &smpp.SubmitMulti{
			Source: aMessage("").Source, Dests: to(handset[1:], "33639980009", "12"), RegisteredDelivery: smpp.RegisterReceipt,
			TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(strings.Repeat("an alle ", 30))}},
		}
		r, ok := e.ask("submit_multi", m, smpp.OK).(*smpp.SubmitMultiResp)
		if !ok || len(r.Unsuccess) != 1 || r.Unsuccess[0].Addr != "12" || r.Unsuccess[0].Status != smpp.InvalidDest || r.MessageID == "" {
			t.Fatalf("%+v", r)
		}
		p.Until("both receipts", func() bool {
			p.Clock.Advance(time.Second)
			e.mu.Lock()
			defer e.mu.Unlock()
			from := map[string]bool{}
			for _, d := range e.got {
				if smpp.ParseReceipt(d, time.UTC).ID == r.MessageID {
					from[d.Source.Addr] = true
				}
			}
			return len(from) == 2 && from[handset[1:]] && from["33639980009"]
		})
		if s := e.state(r.MessageID); s != smpp.StateDelivered {
			t.Error(s)
		}
		m.Dests = append(m.Dests, smpp.Dest{List: "friends"})
		e.ask("a list", m, smpp.CannotSubmitToDL)
		m.Dests = to("12", "13")
		e.ask("nobody", m, smpp.InvalidDest)
		m.Dests, m.ScheduleTime = to(handset[1:], "33639980009"), "000000010000000R"
		r, _ = e.ask("later", m, smpp.OK).(*smpp.SubmitMultiResp)
		e.ask("replace", &smpp.ReplaceSM{MessageID: r.MessageID, ShortMessage: []byte("x")}, smpp.ReplaceFailed)
		e.ask("cancel", &smpp.CancelSM{MessageID: r.MessageID}, smpp.OK)
		if s := e.state(r.MessageID); s != smpp.StateDeleted {
			t.Error(s)
		}
		d := &smpp.DataSM{Source: m.Source, Dest: aMessage("").Dest, RegisteredDelivery: smpp.RegisterReceipt, TLVs: smpp.TLVs{
			{Tag: smpp.TagMessagePayload, Value: []byte("data")}, {Tag: smpp.TagQOSTimeToLive, Value: []byte{0, 0, 0, 60}},
		}}
		data, ok := e.ask("data_sm", d, smpp.OK).(*smpp.DataSMResp)
		if !ok {
			t.Fatal("no data_sm_resp")
		}
		e.awaitReceipts(p, data.MessageID)
		d.TLVs = nil
		e.ask("data_sm without payload", d, smpp.InvalidMessageLength)
		// Parts are known by ids of their own.
		first := aMessage("Bonjour ")
		first.ESMClass, first.ShortMessage = smpp.ESMUDHI, append([]byte{5, 0, 3, 7, 2, 1}, first.ShortMessage...)
		part := e.send(first)
		if s := e.state(part); s != smpp.StateEnroute {
			t.Error(s)
		}
		e.ask("a part", &smpp.CancelSM{MessageID: part}, smpp.CancelFailed)
		first.ShortMessage[5] = 2
		last := e.send(first)
		e.awaitReceipts(p, part, last)
		if e.state(part) != smpp.StateDelivered || e.state(last) != smpp.StateDelivered {
			t.Error("the parts are not delivered")
		}
		p.Audit()
	})
}
