package dispatch

import (
	"context"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// desk writes down what carriers answer and bring, in groups: what comes in during one commit goes into the next.
//
// Answers are kept until the database takes them. A group that fails is tried in smaller ones after those that came since, so
// that one which the database will never take holds up no other. Receipts and incoming messages that are not written go back to
// their carrier, which sends them again.
type desk struct {
	d       *Dispatcher
	wake    chan struct{}
	closing chan struct{} // what is left is written, then run ends
	given   chan struct{} // up: run ends even if something is left
	stopped chan struct{}
	tidy    <-chan time.Time // each second

	mu       sync.Mutex
	answers  []answered
	brought  []brought
	carriers []int64 // that have ended
	writing  int     // how many answers are being written
	closed   bool    // run has ended
	group    int     // how many answers go into the next transaction; only run changes it
}

// answered is an answer with the claim that it belongs to.
type answered struct {
	answer sms.Answer
	batch  *batch
}

// brought is what a carrier brings: a receipt or an incoming message.
type brought struct {
	receipt  *sms.Receipt
	incoming *sms.Incoming
	ack      func(error)
}

const (
	// maxDesk is how much may wait for being written before no more is claimed, and before receipts are refused so that
	// carriers send them again.
	maxDesk = 20_000
	// maxGroup is how many answers, and how many receipts, go into one transaction.
	maxGroup = 2000
)

func newDesk(d *Dispatcher) *desk {
	k := &desk{
		d: d, wake: make(chan struct{}, 1), closing: make(chan struct{}), given: make(chan struct{}), stopped: make(chan struct{}),
		group: maxGroup,
	}
	go k.run()
	return k
}

func (k *desk) full() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.size() >= maxDesk
}

func (k *desk) size() int { return len(k.answers) + len(k.brought) + k.writing }

func (k *desk) answer(b *batch, a sms.Answer) {
	k.mu.Lock()
	k.answers = append(k.answers, answered{a, b})
	k.mu.Unlock()
	k.ring()
}

func (k *desk) receipt(r sms.Receipt, ack func(error)) { k.bring(brought{receipt: &r, ack: ack}) }

func (k *desk) incoming(in sms.Incoming, ack func(error)) { k.bring(brought{incoming: &in, ack: ack}) }

func (k *desk) bring(b brought) {
	k.mu.Lock()
	if k.closed || k.size() >= maxDesk {
		k.mu.Unlock()
		b.ack(sms.Errorf(sms.Unavailable, "too much waits for the database, or the platform is stopping"))
		return
	}
	k.brought = append(k.brought, b)
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
	defer k.refuse(sms.Errorf(sms.Unavailable, "the platform is stopping"), true)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	k.tidy = second.C
	for open := true; open; {
		select {
		case <-k.wake:
		case <-k.tidy:
			k.tidyUp()
		case <-k.closing:
			open = false
		}
		carriers := k.takeEnded()
		if !k.writeAll() {
			return
		}
		for _, id := range carriers {
			k.writeRefs(id, 0)
		}
	}
	k.writeRefs(0, 0)
}

// longInHand is how long the reference of a sent message is kept in memory only, for a receipt that comes soon.
const longInHand = 20 * time.Second

// ended ends the claims of a carrier that has given all its answers, after these are written.
func (k *desk) ended(carrier int64) {
	k.mu.Lock()
	k.carriers = append(k.carriers, carrier)
	k.mu.Unlock()
	k.ring()
}

func (k *desk) takeEnded() []int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := k.carriers
	k.carriers = nil
	return all
}

// tidyUp writes down what was kept in memory for a while.
func (k *desk) tidyUp() {
	k.writeAnswers(longNoted)
	k.writeRefs(0, longInHand)
}

// writeAnswers writes answers into their messages that have only been noted for longer than age.
func (k *desk) writeAnswers(age time.Duration) {
	done, err := k.d.cfg.Store.WriteAnswers(context.Background(), age)
	if err != nil {
		k.d.cfg.Log.Error("cannot write answers that were only noted", "error", err)
	}
	k.d.observe(&store.Outcome{Result: done})
}

// longNoted is how long an answer is only noted while little goes on. Under load the store sees to it.
const longNoted = time.Second / 2

// writeRefs ends claims whose messages wait for nothing but receipts.
func (k *desk) writeRefs(carrier int64, age time.Duration) {
	if age == 0 {
		k.writeAnswers(0)
	}
	if err := k.d.cfg.Store.WriteRefs(context.Background(), carrier, age); err != nil {
		k.d.cfg.Log.Error("cannot write down which receipts are awaited", "error", err)
	}
}

// The pause after a failure.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// writeAll writes what waits until nothing does. It is false if it gave up.
func (k *desk) writeAll() bool {
	for pause := firstPause; ; {
		select {
		case <-k.tidy: // also when there is always something
			k.tidyUp()
		default:
		}
		answers, brought := k.take()
		if len(answers)+len(brought) == 0 {
			return true
		}
		err := k.write(answers, brought)
		if err == nil {
			pause = firstPause
			continue
		}
		k.refuse(err, false)
		select {
		case <-k.given:
			return false // the claims stay open: the next start settles them as in doubt
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

func (k *desk) take() ([]answered, []brought) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n, m := min(len(k.answers), k.group), min(len(k.brought), k.group)
	answers, brought := k.answers[:n:n], k.brought[:m:m]
	k.answers, k.brought = k.answers[n:], k.brought[m:]
	k.writing = n
	return answers, brought
}

// write settles a group. A claim ends with the last of its answers.
func (k *desk) write(answers []answered, all []brought) error {
	var o store.Outcome
	settled := map[*batch]int{}
	for _, a := range answers {
		o.Answers = append(o.Answers, a.answer)
		if settled[a.batch]++; settled[a.batch] == a.batch.open {
			o.Ended = append(o.Ended, a.batch.claim.ID)
		}
	}
	for _, b := range all {
		if b.receipt != nil {
			o.Receipts = append(o.Receipts, *b.receipt)
		} else {
			o.Incoming = append(o.Incoming, *b.incoming)
		}
	}
	err := k.settle(&o)
	for _, b := range all {
		b.ack(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writing = 0
	if err != nil {
		k.answers = append(k.answers, answers...)
		k.group = max(1, max(len(answers), len(all))/2)
		return err
	}
	k.group = min(2*k.group, maxGroup)
	for b, n := range settled {
		b.open -= n
	}
	return nil
}

// refuse gives back what carriers have brought, and for good if the desk ends.
func (k *desk) refuse(err error, ends bool) {
	k.mu.Lock()
	all := k.brought
	k.brought, k.closed = nil, k.closed || ends
	k.mu.Unlock()
	for _, b := range all {
		b.ack(err)
	}
}

func (k *desk) settle(o *store.Outcome) error {
	err := k.d.cfg.Store.Settle(context.Background(), o)
	if err != nil {
		k.d.cfg.Log.Error("cannot settle", "answers", len(o.Answers), "receipts", len(o.Receipts), "incoming", len(o.Incoming), "error", err)
		return err
	}
	k.d.observe(o)
	return nil
}

// lastWords is how long what has been answered may take to be written, even after the time to stop is over.
const lastWords = 2 * time.Second

// stop writes what is left.
func (k *desk) stop(ctx context.Context) {
	close(k.closing)
	select {
	case <-k.stopped:
		return
	case <-ctx.Done():
	}
	select {
	case <-k.stopped:
	case <-time.After(lastWords):
		close(k.given)
	}
}
