package notify

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Calls that hang leave their lane after a second, as long as the slow lane has room, and later when it gets some.
func TestCallsThatHangMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Notifier{lanes: map[lane]chan struct{}{fresh: make(chan struct{}, 10), quick: make(chan struct{}, 10), slow: make(chan struct{}, 15)}}
		begun := time.Now()
		var hanging []*place
		for i := range 20 {
			p, err := n.take(t.Context(), lane(i%2)) // fresh and quick
			if err != nil {
				t.Fatal(err)
			}
			hanging = append(hanging, p)
		}
		late, err := n.take(t.Context(), fresh)
		if err != nil || time.Since(begun) != slowAfter {
			t.Fatalf("a place after %v: %v", time.Since(begun), err)
		}
		late.leave()
		time.Sleep(10 * slowAfter)
		synctest.Wait()
		if in := [3]int{len(n.lanes[fresh]), len(n.lanes[quick]), len(n.lanes[slow])}; in[0]+in[1] != 5 || in[2] != 15 {
			t.Errorf("places taken: %v", in)
		}
		for _, p := range hanging {
			p.leave()
		}
		for name, l := range n.lanes {
			if len(l) != 0 {
				t.Errorf("lane %d keeps %d places", name, len(l))
			}
		}
		ended, end := context.WithCancel(t.Context())
		end()
		for range 10 {
			n.lanes[quick] <- struct{}{}
		}
		if _, err := n.take(ended, quick); err == nil {
			t.Error("a place after the end")
		}
	})
}

// A server that fails many calls at once, as when it restarts, is left alone for ten seconds as if it had failed five in turn.
func TestFailuresAtOnceOpenOnce(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := &breaker{window: maxWindow}
	for range maxWindow {
		b.note(false, time.Millisecond, now, now.Add(time.Second))
	}
	if got := b.until.Sub(now); got != time.Second+firstOpen {
		t.Errorf("open for %v", got)
	}
	now = b.until
	for i, want := range []time.Duration{2 * firstOpen, 4 * firstOpen, 8 * firstOpen} {
		b.note(false, time.Millisecond, now, now)
		if got := b.until.Sub(now); got != want {
			t.Errorf("failure %d after it: open for %v, want %v", i, got, want)
		}
		now = b.until
	}
	b.note(true, time.Millisecond, now, now)
	if b.lane() != quick || !b.until.IsZero() {
		t.Errorf("not closed: %+v", b)
	}
}

// Two machines that answer each other come to an end; others, and the next hour, are not concerned.
func TestAnswersToOneNumberHaveAnEnd(t *testing.T) {
	var l loops
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range maxAnswers + 5 {
		if got := l.may("a", now); got != (i < maxAnswers) {
			t.Errorf("answer %d: %v", i+1, got)
		}
	}
	if !l.may("b", now) || !l.may("a", now.Add(time.Hour+time.Second)) {
		t.Error("another number, or the next hour, is held up")
	}
}
