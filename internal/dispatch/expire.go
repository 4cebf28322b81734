package dispatch

import (
	"context"
	"time"
)

// expireEvery is how often the queues of carriers that take nothing are searched for messages whose validity has ended.
const expireEvery = 30 * time.Second

// expireLoop ends messages that wait for a carrier of this node which is disabled or not connected when their validity has ended.
// Those of the others are found when they are claimed.
func (d *Dispatcher) expireLoop(ctx context.Context) {
	for {
		now := d.cfg.Clock.Now()
		d.expireAll(ctx)
		if d.cfg.Clock.Sleep(ctx, now.Add(expireEvery)) != nil {
			return
		}
	}
}

func (d *Dispatcher) expireAll(ctx context.Context) {
	carriers, err := d.cfg.Store.Carriers(ctx)
	for _, c := range carriers {
		status, runs := d.Status(c.ID)
		if err == nil && d.Holds(c.ID) && (!runs || status.State != connected) {
			err = d.expire(ctx, c.ID)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.cfg.Log.Error("cannot look for messages whose validity has ended", "error", err)
	}
}

// connected is the state of a carrier that takes messages.
const connected = "connected"

func (d *Dispatcher) expire(ctx context.Context, carrier int64) error {
	for ctx.Err() == nil {
		o, err := d.cfg.Store.Expire(ctx, carrier, "Its validity ended before its carrier was connected.", d.cfg.Clock.Now())
		if err != nil || len(o.Answers) == 0 {
			return err
		}
		d.observe(o)
	}
	return nil
}
