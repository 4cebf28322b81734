package sms

import "time"

// VirtualNumber is an ordinary number that a service has for itself: it sends from it, and what is sent to it is the service's.
type VirtualNumber struct {
	ID        int64
	Number    string // E.164 with +
	Country   string // be, ch, de, es, fr or uk
	ServiceID int64
	CarrierID int64
	Renewal   Renewal
	CreatedAt time.Time
}
