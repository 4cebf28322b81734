package notify

import (
	"testing"
	"time"
)

// The second call in a row that takes all its time opens the breaker, and three quarters of the time or more nobody waits for it from then on. One that
// answers is known as well again as before.
func TestABreakerOpensSoonerForWhatHangs(t *testing.T) {
	b := &breaker{}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var opened []time.Duration
	for len(opened) < 6 {
		began := now
		now = now.Add(callTime)
		b.note(false, callTime, began, now)
		if b.until.After(now) {
			opened = append(opened, b.until.Sub(now))
			now = b.until
		} else if len(opened) > 0 || b.fails > hangs {
			t.Fatalf("not opened after %d failures", b.fails)
		}
	}
	for i, want := range []int{30, 30, 40, 80, 160, 320} {
		if opened[i] != time.Duration(want)*time.Second {
			t.Errorf("opened for %v", opened)
			break
		}
	}
	if b.note(true, time.Millisecond, now, now); !b.closed() || b.until.After(now) {
		t.Error("still open after a success")
	}
	for range failures - 1 {
		if b.note(false, time.Millisecond, now, now); b.until.After(now) {
			t.Error("opened too soon by quick failures")
		}
	}
}
