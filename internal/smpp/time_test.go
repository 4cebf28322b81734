package smpp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/smpp"
)

func TestTimes(t *testing.T) {
	now := at(2026, 11, 23, 6, 15, 0)
	for s, want := range map[string]time.Time{
		"261123061500000+": now,
		"261123071530504+": at(2026, 11, 23, 6, 15, 30).Add(500 * time.Millisecond),
		"261123010000021-": at(2026, 11, 23, 6, 15, 0),
		"000002000000000R": now.AddDate(0, 0, 2),
		"010203040506000R": now.AddDate(1, 2, 3).Add(4*time.Hour + 5*time.Minute + 6*time.Second),
	} {
		if got, err := smpp.ParseTime(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%s is %s, %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "60", "261123061500000", "261123061500000Z", "26112306150000x+", "261323061500000+",
		"260230061500000+", "261123241500000+", "261123066000000+", "261123061560000+", "261123061500049+",
	} {
		if got, err := smpp.ParseTime(s, now); err == nil {
			t.Errorf("%q is %s", s, got)
		}
	}
}

func TestFormatTime(t *testing.T) {
	for want, in := range map[string]time.Time{
		"261123061500000+": at(2026, 11, 23, 6, 15, 0),
		"261123061500922+": time.Date(2026, 11, 23, 6, 15, 0, 999e6, time.FixedZone("", 5*3600+1800)),
		"261123061500014-": time.Date(2026, 11, 23, 6, 15, 0, 0, time.FixedZone("", -3*3600-1800)),
		"261123061459000+": time.Date(2026, 11, 23, 6, 15, 0, 0, time.FixedZone("odd", 1)),
	} {
		if got := smpp.FormatTime(in); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}

func TestTimesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sec := rapid.Int64Range(at(2000, 1, 2, 0, 0, 0).Unix(), at(2099, 12, 30, 0, 0, 0).Unix()).Draw(t, "seconds")
		quarters := rapid.IntRange(-48, 48).Draw(t, "quarters")
		want := time.Unix(sec, 0).In(time.FixedZone("", quarters*900))
		if got, err := smpp.ParseTime(smpp.FormatTime(want), time.Time{}); err != nil || !got.Equal(want) {
			t.Errorf("%s became %s, %v", want, got, err)
		}
		d := time.Duration(rapid.IntRange(0, 32*86400-1).Draw(t, "period")) * time.Second
		s, err := smpp.FormatPeriod(d)
		if got, perr := smpp.ParseTime(s, want); err != nil || perr != nil || got.Sub(want) != d {
			t.Errorf("%s became %s, %v, %v", d, s, err, perr)
		}
	})
	for _, d := range []time.Duration{-1, 32 * 24 * time.Hour} {
		if s, err := smpp.FormatPeriod(d); err == nil {
			t.Errorf("%s became %s", d, s)
		}
	}
}

func TestBackoff(t *testing.T) {
	b := smpp.Backoff{Min: time.Second, Max: time.Minute}
	for failures, want := range map[int]time.Duration{0: 1e9, 1: 2e9, 5: 32e9, 6: 60e9, 1 << 30: 60e9} {
		if got := b.Delay(failures, func() float64 { return 0 }); got != want {
			t.Errorf("after %d: %s, want %s", failures, got, want)
		}
	}
	chance := rand.New(rand.NewPCG(1, 2)).Float64
	for range 1000 {
		if got := b.Delay(3, chance); got <= 4*time.Second || got > 8*time.Second {
			t.Fatalf("after 3: %s", got)
		}
	}
}
