package clock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestSleepWakesWhenTheClockIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := At(monday)
		woken := make(chan error, 1)
		go func() { woken <- c.Sleep(context.Background(), monday.Add(time.Hour)) }()
		synctest.Wait()
		c.Advance(59 * time.Minute)
		synctest.Wait()
		if len(woken) > 0 {
			t.Fatal("woken a minute early")
		}
		c.Set(monday.Add(time.Hour))
		if err := <-woken; err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); !got.Equal(monday.Add(time.Hour)) {
			t.Errorf("the clock shows %v", got)
		}
	})
}

func TestARunningClockKeepsItsPaceAfterAJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		c.Set(monday)
		if err := c.Sleep(context.Background(), monday.Add(90*time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := c.Now().Sub(monday); got != 90*time.Second {
			t.Errorf("%v later, want 90 s", got)
		}
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		if err := At(monday).Sleep(ctx, monday.Add(time.Hour)); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	})
}
