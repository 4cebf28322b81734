package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

const (
	// renewEvery is how often leases are renewed, and retryEvery how soon it is tried again when that fails.
	renewEvery = 2 * time.Second
	retryEvery = 500 * time.Millisecond
	// lookEvery is how often it is looked for carriers that nobody has, and for changes of other nodes.
	lookEvery = time.Second
	// handMargin before the end of a lease nothing more is handed over, so that no slow step of ours goes past the end.
	handMargin = time.Second
	// cutMargin before its end the connection is cut. What lies between is for the operator's answers.
	cutMargin = 500 * time.Millisecond
	// patience is how long a node must have had too many carriers before it gives one to another: nodes that restart do not make
	// carriers move.
	patience = 30 * time.Second
)

// hold is a lease that this node has, as far as it can know: it counts by the monotonic clock from before it asked, and
// so always ends it before the database does.
type hold struct {
	store.Hold
	over      chan struct{} // closed when nothing more may be done under it
	recovered chan struct{} // closed when what earlier holders left is settled

	mu    sync.Mutex
	until time.Time // by the monotonic clock; zero: it does not run out
	timer *time.Timer
	ended bool

	leaving bool // it is about to be given to another node; the dispatcher's mu guards it
}

func newHold(h store.Hold, asked time.Time, runsOut bool) *hold {
	k := &hold{Hold: h, over: make(chan struct{}), recovered: make(chan struct{})}
	if runsOut {
		k.mu.Lock() // the timer may ring at once
		defer k.mu.Unlock()
		k.until = asked.Add(store.LeaseTime)
		k.timer = time.AfterFunc(time.Until(k.until)-handMargin, k.look)
	}
	return k
}

// valid tells whether something may be done under the lease now.
func (k *hold) valid() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.isValid()
}

func (k *hold) isValid() bool {
	return !k.ended && (k.until.IsZero() || time.Until(k.until) > handMargin)
}

// extend notes a renewal that was asked for at a time. A lease that was thought to be over stays so: what ran under it has
// been stopped.
func (k *hold) extend(asked time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.isValid() && !k.until.IsZero() {
		k.until = asked.Add(store.LeaseTime)
		k.timer.Reset(time.Until(k.until) - handMargin)
	}
}

// look ends the lease if its time has come.
func (k *hold) look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.isValid() {
		k.timer.Reset(time.Until(k.until) - handMargin)
		return
	}
	k.end()
}

// lose ends the lease at once: somebody else may have it.
func (k *hold) lose() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.until = time.Now()
	k.end()
}

// end must be called with mu.
func (k *hold) end() {
	if k.timer != nil {
		k.timer.Stop()
	}
	if !k.ended {
		k.ended = true
		close(k.over)
	}
}

// left is the time until the connection must be closed.
func (k *hold) left() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(0, time.Until(k.until)-cutMargin)
}

// held is a context that is over when the lease is, even if nobody has had the time to end it: a process that was stopped and
// goes on may do anything before its timers ring.
type held struct {
	context.Context
	hold *hold
}

var errStopped = errors.New("the dispatcher has been stopped")

var errOver = errors.New("the lease of the carrier is over")

// Err implements context.Context.
func (c held) Err() error {
	if err := c.Context.Err(); err != nil || c.hold.valid() {
		return err
	}
	return errOver
}

// renewLoop keeps the leases until the context ends.
func (d *Dispatcher) renewLoop(ctx context.Context) {
	for wait := renewEvery; ; {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		wait = renewEvery
		if err := d.renew(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("cannot renew leases", "error", err)
			wait = retryEvery
		}
	}
}

func (d *Dispatcher) renew(ctx context.Context) error {
	d.mu.Lock()
	all := make([]store.Hold, 0, len(d.holds))
	mine := make([]*hold, 0, len(d.holds))
	for _, k := range d.holds {
		all, mine = append(all, k.Hold), append(mine, k)
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	asked := time.Now()
	kept, err := d.cfg.Store.Renew(ctx, all...)
	if err != nil {
		return err
	}
	for _, k := range mine {
		if kept[k.Name] {
			k.extend(asked)
		} else {
			k.lose()
		}
	}
	return nil
}

// lookLoop follows what other nodes change, and takes what nobody has.
func (d *Dispatcher) lookLoop(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	if d.cfg.Store.Alone() {
		tick.Stop() // nobody else changes anything
	}
	for failing := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-d.nudged:
		case <-tick.C:
		}
		err := d.Reload(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			d.cfg.Log.Error("cannot look for changes of the carriers", "error", err)
		}
		failing = err != nil
	}
}

