// Package notify tells customers what they are owed: OVH's callbacks, signed JSON, and the SMS that answer replies. What is owed is
// rows in the store, written with what they tell of. One node at a time delivers them: each endpoint has a queue, a breaker and a
// window of its own, so that one that is dead or slow delays no other.
package notify

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"ramier/internal/clock"
	"ramier/internal/fetch"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Config is what a Notifier needs.
type Config struct {
	Store *store.Store
	Clock *clock.Clock
	Log   *slog.Logger
	// Fetch calls the URLs of customers.
	Fetch *fetch.Client
	// Send sends an SMS of a service by an order with a key that makes it repeatable.
	Send func(ctx context.Context, account int64, service string, o sms.Order, key string) error
	// Observe learns of each attempt: its kind (get, json or sms) and its result (delivered, retry or failed). It may be nil.
	Observe func(kind, result string)
	// Wall is the time that receivers of signed JSON compare with their own clocks, whatever time the platform lives in; time.Now when nil.
	Wall func() time.Time
}

// Notifier delivers what customers are owed.
type Notifier struct {
	cfg   Config
	calls caller
	lanes map[lane]chan struct{}
	desk  *desk

	mu        sync.Mutex
	endpoints map[sms.Endpoint]*endpoint // those with something to do now
	alarms    map[sms.Endpoint]time.Time // when others have something to do
	breakers  map[sms.Endpoint]*breaker
	delivers  bool // this node has the lease
	ctx       context.Context
	running   sync.WaitGroup // endpoints

	scan   chan struct{} // look for endpoints in the store
	alarm  chan struct{} // the alarms have changed
	cancel context.CancelFunc
	ended  chan struct{}
	ending chan struct{} // closed when nothing more is begun
}

// New makes a Notifier. Start starts it.
func New(cfg Config) *Notifier {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string) {}
	}
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	n := &Notifier{cfg: cfg, calls: newCaller(cfg), lanes: newLanes()}
	n.desk = newDesk(n)
	return n
}

// Start begins to deliver as soon as no other node does. Stop ends it.
func (n *Notifier) Start(ctx context.Context) {
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.ended, n.ending = make(chan struct{}), make(chan struct{})
	n.scan, n.alarm = make(chan struct{}, 1), make(chan struct{}, 1)
	n.cfg.Store.OnOwed(n.wake, n.changed)
	go func() {
		defer close(n.ended)
		n.keepLease(ctx)
	}()
}

// Stop begins nothing more, and waits for the calls under way for as long as the context lasts; what is not known to have
// arrived is delivered again after the next start, under the same id.
func (n *Notifier) Stop(ctx context.Context) {
	if n.cancel == nil {
		return
	}
	n.cfg.Store.OnOwed(nil, nil)
	close(n.ending)
	select {
	case <-n.ended:
	case <-ctx.Done():
	}
	n.cancel()
	<-n.ended
	n.cancel = nil
}

// Times of the lease; see store.LeaseTime.
const (
	renewEvery = 2 * time.Second
	margin     = time.Second // before its end nothing more is begun
)

// keepLease delivers while this node has the lease.
func (n *Notifier) keepLease(ctx context.Context) {
	holder := n.cfg.Store.NewHolder()
	for !n.isEnding() && ctx.Err() == nil {
		asked := time.Now()
		got, err := n.cfg.Store.Acquire(ctx, holder, store.NotifyLease)
		if err == nil && len(got) > 0 {
			n.hold(ctx, got[0], asked)
			continue
		}
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.Warn("cannot find out who delivers callbacks", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-n.ending:
		case <-time.After(renewEvery):
		}
	}
}

func (n *Notifier) isEnding() bool {
	select {
	case <-n.ending:
		return true
	default:
		return false
	}
}

