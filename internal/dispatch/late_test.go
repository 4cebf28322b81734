package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// late gives the dispatcher an answer as its carrier does when the time is over.
func (w *world) late(id int64, attempt int, state sms.State, refs ...string) {
	w.t.Helper()
	w.port().inbox.Late(sms.Answer{
		MessageID: id, CarrierID: w.shop.Carrier.ID, Attempt: attempt, State: state, Refs: refs, PTT: sms.PTTAccepted, At: w.clock.Now(), Rev: 1,
	})
}

func inDoubt(t *testing.T, s *store.Store, policy string) (*world, int64) {
	t.Helper()
	w := newWorld(t, s, func(p *port) { p.reply = first(1, answers(sms.InDoubt), accepts) })
	w.change(doubtPolicy(policy))
	w.start()
	id := w.send("x", alice)
	w.becomes(id, sms.InDoubt)
	return w, id
}

func TestALateAnswerSettlesADoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w, id := inDoubt(t, s, "resend")
		w.must(w.bring(delivered("", "first"))) // its receipt was faster
		w.late(id, 0, sms.Sent, "first")
		if m := w.becomes(id, sms.Delivered); m.Duplicate || m.Refs[0] != "first" {
			t.Errorf("%+v", m)
		}
		w.clock.Advance(time.Hour)
		w.becomes(w.send("y", bob), sms.Sent)
		if n := w.port().count(); n != 2 {
			t.Errorf("%d hand-overs of two messages", n)
		}
		w.books(0, 2*sms.Credit)
		w.audit()
	})
}

func TestALateAnswerAfterTheResendingNamesTheOtherCopy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w, id := inDoubt(t, s, "resend")
		w.clock.Advance(5 * time.Second)
		before := w.becomes(id, sms.Sent)
		w.late(id, 0, sms.Sent, "first")
		w.until("it is noted", func() bool { return strings.HasSuffix(w.kinds(id), "late-answer") })
		if m := w.message(id); m.Refs[0] != before.Refs[0] || !m.Duplicate || m.State != sms.Sent {
			t.Errorf("%+v", m)
		}
		events, err := s.Events(t.Context(), id)
		w.must(err)
		if last := events[len(events)-1].Text; !strings.Contains(last, "references first") || !strings.Contains(last, "another copy") {
			t.Errorf("noted: %s", last)
		}
		w.books(0, sms.Credit)
		w.audit()
	})
}

func TestALateAnswerDuringTheResendingMarksTheDuplicate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w, id := inDoubt(t, s, "resend")
		w.port().set(func() { w.port0().hold = true })
		w.clock.Advance(5 * time.Second)
		w.until("the second copy is at the carrier", func() bool { return w.port().count() == 2 })
		w.late(id, 0, sms.Sent, "first")
		w.becomes(id, sms.Sent)
		w.port().release()
		w.until("the second copy shows", func() bool { return w.message(id).Duplicate })
		w.books(0, sms.Credit)
		w.audit()
	})
}

// That an attempt was not accepted is known late; then the message is not in doubt any more, and goes on as if it were in time.
func TestALateRefusalEndsADoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w, id := inDoubt(t, s, "hold")
		w.late(id, 0, sms.Queued, "")
		w.becomes(id, sms.Queued)
		w.clock.Advance(2 * time.Second)
		if m := w.becomes(id, sms.Sent); m.Duplicate {
			t.Error("marked as sent twice")
		}
		other, id := inDoubt2(w)
		other.late(id, 0, sms.Refused, "")
		other.becomes(id, sms.Failed)
		other.books(0, sms.Credit)
		other.audit()
	})
}

// inDoubt2 sends another message into doubt.
func inDoubt2(w *world) (*world, int64) {
	w.t.Helper()
	w.port().set(func() { w.port0().reply = answers(sms.InDoubt) })
	id := w.send("z", bob)
	w.becomes(id, sms.InDoubt)
	return w, id
}

// A late answer may be faster than the writing down of the doubt that it is about.
func TestALateAnswerWaitsForItsDoubt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true })
		w.change(doubtPolicy("hold"))
		w.start()
		id := w.send("x", alice)
		w.until("it is at the carrier", func() bool { return w.port().count() == 1 })
		w.late(id, 0, sms.Sent, "first")
		w.becomes(w.send("y", bob), sms.Sending)
		p := w.port()
		p.mu.Lock()
		open := p.open
		p.open, p.hold = nil, false
		p.mu.Unlock()
		for _, answer := range open {
			answer(sms.Answer{State: sms.InDoubt})
		}
		if m := w.becomes(id, sms.Sent); m.Duplicate || m.Refs[0] != "first" {
			t.Errorf("%+v", m)
		}
		w.audit()
	})
}

// A doubt whose validity ends is not sent again. For a while a receipt may settle it, then it expires, and is not charged.
func TestADoubtWhoseValidityEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = answers(sms.InDoubt) })
		w.change(doubtPolicy("resend"))
		w.start()
		o := storetest.Order("x", alice, bob)
		o.Validity = time.Minute
		id := w.accept(o)
		w.becomes(id, sms.InDoubt)
		w.becomes(id+1, sms.InDoubt)
		w.port().set(func() { w.port0().since = w.clock.Now().Add(time.Hour) }) // it will have been connected anew
		w.clock.Advance(time.Hour)
		w.until("another look at both", func() bool { return w.message(id).Attempts == 2 && w.message(id+1).Attempts == 2 })
		if n := w.port().count(); n != 2 {
			t.Errorf("%d hand-overs", n)
		}
		w.must(w.bring(delivered(bob, "77")))
		w.becomes(id+1, sms.Delivered)
		w.clock.Advance(9 * time.Minute)
		if m := w.message(id); m.State != sms.InDoubt {
			t.Errorf("%s too early", m.State)
		}
		w.clock.Advance(2 * time.Minute)
		m := w.becomes(id, sms.Expired)
		if m.Error != sms.LostInDoubt || m.PTT != sms.PTTExpired {
			t.Errorf("%+v", m)
		}
		w.books(0, sms.Credit)
		w.audit()
	})
}

// While the carrier is away no receipt can come, so a doubt waits longer.
func TestADoubtWaitsForACarrierThatIsAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = answers(sms.InDoubt) })
		w.change(doubtPolicy("resend"))
		w.start()
		o := storetest.Order("x", alice)
		o.Validity = time.Minute
		doubted := w.accept(o)
		w.becomes(doubted, sms.InDoubt)
		w.port().set(func() { w.port0().room = 0 })
		waiting := w.accept(o)
		w.change(func(c *sms.Carrier) { c.Enabled = false })
		w.must(w.d.Reload(t.Context()))
		w.clock.Advance(20 * time.Hour)
		w.becomes(waiting, sms.Expired)
		if m := w.message(doubted); m.State != sms.InDoubt {
			t.Errorf("%s", m.State)
		}
		w.clock.Advance(5 * time.Hour)
		if m := w.becomes(doubted, sms.Expired); m.Error != sms.LostInDoubt {
			t.Errorf("%+v", m)
		}
		w.books(0, 0)
		w.audit()
	})
}
