// Package dispatch hands queued messages to carriers and brings back what they answer: claim, do, settle, in batches.
package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Carrier hands messages to an operator.
type Carrier interface {
	// Run keeps the connection up until the context ends, then waits for the answers to what was handed over. When it
	// returns, each message has had its answer.
	Run(ctx context.Context)
	// Room tells how many more messages the carrier takes now, 0 while it is not connected or pauses.
	Room() int
	// Submit hands a message over. It blocks while the window is full. The answer comes exactly once, also when the context
	// ends, perhaps from another goroutine.
	Submit(ctx context.Context, m sms.Outbound, answer func(sms.Answer))
	Status() sms.CarrierStatus
	// Cut closes the connection at once, after the context of Run has ended: what has no answer then is in doubt.
	Cut()
}

// Config is what a Dispatcher needs.
type Config struct {
	Store *store.Store
	Clock *clock.Clock
	Log   *slog.Logger
	// NewCarrier makes a carrier of its settings. What it brings goes to the inbox.
	NewCarrier func(c sms.Carrier, inbox sms.Inbox) Carrier
	// Observe learns of what happens, for the metrics.
	Observe Observer
}

// Observer learns of what happens. Its functions must not block; nil ones are left out.
type Observer struct {
	// Moved: n messages entered a state.
	Moved func(state sms.State, n int)
	// Receipt counts receipts that found their message, found none, and repeated an earlier one.
	Receipt func(matched, parked, repeated int)
	// Handed is the time from the acceptance of a message to its being handed to its carrier.
	Handed func(carrier string, after time.Duration)
	// Asked counts questions put to a carrier by what came of them: final (a receipt that was applied), underWay, unknown (or not
	// any more), unsupported or error.
	Asked func(carrier, result string)
}

// Dispatcher runs the carriers.
type Dispatcher struct {
	cfg       Config
	reloading sync.Mutex // held by Reload: what it read must not be older than what another has done
	mu        sync.Mutex
	lines     map[int64]*line
	ending    map[int64]*line // the last line of each carrier that was stopped, perhaps not ended yet
	ctx       context.Context // nil unless started
	looking   context.Context // ends with the stop
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	desk      *desk
	late      late

	holder       string                 // this life of the node, to the others
	holds        map[string]*hold       // by name
	seen         map[string]store.Lease // the leases of all nodes when they were last looked at
	share        int                    // how many enabled carriers this node should have
	surplusSince time.Time              // since when it has had more, zero if it has not
	patience     time.Duration
	nudged       chan struct{} // wakes lookLoop
	endRenewing  context.CancelFunc
	renewing     sync.WaitGroup
}

// New makes a Dispatcher. Start starts it.
func New(cfg Config) *Dispatcher {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{
		cfg: cfg, lines: map[int64]*line{}, ending: map[int64]*line{}, holds: map[string]*hold{}, nudged: make(chan struct{}, 1), patience: patience,
		late: late{nudge: make(chan struct{}, 1)},
	}
}

// Start starts the enabled carriers whose leases are to be had now; others follow when their leases run out. Stop ends it,
// unless it fails.
func (d *Dispatcher) Start(ctx context.Context) error {
	d.desk = newDesk(d)
	base := context.WithoutCancel(ctx)
	looking, cancel := context.WithCancel(base)
	d.mu.Lock()
	d.ctx, d.looking, d.cancel, d.holder = base, looking, cancel, d.cfg.Store.NewHolder()
	d.mu.Unlock()
	d.cfg.Store.OnQueued(d.wake)
	renewing, endRenewing := context.WithCancel(base)
	d.endRenewing = endRenewing
	if !d.cfg.Store.Alone() {
		d.renewing.Go(func() { d.renewLoop(renewing) })
	}
	if err := d.Reload(ctx); err != nil {
		d.Stop(ctx)
		return err
	}
	d.wg.Go(func() { d.expireLoop(looking) })
	d.wg.Go(func() { d.lookLoop(looking) })
	d.wg.Go(func() { d.cfg.Store.Listen(looking, d.hear) })
	d.wg.Go(func() { d.lateLoop(looking) })
	return nil
}

