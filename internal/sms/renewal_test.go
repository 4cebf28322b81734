package sms

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A contract never ends in the past unless its owner wants so, and not more than a period ahead.
func TestExpirationIsAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		created := time.Unix(rapid.Int64Range(1_500_000_000, 2_000_000_000).Draw(t, "created"), 0).UTC()
		now := created.Add(time.Duration(rapid.Int64Range(0, 20*365*24).Draw(t, "hours")) * time.Hour)
		r := Renewal{Period: rapid.SampledFrom([]int64{0, 1, 3, 6, 12}).Draw(t, "months")}
		end := r.Expiration(created, now)
		months := int(r.Period)
		if months == 0 {
			months = RenewalMonths
		}
		if !end.After(now) || end.After(now.AddDate(0, months, 4)) { // months differ in length
			t.Fatalf("created %v, now %v: ends %v", created, now, end)
		}
		if r.Ended(now) {
			t.Fatal("it has ended by itself")
		}
		r.EndsAt = end
		if r.Ended(end.Add(-time.Second)) || !r.Ended(end) || !r.Expiration(created, end.AddDate(5, 0, 0)).Equal(end) {
			t.Fatalf("wanted to end at %v: %v", end, r.Expiration(created, end.AddDate(5, 0, 0)))
		}
	})
}
