package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestHighLeavesFirstAndLowIsNotStarved(t *testing.T) {
	for _, window := range []int{1, 15} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s, nil)
				w.change(func(c *sms.Carrier) { c.Settings.Window = window })
				for _, p := range []sms.Priority{sms.VeryLow, sms.Low, sms.Medium, sms.High} {
					receivers := make([]string, 20)
					for i := range receivers {
						receivers[i] = fmt.Sprintf("+336399800%02d", i)
					}
					o := storetest.Order(string(p), receivers...)
					o.Priority = p
					w.accept(o)
				}
				w.start()
				w.until("all are handed over", func() bool { return w.port().count() == 80 })
				lanes, count := strings.Fields(w.port().texts()), map[string]int{}
				for _, lane := range lanes[:30] {
					count[lane]++
				}
				// By weight it is 16, 8, 4 and 2; a few of the lane high may come on top, and a claim be handed over half.
				if lanes[0] != "high" || count["high"] < 14 || count["high"] > 20 || count["medium"] < 5 || count["low"] < 2 || count["veryLow"] < 1 {
					t.Errorf("the first 30 are %v, beginning with %s", count, lanes[0])
				}
			})
		})
	}
}

func TestARateIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.change(func(c *sms.Carrier) { c.Settings.Rate = 40 })
		for i := range 24 {
			w.send("x", fmt.Sprintf("+336399800%02d", i))
		}
		begin := time.Now()
		w.start()
		w.until("all are handed over", func() bool { return w.port().count() == 24 })
		if took := time.Since(begin); took < 450*time.Millisecond { // 4 at once, 20 at 40 a second
			t.Errorf("24 messages at 40 a second took %v", took)
		}
	})
}

func TestWithoutRoomNothingIsClaimed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.room = 0 }).start()
		id := w.send("x", alice)
		w.must(w.d.Reload(t.Context()))
		if m := w.message(id); m.State != sms.Queued {
			t.Errorf("%s", m.State)
		}
		w.port().set(func() { w.port0().room = 1 })
		w.port().inbox.Wake()
		w.becomes(id, sms.Sent)
	})
}

// port0 is port for one who holds its lock.
func (w *world) port0() *port { return w.ports[len(w.ports)-1] }

func TestNewWorkAndTimeWakeALine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil).start()
		begin := time.Now()
		for range 20 {
			w.becomes(w.send("now", alice), sms.Sent)
		}
		if took := time.Since(begin); took > 5*time.Second { // polling alone takes 20 s
			t.Errorf("20 messages one by one took %v", took)
		}
		o := storetest.Order("later", bob)
		o.Deferred = time.Hour
		id := w.accept(o)
		if m := w.message(id); m.State != sms.Scheduled {
			t.Errorf("%s", m.State)
		}
		w.clock.Advance(59 * time.Minute)
		w.becomes(w.send("between", alice), sms.Sent)
		if m := w.message(id); m.State != sms.Scheduled {
			t.Errorf("%s before it is due", m.State)
		}
		w.clock.Advance(time.Minute)
		w.becomes(id, sms.Sent)
	})
}

func TestRetriesComeLaterAndLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.reply = first(6, answers(sms.Queued), accepts) }).start()
		id := w.send("x", alice)
		for i, seconds := range []int{1, 4, 16, 64, 256, 600} {
			w.until("an attempt", func() bool { return w.port().count() == i+1 })
			w.until("it waits", func() bool { return w.message(id).Attempts == i+1 && w.message(id).State == sms.Queued })
			due, err := s.NextDue(t.Context(), w.shop.Carrier.ID)
			w.must(err)
			if want := w.clock.Now().Add(time.Duration(seconds) * time.Second); !due.Equal(want) {
				t.Errorf("attempt %d: again at %v, want %v", i+1, due, want)
			}
			w.clock.Set(due)
		}
		w.becomes(id, sms.Sent)
		w.books(0, sms.Credit)
		if m := w.message(id); m.Duplicate {
			t.Error("marked as sent twice")
		}
	})
}

