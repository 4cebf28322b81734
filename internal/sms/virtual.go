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

// ChatAccess opens the conversations of a virtual number to whoever has the address of its page.
type ChatAccess struct {
	ID        int64
	Number    string
	Key       string // ends the address; nobody can guess it
	CreatedAt time.Time
}
