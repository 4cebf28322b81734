package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// doubts sends a message to each of n receivers and loses the answers; retry is when they are sent again, zero for never.
func doubts(t *testing.T, s *store.Store, shop storetest.Shop, n int, retry time.Time) int64 {
	t.Helper()
	receivers := make([]string, n)
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+336399800%02d", i)
	}
	first := shop.Accept(t, s, storetest.Order("x", receivers...), storetest.Noon)
	lose(t, s, shop, claimAll(t, s, shop, n, storetest.Noon), retry)
	return first
}

func lose(t *testing.T, s *store.Store, shop storetest.Shop, c *store.Claim, retry time.Time) {
	t.Helper()
	o := &store.Outcome{Ended: []int64{c.ID}}
	for _, m := range c.Messages {
		o.Answers = append(o.Answers, sms.Answer{
			MessageID: m.ID, CarrierID: shop.Carrier.ID, State: sms.InDoubt, Attempt: m.Attempts, RetryAt: retry, At: storetest.Noon, Handed: storetest.Noon, Rev: 1,
		})
	}
	settle(t, s, o)
}

func decide(t *testing.T, s *store.Store, d sms.Decision, ids ...int64) ([]int64, map[int64]error) {
	t.Helper()
	decided, refused, err := s.Decide(t.Context(), ids, store.Ruling{Decision: d, By: "boss", Reason: "They said so.", At: storetest.Noon.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return decided, refused
}

func TestDecisionsAboutDoubts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var counted store.Doubts
		s.Metrics.OnDoubts(func(d store.Doubts) {
			counted.Entered, counted.Marked = counted.Entered+d.Entered, counted.Marked+d.Marked
			if counted.Resolved == nil {
				counted.Resolved = map[string]int{}
			}
			for by, n := range d.Resolved {
				counted.Resolved[by] += n
			}
		})
		shop := storetest.NewShop(t, s)
		id := doubts(t, s, shop, 4, time.Time{})
		if ids, err := s.Doubts(t.Context(), store.DoubtFilter{Carrier: shop.Carrier.ID, Service: shop.Service.ID, Held: true}); err != nil || len(ids) != 4 {
			t.Fatalf("%v, %v", ids, err)
		}
		decide(t, s, sms.DecidedSent, id)
		decide(t, s, sms.DecidedFailed, id+1)
		decide(t, s, sms.DecidedResend, id+2)
		wantBalance(t, s, shop, 97*sms.Credit, 2*sms.Credit, sms.Credit)
		if decided, refused := decide(t, s, sms.DecidedFailed, id, id+1, id+99); len(decided) != 0 || sms.CodeOf(refused[id]) != sms.Conflict || sms.CodeOf(refused[id+99]) != sms.NoObject {
			t.Errorf("%v, %v", decided, refused)
		}
		events, err := s.Events(t.Context(), id)
		if err != nil || events[len(events)-1].Text != "Decided by boss: sent. They said so." {
			t.Errorf("%+v, %v", events, err)
		}
		if held, err := s.Doubts(t.Context(), store.DoubtFilter{Held: true}); err != nil || !slices.Equal(held, []int64{id + 3}) {
			t.Errorf("held: %v, %v", held, err)
		}
		again, err := s.NextAttempt(t.Context(), id+2)
		if err != nil || !again.Truncate(time.Second).Equal(storetest.Noon.Add(time.Minute)) {
			t.Errorf("next at %v, %v", again, err)
		}

		c := claimAll(t, s, shop, 1, storetest.Noon.Add(time.Hour))
		if _, refused := decide(t, s, sms.DecidedSent, id+2); sms.CodeOf(refused[id+2]) != sms.Conflict || !strings.Contains(refused[id+2].Error(), "sent again at this moment") {
			t.Errorf("of what is being sent again: %v", refused)
		}
		o := sent(c, shop, "second")
		o.Answers[0].Attempt = c.Messages[0].Attempts
		settle(t, s, o)
		if m := message(t, s, id+2); m.State != sms.Sent || !m.Duplicate {
			t.Errorf("%+v", m)
		}
		// The receipt of what was decided to be sent has a reference that nobody was told.
		r := receipt(shop, "unheard-of", "+33639980000", sms.Delivered)
		r.At = storetest.Noon.Add(2 * time.Minute)
		settle(t, s, &store.Outcome{Receipts: []sms.Receipt{r}})
		if m := message(t, s, id); m.State != sms.Delivered || m.Refs[0] != "unheard-of" {
			t.Errorf("%+v", m)
		}
		wantBalance(t, s, shop, 97*sms.Credit, sms.Credit, 2*sms.Credit)
		if counted.Entered != 4 || counted.Marked != 1 || counted.Resolved["operator"] != 2 || counted.Resolved["resend"] != 1 {
			t.Errorf("%+v", counted)
		}
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Errorf("the audit finds %v", a.Findings)
		}
	})
}

