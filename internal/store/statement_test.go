package store_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Whatever happens when: each day of a statement has what the day brought, in the zone with its days of 23 and 25 hours, one month closes
// with what the next opens with, and the last closes with the books.
func TestStatementsAddUp(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		shop := storetest.NewShop(t, s)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n += 2
			v, other := newService(t, s, shop, n), newService(t, s, shop, n+1)
			begin := time.Date(2026, 9, 15, 0, 0, 0, 0, paris)
			want := map[string]sms.Credits{} // by day and kind: what became available
			for range rapid.IntRange(0, 8).Draw(rt, "steps") {
				at := begin.Add(time.Duration(rapid.Int64Range(0, int64(75*24*time.Hour)).Draw(rt, "at")))
				if rapid.Bool().Draw(rt, "at midnight") {
					y, m, d := at.Date()
					at = time.Date(y, m, d, 0, 0, 0, -rapid.IntRange(0, 1).Draw(rt, "before")*1000, paris)
				}
				amount := sms.Credits(rapid.Int64Range(1, 5000).Draw(rt, "amount"))
				name, change := "credits received", amount
				switch rapid.SampledFrom([]string{"grant", "grant", "transfer", "hold"}).Draw(rt, "what") {
				case "grant":
					_, err = s.Grant(ctx, v.ID, amount, "test", at)
				case "transfer":
					name, change = "transfer sent", -amount
					err = s.Transfer(ctx, v, other, amount, "test", at)
				case "hold":
					name, change = "held for messages", -sms.Credit
					err = hold(t, s, v, at)
				}
				if sms.CodeOf(err) == sms.NoCredit {
					continue
				}
				if err != nil {
					rt.Fatal(err)
				}
				want[at.Format("2006-01-02 ")+name] += change
			}
			var before sms.Books
			for month := range 4 {
				from := time.Date(2026, time.Month(9+month), 1, 0, 0, 0, 0, paris)
				st, err := s.Statement(ctx, v, from, from.AddDate(0, 1, 0))
				if err != nil {
					rt.Fatal(err)
				}
				if total := st.Total(); st.Opening != before || st.Closing.Available != st.Opening.Available+total.Available || st.Closing.Held != st.Opening.Held+total.Held {
					rt.Fatalf("%+v after %+v", st, before)
				}
				before = st.Closing
				for _, m := range st.Days {
					key := m.Day.Format("2006-01-02 ") + m.Name
					if want[key] != m.Change.Available {
						rt.Fatalf("%s: %v, want %v", key, m.Change, want[key])
					}
					delete(want, key)
				}
			}
			b, err := s.Balance(ctx, v.ID)
			if err != nil || len(want) > 0 || before != (sms.Books{Available: b.Available, Held: b.Held, Quota: b.Quota, Used: b.Used}) {
				rt.Fatalf("the last closes with %+v, the books hold %+v, %v; missing %v", before, b, err, want)
			}
		})
	})
}

// hold has a service order one message at a time.
func hold(t *testing.T, s *store.Store, v sms.Service, at time.Time) error {
	r, err := s.FreshRules(t.Context(), v.Name)
	if err != nil {
		return err
	}
	p, err := sms.NewPlan(storetest.Order("x", fmt.Sprintf("+3363998%04d", at.Unix()%10_000)), r, at)
	if err != nil {
		return err
	}
	_, _, err = s.Accept(t.Context(), &store.Acceptance{Plan: p})
	return err
}
