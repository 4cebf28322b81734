package dispatch

import (
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// grace is how long a message in doubt waits for a receipt that settles it before it is sent again.
const grace = 5 * time.Second

// maxResends is how many attempts a message that stays in doubt gets in all, before it is held: each may be one more copy.
const maxResends = 3

// resolve applies a carrier's policy to an answer that leaves its message in doubt: resend it after the grace, hold it until
// a receipt or somebody decides, or give up.
func resolve(a sms.Answer, policy string, m store.Claimed) sms.Answer {
	if policy == "automatic" || policy == "" {
		policy = "resend"
		if m.Job.Marketing {
			policy = "hold"
		}
	}
	switch policy {
	case "resend":
		if m.State != sms.InDoubt || m.Attempts < maxResends {
			a.RetryAt = a.At.Add(grace)
		}
	case "fail":
		a.State, a.PTT = sms.Failed, sms.PTTUnknown
	}
	return a
}