// hold delivers until the lease is lost or the notifier ends.
func (n *Notifier) hold(ctx context.Context, h store.Hold, asked time.Time) {
	ctx, lost := context.WithCancel(ctx)
	defer lost()
	n.begin(ctx)
	var loops sync.WaitGroup
	loops.Go(func() { n.scanLoop(ctx) })
	loops.Go(func() { n.alarmLoop(ctx) })
	loops.Go(func() { n.minuteLoop(ctx) })
	if n.cfg.Store.Alone() {
		select {
		case <-ctx.Done():
		case <-n.ending:
		}
	} else {
		n.renew(ctx, h, asked)
	}
	n.stopEndpoints(lost)
	lost()
	loops.Wait()
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewEvery)
	defer cancel()
	if err := n.cfg.Store.Release(release, h); err != nil {
		n.cfg.Log.Warn("cannot give up the delivery of callbacks; another node takes it over in a few seconds", "error", err)
	}
}

// renew returns when the lease may be lost, or the notifier ends.
func (n *Notifier) renew(ctx context.Context, h store.Hold, asked time.Time) {
	until := asked.Add(store.LeaseTime - margin)
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.ending:
			return
		case <-time.After(min(renewEvery, time.Until(until))):
		}
		if time.Now().After(until) {
			return
		}
		asked := time.Now()
		try, cancel := context.WithDeadline(ctx, until)
		kept, err := n.cfg.Store.Renew(try, h)
		cancel()
		switch {
		case err == nil && !kept[h.Name]:
			return
		case err == nil:
			until = asked.Add(store.LeaseTime - margin)
		}
	}
}

func (n *Notifier) begin(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ctx, n.delivers = ctx, true
	n.endpoints, n.alarms, n.breakers = map[sms.Endpoint]*endpoint{}, map[sms.Endpoint]time.Time{}, map[sms.Endpoint]*breaker{}
	nudge(n.scan)
}

// callsEnd is how long calls under way may take when the lease is given up.
const callsEnd = 3 * time.Second

// stopEndpoints waits for the calls under way, and then cuts them off.
func (n *Notifier) stopEndpoints(cut func()) {
	n.mu.Lock()
	n.delivers = false
	for _, e := range n.endpoints {
		close(e.stopped)
	}
	n.mu.Unlock()
	timer := time.AfterFunc(callsEnd, cut)
	defer timer.Stop()
	n.running.Wait()
}

// wake is called when something is owed: to the endpoints, or to any if it is nil.
func (n *Notifier) wake(endpoints []sms.Endpoint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !n.delivers && endpoints != nil:
		n.cfg.Store.Tell(store.Signal{Owed: true})
	case !n.delivers:
	case endpoints == nil:
		nudge(n.scan)
	}
	for _, e := range endpoints {
		if n.delivers {
			n.run(e)
		}
	}
}

// changed is called when the addresses of a service, or of all for 0, may have changed: what failed there is tried again.
func (n *Notifier) changed(service int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.delivers {
		return
	}
	maps.DeleteFunc(n.breakers, func(_ sms.Endpoint, b *breaker) bool {
		return service == 0 || b.service == 0 || b.service == service
	})
	nudge(n.scan)
}

// belongs notes whose endpoint a breaker is of.
func (n *Notifier) belongs(b *breaker, service int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b.service = service
}

// run has an endpoint worked on, when its breaker lets it. The caller holds mu.
func (n *Notifier) run(id sms.Endpoint) {
	if e := n.endpoints[id]; e != nil {
		nudge(e.wake)
		return
	}
	b := n.breakers[id]
	if b != nil && n.cfg.Clock.Now().Before(b.until) {
		if !n.alarms[id].Equal(b.until) {
			n.alarms[id] = b.until
			nudge(n.alarm)
		}
		return
	}
	delete(n.alarms, id)
	if b == nil {
		b = &breaker{}
		n.breakers[id] = b
	}
	e := &endpoint{n: n, id: id, breaker: b, wake: make(chan struct{}, 1), stopped: make(chan struct{}), steps: make(chan step), flying: map[int64]bool{}, busy: map[int64]bool{}}
	n.endpoints[id] = e
	ctx := n.ctx
	n.running.Go(func() { e.run(ctx) })
}

