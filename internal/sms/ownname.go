package sms

import "time"

// OwnName is a sender that is known to belong to a customer, so that it needs no moderation.
type OwnName struct {
	Sender  string
	Referer string // domain or nichandle
}

// ReasonOwnName is the reason that asks for the approval of a sender as an own name; OVH's control panel gives it.
const ReasonOwnName = "sendersAvailableForValidation"

// SenderCode is a code that was sent to a number, to see whether it belongs to who wants to send from it.
type SenderCode struct {
	ServiceID int64
	Sender    string
	Code      string // six digits
	Attempts  int64  // that were wrong
	ExpiresAt time.Time
}

// The limits of such a code.
const (
	SenderCodeValidity = 24 * time.Hour
	SenderCodeAttempts = 5
)
