package notify

import (
	"context"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// retries are the pauses between attempts. After the last the delivery is given up.
var retries = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

const (
	// maxAge is when a delivery is given up that was never or seldom tried, since its endpoint took nothing.
	maxAge = 3 * 24 * time.Hour
	// answerAge is when an SMS that answers somebody comes too late.
	answerAge = time.Hour
)

// judge decides what follows an attempt. A final error would be the same the next time.
func (n *Notifier) judge(d *sms.Delivery, to store.TargetKind, a sms.Attempt, final bool) {
	now := n.cfg.Clock.Now()
	addLog(d, a)
	result := "retry"
	switch tried := d.Attempts; {
	case a.OK():
		d.State, d.DoneAt, result = sms.DeliveryDelivered, now, "delivered"
	case final, tried > len(retries), d.Notice.Kind == sms.NoticeAnswer && now.Sub(d.CreatedAt) > answerAge:
		d.State, d.DoneAt, result = sms.DeliveryFailed, now, "failed"
	default:
		d.DueAt = now.Add(retries[tried-1])
	}
	n.cfg.Observe(kinds[to], result)
}

func addLog(d *sms.Delivery, a sms.Attempt) {
	log := append([]sms.Attempt{}, d.Log...)
	log = append(log, a)
	d.Log = log[max(0, len(log)-sms.MaxAttempts):]
}

// kinds names the kinds of targets for the metrics.
var kinds = map[store.TargetKind]string{store.TargetGET: "get", store.TargetJSON: "json", store.TargetMessage: "sms"}

// A desk writes down what came of attempts, in groups: what comes in during one commit goes into the next.
type desk struct {
	n       *Notifier
	mu      sync.Mutex
	waiting []sms.Delivery
	told    chan struct{} // closed when those that wait are written
	writing bool
}

func newDesk(n *Notifier) *desk { return &desk{n: n, told: make(chan struct{})} }

// settle returns when an attempt is written down, or the context is over.
func (k *desk) settle(ctx context.Context, d sms.Delivery) {
	k.mu.Lock()
	k.waiting = append(k.waiting, d)
	told := k.told
	begin := !k.writing
	k.writing = true
	k.mu.Unlock()
	if begin {
		go k.write(context.WithoutCancel(ctx), ctx.Done())
	}
	<-told
}

// write writes until nothing waits. While the database takes nothing it is tried again, until the lease ends: who has it then
// delivers again, under the same ids.
func (k *desk) write(ctx context.Context, over <-chan struct{}) {
	for {
		k.mu.Lock()
		all, told := k.waiting, k.told
		k.waiting, k.told = nil, make(chan struct{})
		if len(all) == 0 {
			k.writing = false
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		k.insist(ctx, all, over)
		close(told)
	}
}

func (k *desk) insist(ctx context.Context, all []sms.Delivery, over <-chan struct{}) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := k.n.cfg.Store.SettleDeliveries(ctx, all)
		if err == nil {
			return
		}
		k.n.cfg.Log.Error("cannot write down which callbacks have arrived", "callbacks", len(all), "error", err)
		select {
		case <-over:
			return
		case <-time.After(pause):
		}
	}
}
