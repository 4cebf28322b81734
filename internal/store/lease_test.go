package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// runOut makes all leases of the others run out, as time does.
func runOut(t *testing.T, s *store.Store) {
	t.Helper()
	all, err := s.Leases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if err := s.Release(t.Context(), l.Hold); err != nil {
			t.Fatal(err)
		}
	}
}

func acquire(t *testing.T, s *store.Store, holder string, names ...string) map[string]store.Hold {
	t.Helper()
	got, err := s.Acquire(t.Context(), holder, names...)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]store.Hold{}
	for _, h := range got {
		held[h.Name] = h
	}
	return held
}

func TestALeaseHasOneHolder(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "postgres"))
	first := acquire(t, s, "a", "x", "y")
	if len(first) != 2 || first["x"] != (store.Hold{Name: "x", Holder: "a", Term: 1}) {
		t.Fatalf("%+v", first)
	}
	if got := acquire(t, s, "b", "x", "y", "z", "z"); len(got) != 1 || got["z"].Term != 1 {
		t.Errorf("b has taken %+v", got)
	}
	if again := acquire(t, s, "a", "x"); again["x"].Term != 2 {
		t.Errorf("taken again: %+v", again)
	}
	kept, err := s.Renew(t.Context(), first["x"], first["y"])
	if err != nil || kept["x"] || !kept["y"] {
		t.Errorf("renewed %v, %v; x has another term", kept, err)
	}
	if err := s.Release(t.Context(), first["x"], first["y"]); err != nil {
		t.Fatal(err)
	}
	if got := acquire(t, s, "b", "x", "y"); len(got) != 1 || got["y"].Term != 2 {
		t.Errorf("b has taken %+v; only y was given up under the term that holds", got)
	}
	all, err := s.Leases(t.Context())
	if err != nil || len(all) != 3 || !all[1].Live || all[1].Holder != "b" || all[1].Since.IsZero() || all[1].Until.Sub(all[1].Since).Round(time.Second) != store.LeaseTime {
		t.Errorf("%+v, %v", all, err)
	}
}

// A lease that is not renewed is anybody's after its time.
func TestALeaseRunsOut(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "postgres"))
	start := time.Now()
	held := acquire(t, s, "a", "x")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if got := acquire(t, s, "b", "x"); len(got) == 1 {
			if got["x"].Term != 2 {
				t.Errorf("%+v", got)
			}
			break
		}
		<-tick.C
	}
	if after := time.Since(start); after < store.LeaseTime {
		t.Errorf("taken %v after it was taken before", after)
	}
	if kept, err := s.Renew(t.Context(), held["x"]); err != nil || len(kept) != 0 {
		t.Errorf("renewed %v, %v", kept, err)
	}
}

// The lock file proves that whoever held a lease on SQLite is gone.
func TestOnSQLiteALeaseIsTakenAtOnce(t *testing.T) {
	address := storetest.URL(t, "sqlite")
	for term := range int64(3) {
		s, err := store.Open(t.Context(), address, storetest.Options())
		if err != nil {
			t.Fatal(err)
		}
		if got := acquire(t, s, s.NewHolder(), "x"); got["x"].Term != term+1 {
			t.Errorf("%+v", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachTermHasOneWinner(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "postgres"))
	for round := range int64(10) {
		var mu sync.Mutex
		var winners []string
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				holder := fmt.Sprintf("%d-%d", round, i)
				for name, h := range acquire(t, s, holder, "x", "y") {
					if h.Term != round+1 {
						t.Errorf("%s has term %d in round %d", name, h.Term, round)
					}
					mu.Lock()
					winners = append(winners, name)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(winners) != 2 || winners[0] == winners[1] {
			t.Fatalf("round %d: taken %v", round, winners)
		}
		runOut(t, s)
	}
}

func TestOnlyTheHolderClaims(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		shop.Accept(t, s, storetest.Order("x", alice, bob), storetest.Noon)
		old := shop.Hold(t, s)
		c, err := s.Claim(t.Context(), shop.Carrier.ID, old, 1, storetest.Noon)
		if err != nil || len(messages(c)) != 1 {
			t.Fatal("the holder: ", err)
		}
		runOut(t, s)
		now := acquire(t, s, "new", store.CarrierLease(shop.Carrier.ID))[store.CarrierLease(shop.Carrier.ID)]
		elsewhere := acquire(t, s, "new", store.CarrierLease(999))[store.CarrierLease(999)]
		for name, h := range map[string]store.Hold{"an old term": old, "none": {}, "another carrier's": elsewhere} {
			if c, err := s.Claim(t.Context(), shop.Carrier.ID, h, 1, storetest.Noon); !store.IsLost(err) || c != nil {
				t.Errorf("with %s: %v, %v", name, c, err)
			}
			if c, err := s.OpenClaims(t.Context(), shop.Carrier.ID, h); h != elsewhere && (!store.IsLost(err) || len(c) != 0) {
				t.Errorf("with %s: %v, %v", name, c, err)
			}
		}
		open, err := s.OpenClaims(t.Context(), shop.Carrier.ID, now)
		if err != nil || len(open) != 1 || open[0].ID != c.ID || len(open[0].Messages) != 1 {
			t.Fatalf("open %+v, %v", open, err)
		}
		own, err := s.Claim(t.Context(), shop.Carrier.ID, now, 1, storetest.Noon)
		if err != nil || len(messages(own)) != 1 {
			t.Fatal("the new holder: ", err)
		}
		if open, err := s.OpenClaims(t.Context(), shop.Carrier.ID, now); err != nil || len(open) != 1 {
			t.Errorf("its own claims are none that others left: %+v, %v", open, err)
		}
		for holder, want := range map[string]int{"": 2, "new": 1, "nobody": 0} {
			if n, err := s.CountClaims(t.Context(), shop.Carrier.ID, holder); err != nil || n != want {
				t.Errorf("%d claims of %q, %v; want %d", n, holder, err, want)
			}
		}
	})
}

// What an old holder says of a message after the new one has decided about it changes nothing.
func TestLateAnswersOfAnOldHolderChangeNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		id := shop.Accept(t, s, storetest.Order("x", alice), storetest.Noon)
		old := claimAll(t, s, shop, 1, storetest.Noon)
		runOut(t, s)
		name := store.CarrierLease(shop.Carrier.ID)
		hold := acquire(t, s, "new", name)[name]
		open, err := s.OpenClaims(t.Context(), shop.Carrier.ID, hold)
		if err != nil || len(open) != 1 {
			t.Fatalf("%v, %v", open, err)
		}
		settle(t, s, &store.Outcome{Ended: []int64{open[0].ID}, Answers: []sms.Answer{{
			MessageID: id, CarrierID: shop.Carrier.ID, State: sms.InDoubt, Attempt: open[0].Messages[0].Attempts, At: storetest.Noon, RetryAt: storetest.Noon,
		}}})
		again, err := s.Claim(t.Context(), shop.Carrier.ID, hold, 10, storetest.Noon)
		if err != nil || len(messages(again)) != 1 {
			t.Fatal("the new holder: ", err)
		}
		settle(t, s, sent(old, shop, "late"))
		if m, _, err := s.Message(t.Context(), 0, id); err != nil || m.State != sms.InDoubt || m.Attempts != 1 {
			t.Errorf("%s after %d attempts, %v", m.State, m.Attempts, err)
		}
		if n, err := s.CountClaims(t.Context(), shop.Carrier.ID, "new"); err != nil || n != 1 {
			t.Errorf("%d claims of the new holder, %v", n, err)
		}
		settle(t, s, sent(again, shop, "good"))
		if m := wantState(t, s, id, sms.Sent); !m.Duplicate || len(m.Refs) != 1 || m.Refs[0] != "good" {
			t.Errorf("%+v", m)
		}
		wantBalance(t, s, shop, 99_000, 0, 1_000)
	})
}

