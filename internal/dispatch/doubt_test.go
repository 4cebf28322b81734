package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func doubtPolicy(policy string) func(*sms.Carrier) {
	return func(c *sms.Carrier) { c.Settings.InDoubt = policy }
}

func TestAPolicyDecidesAboutADoubt(t *testing.T) {
	for _, c := range []struct {
		policy    string
		marketing bool
		state     sms.State
		resent    bool
	}{
		{"resend", true, sms.InDoubt, true},
		{"hold", false, sms.InDoubt, false},
		{"fail", false, sms.Failed, false},
		{"automatic", false, sms.InDoubt, true},
		{"automatic", true, sms.InDoubt, false},
	} {
		t.Run(c.policy, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s, func(p *port) { p.reply = first(1, answers(sms.InDoubt), accepts) })
				w.change(doubtPolicy(c.policy))
				w.start()
				o := storetest.Order("x", alice)
				o.NoStop = !c.marketing
				id := w.accept(o)
				m := w.becomes(id, c.state)
				if c.state == sms.Failed {
					w.books(0, 0)
					return
				}
				w.books(m.Credits, 0)
				w.clock.Advance(4 * time.Second)
				w.becomes(w.send("next", bob), sms.Sent)
				if n := w.port().count(); n != 2 {
					t.Errorf("%d hand-overs before the grace ends", n)
				}
				w.clock.Advance(time.Second)
				if !c.resent {
					w.becomes(w.send("another", bob), sms.Sent)
					w.clock.Advance(time.Hour)
					w.becomes(w.send("and another", bob), sms.Sent)
					if m := w.message(id); m.State != sms.InDoubt || m.Duplicate || w.port().count() != 4 {
						t.Errorf("%+v", m)
					}
					return
				}
				if m := w.becomes(id, sms.Sent); !m.Duplicate {
					t.Error("not marked as a possible duplicate")
				}
				w.books(0, m.Credits+sms.Credit)
			})
		})
	}
}

func TestADoubtIsResentOnlySoOften(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = answers(sms.InDoubt) })
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send("x", alice)
		for n := 1; n <= 3; n++ {
			w.until("another copy", func() bool {
				m := w.message(id)
				return w.port().count() == n && m.State == sms.InDoubt && m.Attempts == n
			})
			if m := w.message(id); m.Duplicate != (n > 1) {
				t.Errorf("copy %d: marked %v", n, m.Duplicate)
			}
			w.clock.Advance(time.Minute)
		}
		if due, err := s.NextDue(t.Context(), w.shop.Carrier.ID); err != nil || !due.IsZero() {
			t.Errorf("next at %v, %v", due, err)
		}
		w.books(sms.Credit, 0)
	})
}

// The first copy may have been sent, whatever becomes of the next attempts.
func TestADoubtOutlivesAttemptsThatAreNotSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = first(1, answers(sms.InDoubt), first(2, answers(sms.Queued), accepts))
		})
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send("x", alice)
		w.becomes(id, sms.InDoubt)
		w.clock.Advance(5 * time.Second)
		w.until("the second attempt", func() bool { return w.port().count() == 2 && w.message(id).Attempts == 2 })
		if m := w.message(id); m.State != sms.InDoubt || m.PTT != 0 {
			t.Errorf("%s, ptt %d", m.State, m.PTT)
		}
		if err := s.Cancel(t.Context(), w.shop.Service.ID, id, w.clock.Now()); err == nil {
			t.Error("what may have been sent can be cancelled")
		}
		w.clock.Advance(time.Hour)
		if m := w.becomes(id, sms.Sent); !m.Duplicate {
			t.Error("sent twice, perhaps, and not marked")
		}
		w.books(0, sms.Credit)
	})
}

func TestARefusedCopyIsNoRefusalOfTheFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = first(1, answers(sms.InDoubt), answers(sms.Refused)) })
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send("x", alice)
		w.becomes(id, sms.InDoubt)
		w.clock.Advance(5 * time.Second)
		w.becomes(id, sms.Failed)
		w.books(0, 0)
	})
}

func TestAReceiptSettlesADoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = first(1, answers(sms.InDoubt), accepts) })
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send("x", alice)
		w.becomes(id, sms.InDoubt)
		buffered := delivered(alice, "77")
		buffered.State = sms.Buffered
		w.must(w.bring(buffered))
		w.becomes(id, sms.Buffered)
		w.books(0, sms.Credit)
		w.clock.Advance(time.Hour)
		w.becomes(w.send("y", bob), sms.Sent)
		if n := w.port().count(); n != 2 {
			t.Errorf("%d hand-overs of two messages", n)
		}
		w.must(w.bring(delivered(alice, "77")))
		if m := w.becomes(id, sms.Delivered); m.Duplicate {
			t.Error("marked as sent twice")
		}
		w.books(0, 2*sms.Credit)
	})
}

func TestAReceiptDuringTheResendingMarksTheDuplicate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = answers(sms.InDoubt) })
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send("x", alice)
		w.becomes(id, sms.InDoubt)
		w.port().set(func() { w.port0().hold = true })
		w.clock.Advance(5 * time.Second)
		w.until("the second copy is at the carrier", func() bool { return w.port().count() == 2 })
		w.must(w.bring(delivered(alice, "77")))
		w.becomes(id, sms.Delivered)
		w.port().release()
		w.until("the second copy shows", func() bool { return w.message(id).Duplicate })
		if kinds := w.kinds(id); !strings.HasSuffix(kinds, "duplicate") {
			t.Errorf("the trail: %s", kinds)
		}
		w.books(0, sms.Credit)
	})
}

// A part's receipt may overtake the answer to the second copy: it counts, and the others end the message.
func TestAReceiptOvertakesTheAnswerToTheSecondCopy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = answers(sms.InDoubt)
		})
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send(strings.Repeat("x", 400), alice)
		w.becomes(id, sms.InDoubt)
		w.port().set(func() { w.port0().hold = true })
		w.clock.Advance(5 * time.Second)
		w.until("the second copy is at the carrier", func() bool { return w.port().count() == 2 })
		w.must(w.bring(delivered(alice, "2")))
		w.port().release("1", "2", "3")
		w.until("it is sent", func() bool { return w.message(id).State == sms.Sent })
		w.must(w.bring(delivered(alice, "1")))
		w.must(w.bring(delivered(alice, "3")))
		if m := w.becomes(id, sms.Delivered); m.Arrived != 3 {
			t.Errorf("%d parts arrived", m.Arrived)
		}
		w.books(0, 3*sms.Credit)
	})
}

// A receipt that came before the message was handed over, or that may be another message's, settles nothing.
func TestAForeignReceiptSettlesNoDoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.change(doubtPolicy("hold"))
		w.start()
		w.must(w.bring(delivered(alice, "old")))
		w.clock.Advance(time.Minute)
		w.port().set(func() { w.port0().reply = first(1, answers(sms.InDoubt), accepts) })
		id := w.send("x", alice)
		w.becomes(id, sms.InDoubt)
		w.port().set(func() { w.port0().hold = true })
		other := w.send("y", alice)
		w.until("the other is at the carrier", func() bool { return w.port().count() == 2 })
		w.must(w.bring(delivered(alice, "held-0"))) // overtakes its answer
		w.becomes(id, sms.InDoubt)
		w.port().release()
		w.becomes(other, sms.Delivered)
		w.becomes(id, sms.InDoubt)
	})
}
