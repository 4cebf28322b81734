package dispatch

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/sms"
)

// passed is what came through a gate, and when.
type passed struct {
	track track
	at    time.Duration
	after time.Duration // since it was claimed
}

// through lets urgent messages come at the given times into a gate behind which the common track always has something.
func through(t *testing.T, s sms.CarrierSettings, for_ time.Duration, arrivals []time.Duration) (all []passed) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), for_)
		defer cancel()
		begin := time.Now()
		g := newGate(&s, func() int { return s.Window })
		g.add(common, 1)
		came := make(chan passed, 1_000_000)
		claimed := make(chan time.Time, len(arrivals))
		go func() {
			defer close(claimed)
			for _, at := range arrivals {
				time.Sleep(time.Until(begin.Add(at)))
				g.add(urgent, 1)
				claimed <- time.Now()
			}
		}()
		go func() {
			for since := range claimed {
				if g.enter(ctx, urgent) == nil {
					came <- passed{urgent, time.Since(begin), time.Since(since)}
				}
				g.done(urgent)
			}
		}()
		for g.enter(ctx, common) == nil {
			came <- passed{common, time.Since(begin), 0}
			g.add(common, 1)
			g.done(common)
		}
		synctest.Wait()
		close(came)
		for p := range came {
			all = append(all, p)
		}
	})
	return all
}

func at99(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}

func urgentOnes(all []passed) (waits []time.Duration) {
	for _, p := range all {
		if p.track == urgent {
			waits = append(waits, p.after)
		}
	}
	return waits
}

func TestAnUrgentMessageHasATokenWhateverTheRate(t *testing.T) {
	for _, c := range []struct {
		rate int
		p99  time.Duration
	}{{1, 500 * time.Millisecond}, {2, 250 * time.Millisecond}, {10, 150 * time.Millisecond}, {50, 25 * time.Millisecond}, {1000, 2 * time.Millisecond}} {
		r := rand.New(rand.NewPCG(uint64(c.rate), 1)) //nolint:gosec // a seed repeats a run
		s := sms.CarrierSettings{Rate: c.rate, Window: 10, HighReserve: 20}
		lasts := 10 * time.Minute
		if c.rate > 100 {
			lasts = 20 * time.Second
		}
		var arrivals []time.Duration
		// A tenth of the rate, half of what is kept, evenly on average and never two in a row closer than the kept share allows.
		for at := time.Duration(0); at < lasts-10*time.Second; at += time.Duration((0.5 + r.Float64()) * float64(time.Second) * 10 / float64(c.rate)) {
			arrivals = append(arrivals, at)
		}
		all := through(t, s, lasts, arrivals)
		waits := urgentOnes(all)
		if len(waits) != len(arrivals) || at99(waits) > c.p99 {
			t.Errorf("rate %d: %d of %d urgent messages, p99 %v", c.rate, len(waits), len(arrivals), at99(waits))
		}
		if want := float64(c.rate) * lasts.Seconds(); float64(len(all)) < 0.98*want {
			t.Errorf("rate %d: %d messages in %v: unused tokens are lost", c.rate, len(all), lasts)
		}
		keepsRate(t, s, all)
	}
}

// keepsRate checks that in no time more went than the rate and its burst allow.
func keepsRate(t *testing.T, s sms.CarrierSettings, all []passed) {
	t.Helper()
	slices.SortFunc(all, func(a, b passed) int { return int(a.at - b.at) })
	most := newGate(&s, nil).capacity
	for i, from := range all {
		for j := i; j < min(i+4*s.Rate+20, len(all)); j++ {
			if n := float64(j - i + 1); n > float64(s.Rate)*(all[j].at-from.at).Seconds()+most+0.01 {
				t.Fatalf("rate %d: %v messages within %v", s.Rate, n, all[j].at-from.at)
			}
		}
	}
}

func TestAFloodOfUrgentMessagesLeavesTheOthersTheirShare(t *testing.T) {
	for _, c := range []struct {
		reserve int
		share   float64 // of the urgent ones
	}{{0, 8. / 15}, {20, 8. / 15}, {80, .8}, {90, .9}} {
		all := through(t, sms.CarrierSettings{Rate: 100, Window: 10, HighReserve: c.reserve}, time.Minute, make([]time.Duration, 10_000))
		got := float64(len(urgentOnes(all))) / float64(len(all))
		if len(all) < 5990 || got < c.share-.01 || got > c.share+.01 {
			t.Errorf("reserve %d: %d messages, of which %.3f urgent, want %.3f", c.reserve, len(all), got, c.share)
		}
	}
}

func TestWhatIsKeptOfAWindow(t *testing.T) {
	for _, c := range []struct{ window, reserve, places int }{
		{1, 20, 0}, {2, 20, 1}, {10, 0, 0}, {10, 20, 2}, {10, 90, 9}, {256, 20, 10}, {1000, 1, 10},
	} {
		g := newGate(&sms.CarrierSettings{Window: c.window, HighReserve: c.reserve}, nil)
		if g.places != c.places {
			t.Errorf("window %d, reserve %d %%: %d places, want %d", c.window, c.reserve, g.places, c.places)
		}
	}
}
