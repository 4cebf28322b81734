// Package clock is the time that the platform lives in. It runs at the pace of the system's clock and can be moved: tests
// and the sandbox jump to next Monday and see what is due then.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and wakes those who wait for one. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	base   func() time.Time
	offset time.Duration
	frozen time.Time // zero while the clock runs
	moved  chan struct{}
	past   []time.Duration // offsets from before the latest moves
}

// New gives a clock that shows the system's time.
func New() *Clock { return &Clock{base: time.Now, moved: make(chan struct{})} }

// At gives a clock that stands still at t until it is moved.
func At(t time.Time) *Clock {
	c := New()
	c.frozen = t.UTC().Round(0).Truncate(time.Microsecond)
	return c
}

// Now gives the time. It is in UTC and has no monotonic part, so that what is stored and read again compares equal.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return c.base().Add(c.offset).UTC().Round(0).Truncate(time.Microsecond)
}

// Set moves the clock to t; it goes on from there at its pace. Moving it back is allowed: nothing that has happened is
// undone.
func (c *Clock) Set(t time.Time) { c.move(t.Sub(c.Now())) }

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) { c.move(d) }

// Reset puts a running clock back to the system's time.
func (c *Clock) Reset() {
	c.mu.Lock()
	back := -c.offset
	c.mu.Unlock()
	c.move(back)
}

func (c *Clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen.IsZero() {
		c.remember()
		c.offset += d
	} else {
		c.frozen = c.frozen.Add(d)
	}
	close(c.moved)
	c.moved = make(chan struct{})
}

// maxPast is how many moves are remembered; small ones count with the one before.
const (
	maxPast = 100
	small   = time.Minute
)

// remember notes the present offset. The first is never forgotten: it is the system's time.
func (c *Clock) remember() {
	if n := len(c.past); n > 0 && (c.offset-c.past[n-1]).Abs() < small {
		return
	}
	c.past = append(c.past, c.offset)
	if len(c.past) > maxPast {
		c.past = append(c.past[:1], c.past[2:]...)
	}
}

// Unmoved gives the times that a running clock would show if each of its latest moves had not been.
func (c *Clock) Unmoved() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	times := make([]time.Time, len(c.past))
	for i, offset := range c.past {
		times[i] = c.base().Add(offset)
	}
	return times
}

// Sleep returns when the clock shows t or later, or with the context's error.
func (c *Clock) Sleep(ctx context.Context, t time.Time) error {
	for {
		c.mu.Lock()
		moved, left, frozen := c.moved, t.Sub(c.now()), !c.frozen.IsZero()
		c.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		var ring <-chan time.Time
		if !frozen {
			timer := time.NewTimer(left)
			defer timer.Stop() //nolint:gocritic // one more for each time the clock is moved, which is rare
			ring = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		case <-ring:
		}
	}
}
