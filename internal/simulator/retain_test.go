package simulator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

func TestReceiptsWaitForTheirClient(t *testing.T) {
	o := start(t, simulator.Options{})
	sender := o.dial("shop", smpp.Transmitter)
	other := o.dial("somebody", smpp.Transceiver)
	first := sender.submit(to("+33612345678", "Bonjour"))
	second := sender.submit(to("+33612345678", "Bonsoir"))
	o.clock.Advance(transit)
	o.until("the receipts wait", func(s simulator.Status) bool { return s.Receipts.Pending == 2 })
	sender.Close()

	receiver := o.dial("shop", smpp.Receiver)
	got := map[string]bool{receiver.receipt().ID: true, receiver.receipt().ID: true}
	if !got[first] || !got[second] {
		t.Errorf("receipts for %v, want %s and %s", got, first, second)
	}
	o.quiet(receiver)
	o.quiet(other)
}

// while waits for the next deliver_sm and lets time pass.
func (c *client) while(o *operator, step time.Duration) *smpp.DeliverSM {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		select {
		case p := <-c.got:
			return p.(*smpp.DeliverSM)
		case <-tick.C:
			o.clock.Advance(step)
		case <-late:
			c.t.Fatal("nothing came")
		}
	}
}

func TestWhatIsNotTakenIsSentAgain(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	for range 3 {
		c.say <- smpp.ReceiverTemporaryError
	}
	id := c.submit(to("+33612345678", "Bonjour"))
	o.clock.Advance(transit)
	for range 4 {
		if r := smpp.ParseReceipt(c.while(o, time.Second), time.UTC); r.ID != id {
			t.Errorf("%+v", r)
		}
	}
	o.quiet(c)
	if s := o.Status().Receipts; s.Made != 1 || s.Sent != 4 || s.Acked != 1 || s.Repeated != 3 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// A client that does not answer gets no more than its window, and all of it again at its next session.
func TestClientThatDoesNotAnswer(t *testing.T) {
	o := start(t, simulator.Options{Window: 2})
	silent := make(chan smpp.PDU, 100)
	s, err := smpp.Dial(t.Context(), smpp.Config{Address: o.address, Bind: smpp.Bind{SystemID: "shop"}, Settings: smpp.Settings{
		Handler: func(_ *smpp.Session, p smpp.PDU, _ func(smpp.Status, smpp.PDU)) { silent <- p },
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := s.Request(t.Context(), to("+33612345678", "Bonjour")); err != nil {
			t.Fatal(err)
		}
	}
	o.clock.Advance(transit)
	<-silent
	<-silent
	o.until("the window is full", func(st simulator.Status) bool { return st.Receipts.Sent == 2 && st.Receipts.Pending == 5 })
	if _, err := s.Request(t.Context(), &smpp.QuerySM{MessageID: "1"}); !errors.Is(err, smpp.QueryFailed) {
		t.Error(err)
	}
	if len(silent) > 0 {
		t.Error("more came than the window allows")
	}
	s.Close()
	c := o.bind()
	for range 5 {
		c.receipt()
	}
	o.quiet(c)
}

func TestAnswerTimeout(t *testing.T) {
	o := start(t, simulator.Options{AnswerTimeout: 20 * time.Millisecond})
	silent := make(chan smpp.PDU, 100)
	s, err := smpp.Dial(t.Context(), smpp.Config{Address: o.address, Bind: smpp.Bind{SystemID: "shop"}, Settings: smpp.Settings{
		Handler: func(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
			if silent <- p; len(silent) > 1 {
				respond(smpp.OK, nil)
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Request(t.Context(), to("+33612345678", "Bonjour")); err != nil {
		t.Fatal(err)
	}
	o.until("it was taken at last", func(st simulator.Status) bool {
		o.clock.Advance(time.Second)
		return st.Receipts.Acked == 1 && st.Receipts.Pending == 0
	})
}

func TestTooManyReceiptsAreCounted(t *testing.T) {
	o := start(t, simulator.Options{Retain: 3})
	c := o.dial("shop", smpp.Transmitter)
	for i := range 5 {
		c.submit(to("+33612345678", "Bonjour"))
		o.clock.Advance(transit)
		o.until("it is delivered", func(s simulator.Status) bool { return s.Delivered == uint64(i+1) })
	}
	if s := o.Status().Receipts; s.Pending != 3 || s.Dropped != 2 {
		t.Errorf("%+v", s)
	}
	for range 3 {
		c.submit(to("+33639980001", "Bonjour"))
	}
	if _, err := c.ask(to("+33639980001", "Bonjour")); !errors.Is(err, smpp.QueueFull) {
		t.Errorf("too many under way: %v", err)
	}
}

func TestMessagesThatAreKept(t *testing.T) {
	o := start(t, simulator.Options{Keep: 10})
	c := o.bind()
	for i := range 40 {
		p := to("+3361234567"+string(rune('0'+i%10)), "Bonjour")
		p.RegisteredDelivery = smpp.RegisterNone
		c.submit(p)
		o.clock.Advance(transit)
	}
	o.until("all is delivered", func(s simulator.Status) bool { return s.Delivered == 40 })
	all := o.Messages("")
	if len(all) != 10 || all[0].Seq != 31 || all[9].Seq != 40 {
		t.Errorf("%d are kept: %+v", len(all), all)
	}
	for _, h := range o.Handsets() {
		if h.Count != 4 || len(o.Messages(h.Number)) != 1 || h.Last.Text != "Bonjour" {
			t.Errorf("%+v", h)
		}
	}
}

func TestCloseDoesNotWaitForAnswersThatNeverCome(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	lost := make(chan smpp.Answer, 1)
	c.Send(t.Context(), to("+33639980011", "Bonjour"), func(a smpp.Answer) { lost <- a })
	o.until("it is taken", func(s simulator.Status) bool { return s.Accepted == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := o.Close(ctx); err != nil {
		t.Error(err)
	}
	if a := <-lost; !errors.Is(a.Err, smpp.ErrClosed) {
		t.Errorf("%+v", a)
	}
}
