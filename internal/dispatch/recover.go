package dispatch

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// takeOver settles what earlier holders of a carrier's lease have left, in the background; nothing is claimed before. It is false
// if the dispatcher has been stopped.
func (d *Dispatcher) takeOver(c sms.Carrier, k *hold) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		return false
	}
	ctx := d.looking
	d.wg.Go(func() {
		for ctx.Err() == nil && k.valid() {
			err := d.recover(ctx, c, k)
			switch {
			case err == nil:
				close(k.recovered)
				return
			case store.IsLost(err):
				k.lose()
			case ctx.Err() == nil:
				d.cfg.Log.Error("cannot settle the claims that an earlier process has left", "carrier", c.Name, "error", err)
				pause(ctx, time.Second)
			}
		}
	})
	return true
}

// recover settles the claims of a carrier that earlier holders left open. Their messages may have been sent or not: each is in
// doubt.
func (d *Dispatcher) recover(ctx context.Context, c sms.Carrier, k *hold) error {
	d.cfg.Store.LetGo(c.ID, k.Holder)
	claims, err := d.cfg.Store.OpenClaims(ctx, c.ID, k.Hold)
	if err != nil {
		return err
	}
	for _, left := range claims {
		o := &store.Outcome{Ended: []int64{left.ID}}
		for _, m := range left.Messages {
			if a, ok := left.Noted[m.ID]; ok && a.Attempt == m.Attempts {
				o.Answers = append(o.Answers, a)
				continue
			}
			o.Answers = append(o.Answers, resolve(sms.Answer{
				MessageID: m.ID, CarrierID: c.ID, State: sms.InDoubt, PTT: sms.PTTAccepted, Attempt: m.Attempts, Handed: left.At,
				At: d.cfg.Clock.Now(), Rev: c.Rev, Error: "The platform ended without a stop while the message was being handed over.",
			}, c.Settings, m))
		}
		if err := d.cfg.Store.Settle(ctx, o); err != nil {
			return err
		}
		d.observe(o)
		d.cfg.Log.Warn("messages are in doubt after an unplanned end", "carrier", c.Name, "claim", left.ID, "messages", len(left.Messages), "answered", len(left.Noted))
	}
	return nil
}
