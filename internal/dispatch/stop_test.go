package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ramier/internal/clock"
	"ramier/internal/dispatch"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestAPlannedStopLeavesNothingInDoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true })
		w.change(func(c *sms.Carrier) { c.Settings.Rate = 8 }) // so that a claim is longer than what is handed over
		receivers := make([]string, 30)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+336399800%02d", i)
		}
		id := w.send("x", receivers...)
		w.start()
		w.until("some are at the carrier", func() bool { return w.port().count() >= 2 })
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			w.stop()
		}()
		w.until("what was not handed over is given back", func() bool { return w.port().count()+waiting(w, id, 30) == 30 })
		handed := w.port().count()
		select {
		case <-stopped:
			t.Error("it did not wait for the answers")
		default:
		}
		w.port().release()
		<-stopped
		states := map[sms.State]int{}
		for i := range 30 {
			states[w.message(id+int64(i)).State]++
		}
		if states[sms.Sent] != handed || states[sms.Queued] != 30-handed || w.claims() != 0 {
			t.Errorf("%d handed over: %v, %d claims", handed, states, w.claims())
		}
		w.books(sms.Credits(30-handed)*sms.Credit, sms.Credits(handed)*sms.Credit)
		w.make = nil
		w.start()
		w.until("the others are handed over", func() bool { return w.port().count() == 30-handed })
	})
}

// waiting counts messages that wait and are not being sent.
func waiting(w *world, first int64, n int) (count int) {
	for i := range n {
		if w.message(first+int64(i)).State == sms.Queued {
			count++
		}
	}
	return count
}

func TestAnEndWithoutAStopLeavesADoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.change(doubtPolicy("resend"))
		id := w.send("x", alice, bob)
		hold := w.shop.Hold(t, s)
		claim, err := s.Claim(t.Context(), w.shop.Carrier.ID, hold, 10, w.clock.Now()) // by a process that is no more
		w.must(err)
		w.must(s.Settle(t.Context(), &store.Outcome{
			Answers: []sms.Answer{{MessageID: id + 1, CarrierID: w.shop.Carrier.ID, State: sms.Sent, Refs: []string{"b"}, At: w.clock.Now()}},
		}))
		parked := delivered(alice, "a") // its receipt came before the end, its answer did not
		parked.CarrierID, parked.At = w.shop.Carrier.ID, w.clock.Now()
		w.must(s.Settle(t.Context(), &store.Outcome{Receipts: []sms.Receipt{parked}}))
		third := w.send("y", "+33639980003")
		again, err := s.Claim(t.Context(), w.shop.Carrier.ID, hold, 10, w.clock.Now().Add(time.Second))
		w.must(err)
		if len(claim.Messages) != 2 || len(again.Messages) != 1 {
			t.Fatal("claims")
		}
		w.must(s.Release(t.Context(), hold)) // as if it had run out
		w.clock.Advance(time.Minute)
		w.start()
		w.becomes(id, sms.Delivered)
		w.becomes(id+1, sms.Sent)
		w.until("the claims end", func() bool { return w.claims() == 0 })
		w.becomes(third, sms.InDoubt)
		w.clock.Advance(5 * time.Second)
		if m := w.becomes(third, sms.Sent); !m.Duplicate {
			t.Error("not marked")
		}
		w.books(0, 3*sms.Credit)
	})
}

func TestReloadFollowsTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil).start()
		reload := func(change func(*sms.Carrier)) {
			w.change(change)
			w.must(w.d.Reload(t.Context()))
		}
		w.becomes(w.send("one", alice), sms.Sent)
		old := w.port()
		old.set(func() { old.hold = true })
		o := storetest.Order("waits", alice)
		o.Deferred = time.Minute
		waits := w.accept(o)
		draining := w.send("draining", alice)
		w.until("it is at the carrier", func() bool { return old.count() == 2 })

		reload(func(c *sms.Carrier) { c.Enabled = false })
		w.clock.Advance(time.Minute)
		if _, runs := w.d.Status(w.shop.Carrier.ID); runs {
			t.Error("a disabled carrier runs")
		}
		reload(func(c *sms.Carrier) { c.Enabled = true })
		if w.port() == old {
			t.Fatal("no new carrier")
		}
		if w.port().Status().State == "connected" {
			t.Error("two of ours are connected")
		}
		old.release()
		w.becomes(draining, sms.Sent)
		w.becomes(waits, sms.Sent)

		changed := w.port()
		reload(func(c *sms.Carrier) { c.Settings.Window = 7 })
		w.until("the changed carrier runs", func() bool { return w.port() != changed && w.port().carrier.Settings.Window == 7 })
		if m := w.becomes(w.send("new", alice), sms.Sent); m.Rev != 4 {
			t.Errorf("revision %d", m.Rev)
		}
		if err := s.DeleteCarrier(t.Context(), w.shop.Carrier.Name); sms.CodeOf(err) != sms.Conflict {
			t.Errorf("deleting one with routes: %v", err)
		}
	})
}

func TestReloadsAtOnceEndWithTheLatestSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil).start()
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				w.change(func(c *sms.Carrier) { c.Settings.Window = 10 + i })
				if err := w.d.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		now, err := s.Carrier(t.Context(), w.shop.Carrier.Name)
		w.must(err)
		if got := w.port().carrier; got.Rev != now.Rev {
			t.Errorf("revision %d runs, %d is stored", got.Rev, now.Rev)
		}
		w.becomes(w.send("x", alice), sms.Sent)
		go func() { _ = w.d.Reload(context.WithoutCancel(t.Context())) }()
		w.stop()
	})
}

func TestAStopWaitsForCarriersThatWereDisabledBefore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true }).start()
		id := w.send("x", alice)
		w.until("it is at the carrier", func() bool { return w.port().count() == 1 })
		w.change(func(c *sms.Carrier) { c.Enabled = false })
		w.must(w.d.Reload(t.Context()))
		go w.port().release()
		w.stop()
		if m := w.message(id); m.State != sms.Sent || w.claims() != 0 {
			t.Errorf("%s, %d claims", m.State, w.claims())
		}
	})
}

func TestAFailedStartLeavesNothingRunning(t *testing.T) {
	s, err := store.Open(t.Context(), storetest.URL(t, "sqlite"), storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	d := dispatch.New(dispatch.Config{Store: s, Clock: clock.At(storetest.Noon)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err == nil {
		t.Error("started without a database")
	}
	d.Stop(t.Context())
	if err := errors.Join(d.Reload(t.Context())); err == nil {
		t.Error("reloaded without a database")
	}
}
