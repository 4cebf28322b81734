package sms_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

func TestDaysAreThoseOfParis(t *testing.T) {
	for at, want := range map[string]string{
		"2026-11-23T22:59:59Z": "2026-11-23", "2026-11-23T23:00:00Z": "2026-11-24",
		"2026-07-31T21:59:59Z": "2026-07-31", "2026-07-31T22:00:00Z": "2026-08-01",
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if got := sms.DayOf(moment).String(); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", at, got, want, err)
		}
	}
}

// A percentile is never below the true one, and at most 41 % above it.
func TestPercentilesAreNearTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.SliceOfN(rapid.Int64Range(1, 200_000_000), 1, 50).Draw(t, "ms")
		var r sms.ReportRow
		longest := int64(0)
		for _, m := range ms {
			longest = max(longest, m)
			r.Add(sms.Counter{Measure: sms.MeasureTime, Value: sms.TimeClass(time.Duration(m) * time.Millisecond), N: 1})
		}
		got, ok := r.Percentile(1)
		truth := float64(longest) * float64(time.Millisecond)
		if !ok || float64(got) < truth*0.999999 || float64(got) > truth*1.4143 {
			t.Fatalf("the longest of %v ms is given as %v", ms, got)
		}
	})
}
