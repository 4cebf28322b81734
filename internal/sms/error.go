package sms

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of an error. Doors translate it once into their own words: an HTTP status and class, an SMPP
// command_status, an exit code.
type Code string

// The codes. An error without one is Internal.
const (
	Internal          Code = "internal"           // our fault; the cause is in the log, not in the answer
	Invalid           Code = "invalid"            // a parameter is wrong; the message names it, its value and the cure
	NotAuthenticated  Code = "not-authenticated"  // no keys came with the request
	UnknownKey        Code = "unknown-key"        // no such application
	UnknownCredential Code = "unknown-credential" // no such consumer key for this application
	InvalidCredential Code = "invalid-credential" // the consumer key is pending, expired, refused or revoked
	BadSignature      Code = "bad-signature"      // the signature does not match the request
	StaleRequest      Code = "stale-request"      // the timestamp is outside of the tolerance
	NotGranted        Code = "not-granted"        // no access rule of the consumer key allows the call
	Forbidden         Code = "forbidden"          // known caller, but not for this
	NoRoute           Code = "no-route"           // no such operation
	NoService         Code = "no-service"         // the service does not exist or belongs to somebody else
	NoObject          Code = "no-object"          // the object does not exist or belongs to somebody else
	NoCredit          Code = "no-credit"          // the balance is short; nothing was sent or taken
	Guarded           Code = "guarded"            // the service's guards against spending refuse it
	Conflict          Code = "conflict"           // it exists already, or its state does not allow the change
	TooLarge          Code = "too-large"          // the request is past one of the limits
	TooFast           Code = "too-fast"           // the caller is past its rate
	Unavailable       Code = "unavailable"        // a needed part is down or full; nothing was accepted; try again
)

// Error is an error meant for the caller.
type Error struct {
	Code    Code
	Message string
	// Details holds more of the cause, by a short name. OVH's Go client needs string values and no name "code".
	Details map[string]string
	// RetryAfter is the time after which it may work, zero when unknown.
	RetryAfter time.Duration
	cause      error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the error that an Internal or Unavailable one came from; doors log it and do not show it.
func (e *Error) Unwrap() error { return e.cause }

// With adds a detail and returns e.
func (e *Error) With(name, value string) *Error {
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	e.Details[name] = value
	return e
}

// Errorf makes an Error of the code.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error of the code around a cause that only the log shows.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.cause = cause
	return e
}

// CodeOf gives the code of err: Internal when it carries none, empty when it is nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