func message(t *testing.T, s *store.Store, id int64) sms.Message {
	t.Helper()
	m, _, err := s.Message(t.Context(), 0, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A message that waits to be sent again by itself and is sent again by decision leaves once more, not twice.
func TestADecidedAttemptTakesThePlaceOfTheNextOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := doubts(t, s, shop, 1, storetest.Noon.Add(5*time.Second))
		decide(t, s, sms.DecidedResend, id)
		decide(t, s, sms.DecidedResend, id)
		claimed := 0
		for range 4 {
			c, err := s.Claim(t.Context(), shop.Carrier.ID, shop.Hold(t, s), 10, storetest.Noon.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if c != nil {
				claimed += len(c.Messages)
			}
		}
		if claimed != 1 {
			t.Errorf("handed over %d times", claimed)
		}
	})
}

func TestNothingIsDecidedToBeSentAfterItsValidity(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := doubts(t, s, shop, 1, time.Time{})
		_, refused, err := s.Decide(t.Context(), []int64{id}, store.Ruling{Decision: sms.DecidedResend, At: storetest.Noon.Add(sms.MaxValidity)})
		if err != nil || sms.CodeOf(refused[id]) != sms.Conflict {
			t.Errorf("%v, %v", refused, err)
		}
	})
}

// Decisions, receipts, late answers and attempts that come at the same moment: each doubt ends once, and the books agree.
func TestDecisionsRaceWithEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		const n = 60
		first := doubts(t, s, shop, n, storetest.Noon.Add(5*time.Second))
		var wg sync.WaitGroup
		for _, d := range []sms.Decision{sms.DecidedSent, sms.DecidedFailed, sms.DecidedResend} {
			wg.Go(func() {
				for i := range int64(n) {
					if _, _, err := s.Decide(t.Context(), []int64{first + i}, store.Ruling{Decision: d, At: storetest.Noon.Add(time.Minute)}); err != nil {
						t.Errorf("decide: %v", err)
					}
				}
			})
		}
		wg.Go(func() {
			for i := n - 1; i >= 0; i-- {
				r := receipt(shop, fmt.Sprint("r", i), fmt.Sprintf("+336399800%02d", i), sms.Delivered)
				r.At = storetest.Noon.Add(time.Minute)
				if err := s.Settle(t.Context(), &store.Outcome{Receipts: []sms.Receipt{r}}); err != nil {
					t.Errorf("receipt: %v", err)
				}
			}
		})
		wg.Go(func() {
			for i := range int64(n) {
				a := sms.Answer{MessageID: first + i, CarrierID: shop.Carrier.ID, State: sms.Sent, Refs: []string{fmt.Sprint("r", i)}, At: storetest.Noon.Add(time.Minute)}
				if _, _, err := s.SettleLate(t.Context(), []sms.Answer{a}); err != nil {
					t.Errorf("late: %v", err)
				}
			}
		})
		hold := shop.Hold(t, s)
		wg.Go(func() {
			for {
				c, err := s.Claim(t.Context(), shop.Carrier.ID, hold, 3, storetest.Noon.Add(time.Hour))
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if c == nil {
					return
				}
				o := &store.Outcome{}
				if len(c.Messages) > 0 {
					o.Ended = []int64{c.ID}
				}
				for _, m := range c.Messages {
					o.Answers = append(o.Answers, sms.Answer{
						MessageID: m.ID, CarrierID: shop.Carrier.ID, State: sms.Sent, Refs: []string{fmt.Sprint("s", m.ID)}, Attempt: m.Attempts, At: storetest.Noon.Add(time.Hour),
					})
				}
				if err := s.Settle(t.Context(), o); err != nil {
					t.Errorf("settle: %v", err)
				}
			}
		})
		wg.Wait()
		settleRest(t, s, shop)
		var used sms.Credits
		for i := range int64(n) {
			m := message(t, s, first+i)
			if m.State == sms.InDoubt || m.State.Waiting() {
				t.Errorf("%d is %s", m.ID, m.State)
			}
			used += m.Credits
		}
		wantBalance(t, s, shop, 100*sms.Credit-used, 0, used)
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Errorf("the audit finds %v", a.Findings)
		}
	})
}

// settleRest sends what was queued behind the last claim.
func settleRest(t *testing.T, s *store.Store, shop storetest.Shop) {
	t.Helper()
	for {
		c, err := s.Claim(t.Context(), shop.Carrier.ID, shop.Hold(t, s), 100, storetest.Noon.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if c == nil {
			return
		}
		if len(c.Messages) == 0 {
			continue
		}
		refs := make([]string, len(c.Messages))
		for i, m := range c.Messages {
			refs[i] = fmt.Sprint("last", m.ID)
		}
		o := sent(c, shop, refs...)
		for i := range o.Answers {
			o.Answers[i].Attempt = c.Messages[i].Attempts
		}
		settle(t, s, o)
	}
}

// An answer that fails a message of which a part was accepted ends the wait for that part's receipt.
func TestAFailedMessageAwaitsNoReceipt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := shop.Accept(t, s, storetest.Order(string(make160x2()), alice), storetest.Noon)
		c := claimAll(t, s, shop, 1, storetest.Noon)
		settle(t, s, &store.Outcome{Ended: []int64{c.ID}, Answers: []sms.Answer{{
			MessageID: id, CarrierID: shop.Carrier.ID, State: sms.Failed, Refs: []string{"p1", ""}, At: storetest.Noon,
		}}})
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Errorf("the audit finds %v", a.Findings)
		}
		wantBalance(t, s, shop, 99_000, 0, 1000)
	})
}
