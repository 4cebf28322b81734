package dispatch

import (
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// grace is how long a message in doubt waits for a receipt that settles it before it is sent again.
const grace = 5 * time.Second

// resolve applies a carrier's policy to an answer that leaves its message in doubt: resend it after the grace, hold it until
// a receipt or somebody decides, or give up. After three attempts that all ended in doubt it is held in any case, since each may
// be one more copy; a second doubt has marked it as a duplicate.
func resolve(a sms.Answer, s sms.CarrierSettings, m store.Claimed) sms.Answer {
	switch s.DoubtPolicy(m.Job.Marketing) {
	case "resend":
		if m.State != sms.InDoubt || !m.Duplicate {
			a.RetryAt = a.At.Add(grace)
		}
	case "fail":
		a.State, a.PTT = sms.Failed, sms.PTTUnknown
	}
	return a
}

// lastChance is how long a message in doubt whose validity has ended waits for a receipt, from then on or from when its
// carrier was connected again: operators deliver what they have kept for us after a bind.
const lastChance = 10 * time.Minute

// overdue answers for a message whose validity has ended before it was handed over. One in doubt is not sent again, but a
// receipt may still settle it; then it expires as one that may have been sent.
func (l *line) overdue(m store.Claimed, now, expires time.Time) sms.Answer {
	if m.State != sms.InDoubt {
		return sms.Answer{State: sms.Expired, PTT: sms.PTTExpired, Error: "Its validity ended before the carrier took it.", At: now}
	}
	if end := later(expires, l.port.Status().Since).Add(lastChance); now.Before(end) {
		return sms.Answer{State: sms.Queued, RetryAt: end, Error: "Its validity has ended: it is not sent again, and expires unless a receipt settles it.", At: now}
	}
	return sms.Answer{State: sms.Expired, PTT: sms.PTTExpired, Error: sms.LostInDoubt, At: now}
}
