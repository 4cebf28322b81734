package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// A lane is a number of calls at once that endpoints of one sort share.
type lane int

const (
	fresh lane = iota // not known yet: one call at a time
	quick
	slow // and those that fail: they wait for each other only
)

func newLanes() map[lane]chan struct{} {
	return map[lane]chan struct{}{fresh: make(chan struct{}, 1000), quick: make(chan struct{}, 512), slow: make(chan struct{}, 1000)}
}

// A place is one among those that a lane has.
type place struct {
	slow  chan struct{}
	timer *time.Timer

	mu   sync.Mutex
	lane chan struct{} // nil when the place is given up
}

// take waits for a place in a lane until the context is over. A call that takes long moves to the slow lane if there is room: dead endpoints
// do not keep new ones, or quick ones, waiting until their time is up.
func (n *Notifier) take(ctx context.Context, in lane) (*place, error) {
	p := &place{slow: n.lanes[slow], lane: n.lanes[in]}
	select {
	case p.lane <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if in != slow {
		p.mu.Lock() // move looks at the timer
		p.timer = time.AfterFunc(slowAfter, p.move)
		p.mu.Unlock()
	}
	return p, nil
}

// move gives the place in a quicker lane up for one in the slow one, now or later.
func (p *place) move() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lane == nil {
		return
	}
	select {
	case p.slow <- struct{}{}:
		<-p.lane
		p.lane = p.slow
	default:
		p.timer.Reset(slowAfter)
	}
}

// leave gives the place up.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	<-p.lane
	p.lane = nil
}

const (
	// maxOpen is how many attempts of an endpoint may be under way or wait to be written down.
	maxOpen    = 1000
	maxWindow  = 64
	slowWindow = 4
	slowAfter  = time.Second
)

// A breaker remembers how an endpoint has done. Only its endpoint's goroutine changes it, but for service and until, which the Notifier's
// mu guards.
type breaker struct {
	service int64     // whose endpoint it is, 0 = not known yet
	fails   int       // since the last success; see hangs
	opened  int       // how often it has opened since
	until   time.Time // nothing is tried before
	window  int       // calls at once that it has shown to bear
	took    time.Duration
}

// Breakers open after so many failures in a row, for a time that doubles up to the longest. One that took all the time that a call may take
// counts for three, and the breaker opens for at least three times as long: to wait for those that hang costs most.
const (
	failures    = 5
	hangs       = 3
	firstOpen   = 10 * time.Second
	longestOpen = 10 * time.Minute
)

func (b *breaker) closed() bool { return b.fails == 0 }

// note takes the outcome of an attempt that began at a time. Calls that were under way when it opened belong to the failure that
// opened it: a server that restarts fails many at once.
func (b *breaker) note(ok bool, took time.Duration, began, now time.Time) {
	b.took = (3*b.took + took) / 4
	if !ok {
		b.fails++
		var least time.Duration
		if took >= callTime {
			b.fails, least = b.fails+hangs-1, hangs*took
		}
		b.window = 1
		if b.fails >= failures && (b.opened == 0 || !began.Before(b.until)) {
			b.until = now.Add(min(longestOpen, max(least, firstOpen<<min(b.opened, 10))))
			b.opened++
		}
		return
	}
	b.fails, b.opened, b.until = 0, 0, time.Time{}
	b.window = min(maxWindow, max(2, 2*b.window))
}

func (b *breaker) lane() lane {
	switch {
	case b.fails > 0 || b.took > slowAfter:
		return slow
	case b.window == 0:
		return fresh
	}
	return quick
}

// most is how many calls may be under way at once.
func (b *breaker) most() int {
	switch {
	case b.fails > 0 || b.window == 0:
		return 1
	case b.took > slowAfter:
		return min(slowWindow, b.window)
	}
	return b.window
}

// An endpoint is one that has something to do. It ends when there is nothing left to do now.
type endpoint struct {
	n       *Notifier
	id      sms.Endpoint
	breaker *breaker
	wake    chan struct{}
	stopped chan struct{} // nothing more is begun
	steps   chan step

	target store.Target
	front  []*sms.Delivery // due, in their order
	calls  int             // under way
	flying map[int64]bool  // deliveries under way, or not written down yet
	busy   map[int64]bool  // subjects of which one is under way or was put off
	next   time.Time       // when more will be due
	look   bool            // there may be more in the store
}

// A step is what has become of an attempt: it was answered, or it is written down, or both.
type step struct {
	sms.Delivery
	answered, written, tried bool
}