// leave ends the work on an endpoint, unless it was woken meanwhile. At is when it has to go on, zero if nothing is in sight.
func (n *Notifier) leave(e *endpoint, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-e.wake:
		if n.delivers {
			return false
		}
	default:
	}
	delete(n.endpoints, e.id)
	if e.breaker.closed() {
		delete(n.breakers, e.id)
	}
	if !at.IsZero() && n.delivers {
		n.alarms[e.id] = at
		nudge(n.alarm)
	}
	return true
}

const (
	// scanEvery is how often the store is asked for what nobody has told of.
	scanEvery = 5 * time.Second
	// scanPause is the shortest time between two such questions.
	scanPause = 100 * time.Millisecond
)

// scanLoop finds endpoints that wait for something.
func (n *Notifier) scanLoop(ctx context.Context) {
	tick := time.NewTicker(scanEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.scan:
		case <-tick.C:
		}
		found, err := n.cfg.Store.Owed(ctx)
		if err != nil {
			if ctx.Err() == nil {
				n.cfg.Log.Warn("cannot look for callbacks that wait", "error", err)
			}
		}
		now := n.cfg.Clock.Now()
		n.mu.Lock()
		for id, at := range found {
			if n.breakers[id] != nil && at.Before(n.breakers[id].until) {
				at = n.breakers[id].until
			}
			switch have, set := n.alarms[id]; {
			case !n.delivers || n.endpoints[id] != nil:
			case !at.After(now):
				n.run(id)
			case !set || at.Before(have):
				n.alarms[id] = at
				nudge(n.alarm)
			}
		}
		n.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(scanPause):
		}
	}
}

// alarmLoop wakes endpoints at their time.
func (n *Notifier) alarmLoop(ctx context.Context) {
	for ctx.Err() == nil {
		now := n.cfg.Clock.Now()
		var next time.Time
		n.mu.Lock()
		for id, at := range n.alarms {
			switch {
			case !at.After(now) && n.delivers:
				n.run(id)
			case next.IsZero() || at.Before(next):
				next = at
			}
		}
		n.mu.Unlock()
		if next.IsZero() {
			next = now.Add(24 * time.Hour)
		}
		sleep, cancel := context.WithCancel(ctx)
		slept := make(chan struct{})
		go func() {
			defer close(slept)
			_ = n.cfg.Clock.Sleep(sleep, next)
		}()
		select {
		case <-slept:
		case <-n.alarm:
		}
		cancel()
		<-slept
	}
}

// giveUpEvery is how often deliveries are looked for that have waited too long.
const giveUpEvery = 10 * time.Minute

// minuteLoop ends what has waited too long.
func (n *Notifier) minuteLoop(ctx context.Context) {
	var looked time.Time
	for n.cfg.Clock.Sleep(ctx, n.cfg.Clock.Now().Add(time.Minute)) == nil {
		now := n.cfg.Clock.Now()
		err := n.cfg.Store.FlushParts(ctx, now)
		if err == nil && now.Sub(looked) >= giveUpEvery {
			looked = now
			err = n.cfg.Store.GiveUpDeliveries(ctx, 0, now.Add(-maxAge), now, "given up after three days: the endpoint took nothing in all that time")
		}
		for more := true; more && err == nil && ctx.Err() == nil; {
			more, err = n.cfg.Store.DropDeliveries(ctx, now)
		}
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.Warn("cannot end what has waited too long", "error", err)
		}
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Test calls a webhook of a service once with an event that says nothing, whatever waits for it.
func (n *Notifier) Test(ctx context.Context, service string, w sms.Webhook) sms.Attempt {
	now := n.cfg.Clock.Now()
	to := store.Target{Kind: store.TargetJSON, URL: w.URL, Secrets: []string{w.Secret}}
	if w.OldSecret != "" && now.Before(w.OldUntil) {
		to.Secrets = append(to.Secrets, w.OldSecret)
	}
	// Far above the ids of deliveries.
	d := sms.Delivery{ID: now.UnixMicro(), CreatedAt: now, Notice: sms.Notice{Kind: sms.NoticeTest, Service: service, At: now}}
	a, _ := n.calls.attempt(ctx, to, &d)
	return a
}
