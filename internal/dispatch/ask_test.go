package dispatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func queried(minutes int) func(*sms.Carrier) {
	return func(c *sms.Carrier) { c.Settings.QueryMinutes = minutes }
}

// told answers queries: those about one reference with a state, others as not known.
func told(about string, state sms.State) func(string) (sms.Receipt, error) {
	return func(ref string) (sms.Receipt, error) {
		if ref != about {
			return sms.Receipt{}, fmt.Errorf("%w: %s", sms.ErrUnknownReference, ref)
		}
		return sms.Receipt{Refs: []string{ref}, State: state, PTT: sms.PTTDelivered, Asked: true, Raw: "query_sm: delivered", DoneAt: storetest.Noon, At: storetest.Noon}, nil
	}
}

func TestTheOperatorIsAskedForWhatHasNoReceipt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var ref string
		w := newWorld(t, s, func(p *port) {
			p.told = func(r string) (sms.Receipt, error) { return told(ref, sms.Delivered)(r) }
		})
		w.change(queried(10))
		ids := w.send("x", alice, bob)
		ref = fmt.Sprintf("%d-1-0", ids)
		w.start()
		w.becomes(ids, sms.Sent)
		w.becomes(ids+1, sms.Sent)
		w.clock.Advance(9 * time.Minute)
		if asked := w.port().questions(); len(asked) > 0 {
			t.Errorf("asked %q already", asked)
		}
		w.clock.Advance(5 * time.Minute)
		m := w.becomes(ids, sms.Delivered)
		if m.Receipt != "query_sm: delivered" {
			t.Errorf("%+v", m)
		}
		w.until("both are asked for", func() bool { return len(w.port().questions()) == 2 })
		w.rounds(4)
		w.until("the other one is asked for again after twice the time", func() bool { return len(w.port().questions()) == 3 })
		if asked := w.port().questions(); asked[2] != fmt.Sprintf("%d-2-0 Ramier", ids+1) {
			t.Errorf("asked %q", asked)
		}
		w.becomes(ids+1, sms.Sent)
		w.books(0, 6*sms.Credit)
	})
}

// rounds lets the carrier ask several times, 150 s apart.
func (w *world) rounds(n int) {
	w.t.Helper()
	for range n {
		w.clock.Advance(150 * time.Second)
		w.becomes(w.send("between", "+33639980099"), sms.Sent)
	}
}

func TestAnOperatorThatAnswersNoQueriesIsNotAskedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.told = func(string) (sms.Receipt, error) { return sms.Receipt{}, sms.ErrNoQueries }
		})
		w.change(queried(1))
		id := w.send("x", alice, bob)
		w.start()
		w.becomes(id+1, sms.Sent)
		w.clock.Advance(time.Hour)
		w.until("it is asked", func() bool { return len(w.port().questions()) == 1 })
		w.rounds(3)
		if asked := w.port().questions(); len(asked) != 1 {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestNobodyIsAskedUnlessTheSettingsSaySo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.told = func(string) (sms.Receipt, error) { return sms.Receipt{}, errors.New("asked") }
		})
		id := w.send("x", alice)
		w.start()
		w.becomes(id, sms.Sent)
		w.rounds(3)
		if asked := w.port().questions(); len(asked) > 0 {
			t.Errorf("asked %q", asked)
		}
	})
}

// Of a message in doubt only the parts that were accepted can be asked for. One that failed decides.
func TestAQueryAboutAnotherPartSettlesADoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = func(sms.Outbound, int) sms.Answer { return sms.Answer{State: sms.InDoubt, Refs: []string{"a", ""}} }
			p.told = told("a", sms.Failed)
		})
		w.change(func(c *sms.Carrier) { c.Settings.QueryMinutes, c.Settings.InDoubt = 5, "hold" })
		id := w.send(strings.Repeat("x", 200), alice)
		w.start()
		w.becomes(id, sms.InDoubt)
		w.clock.Advance(6 * time.Minute)
		w.becomes(id, sms.Failed)
		if kinds := w.kinds(id); kinds != "indoubt doubt-resolved part-receipt" {
			t.Errorf("the trail: %s", kinds)
		}
		w.audit()
	})
}

func (w *world) audit() {
	w.t.Helper()
	a, err := w.s.Audit(w.t.Context())
	w.must(err)
	if len(a.Findings) > 0 {
		w.t.Errorf("the audit finds %v", a.Findings)
	}
}
