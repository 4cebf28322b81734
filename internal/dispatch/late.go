package dispatch

import (
	"context"
	"sync"
	"time"

	"ramier/internal/sms"
)

const (
	// maxLate is how many late answers wait to be written. More are dropped: their messages stay in doubt.
	maxLate = 10_000
	// lateAgain is when a late answer is tried again whose doubt was not written yet, or when the database did not take it.
	lateAgain = time.Second
	// lateFor is how long that goes on.
	lateFor = 5 * time.Minute
)

// late holds answers that came after their messages were answered as in doubt.
type late struct {
	mu      sync.Mutex
	waiting []lateAnswer
	nudge   chan struct{}
}

type lateAnswer struct {
	answer sms.Answer
	until  time.Time // by the system's clock
}

// lateAnswer takes one from a carrier.
func (d *Dispatcher) lateAnswer(a sms.Answer) {
	if a.State == sms.Queued && a.RetryAt.IsZero() {
		a.RetryAt = a.At.Add(time.Second)
	}
	d.late.mu.Lock()
	defer d.late.mu.Unlock()
	if len(d.late.waiting) >= maxLate {
		d.cfg.Log.Warn("a late answer is dropped: too many wait", "message", a.MessageID)
		return
	}
	d.late.waiting = append(d.late.waiting, lateAnswer{a, time.Now().Add(lateFor)})
	select {
	case d.late.nudge <- struct{}{}:
	default:
	}
}

// lateLoop writes late answers until the context ends.
func (d *Dispatcher) lateLoop(ctx context.Context) {
	again := time.NewTimer(lateAgain)
	defer again.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-d.late.nudge:
		case <-again.C:
		}
		d.writeLate(ctx)
		again.Reset(lateAgain)
	}
}

// writeLate writes what has come, once. What is too early stays, until it is too old.
func (d *Dispatcher) writeLate(ctx context.Context) {
	d.late.mu.Lock()
	all := d.late.waiting
	d.late.waiting = nil
	d.late.mu.Unlock()
	if len(all) == 0 {
		return
	}
	answers, until := make([]sms.Answer, len(all)), map[int64]time.Time{}
	for i, l := range all {
		answers[i], until[l.answer.MessageID] = l.answer, l.until
	}
	left, result, err := d.cfg.Store.SettleLate(ctx, answers)
	if err != nil {
		if ctx.Err() == nil {
			d.cfg.Log.Error("cannot settle late answers", "answers", len(answers), "error", err)
		}
		left = answers
	} else if f := d.cfg.Observe.Moved; f != nil {
		for state, n := range result.Moved {
			f(state, n)
		}
	}
	now := time.Now()
	d.late.mu.Lock()
	defer d.late.mu.Unlock()
	for _, a := range left {
		if end := until[a.MessageID]; now.Before(end) {
			d.late.waiting = append(d.late.waiting, lateAnswer{a, end})
		}
	}
}
