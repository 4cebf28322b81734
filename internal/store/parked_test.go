package store_test

import (
	"fmt"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Receipts that match nothing are kept for a month, with every form of their reference, and then forgotten.
func TestParkedReceiptsAreForgottenInTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		var o store.Outcome
		for i := range 1_500 {
			r := receipt(shop, fmt.Sprint("lost", i), "+33639980009", sms.Delivered)
			r.Refs = append(r.Refs, fmt.Sprint("LOST", i))
			o.Receipts = append(o.Receipts, r)
		}
		settle(t, s, &o)
		wantParked := func(want int64) {
			t.Helper()
			if c, err := s.Count(t.Context()); err != nil || c.Unmatched != want {
				t.Fatalf("%d receipts are parked, want %d (%v)", c.Unmatched, want, err)
			}
		}
		drop := func(at time.Time, want bool) {
			t.Helper()
			if more, err := s.DropParked(t.Context(), at); err != nil || more != want {
				t.Fatalf("more %v, %v; want %v", more, err, want)
			}
		}
		wantParked(1_500)
		drop(storetest.Noon.Add(29*24*time.Hour), false)
		wantParked(1_500)
		late := storetest.Noon.Add(31 * 24 * time.Hour)
		drop(late, true)
		wantParked(500)
		drop(late, false)
		wantParked(0)

		// Nothing of them is left to be found by an answer.
		first := shop.Accept(t, s, storetest.Order("Bonjour", "+33639980009"), late)
		settle(t, s, sent(claimAll(t, s, shop, 1, late), shop, "LOST7"))
		wantState(t, s, first, sms.Sent)
	})
}