// A claim that was begun in time is seen by the next holder, and one that was not fails: never does one slip through.
func TestAClaimAndATakeoverExcludeEachOther(t *testing.T) {
	address := storetest.URL(t, "postgres")
	a, b := storetest.Open(t, address), storetest.Open(t, address)
	shop := storetest.NewShop(t, a)
	const n = 40
	receivers := make([]string, n)
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+336399800%02d", i)
	}
	shop.Accept(t, a, storetest.Order("x", receivers...), storetest.Noon)
	name := store.CarrierLease(shop.Carrier.ID)
	claimed := map[int64]bool{}
	for round := range n / 4 {
		hold := acquire(t, a, "a", name)[name]
		seen := map[int64]bool{}
		for _, c := range openClaims(t, a, shop, hold) {
			seen[c.ID] = true
		}
		var mine []*store.Claim
		var wg sync.WaitGroup
		for range 3 {
			c, err := a.Claim(t.Context(), shop.Carrier.ID, hold, 1, storetest.Noon)
			if err == nil && c != nil {
				mine = append(mine, c)
			}
		}
		wg.Go(func() {
			for {
				c, err := a.Claim(t.Context(), shop.Carrier.ID, hold, 1, storetest.Noon)
				if store.IsLost(err) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if c == nil {
					return
				}
				mine = append(mine, c)
			}
		})
		wg.Go(func() {
			if err := b.Release(t.Context(), hold); err != nil {
				t.Error(err)
			}
			taken := acquire(t, b, fmt.Sprint("b", round), name)
			for _, c := range openClaims(t, b, shop, taken[name]) {
				seen[c.ID] = true
			}
		})
		wg.Wait()
		for _, c := range mine {
			if !seen[c.ID] {
				t.Errorf("round %d: the claim %d was made behind the new holder's back", round, c.ID)
			}
			for _, m := range c.Messages {
				if claimed[m.ID] {
					t.Errorf("%d is claimed twice", m.ID)
				}
				claimed[m.ID] = true
			}
		}
		runOut(t, b)
	}
}

func openClaims(t *testing.T, s *store.Store, shop storetest.Shop, h store.Hold) []store.OpenClaim {
	t.Helper()
	open, err := s.OpenClaims(t.Context(), shop.Carrier.ID, h)
	if err != nil {
		t.Error(err)
	}
	return open
}

func TestOldLeasesAreForgotten(t *testing.T) {
	address := storetest.URL(t, "postgres")
	s := storetest.Open(t, address)
	shop := storetest.NewShop(t, s)
	kept := store.CarrierLease(shop.Carrier.ID)
	acquire(t, s, "a", store.NodeLease("a"), kept, store.CarrierLease(999), store.TimersLease)
	storetest.Exec(t, address, "UPDATE lease SET until = until - 7200000000")
	acquire(t, s, "b", store.NodeLease("b"))
	if err := s.DropOld(t.Context(), storetest.Noon); err != nil {
		t.Fatal(err)
	}
	all, err := s.Leases(t.Context())
	if err != nil || len(all) != 3 || all[0].Name != kept || !all[1].IsNode() || all[1].Holder != "b" || all[2].Name != store.TimersLease {
		t.Errorf("%+v, %v", all, err)
	}
}
