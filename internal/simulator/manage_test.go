package simulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

func TestBinds(t *testing.T) {
	o := start(t, simulator.Options{SystemID: "shop", Password: "secret"})
	for _, b := range []struct {
		id, password string
		want         smpp.Status
	}{
		{"shop", "guess", smpp.InvalidPassword},
		{"thief", "secret", smpp.InvalidSystemID},
	} {
		_, err := smpp.Dial(t.Context(), smpp.Config{Address: o.address, Bind: smpp.Bind{SystemID: b.id, Password: b.password}})
		var refused *smpp.RefusedError
		if !errors.As(err, &refused) || refused.Status != b.want {
			t.Errorf("%s with %s: %v, want %v", b.id, b.password, err, b.want)
		}
	}
	for _, mode := range []smpp.BindMode{smpp.Transmitter, smpp.Receiver, smpp.Transceiver} {
		c := o.dial("shop", mode)
		o.until("it is seen", func(s simulator.Status) bool { return len(s.Binds) == 1 && s.Binds[0].Mode == mode.String() })
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := c.Unbind(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		o.until("it is gone", func(s simulator.Status) bool { return len(s.Binds) == 0 && s.MostBinds == 1 })
	}
}

func TestCancel(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	m := to("+33639980001", "Bonjour")
	id := c.submit(m)
	if _, err := c.ask(&smpp.CancelSM{MessageID: id, Source: m.Source, Dest: m.Dest}); err != nil {
		t.Error(err)
	}
	receipt(t, c, id, smpp.StateDeleted, "000")
	if _, err := c.ask(&smpp.CancelSM{MessageID: id}); !errors.Is(err, smpp.CancelFailed) {
		t.Errorf("a second time: %v", err)
	}
	first, second := c.submit(m), c.submit(m)
	if _, err := c.ask(&smpp.CancelSM{Source: m.Source, Dest: m.Dest}); err != nil {
		t.Error(err)
	}
	got := map[string]bool{c.receipt().ID: true, c.receipt().ID: true}
	if !got[first] || !got[second] {
		t.Errorf("cancelled were %v", got)
	}
	id = c.submit(m)
	if _, err := o.dial("thief", smpp.Transceiver).ask(&smpp.CancelSM{MessageID: id}); !errors.Is(err, smpp.CancelFailed) {
		t.Errorf("another client's message: %v", err)
	}
	o.clock.Advance(time.Minute)
	receipt(t, c, id, smpp.StateDelivered, "000")
	o.quiet(c)
	shows(t, o, "+33639980001", "Bonjour")
}

func TestReplace(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	m := to("+33639980001", "Bonjour")
	id := c.submit(m)
	r := &smpp.ReplaceSM{MessageID: id, Source: m.Source, RegisteredDelivery: smpp.RegisterReceipt, ShortMessage: []byte("Bonsoir")}
	if _, err := c.ask(r); err != nil {
		t.Error(err)
	}
	o.clock.Advance(10 * time.Second)
	if got := c.receipt(); got.Text != "Bonsoir" {
		t.Errorf("%+v", got)
	}
	shows(t, o, "+33639980001", "Bonsoir")
	if _, err := c.ask(r); !errors.Is(err, smpp.ReplaceFailed) {
		t.Errorf("after it was delivered: %v", err)
	}
	id = c.submit(m)
	r.MessageID, r.ScheduleTime = id, smpp.FormatTime(noon.Add(time.Hour))
	if _, err := c.ask(r); err != nil {
		t.Error(err)
	}
	o.clock.Advance(time.Minute)
	if answer, err := c.ask(&smpp.QuerySM{MessageID: id, Source: m.Source}); err != nil || answer.(*smpp.QuerySMResp).State != smpp.StateEnroute {
		t.Errorf("%+v, %v", answer, err)
	}
	o.clock.Advance(time.Hour)
	receipt(t, c, id, smpp.StateDelivered, "000")
	o.quiet(c)
}

func TestTimesOfAMessage(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	m := to("+33612345678", "Bonjour")
	m.ScheduleTime = smpp.FormatTime(noon.Add(time.Hour))
	id := c.submit(m)
	o.clock.Advance(time.Minute)
	if answer, err := c.ask(&smpp.QuerySM{MessageID: id}); err != nil || answer.(*smpp.QuerySMResp).State != smpp.StateEnroute {
		t.Errorf("%+v, %v", answer, err)
	}
	o.clock.Advance(time.Hour)
	receipt(t, c, id, smpp.StateDelivered, "000")

	m = to("+33639980002", "Bonjour") // absent for a minute
	m.ValidityPeriod, _ = smpp.FormatPeriod(30 * time.Second)
	id = c.submit(m)
	o.clock.Advance(time.Hour)
	receipt(t, c, id, smpp.StateEnroute, "027")
	receipt(t, c, id, smpp.StateExpired, "027")
	o.quiet(c)
}

func TestReceiptsThatWereNotAskedFor(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	for _, asked := range []smpp.RegisteredDelivery{smpp.RegisterNone, smpp.RegisterFailure} {
		m := to("+33612345678", "Bonjour")
		m.RegisteredDelivery = asked
		c.submit(m)
	}
	m := to("+33639980003", "Bonjour")
	m.RegisteredDelivery = smpp.RegisterFailure
	id := c.submit(m)
	o.clock.Advance(time.Minute)
	receipt(t, c, id, smpp.StateUndeliverable, "013")
	o.quiet(c)
}

func TestSubmitMulti(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	m := to("+33612345678", "Bonjour")
	p := &smpp.SubmitMulti{Source: m.Source, ShortMessage: m.ShortMessage, RegisteredDelivery: smpp.RegisterReceipt}
	for _, number := range []string{"+33612345678", "+33639980015", "+33639980003", "+33639980009"} {
		p.Dests = append(p.Dests, smpp.Dest{Address: to(number, "").Dest})
	}
	p.Dests = append(p.Dests, smpp.Dest{List: "friends"})
	answer, err := c.ask(p)
	if err != nil {
		t.Fatal(err)
	}
	r := answer.(*smpp.SubmitMultiResp)
	if len(r.Unsuccess) != 2 || r.Unsuccess[0].Status != smpp.InvalidDest || r.Unsuccess[1].Status != smpp.InvalidDLName {
		t.Errorf("%+v", r)
	}
	o.clock.Advance(transit)
	states := map[string]smpp.MessageState{}
	for range 3 {
		d := c.deliver()
		got := smpp.ParseReceipt(d, time.UTC)
		if got.ID != r.MessageID {
			t.Errorf("the receipt is for %s, want %s", got.ID, r.MessageID)
		}
		states[d.Source.Addr] = got.State
	}
	if states["33612345678"] != smpp.StateDelivered || states["33639980003"] != smpp.StateUndeliverable || len(states) != 3 {
		t.Errorf("%v", states)
	}
	p.Dests = p.Dests[1:2]
	if _, err := c.ask(p); !errors.Is(err, smpp.InvalidDest) {
		t.Errorf("when all are refused: %v", err)
	}
	o.quiet(c)
}

// What a real operator refuses is refused here too.
func TestMessagesThatAreWrong(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	for name, w := range map[string]struct {
		change func(*smpp.SubmitSM)
		want   smpp.Status
	}{
		"no number":         {func(p *smpp.SubmitSM) { p.Dest.Addr = "" }, smpp.InvalidDest},
		"a word":            {func(p *smpp.SubmitSM) { p.Dest.Addr = "3361234567a" }, smpp.InvalidDest},
		"too long a number": {func(p *smpp.SubmitSM) { p.Dest.Addr = "1234567890123456" }, smpp.InvalidDest},
		"no header":         {func(p *smpp.SubmitSM) { p.ESMClass = smpp.ESMUDHI }, smpp.InvalidESMClass},
		"161 septets":       {func(p *smpp.SubmitSM) { p.ShortMessage = []byte(strings.Repeat("a", 161)) }, smpp.InvalidMessageLength},
		"142 octets":        {func(p *smpp.SubmitSM) { p.ShortMessage, p.DataCoding = make([]byte, 142), smpp.CodingUCS2 }, smpp.InvalidMessageLength},
		"154 in a part": {func(p *smpp.SubmitSM) {
			p.ShortMessage = make([]byte, 160)
			header(false)(p, smpp.Concat{Total: 2, Seq: 1})
		}, smpp.InvalidMessageLength},
		"a time in no form":  {func(p *smpp.SubmitSM) { p.ScheduleTime = "261332000000000+" }, smpp.InvalidScheduleTime},
		"a validity of past": {func(p *smpp.SubmitSM) { p.ValidityPeriod = "200101000000000+" }, smpp.InvalidValidityPeriod},
	} {
		p := to("+33612345678", "Bonjour")
		w.change(p)
		if _, err := c.ask(p); !errors.Is(err, w.want) {
			t.Errorf("%s: %v, want %v", name, err, w.want)
		}
	}
	if s := o.Status(); s.Refused != s.Submitted || s.Accepted != 0 {
		t.Errorf("%+v", s)
	}
}

func TestNumbersInAnyForm(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	for _, a := range []smpp.Address{
		{TON: smpp.TONInternational, Addr: "33612345678"},
		{Addr: "+33612345678"},
		{Addr: "0033612345678"},
		{Addr: "0612345678"},
		{TON: smpp.TONNational, Addr: "612345678"},
		{Addr: "33612345678"},
	} {
		p := to("+33612345678", "Bonjour")
		p.Dest = a
		c.submit(p)
		o.clock.Advance(transit)
		if d := c.deliver(); d.Source != a {
			t.Errorf("the receipt comes from %v, want %v", d.Source, a)
		}
	}
	if all := o.Handsets(); len(all) != 1 || all[0].Number != "+33612345678" || all[0].Count != 6 {
		t.Errorf("%+v", all)
	}
	p := to("+33612345678", "Bonjour")
	p.Source = smpp.Address{TON: smpp.TONNational, Addr: "38001"} // as Kannel says it
	c.submit(p)
	if all := o.Messages(""); all[len(all)-1].From != "38001" {
		t.Errorf("a short number that is called national is shown as %q", all[len(all)-1].From)
	}
}