// run works until nothing is due.
func (e *endpoint) run(ctx context.Context) {
	e.look = true
	for {
		if e.look && len(e.front) == 0 && !e.isStopped(ctx) {
			if err := e.load(ctx); err != nil {
				if ctx.Err() == nil {
					e.n.cfg.Log.Warn("cannot read what an endpoint is owed", "error", err)
				}
				e.next = e.n.cfg.Clock.Now().Add(time.Second)
			}
		}
		e.begin(ctx)
		if len(e.flying) == 0 && (!e.look || e.isStopped(ctx) || e.open()) {
			if e.leave() {
				return
			}
			e.look = true
			continue
		}
		if len(e.flying) == 0 {
			continue
		}
		select {
		case p := <-e.steps:
			e.take(p)
		case <-e.wake:
			e.look = true
		}
	}
}

func (e *endpoint) leave() bool {
	at := e.next
	if e.open() && (at.IsZero() || at.Before(e.breaker.until) || len(e.front) > 0 || e.look) {
		at = e.breaker.until
	}
	if len(e.front) > 0 && !e.open() && !e.target.Paused {
		at = e.n.cfg.Clock.Now()
	}
	return e.n.leave(e, at)
}

func (e *endpoint) isStopped(ctx context.Context) bool {
	select {
	case <-e.stopped:
		return true
	default:
		return ctx.Err() != nil
	}
}

// open tells that the breaker is, and nothing may be tried.
func (e *endpoint) open() bool { return e.n.cfg.Clock.Now().Before(e.breaker.until) }

// load reads what is due.
func (e *endpoint) load(ctx context.Context) (err error) {
	e.look = false
	now := e.n.cfg.Clock.Now()
	if e.target, err = e.n.cfg.Store.Target(ctx, e.id, now); err != nil {
		return err
	}
	if e.target.Kind == store.TargetGone {
		e.next = time.Time{}
		return e.n.cfg.Store.GiveUpDeliveries(ctx, e.id, now.Add(time.Microsecond), now, "the address was removed")
	}
	if e.target.Paused {
		e.next = time.Time{}
		return nil
	}
	most := 8 * e.breaker.most()
	all, next, err := e.n.cfg.Store.DueDeliveries(ctx, e.id, now, most, e.flying)
	if err != nil {
		return err
	}
	e.next, e.look, e.front = next, len(all) >= most, e.front[:0]
	for i := range all {
		e.front = append(e.front, &all[i])
	}
	if len(all) > 0 {
		e.n.belongs(e.breaker, all[0].ServiceID)
	}
	return nil
}

// begin begins calls, as many as may be under way. Of a subject there is one at a time: the others stay behind it.
func (e *endpoint) begin(ctx context.Context) {
	if e.open() || e.isStopped(ctx) {
		return
	}
	behind := 0 // how many of the first stay
	for behind < len(e.front) && e.calls < e.breaker.most() && len(e.flying) < maxOpen {
		d := e.front[behind]
		if e.busy[d.Subject] {
			behind++
			continue
		}
		e.front = slices.Delete(e.front, behind, behind+1)
		e.flying[d.ID], e.busy[d.Subject] = true, true
		e.calls++
		go e.call(ctx, *d, e.target, e.breaker.lane())
	}
}

// call makes one attempt and has it written down.
func (e *endpoint) call(ctx context.Context, d sms.Delivery, to store.Target, in lane) {
	p, err := e.n.take(ctx, in)
	if err != nil {
		e.steps <- step{d, true, true, false}
		return
	}
	a, final := e.n.calls.attempt(ctx, to, &d)
	p.leave()
	if ctx.Err() != nil && !a.OK() { // cut off: nobody knows
		e.steps <- step{d, true, true, false}
		return
	}
	d.Attempts++
	e.n.judge(&d, to.Kind, a, final)
	e.steps <- step{d, true, false, true}
	e.n.desk.settle(ctx, d)
	e.steps <- step{d, false, true, true}
}

// take goes on after a step of an attempt.
func (e *endpoint) take(p step) {
	if p.answered {
		e.calls--
		if p.tried {
			// That an SMS cannot be sent says nothing about the next one.
			last := p.Log[len(p.Log)-1]
			ok := last.OK() || p.State == sms.DeliveryFailed && e.target.Kind == store.TargetMessage
			now := e.n.cfg.Clock.Now()
			e.n.mu.Lock()
			e.breaker.note(ok, last.Took, last.At, now)
			e.n.mu.Unlock()
		}
	}
	if p.written {
		e.settled(p.Delivery)
	}
}

// settled goes on when an attempt is written down. What else there is about the subject of one that has to wait stays behind it,
// in the store.
func (e *endpoint) settled(d sms.Delivery) {
	delete(e.flying, d.ID)
	delete(e.busy, d.Subject)
	if d.State != sms.DeliveryWaiting {
		if d.Attempts > 1 {
			e.look = true // others may have waited for it
		}
		return
	}
	if e.next.IsZero() || d.DueAt.Before(e.next) {
		e.next = d.DueAt
	}
	rest := e.front[:0]
	for _, other := range e.front {
		if other.Subject != d.Subject {
			rest = append(rest, other)
		}
	}
	e.front = rest
}
