package sms

import "time"

// APICall is one call of the API, as its customer can look it up.
type APICall struct {
	AccountID int64
	At        time.Time // to the microsecond; no two calls of an account have the same
	Method    string
	Path      string // below the base, escaped as it came, without its query
	Route     string // of the operation, like /sms/{serviceName}/jobs
	IP        string // empty when it is not known
}

// The limits of the log of calls.
const (
	APICallsKept   = 10_000              // of a customer, the latest
	APICallsTime   = 30 * 24 * time.Hour // and not longer than this
	APICallsSecond = 250                 // of a customer in one second; more are not listed
)
