package dispatch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/store"
)

// pass lets time pass: the bubble's, which costs none.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	pause(t.Context(), d)
}

func over(k *hold) bool {
	synctest.Wait()
	return isClosed(k.over)
}

func TestAHoldEndsBeforeItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := time.Now()
		pass(t, 100*time.Millisecond) // the answer took its time; the clock is the bubble's
		k := newHold(store.Hold{}, asked, true)
		for range 10 {
			pass(t, renewEvery)
			if !k.valid() {
				t.Fatal("it ends although it was renewed")
			}
			k.extend(time.Now())
		}
		pass(t, store.LeaseTime-handMargin-1)
		if !k.valid() || over(k) {
			t.Error("it ends early")
		}
		pass(t, 1)
		if k.valid() || !over(k) {
			t.Error("it goes on")
		}
		if left := k.left(); left != handMargin-cutMargin {
			t.Errorf("%v for the answers", left)
		}
		k.extend(time.Now())
		if k.valid() {
			t.Error("it has come back")
		}
	})
}

func TestALostHoldEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, runsOut := range []bool{true, false} {
			k := newHold(store.Hold{}, time.Now(), runsOut)
			k.lose()
			k.lose()
			if k.valid() || !over(k) || k.left() != 0 {
				t.Error("it goes on")
			}
		}
	})
}

func TestAHoldThatDoesNotRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newHold(store.Hold{}, time.Now(), false)
		pass(t, 24*time.Hour)
		k.extend(time.Now())
		if !k.valid() || over(k) {
			t.Error("it has ended")
		}
		k.lose()
	})
}

// A process that was stopped for a while may run anything before its timers: the context tells all the same.
func TestAContextIsOverWithItsLease(t *testing.T) {
	k := newHold(store.Hold{}, time.Now().Add(-time.Hour), true)
	defer k.lose()
	ctx := held{context.Background(), k}
	if ctx.Err() == nil {
		t.Error("its context goes on")
	}
	if err := (held{context.Background(), newHold(store.Hold{}, time.Now(), false)}).Err(); err != nil {
		t.Error(err)
	}
}
