package dispatch

import (
	"context"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// desk writes down what carriers answer and bring, in groups: what comes in during one commit goes into the next.
type desk struct {
	d       *Dispatcher
	mu      sync.Mutex
	next    store.Outcome
	acks    []func(error)
	size    int
	wake    chan struct{}
	closed  chan struct{}
	once    sync.Once
	stopped chan struct{}
}

// maxDesk is how much may wait for being written before no more is claimed, and before receipts are refused so that carriers
// send them again.
const maxDesk = 20_000

func newDesk(d *Dispatcher) *desk {
	k := &desk{d: d, wake: make(chan struct{}, 1), closed: make(chan struct{}), stopped: make(chan struct{})}
	go k.run()
	return k
}

func (k *desk) full() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.size >= maxDesk
}

func (k *desk) answer(b *batch, a sms.Answer) {
	k.mu.Lock()
	k.next.Answers = append(k.next.Answers, a)
	if b.open--; b.open == 0 {
		k.next.Ended = append(k.next.Ended, b.claim.ID)
	}
	k.size++
	k.mu.Unlock()
	k.ring()
}

func (k *desk) receipt(r sms.Receipt, ack func(error)) {
	k.take(ack, func(o *store.Outcome) { o.Receipts = append(o.Receipts, r) })
}

func (k *desk) incoming(in sms.Incoming, ack func(error)) {
	k.take(ack, func(o *store.Outcome) { o.Incoming = append(o.Incoming, in) })
}

func (k *desk) take(ack func(error), add func(*store.Outcome)) {
	k.mu.Lock()
	if k.size >= maxDesk {
		k.mu.Unlock()
		ack(sms.Errorf(sms.Unavailable, "too much waits for the database"))
		return
	}
	add(&k.next)
	k.acks = append(k.acks, ack)
	k.size++
	k.mu.Unlock()
	k.ring()
}

func (k *desk) ring() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *desk) run() {
	defer close(k.stopped)
	for {
		select {
		case <-k.wake:
			k.writeAll()
		case <-k.closed:
			k.writeAll()
			return
		}
	}
}

// writeAll writes what waits until nothing does.
func (k *desk) writeAll() {
	for {
		k.mu.Lock()
		o, acks := k.next, k.acks
		k.next, k.acks = store.Outcome{}, nil
		k.mu.Unlock()
		if len(o.Answers)+len(o.Receipts)+len(o.Incoming) == 0 {
			return
		}
		k.write(o, acks)
		k.mu.Lock()
		k.size -= len(o.Answers) + len(o.Receipts) + len(o.Incoming)
		k.mu.Unlock()
	}
}

// write settles an outcome. Answers are tried until the database takes them: they must not be lost. Receipts and incoming
// messages of a failed attempt go back to their carrier, which sends them again.
func (k *desk) write(o store.Outcome, acks []func(error)) {
	err := k.settle(&o)
	for _, ack := range acks {
		ack(err)
	}
	if err == nil || len(o.Answers) == 0 {
		return
	}
	retry := store.Outcome{Answers: o.Answers, Ended: o.Ended}
	for wait := 100 * time.Millisecond; err != nil; wait = min(2*wait, 5*time.Second) {
		select {
		case <-k.closed:
			return // the claims stay open: the next start settles them as in doubt
		case <-time.After(wait):
		}
		err = k.settle(&retry)
	}
}

func (k *desk) settle(o *store.Outcome) error {
	err := k.d.cfg.Store.Settle(context.Background(), o)
	if err != nil {
		k.d.cfg.Log.Error("cannot settle", "answers", len(o.Answers), "receipts", len(o.Receipts), "error", err)
		return err
	}
	if f := k.d.cfg.Observe.Moved; f != nil {
		for state, n := range o.Result.Moved {
			f(state, n)
		}
	}
	if f := k.d.cfg.Observe.Receipt; f != nil {
		f(o.Result.Matched, o.Result.Parked, o.Result.Repeated)
	}
	return nil
}

// stop writes what is left.
func (k *desk) stop(ctx context.Context) {
	k.once.Do(func() { close(k.closed) })
	select {
	case <-k.stopped:
	case <-ctx.Done():
	}
}
