package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// A message is either cancelled or claimed, whoever comes first; and writers that meet do not fail each other.
func TestCancelAndClaimRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		const n = 60
		receivers := make([]string, n)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+336399800%02d", i)
		}
		id := shop.Accept(t, s, storetest.Order("x", receivers...), storetest.Noon)
		var mu sync.Mutex
		claimed, cancelled := map[int64]bool{}, map[int64]bool{}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for i := worker; i < n; i += 4 {
					err := s.Cancel(t.Context(), shop.Service.ID, id+int64(n-1-i), storetest.Noon)
					switch code := sms.CodeOf(err); code {
					case "":
						mu.Lock()
						cancelled[id+int64(n-1-i)] = true
						mu.Unlock()
					case sms.Conflict, sms.NoObject:
					default:
						t.Errorf("cancel: %v: %v", err, errors.Unwrap(err))
					}
				}
			})
		}
		hold := shop.Hold(t, s)
		wg.Go(func() {
			for {
				c, err := s.Claim(t.Context(), shop.Carrier.ID, hold, 3, storetest.Noon)
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if c == nil {
					return
				}
				if len(c.Messages) == 0 {
					continue
				}
				refs := make([]string, len(c.Messages))
				for i, m := range c.Messages {
					refs[i] = fmt.Sprint("r", m.ID)
					mu.Lock()
					claimed[m.ID] = true
					mu.Unlock()
				}
				if err := s.Settle(t.Context(), sent(c, shop, refs...)); err != nil {
					t.Errorf("settle: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				if _, err := s.Grant(t.Context(), shop.Service.ID, sms.Credit, "", storetest.Noon); err != nil {
					t.Errorf("grant: %v", err)
				}
			}
		})
		wg.Wait()
		for m := range claimed {
			if cancelled[m] {
				t.Errorf("%d was sent and cancelled", m)
			}
		}
		if len(claimed)+len(cancelled) != n {
			t.Errorf("%d claimed and %d cancelled of %d", len(claimed), len(cancelled), n)
		}
		wantBalance(t, s, shop, sms.Credits(130-len(claimed))*sms.Credit, 0, sms.Credits(len(claimed))*sms.Credit)
	})
}

func TestAPartlySentMessageIsNotCancelled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := shop.Accept(t, s, storetest.Order(string(make160x2()), alice), storetest.Noon)
		c := claimAll(t, s, shop, 1, storetest.Noon)
		settle(t, s, &store.Outcome{Ended: []int64{c.ID}, Answers: []sms.Answer{{
			MessageID: id, CarrierID: shop.Carrier.ID, State: sms.Queued, Refs: []string{"p1", ""}, RetryAt: storetest.Noon, At: storetest.Noon,
		}}})
		if err := s.Cancel(t.Context(), shop.Service.ID, id, storetest.Noon); sms.CodeOf(err) != sms.Conflict {
			t.Errorf("%v", err)
		}
		wantBalance(t, s, shop, 98_000, 2_000, 0)
	})
}

func TestIDsFollowEachOtherOverRestartsAndAtOnce(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			used := map[int64]bool{}
			var shop storetest.Shop
			for round := range 3 {
				s, err := store.Open(t.Context(), address, storetest.Options())
				if err != nil {
					t.Fatal(err)
				}
				if round == 0 {
					shop = storetest.NewShop(t, s)
				}
				var mu sync.Mutex
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						id := shop.Accept(t, s, storetest.Order("x", alice, bob), storetest.Noon)
						mu.Lock()
						defer mu.Unlock()
						if used[id] || used[id+1] || id >= 1<<53 {
							t.Errorf("%d is used twice, or too high", id)
						}
						used[id], used[id+1] = true, true
					})
				}
				wg.Wait()
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if len(used) != 48 {
				t.Errorf("%d ids", len(used))
			}
		})
	}
}

func TestABadWriteOfAGroupHarmsNoOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		other := sms.Service{AccountID: shop.Account.ID, Account: shop.Account.Name, Country: "FR", Channel: "marketing", Status: sms.Enabled}
		if err := s.AddService(t.Context(), &other); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				poisoned := store.Outcome{Receipts: []sms.Receipt{{CarrierID: shop.Carrier.ID, Refs: []string{"x"}, State: "\xff", At: storetest.Noon}}}
				err := s.Settle(t.Context(), &poisoned)
				if s.Describe(t.Context())[0] == 'P' && sms.CodeOf(err) != sms.Unavailable {
					t.Errorf("PostgreSQL took what is no text: %v", err)
				}
			})
			wg.Go(func() {
				if err := s.Settle(t.Context(), &store.Outcome{Receipts: []sms.Receipt{receipt(shop, "y", alice, sms.Delivered)}}); err != nil {
					t.Errorf("%v", err)
				}
			})
			wg.Go(func() {
				if _, err := s.Grant(t.Context(), shop.Service.ID, -1000*sms.Credit, "", storetest.Noon); sms.CodeOf(err) != sms.NoCredit {
					t.Errorf("%v", err)
				}
			})
			wg.Go(func() {
				if _, err := s.Grant(t.Context(), other.ID, sms.Credit, "", storetest.Noon); err != nil {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if b, err := s.Balance(t.Context(), other.ID); err != nil || b.Available != 20*sms.Credit {
			t.Errorf("%+v, %v", b, err)
		}
		wantBalance(t, s, shop, 100_000, 0, 0)
	})
}

func TestTheSameKeyAtOnceIsOneJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		r, err := s.FreshRules(t.Context(), shop.Service.Name)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		firsts := map[string]int{}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				p, err := sms.NewPlan(storetest.Order("x", alice), r, storetest.Noon)
				if err != nil {
					t.Error(err)
					return
				}
				first, repeated, err := s.Accept(t.Context(), &store.Acceptance{
					Plan: p, Key: "k", Hash: []byte("h"), Answer: func(first int64) string { return fmt.Sprint(first) },
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if repeated == "" {
					repeated = fmt.Sprint(first)
				}
				firsts[repeated]++
			})
		}
		wg.Wait()
		if len(firsts) != 1 {
			t.Errorf("answers %v", firsts)
		}
		wantBalance(t, s, shop, 99_000, 1_000, 0)
	})
}

func TestThousandsOfAttemptsAreCountedAndNotAllTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := shop.Accept(t, s, storetest.Order("x", alice), storetest.Noon)
		at := storetest.Noon
		for range 120 {
			c := claimAll(t, s, shop, 1, at)
			at = at.Add(time.Second)
			settle(t, s, &store.Outcome{Ended: []int64{c.ID}, Answers: []sms.Answer{{
				MessageID: id, CarrierID: shop.Carrier.ID, State: sms.Queued, RetryAt: at, At: at, Attempt: c.Messages[0].Attempts,
			}}})
		}
		if events, err := s.Events(t.Context(), id); err != nil || len(events) != 11 {
			t.Errorf("%d events, %v", len(events), err)
		}
	})
}

func TestACarrierThatSendsIsNotDeleted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		shop.Accept(t, s, storetest.Order("x", alice), storetest.Noon)
		c := claimAll(t, s, shop, 1, storetest.Noon)
		routes, err := s.Routes(t.Context())
		if err = errors.Join(err, s.DeleteRoute(t.Context(), routes[0].ID), s.DeleteShortNumber(t.Context(), "38000")); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteCarrier(t.Context(), shop.Carrier.Name); sms.CodeOf(err) != sms.Conflict {
			t.Errorf("%v", err)
		}
		settle(t, s, sent(c, shop, "a"))
		if err := s.DeleteCarrier(t.Context(), shop.Carrier.Name); err != nil {
			t.Errorf("%v", err)
		}
	})
}

func TestTheDatabaseAnswersWhileAWriterIsAtWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.NewShop(t, s)
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