func TestTheAnswerDecides(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct {
		name   string
		text   string
		answer sms.Answer
		state  sms.State
		used   sms.Credits
	}{
		{"sent", "x", sms.Answer{State: sms.Sent, Refs: []string{"a"}, PTT: sms.PTTAccepted}, sms.Sent, sms.Credit},
		{"refused", "x", sms.Answer{State: sms.Refused, PTT: sms.PTTBarred}, sms.Refused, 0},
		{"failed", "x", sms.Answer{State: sms.Failed}, sms.Failed, 0},
		{"expired", "x", sms.Answer{State: sms.Expired, PTT: sms.PTTExpired}, sms.Expired, 0},
		{"half failed", long, sms.Answer{State: sms.Failed, Refs: []string{"a", ""}}, sms.Failed, sms.Credit},
		{"half refused", long, sms.Answer{State: sms.Refused, Refs: []string{"a", ""}}, sms.Failed, sms.Credit},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s, func(p *port) { p.reply = func(sms.Outbound, int) sms.Answer { return c.answer } }).start()
				m := w.becomes(w.send(c.text, alice), c.state)
				if m.PTT != c.answer.PTT || m.Rev != 1 {
					t.Errorf("ptt %d, revision %d", m.PTT, m.Rev)
				}
				w.books(0, c.used)
				w.until("the claim ends", func() bool { return w.claims() == 0 })
			})
		})
	}
}

// claims counts the open claims, but for those whose messages wait for nothing but a receipt.
func (w *world) claims() int {
	w.t.Helper()
	w.must(w.s.WriteRefs(w.t.Context(), 0, 0))
	n, err := w.s.CountClaims(w.t.Context(), w.shop.Carrier.ID, "")
	w.must(err)
	return n
}

func TestValidityEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*world)
	}{
		{"while others went first", func(w *world) { w.clock.Advance(time.Minute) }},
		{"while the carrier is not connected", func(w *world) {
			w.make = func(p *port) { p.room = 0 }
			w.clock.Advance(time.Minute)
		}},
		{"while the carrier is disabled", func(w *world) {
			w.change(func(c *sms.Carrier) { c.Enabled = false })
			w.clock.Advance(time.Minute)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s, nil)
				o := storetest.Order("x", alice, bob)
				o.Validity = time.Minute
				id := w.accept(o)
				lasting := w.send("y", alice)
				c.prepare(w)
				w.start()
				if m := w.becomes(id, sms.Expired); m.PTT != sms.PTTExpired || m.Error == "" {
					t.Errorf("%+v", m)
				}
				w.becomes(id+1, sms.Expired)
				w.until("credits of two are back", func() bool {
					b, err := s.Balance(t.Context(), w.shop.Service.ID)
					w.must(err)
					return b.Available == 99*sms.Credit
				})
				if state := w.message(lasting).State; state == sms.Expired {
					t.Error("one that is valid has expired, too")
				}
			})
		})
	}
}

func TestAnOptOutAfterTheAcceptanceCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.room = 0 }).start()
		short := storetest.Order("ask", alice)
		short.ForResponse, short.Sender = true, ""
		asked := w.accept(short)
		promo, code := w.accept(marketing("promo", alice)), w.send("code", alice)
		w.must(w.reply("38000", "STOP"))
		w.port().set(func() { w.port0().room = 10 })
		w.port().inbox.Wake()
		if m := w.becomes(promo, sms.Refused); m.PTT != sms.PTTOptedOut {
			t.Errorf("ptt %d", m.PTT)
		}
		w.becomes(code, sms.Sent)
		w.becomes(asked, sms.Sent)
		w.books(0, 2*sms.Credit)
	})
}

func TestASTOPReachesAClaimThatTheCarrierIsSlowToTake(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gate := make(chan struct{})
		w := newWorld(t, s, func(p *port) {
			p.reply = func(m sms.Outbound, n int) sms.Answer {
				if n == 2 {
					<-gate
				}
				return accepts(m, n)
			}
		}).start()
		asked := storetest.Order("ask", alice)
		asked.ForResponse, asked.Sender = true, ""
		w.becomes(w.accept(asked), sms.Sent)
		id := w.accept(marketing("promo", bob, alice))
		w.until("both are claimed", func() bool { return w.message(id+1).State == sms.Sending })
		begin := time.Now()
		w.until("a while passes", func() bool { return time.Since(begin) > 1100*time.Millisecond })
		w.must(w.reply("38000", "stop"))
		close(gate)
		w.becomes(id, sms.Sent)
		if m := w.becomes(id+1, sms.Refused); m.PTT != sms.PTTOptedOut {
			t.Errorf("ptt %d", m.PTT)
		}
		w.books(0, 2*sms.Credit)
	})
}
