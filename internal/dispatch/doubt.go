package dispatch

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// grace is how long a message in doubt waits for a receipt that settles it before it is sent again.
const grace = 5 * time.Second

// resolve applies a carrier's policy to an answer that leaves its message in doubt: resend it after the grace, hold it until
// a receipt or somebody decides, or give up. After three attempts that all ended in doubt it is held in any case, since each may
// be one more copy; a second doubt has marked it as a duplicate.
func resolve(a sms.Answer, policy string, m store.Claimed) sms.Answer {
	if policy == "automatic" || policy == "" {
		policy = "resend"
		if m.Job.Marketing {
			policy = "hold"
		}
	}
	switch policy {
	case "resend":
		if m.State != sms.InDoubt || !m.Duplicate {
			a.RetryAt = a.At.Add(grace)
		}
	case "fail":
		a.State, a.PTT = sms.Failed, sms.PTTUnknown
	}
	return a
}

// recover settles the claims that an earlier process left open. Their messages may have been sent or not: each is in doubt.
func (d *Dispatcher) recover(ctx context.Context) error {
	claims, err := d.cfg.Store.OpenClaims(ctx)
	if err != nil {
		return err
	}
	carriers, err := d.cfg.Store.Carriers(ctx)
	if err != nil {
		return err
	}
	policies := map[int64]sms.Carrier{}
	for _, c := range carriers {
		policies[c.ID] = c
	}
	for _, c := range claims {
		o := &store.Outcome{Ended: []int64{c.ID}}
		for _, m := range c.Messages {
			o.Answers = append(o.Answers, resolve(sms.Answer{
				MessageID: m.ID, CarrierID: c.Carrier, State: sms.InDoubt, PTT: sms.PTTAccepted, Attempt: m.Attempts, Handed: c.At, At: d.cfg.Clock.Now(), Rev: policies[c.Carrier].Rev,
				Error: "The platform ended without a stop while the message was being handed over.",
			}, policies[c.Carrier].Settings.InDoubt, m))
		}
		if err := d.cfg.Store.Settle(ctx, o); err != nil {
			return err
		}
		d.observe(o)
		d.cfg.Log.Warn("messages are in doubt after an unplanned end", "claim", c.ID, "messages", len(c.Messages))
	}
	return nil
}
