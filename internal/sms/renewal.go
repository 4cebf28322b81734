package sms

import "time"

// Renewal is what a customer has said about the end of the contract for a service or a number. The zero value is the usual: it goes
// on from year to year.
type Renewal struct {
	Manual bool  // the customer renews it, not the platform
	ByHand bool  // it is paid by hand
	Period int64 // months, 0 = RenewalMonths
	// EndsAt is when it ends because the customer wants so; zero = it goes on.
	EndsAt time.Time
}

// RenewalMonths is how long a contract runs.
const RenewalMonths = 12

// Expiration is the first end of a period that is not over, of a contract made at created.
func (r *Renewal) Expiration(created, now time.Time) time.Time {
	if !r.EndsAt.IsZero() {
		return r.EndsAt
	}
	months := int(r.Period)
	if months <= 0 {
		months = RenewalMonths
	}
	end := created
	for n := months; !end.After(now); n += months {
		end = created.AddDate(0, n, 0)
	}
	return end
}

// Ended tells whether it is over.
func (r *Renewal) Ended(now time.Time) bool { return !r.EndsAt.IsZero() && !now.Before(r.EndsAt) }