// Stop hands nothing more to the carriers, waits for the answers to what they have, settles them, and gives up the leases. When
// the context ends first, what has no answer is in doubt.
func (d *Dispatcher) Stop(ctx context.Context) {
	d.mu.Lock()
	if d.ctx == nil {
		d.mu.Unlock()
		return
	}
	lines := d.lines
	d.lines = map[int64]*line{}
	d.ctx = nil
	d.mu.Unlock()
	d.cancel()
	var wg sync.WaitGroup
	for _, l := range lines {
		wg.Go(func() { l.stop(ctx) })
	}
	wg.Wait()
	ended := make(chan struct{})
	go func() {
		d.wg.Wait() // for lines, too, that were stopped before
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		d.cut(lines)
	}
	d.desk.stop(ctx)
	d.writeLate(ctx)
	d.giveUp()
	d.endRenewing()
	d.renewing.Wait()
}

// cut ends the connections that have not ended in time, so that their carriers can be had by others.
func (d *Dispatcher) cut(stopped map[int64]*line) {
	d.mu.Lock()
	lines := slices.Concat(slices.Collect(maps.Values(stopped)), slices.Collect(maps.Values(d.ending)))
	d.mu.Unlock()
	for _, l := range lines {
		l.quit()
		if !isClosed(l.ended) {
			l.port.Cut()
		}
	}
}

// Reload starts, stops and restarts carriers so that they run as the store describes them.
func (d *Dispatcher) Reload(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	carriers, err := d.cfg.Store.Carriers(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	started := d.ctx != nil
	d.mu.Unlock()
	if !started {
		return nil
	}
	if err := d.takeCarriers(ctx, carriers); err != nil {
		if errors.Is(err, errStopped) {
			return nil
		}
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		return nil
	}
	d.runLines(carriers)
	d.dropCarriers(carriers)
	d.giveBack(carriers)
	return nil
}

// runLines has a line for each enabled carrier whose lease this node has. The caller holds mu.
func (d *Dispatcher) runLines(carriers []sms.Carrier) {
	wanted := map[int64]bool{}
	for _, c := range carriers {
		k := d.holds[store.CarrierLease(c.ID)]
		wanted[c.ID] = c.Enabled && k != nil && !k.leaving
		old := d.lines[c.ID]
		if !wanted[c.ID] || (old != nil && old.carrier.Rev == c.Rev) {
			continue
		}
		if old == nil {
			old = d.ending[c.ID] // it may still be connected
		}
		delete(d.ending, c.ID)
		d.lines[c.ID] = newLine(d, c, old, k)
	}
	for id, l := range d.lines {
		if !wanted[id] {
			delete(d.lines, id)
			d.ending[id] = l
			d.wg.Go(func() { l.stop(context.Background()) })
		}
	}
}

// dropCarriers gives up the leases of carriers that were deleted. The caller holds mu.
func (d *Dispatcher) dropCarriers(carriers []sms.Carrier) {
	exists := map[string]bool{}
	for _, c := range carriers {
		exists[store.CarrierLease(c.ID)] = true
	}
	for name, k := range d.holds {
		if id, ok := k.Carrier(); ok && !exists[name] && !k.leaving {
			d.leave(id, k)
		}
	}
}

func (d *Dispatcher) observe(o *store.Outcome) {
	if f := d.cfg.Observe.Moved; f != nil {
		for state, n := range o.Result.Moved {
			f(state, n)
		}
	}
	if f := d.cfg.Observe.Receipt; f != nil {
		f(o.Result.Matched, o.Result.Parked, o.Result.Repeated)
	}
}

// wake tells carriers that something is queued for them, on this node or on another.
func (d *Dispatcher) wake(carriers []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var others []int64
	for _, id := range carriers {
		if l := d.lines[id]; l != nil {
			l.wake()
		} else {
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		d.cfg.Store.Tell(store.Signal{Queued: others})
	}
}

// Status gives the state of a carrier; ok is false if it does not run here.
func (d *Dispatcher) Status(carrier int64) (status sms.CarrierStatus, ok bool) {
	d.mu.Lock()
	l, elsewhere := d.lines[carrier], d.elsewhere(carrier)
	d.mu.Unlock()
	switch {
	case l == nil && elsewhere:
		return sms.CarrierStatus{State: "elsewhere"}, false
	case l == nil:
		return sms.CarrierStatus{State: "stopped"}, false
	}
	return l.port.Status(), true
}
