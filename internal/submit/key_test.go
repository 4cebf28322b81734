package submit_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

func TestAKeyIsOneJobHoweverOftenAndAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		shop := storetest.NewShop(t, st)
		var mu sync.Mutex
		now := storetest.Noon
		s := submit.New(st, func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		})
		send := func(hash string) (submit.Report, error) {
			o := storetest.Order("x", "+33600000001", "0600000002", "nobody")
			return s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, o, submit.Key{Key: "k", Hash: []byte(hash)})
		}
		reports := make([]submit.Report, 12)
		var wg sync.WaitGroup
		for i := range reports {
			wg.Go(func() {
				r, err := send("h")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				reports[i] = r
			})
		}
		wg.Wait()
		for _, r := range reports {
			if !slices.Equal(r.IDs, reports[0].IDs) || len(r.IDs) != 2 || len(r.Invalid) != 1 || r.Tag != reports[0].Tag || !r.DueAt.Equal(reports[0].DueAt) {
				t.Errorf("%+v and %+v", r, reports[0])
			}
		}
		if b, err := st.Balance(t.Context(), shop.Service.ID); err != nil || b.Available != 98*sms.Credit {
			t.Errorf("%+v, %v", b, err)
		}
		if _, err := send("other"); sms.CodeOf(err) != sms.Conflict {
			t.Errorf("another request with the key: %v", err)
		}
		mu.Lock()
		now = now.Add(24 * time.Hour)
		mu.Unlock()
		if r, err := send("other"); err != nil || slices.Equal(r.IDs, reports[0].IDs) {
			t.Errorf("a day later: %+v, %v", r, err)
		}
	})
}

func TestAServiceOfSomebodyElseDoesNotExist(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		shop := storetest.NewShop(t, st)
		s := submit.New(st, func() time.Time { return storetest.Noon })
		for _, c := range []struct {
			account int64
			service string
		}{{shop.Account.ID + 1, shop.Service.Name}, {shop.Account.ID, "sms-none-1"}, {0, shop.Service.Name}} {
			if _, err := s.Submit(t.Context(), c.account, c.service, storetest.Order("x", "+33600000001"), submit.Key{}); sms.CodeOf(err) != sms.NoService {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if b, err := st.Balance(t.Context(), shop.Service.ID); err != nil || b.Available != 100*sms.Credit {
			t.Errorf("%+v, %v", b, err)
		}
	})
}
