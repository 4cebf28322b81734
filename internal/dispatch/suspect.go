package dispatch

import (
	"context"
	"sync"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// suspect tells that a message has been in doubt twice: the operator may hang up on it. It gets its last attempt when nothing
// else is under way, so that no other shares its fate.
func suspect(m store.Claimed) bool { return m.State == sms.InDoubt && m.Duplicate }

// flight counts the messages that a carrier has and has not answered.
type flight struct {
	mu     sync.Mutex
	n      int
	landed chan struct{} // closed when n is 0 again; nil while nobody waits
}

func (f *flight) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
}

func (f *flight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n--; f.n == 0 && f.landed != nil {
		close(f.landed)
		f.landed = nil
	}
}

// clear waits until all that was handed over is answered.
func (f *flight) clear(ctx context.Context) {
	f.mu.Lock()
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	if f.landed == nil {
		f.landed = make(chan struct{})
	}
	landed := f.landed
	f.mu.Unlock()
	select {
	case <-landed:
	case <-ctx.Done():
	}
}

// underWay submits a message; alone, it waits until all that was handed over is answered, and for its own answer.
func (l *line) underWay(ctx context.Context, alone bool, submit func()) {
	if !alone {
		l.alone.RLock()
		defer l.alone.RUnlock()
		l.flight.begin()
		submit()
		return
	}
	l.alone.Lock()
	defer l.alone.Unlock()
	l.flight.clear(ctx)
	l.flight.begin()
	submit()
	l.flight.clear(ctx)
}

// inOrder hands over the messages of a portion: suspects last, and each alone.
func (l *line) inOrder(ctx context.Context, b *portion) {
	var alone []int
	for i, m := range b.messages {
		if suspect(m) {
			alone = append(alone, i)
			continue
		}
		l.next(ctx, b, i)
	}
	for _, i := range alone {
		l.next(ctx, b, i)
	}
}

// next hands over message i of a portion.
func (l *line) next(ctx context.Context, b *portion, i int) {
	l.askAgain(ctx, b, i)
	l.hand(ctx, b, b.messages[i])
	l.gate.done(b.track)
	if l.ahead.Add(-1) == int64(l.carrier.Settings.Window/2) {
		l.free()
	}
}
