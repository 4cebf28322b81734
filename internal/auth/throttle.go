package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxThrottled is how many callers are told apart; when there are more, all begin anew.
const maxThrottled = 20_000

// A throttle slows callers down: each may do burst things at once, and then one every so often.
type throttle struct {
	every time.Duration
	burst int

	mu  sync.Mutex
	all map[string]*rate.Limiter
}

// allow tells whether the caller may do one more thing at the time.
func (t *throttle) allow(caller string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.all[caller]
	if l == nil {
		if t.all == nil || len(t.all) >= maxThrottled {
			t.all = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Every(t.every), t.burst)
		t.all[caller] = l
	}
	return l.AllowN(now, 1)
}
