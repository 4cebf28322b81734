package carriertest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"ramier/internal/sms"
)

// A desk stands where the dispatcher does: it runs a carrier and keeps what it answers and brings.
type desk struct {
	line     Line
	cancel   context.CancelFunc
	running  sync.WaitGroup
	answered sync.WaitGroup

	mu       sync.Mutex
	answers  []sms.Answer
	receipts []held
}

// held is a receipt that is not acknowledged yet.
type held struct {
	receipt sms.Receipt
	ack     func(error)
}

// start runs a carrier and waits until it says that it has room.
func start[R any](t *testing.T, line New[R], replies ...R) *desk {
	t.Helper()
	d := &desk{}
	awake := make(chan struct{}, 1)
	d.line = line(t, sms.Inbox{
		Receipt: func(r sms.Receipt, ack func(error)) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.receipts = append(d.receipts, held{r, ack})
		},
		Incoming: func(_ sms.Incoming, ack func(error)) { ack(nil) },
		Wake: func() {
			select {
			case awake <- struct{}{}:
			default:
			}
		},
	}, replies...)
	if n := d.line.Carrier.Room(); n != 0 {
		t.Errorf("there is room for %d before the carrier runs", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.cancel = cancel
	d.running.Go(func() { d.line.Carrier.Run(ctx) })
	<-awake
	synctest.Wait()
	if d.line.Carrier.Room() == 0 {
		t.Error("the carrier woke us, and has no room")
	}
	return d
}

func (d *desk) submit(ctx context.Context, m sms.Outbound) {
	d.answered.Add(1)
	d.line.Carrier.Submit(ctx, m, func(a sms.Answer) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.answers = append(d.answers, a)
		d.answered.Done()
	})
}

// only gives the answer to the only message.
func (d *desk) only(t *testing.T) sms.Answer {
	t.Helper()
	synctest.Wait()
	if len(d.answers) != 1 {
		t.Fatalf("%d answers, want 1", len(d.answers))
	}
	return d.answers[0]
}

func (d *desk) stop() {
	d.cancel()
	d.running.Wait()
	d.line.Close()
}
