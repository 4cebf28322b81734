package sms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Errors of those who ask an operator what became of a message.
var (
	// ErrUnknownReference says that the operator does not know the message, or not any more.
	ErrUnknownReference = errors.New("the operator does not know the reference")
	// ErrNoQueries says that the operator does not answer such questions at all.
	ErrNoQueries = errors.New("the operator answers no queries")
)

// Decision is what somebody who runs the platform says about a message in doubt.
type Decision string

// The decisions.
const (
	DecidedSent   Decision = "sent"   // it was sent: it is charged, and its receipt is awaited
	DecidedFailed Decision = "failed" // it is given up: what no carrier is known to have accepted is not charged
	DecidedResend Decision = "resend" // it is handed over again, and marked as a possible duplicate
)

// LostInDoubt is the error of a message whose validity ended while it was in doubt.
const LostInDoubt = "Its validity ended while it was in doubt: it may have been sent."

// Decide ends a doubt, or prepares another attempt, as somebody has decided at a time; expires is when the validity of m ends.
// Credits are captured and released as in Settle. Errors: Conflict if m is not in doubt, or is to be sent again after its validity.
//
// An attempt that is decided counts as one, so that what the queue holds of m for another attempt is passed over.
func (m *Message) Decide(d Decision, at, expires time.Time) (captured, released Credits, err error) {
	if m.State != InDoubt {
		return 0, 0, Errorf(Conflict, "The message %d is %s and not in doubt: there is nothing to decide", m.ID, m.State)
	}
	switch d {
	case DecidedSent:
		m.nameParts()
		m.State, m.PTT = Sent, PTTAccepted
		return m.Credits, 0, nil
	case DecidedFailed:
		m.State, m.PTT, m.Error, m.DoneAt = Failed, PTTUnknown, "It was in doubt and has been given up: it may have been sent.", at
		captured, released = m.settleParts()
		return captured, released, nil
	case DecidedResend:
		if !at.Before(expires) {
			return 0, 0, Errorf(Conflict, "The validity of the message %d ended at %s, so it is not sent again: decide sent or failed",
				m.ID, expires.UTC().Format(time.RFC3339))
		}
		m.Attempts++
		m.Duplicate = true
		return 0, 0, nil
	}
	return 0, 0, Errorf(Invalid, "decision = %q is none: give sent, failed or resend", d)
}

// settleParts captures the price of the parts that a carrier has accepted, and releases the rest.
func (m *Message) settleParts() (captured, released Credits) {
	captured = m.Credits * Credits(m.Accepted) / Credits(m.PDUs())
	released = m.Credits - captured
	m.Credits = captured
	return captured, released
}

// nameParts gives the parts whose references nobody knows stand-ins.
func (m *Message) nameParts() {
	refs := make([]string, m.PDUs())
	for i := range refs {
		if i >= len(m.Refs) || m.Refs[i] == "" {
			refs[i] = standIn(m.ID, i)
		}
	}
	m.KeepRefs(refs)
}

// standIn takes the place of a reference in a message that was decided to be sent.
func standIn(message int64, part int) string { return fmt.Sprintf("?%d.%d", message, part+1) }

// MadeUp tells that a reference comes from us and not from the operator: it answered without one, or its answer was lost.
func MadeUp(message int64, ref string) bool {
	return strings.HasPrefix(ref, fmt.Sprintf("?%d.", message)) || strings.HasPrefix(ref, fmt.Sprintf("-%d.", message))
}

// Unnamed gives the first part that may have been sent and whose answer was lost, so that a receipt with a reference which nobody
// knows may be about it; -1 if there is none.
func (m *Message) Unnamed() int {
	if m.State != InDoubt && m.State != Sent && m.State != Buffered {
		return -1
	}
	for part := range m.PDUs() {
		known := ""
		if part < len(m.Refs) {
			known = m.Refs[part]
		}
		if known == standIn(m.ID, part) || (known == "" && m.State == InDoubt) {
			return part
		}
	}
	return -1
}

// Lost counts the parts of a message in doubt that may have been sent and of which nobody knows a reference.
func (m *Message) Lost() int {
	if m.State != InDoubt {
		return 0
	}
	known := 0
	for _, ref := range m.Refs {
		if ref != "" {
			known++
		}
	}
	return m.PDUs() - known
}

// fillRefs adds the references of parts that have none yet.
func (m *Message) fillRefs(refs []string) {
	more := slices.Clone(refs)
	for i, known := range m.Refs {
		if known != "" {
			more[i] = known
		}
	}
	m.KeepRefs(more)
}

// Belated is what a late answer did to its message.
type Belated int

// What a late answer can do.
const (
	BelatedEarly   Belated = iota // nothing yet: the doubt that it is about is not written down
	BelatedNoted                  // nothing but an event: the message has gone on
	BelatedPart                   // it named some more parts; others stay in doubt
	BelatedSettled                // it ended the doubt
)

// SettleLate takes the answer to an attempt that was answered as in doubt before. claimed tells that m is being handed over again at
// this moment. Credits are captured and released as in Settle.
//
// That the carrier had accepted the attempt ends the doubt, whatever else is on its way: should a second copy leave, its answer
// marks it. That the carrier had not accepted it proves that m was not sent only if there is no other copy.
func (m *Message) SettleLate(a Answer, claimed bool) (captured, released Credits, did Belated) {
	switch {
	case (m.State.Waiting() || m.State == InDoubt) && m.Attempts <= a.Attempt:
		return 0, 0, BelatedEarly
	case m.State != InDoubt, len(m.Refs) > 0 && len(m.Refs) != len(a.Refs): // or of another form
		return 0, 0, BelatedNoted
	}
	negative := a.State != Sent && a.State != InDoubt
	if negative && (claimed || m.Duplicate) {
		return 0, 0, BelatedNoted
	}
	named := m.Accepted
	m.fillRefs(a.Refs)
	switch {
	case !negative && m.Accepted == m.PDUs(): // perhaps with parts of other attempts
		m.State, m.PTT, m.Error, m.Rev = Sent, PTTAccepted, "", a.Rev
		return m.Credits, 0, BelatedSettled
	case !negative && m.Accepted > named:
		return 0, 0, BelatedPart
	case !negative:
		return 0, 0, BelatedNoted
	}
	m.PTT, m.Error, m.Rev = a.PTT, a.Error, a.Rev
	if a.State == Queued {
		m.State = Queued
		m.Attempts++
		return 0, 0, BelatedSettled
	}
	m.State, m.DoneAt = a.State, a.At
	if a.State == Refused { // it has been shown as handed over
		m.State = Failed
	}
	captured, released = m.settleParts()
	return captured, released, BelatedSettled
}
