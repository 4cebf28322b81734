package simulator_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

func (o *operator) fault(f simulator.Fault) {
	o.t.Helper()
	if err := o.Fault(f); err != nil {
		o.t.Fatal(err)
	}
}

func TestDrop(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	o.fault(simulator.Fault{Kind: simulator.Drop, For: time.Minute})
	<-c.Done()
	if s, err := smpp.Dial(t.Context(), smpp.Config{Address: o.address}); err == nil {
		s.Close()
		t.Error("a connection was let in")
	}
	o.clock.Advance(time.Minute)
	delivered(t, o, o.bind(), "+33612345678", transit)
}

func TestThrottle(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	taken := func() (n int) {
		for range 8 {
			m := to("+33612345678", "Bonjour")
			m.RegisteredDelivery = smpp.RegisterNone
			if _, err := c.ask(m); err == nil {
				n++
			} else if !errors.Is(err, smpp.Throttled) {
				t.Error(err)
			}
		}
		return n
	}
	o.fault(simulator.Fault{Kind: simulator.Throttle, Rate: 5})
	for _, want := range []int{5, 0} {
		if n := taken(); n != want {
			t.Errorf("%d were taken, want %d", n, want)
		}
	}
	o.clock.Advance(600 * time.Millisecond)
	if n := taken(); n != 3 {
		t.Errorf("after 0.6 s, %d were taken", n)
	}
	o.fault(simulator.Fault{Kind: simulator.Throttle, For: time.Second})
	if n := taken(); n != 0 {
		t.Errorf("with no rate, %d were taken", n)
	}
	o.clock.Advance(time.Second)
	if n := taken(); n != 8 {
		t.Errorf("afterwards, %d were taken", n)
	}
	if s := o.Status(); s.Accepted != 16 || s.Refused != 24 {
		t.Errorf("%+v", s)
	}
}

func TestMute(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	o.fault(simulator.Fault{Kind: simulator.Mute})
	lost := make(chan smpp.Answer, 1)
	c.Send(t.Context(), to("+33612345678", "Bonjour"), func(a smpp.Answer) { lost <- a })
	o.until("it is taken", func(s simulator.Status) bool { return s.Accepted == 1 && s.Unanswered == 1 })
	o.clock.Advance(transit)
	c.receipt()
	o.ClearFaults(simulator.Mute)
	delivered(t, o, c, "+33612345678", transit)
	if len(lost) > 0 {
		t.Error("it was answered")
	}
}

func TestSlow(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	o.fault(simulator.Fault{Kind: simulator.Slow, Delay: time.Minute})
	answers := make(chan smpp.Answer, 2)
	for _, number := range []string{"+33612345678", "+33639980015"} {
		c.Send(t.Context(), to(number, "Bonjour"), func(a smpp.Answer) { answers <- a })
	}
	o.until("both came", func(s simulator.Status) bool { return s.Submitted == 2 })
	o.clock.Advance(59 * time.Second)
	if _, err := c.ask(&smpp.QuerySM{MessageID: "1"}); !errors.Is(err, smpp.QueryFailed) || len(answers) > 0 {
		t.Errorf("%v; %d answers", err, len(answers))
	}
	o.clock.Advance(time.Second)
	if a, b := <-answers, <-answers; a.Status != smpp.OK || b.Status != smpp.InvalidDest {
		t.Errorf("%+v %+v", a, b)
	}
	o.clock.Advance(transit)
	c.receipt()
}

func TestNoReceipts(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	o.fault(simulator.Fault{Kind: simulator.NoReceipts})
	for _, number := range []string{"+33612345678", "+33639980002", "+33639980009"} {
		c.submit(to(number, "Bonjour"))
	}
	o.clock.Advance(time.Hour)
	o.quiet(c)
	shows(t, o, "+33612345678", "Bonjour")
}

func TestRefuse(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	for _, f := range []simulator.Fault{{Status: smpp.QueueFull}, {Status: 0x410}, {}} {
		f.Kind = simulator.Refuse
		o.fault(f)
		want := f.Status
		if want == smpp.OK {
			want = smpp.SystemError
		}
		if _, err := c.ask(to("+33612345678", "Bonjour")); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	o.ClearFaults()
	delivered(t, o, c, "+33612345678", transit)
}

func TestFaultsThatCannotBe(t *testing.T) {
	o := start(t, simulator.Options{})
	for field, f := range map[string]simulator.Fault{
		"kind":    {Kind: "explode"},
		"seconds": {Kind: simulator.Drop, For: -1},
		"rate":    {Kind: simulator.Throttle, Rate: math.NaN()},
		"delay":   {Kind: simulator.Slow},
		"status":  {Kind: simulator.Mute, Status: smpp.SystemError},
	} {
		var m *simulator.Mistake
		if err := o.Fault(f); !errors.As(err, &m) || m.Field != field {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestReset(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	first := c.submit(to("+33639980001", "Bonjour"))
	c.submit(to("+33612345678", "Bonjour"))
	late := make(chan smpp.Answer, 1)
	c.Send(t.Context(), to("+33639980017", "Bonjour"), func(a smpp.Answer) { late <- a })
	o.until("it is taken", func(s simulator.Status) bool { return s.Accepted == 3 })
	o.clock.Advance(transit)
	c.receipt()
	o.fault(simulator.Fault{Kind: simulator.Refuse})
	o.Reset()
	if s := o.Status(); s.Submitted != 0 || s.Handsets != 0 || s.Kept != 0 || len(s.Faults) != 0 || len(s.Binds) != 1 || s.Enroute != 0 {
		t.Errorf("%+v", s)
	}
	o.clock.Advance(time.Hour)
	<-late // who waits for an answer still gets it
	if second := c.submit(to("+33612345678", "Bonjour")); second == first {
		t.Error("an id came twice")
	}
	o.clock.Advance(transit)
	c.receipt()
	o.quiet(c)
}

func TestNoQueries(t *testing.T) {
	o := start(t, simulator.Options{})
	c := o.bind()
	o.fault(simulator.Fault{Kind: simulator.NoQueries, For: time.Minute})
	if _, err := c.ask(&smpp.QuerySM{MessageID: "1"}); !errors.Is(err, smpp.InvalidCommandID) {
		t.Errorf("%v", err)
	}
	o.clock.Advance(time.Minute)
	if _, err := c.ask(&smpp.QuerySM{MessageID: "1"}); !errors.Is(err, smpp.QueryFailed) {
		t.Errorf("after its time: %v", err)
	}
}