// nudge has the carriers looked at soon.
func (d *Dispatcher) nudge() {
	select {
	case d.nudged <- struct{}{}:
	default:
	}
}

// hear does what another node tells.
func (d *Dispatcher) hear(g store.Signal) {
	if g.Carriers || g.Missed {
		d.nudge()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.Missed {
		for _, l := range d.lines {
			l.wake()
		}
	}
	for _, id := range g.Queued {
		if l := d.lines[id]; l != nil {
			l.wake()
		}
	}
}

// take acquires leases and notes them. What it gets after a stop it gives up again.
func (d *Dispatcher) take(ctx context.Context, names ...string) ([]*hold, error) {
	d.mu.Lock()
	holder := d.holder
	d.mu.Unlock()
	asked := time.Now()
	got, err := d.cfg.Store.Acquire(ctx, holder, names...)
	if err != nil {
		return nil, err
	}
	taken := d.note(holder, got, asked)
	if taken == nil {
		return nil, errors.Join(errStopped, d.cfg.Store.Release(context.WithoutCancel(ctx), got...))
	}
	return taken, nil
}

// note keeps leases that were taken by this life of the node, and nothing if it has ended.
func (d *Dispatcher) note(holder string, got []store.Hold, asked time.Time) []*hold {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil || d.holder != holder {
		return nil
	}
	taken := make([]*hold, len(got))
	for i, h := range got {
		taken[i] = newHold(h, asked, !d.cfg.Store.Alone())
		d.holds[h.Name] = taken[i]
		d.cfg.Log.Info("a lease is taken", "lease", h.Name, "term", h.Term)
	}
	return taken
}

// forgetLost forgets leases that are over. The lines under them end by themselves. The caller holds mu.
func (d *Dispatcher) forgetLost() {
	for name, k := range d.holds {
		if k.valid() {
			continue
		}
		k.lose() // for good
		delete(d.holds, name)
		d.cfg.Log.Warn("a lease is over", "lease", name, "term", k.Term)
	}
	for id, l := range d.lines {
		if !l.hold.valid() {
			delete(d.lines, id)
			d.ending[id] = l
		}
	}
}

// takeCarriers takes the leases of carriers that nobody has, as many as are this node's share. A carrier that is disabled needs
// a holder, too: one that settles the claims which a lost node has left, and ends messages whose validity is over.
func (d *Dispatcher) takeCarriers(ctx context.Context, carriers []sms.Carrier) error {
	d.mu.Lock()
	d.forgetLost()
	registered := d.holds[store.NodeLease(d.holder)] != nil
	d.mu.Unlock()
	if !registered && !d.cfg.Store.Alone() {
		if _, err := d.take(ctx, store.NodeLease(d.holder)); err != nil {
			return err
		}
	}
	table := map[string]store.Lease{}
	if !d.cfg.Store.Alone() {
		leases, err := d.cfg.Store.Leases(ctx)
		if err != nil {
			return err
		}
		for _, l := range leases {
			table[l.Name] = l
		}
	}
	names := d.wanted(carriers, table)
	taken, err := d.take(ctx, names...)
	if err != nil {
		return err
	}
	for _, c := range carriers {
		i := slices.IndexFunc(taken, func(k *hold) bool { return k.Name == store.CarrierLease(c.ID) })
		if i >= 0 && !d.takeOver(c, taken[i]) {
			return errStopped
		}
	}
	return nil
}

// wanted chooses among the leases that nobody has.
func (d *Dispatcher) wanted(carriers []sms.Carrier, table map[string]store.Lease) (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	nodes, enabled, mine := 0, 0, 0
	for _, l := range table {
		if l.IsNode() && l.Live {
			nodes++
		}
	}
	for _, c := range carriers {
		if !c.Enabled {
			continue
		}
		enabled++
		if k := d.holds[store.CarrierLease(c.ID)]; k != nil && !k.leaving {
			mine++
		}
	}
	d.seen = table
	d.share = enabled
	if nodes > 1 {
		d.share = (enabled + nodes - 1) / nodes
	}
	d.surplus(mine > d.share)
	free := func(name string) bool {
		return d.holds[name] == nil && (!table[name].Live || table[name].Holder == d.holder)
	}
	for _, c := range carriers {
		name := store.CarrierLease(c.ID)
		if !free(name) || (c.Enabled && mine >= d.share) {
			continue
		}
		names = append(names, name)
		if c.Enabled {
			mine++
		}
	}
	if free(store.TimersLease) {
		names = append(names, store.TimersLease)
	}
	return names
}

// surplus notes since when this node has had more than its share. The caller holds mu.
func (d *Dispatcher) surplus(is bool) {
	switch {
	case !is:
		d.surplusSince = time.Time{}
	case d.surplusSince.IsZero():
		d.surplusSince = time.Now()
	}
}

// giveBack lets another node have a carrier if this one has had too many for a while: one at a time, the newest first. The
// caller holds mu.
func (d *Dispatcher) giveBack(carriers []sms.Carrier) {
	if d.surplusSince.IsZero() || time.Since(d.surplusSince) < d.patience {
		return
	}
	d.surplusSince = time.Time{}
	for _, c := range slices.Backward(carriers) {
		if k := d.holds[store.CarrierLease(c.ID)]; c.Enabled && k != nil && !k.leaving {
			d.cfg.Log.Info("giving a carrier to another node", "carrier", c.Name, "share", d.share)
			d.leave(c.ID, k)
			return
		}
	}
}

// leave stops the line of a carrier in good order, if there is one, and then gives up its lease. The caller holds mu.
func (d *Dispatcher) leave(carrier int64, k *hold) {
	k.leaving = true
	l := d.lines[carrier]
	if l == nil {
		l = d.ending[carrier]
	}
	delete(d.lines, carrier)
	if l != nil {
		d.ending[carrier] = l
	}
	ctx := d.looking
	d.wg.Go(func() {
		if l != nil {
			l.stop(context.WithoutCancel(ctx))
			d.settled(ctx, carrier)
		}
		if ctx.Err() != nil {
			return // the stop gives up all
		}
		d.mu.Lock()
		delete(d.holds, k.Name)
		d.mu.Unlock()
		if err := d.cfg.Store.Release(ctx, k.Hold); err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("cannot give up a lease; it will run out", "lease", k.Name, "error", err)
		}
		k.lose()
	})
}

