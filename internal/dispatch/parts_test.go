package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// buffered is an intermediate receipt.
func buffered(receiver string, refs ...string) sms.Receipt {
	r := delivered(receiver, refs...)
	r.State, r.PTT = sms.Buffered, sms.PTTRetry
	return r
}

// Both receipts come before the doubt is known, so that one group settles it with the first: the second counts, too.
func TestReceiptsThatOvertakeADoubtAllCount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true })
		w.change(doubtPolicy("hold"))
		w.start()
		id := w.send("x", alice)
		w.until("it is at the carrier", func() bool { return w.port().count() == 1 })
		w.must(w.bring(buffered(alice, "77")))
		w.must(w.bring(delivered(alice, "077", "77"))) // in another form
		w.must(w.bring(delivered(alice, "77")))
		w.port().Cut()
		w.becomes(id, sms.Delivered)
		w.books(0, sms.Credit)
	})
}

// A receipt does not say which part it is about. As long as fewer came than parts are in doubt, some part may not have been sent.
func TestADoubtAboutSeveralPartsNeedsAReceiptForEach(t *testing.T) {
	for name, early := range map[string]int{"before the doubt": 3, "after it": 0} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s, func(p *port) { p.hold = true })
				w.change(doubtPolicy("hold"))
				w.start()
				id := w.send(strings.Repeat("x", 400), alice)
				w.until("it is at the carrier", func() bool { return w.port().count() == 1 })
				came := []sms.Receipt{buffered(alice, "a"), delivered(alice, "A", "a"), delivered(alice, "b")}
				for _, r := range came[:early] {
					w.must(w.bring(r))
				}
				w.port().Cut()
				w.becomes(id, sms.InDoubt)
				for _, r := range came[early:] {
					w.must(w.bring(r))
				}
				if m := w.message(id); m.State != sms.InDoubt || strings.Join(m.Refs, "") != "" {
					t.Errorf("%s, refs %q", m.State, m.Refs)
				}
				w.must(w.bring(delivered(alice, "c")))
				w.becomes(id, sms.Delivered)
				w.books(0, 3*sms.Credit)
				if open, err := s.Unmatched(t.Context(), 10); err != nil || len(open) != 0 {
					t.Errorf("unmatched: %v, %v", open, err)
				}
			})
		})
	}
}

// With fewer receipts the message is sent again, whole: none of its parts was named.
func TestAPartThatWasNotSentIsSentAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = first(1, answers(sms.InDoubt), accepts) })
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send(strings.Repeat("x", 400), alice)
		w.becomes(id, sms.InDoubt)
		w.must(w.bring(delivered(alice, "a")))
		w.must(w.bring(delivered(alice, "b")))
		w.clock.Advance(10 * time.Second)
		m := w.becomes(id, sms.Sent)
		if !m.Duplicate || w.port().count() != 2 {
			t.Errorf("marked %v, %d hand-overs", m.Duplicate, w.port().count())
		}
		for _, ref := range m.Refs {
			w.must(w.bring(delivered(alice, ref)))
		}
		w.becomes(id, sms.Delivered)
	})
}

// That one part is on its way says nothing about another one that is in doubt.
func TestAnIntermediateReceiptEndsNoDoubtAboutOtherParts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = first(1, func(sms.Outbound, int) sms.Answer {
				return sms.Answer{State: sms.InDoubt, Refs: []string{"1", "", "3"}}
			},
				func(sms.Outbound, int) sms.Answer { return sms.Answer{State: sms.Sent, Refs: []string{"1", "2", "3"}} })
		})
		w.change(doubtPolicy("resend"))
		w.start()
		id := w.send(strings.Repeat("x", 400), alice)
		w.becomes(id, sms.InDoubt)
		w.must(w.bring(buffered(alice, "1")))
		if m := w.message(id); m.State != sms.InDoubt {
			t.Errorf("it is %s", m.State)
		}
		w.clock.Advance(10 * time.Second)
		w.becomes(id, sms.Sent)
		for _, ref := range []string{"1", "2", "3"} {
			w.must(w.bring(delivered(alice, ref)))
		}
		w.becomes(id, sms.Delivered)
		w.books(0, 3*sms.Credit)
	})
}

// A part arrives once, also when the message is buffered and its receipt is repeated.
func TestARepeatedReceiptOfAPartCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = func(sms.Outbound, int) sms.Answer { return sms.Answer{State: sms.Sent, Refs: []string{"1", "2"}} }
		}).start()
		id := w.send(strings.Repeat("x", 200), alice)
		w.becomes(id, sms.Sent)
		for _, r := range []sms.Receipt{buffered(alice, "2"), delivered(alice, "1"), delivered(alice, "1")} {
			w.must(w.bring(r))
		}
		w.becomes(id, sms.Buffered)
		w.must(w.bring(delivered(alice, "2")))
		w.becomes(id, sms.Delivered)
		w.books(0, 2*sms.Credit)
	})
}
