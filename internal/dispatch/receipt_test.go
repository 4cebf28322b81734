package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestReceiptsBeforeAfterRepeatedAndLate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.hold = true }).start()
		early := w.send("early", alice)
		w.until("it is at the carrier", func() bool { return w.port().count() == 1 })
		w.must(w.bring(delivered(alice, "held-0")))
		if open, err := s.Unmatched(t.Context(), 10); err != nil || len(open) != 1 {
			t.Errorf("unmatched: %v, %v", open, err)
		}
		w.port().release()
		w.becomes(early, sms.Delivered)

		w.port().set(func() {
			w.port0().reply = func(sms.Outbound, int) sms.Answer { return sms.Answer{State: sms.Sent, Refs: []string{"b"}} }
		})
		id := w.send("after", bob)
		w.becomes(id, sms.Sent)
		w.must(w.bring(delivered(bob, "b")))
		w.becomes(id, sms.Delivered)
		late := delivered(bob, "b")
		late.State = sms.Failed
		w.must(w.bring(delivered(bob, "b")))
		w.must(w.bring(late))
		w.becomes(id, sms.Delivered)
		if kinds := w.kinds(id); kinds != "late-receipt late-receipt" {
			t.Errorf("the trail: %s", kinds)
		}
		if open, err := s.Unmatched(t.Context(), 10); err != nil || len(open) != 0 {
			t.Errorf("unmatched: %v, %v", open, err)
		}
		w.books(0, 2*sms.Credit)
	})
}

// A carrier that uses a reference for several messages names the handset. Others name one that nobody has sent to: then the reference counts.
func TestAReceiptForAnotherHandsetIsNotTaken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		refs := map[string]string{alice: "first", bob: "SAME", carol: "SAME"}
		w := newWorld(t, s, func(p *port) {
			p.reply = func(o sms.Outbound, _ int) sms.Answer {
				return sms.Answer{State: sms.Sent, Refs: []string{refs[o.Receiver]}}
			}
		}).start()
		failed := func(receiver, ref string) sms.Receipt {
			r := delivered(receiver, ref)
			r.State = sms.Failed
			return r
		}
		parked := func(want int) {
			t.Helper()
			if open, err := s.Unmatched(t.Context(), 10); err != nil || len(open) != want {
				t.Errorf("unmatched: %v, %v; want %d", open, err, want)
			}
		}
		toAlice, toBob := w.send("x", alice), w.send("x", bob)
		w.becomes(toAlice, sms.Sent)
		w.becomes(toBob, sms.Sent)
		w.until("nothing is in hand", func() bool { return w.claims() == 0 })
		w.must(w.bring(failed(alice, "SAME")))
		parked(1)
		w.becomes(toBob, sms.Sent)
		w.must(w.bring(delivered("+33639980077", "SAME")))
		w.becomes(toBob, sms.Delivered)

		w.must(w.bring(failed("+33639980078", "SAME")))
		parked(2)
		w.clock.Advance(time.Second)
		toCarol := w.send("x", carol)
		w.becomes(toCarol, sms.Sent)
		w.must(w.bring(delivered(carol, "SAME")))
		w.becomes(toCarol, sms.Delivered)
		parked(2)
		w.becomes(toAlice, sms.Sent)
	})
}

func TestSeveralPartsArriveWithTheirLast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) {
			p.reply = func(sms.Outbound, int) sms.Answer { return sms.Answer{State: sms.Sent, Refs: []string{"1", "2", "3"}} }
		}).start()
		id := w.send(strings.Repeat("x", 400), alice)
		w.becomes(id, sms.Sent)
		for _, ref := range []string{"2", "2", "3"} {
			w.must(w.bring(delivered(alice, ref)))
			w.becomes(id, sms.Sent)
		}
		w.must(w.bring(delivered(alice, "1")))
		w.becomes(id, sms.Delivered)
		w.books(0, 3*sms.Credit)
	})
}

func TestAReplyBelongsToItsConversationOrTheLatestMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil).start()
		o := storetest.Order("ask", alice)
		o.ForResponse, o.Sender, o.Tag = true, "", "poll"
		asked := w.accept(o)
		w.becomes(asked, sms.Sent)
		latest := w.accept(marketing("promo", alice))
		w.becomes(latest, sms.Sent)
		w.must(w.reply("38000", "yes"))
		w.until("the reply is in the trail of the question", func() bool { return w.kinds(asked) == "reply" })
		w.must(w.reply("36111", "Stop it"))
		w.until("the reply is in the trail of the latest", func() bool { return w.kinds(latest) == "reply" })
		r, err := s.Rules(t.Context(), w.shop.Service.Name)
		w.must(err)
		again := marketing("again", alice)
		r, err = s.WithOptOuts(t.Context(), r, again)
		w.must(err)
		p, err := sms.NewPlan(again, r, w.clock.Now())
		w.must(err)
		if !p.Messages[0].Refused || p.Messages[0].PTT != sms.PTTOptedOut {
			t.Errorf("a plan after the STOP: %+v", p.Messages[0])
		}
	})
}