// settling is how long a carrier that is given away waits for its last answers to be written. The next holder would take them
// for lost.
const settling = 10 * time.Second

// settled waits until the answers to all that was claimed for a carrier are written.
func (d *Dispatcher) settled(ctx context.Context, carrier int64) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for ctx.Err() == nil {
		if n, err := d.cfg.Store.CountClaims(ctx, carrier, d.holder); err == nil && n == 0 {
			return
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// giveUp releases all leases after a stop.
func (d *Dispatcher) giveUp() {
	d.mu.Lock()
	given := d.holds
	d.holds = map[string]*hold{}
	d.mu.Unlock()
	var all []store.Hold
	for _, k := range given {
		k.lose()
		all = append(all, k.Hold)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if err := d.cfg.Store.Release(ctx, all...); err != nil {
		d.cfg.Log.Warn("cannot give up the leases; they will run out", "error", err)
	}
}

// has tells whether this node has a lease now.
func (d *Dispatcher) has(name string) bool {
	d.mu.Lock()
	k := d.holds[name]
	d.mu.Unlock()
	return k != nil && k.valid()
}

// RunsTimers tells whether this node runs the timers that only one of them may run.
func (d *Dispatcher) RunsTimers() bool { return d.has(store.TimersLease) }

// Holds tells whether this node has the lease of a carrier.
func (d *Dispatcher) Holds(carrier int64) bool { return d.has(store.CarrierLease(carrier)) }

// elsewhere tells whether another node had a carrier when it was last looked for. The caller holds mu.
func (d *Dispatcher) elsewhere(carrier int64) bool {
	l := d.seen[store.CarrierLease(carrier)]
	return l.Live && l.Holder != d.holder
}
