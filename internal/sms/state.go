package sms

import "slices"

// State is where a message stands.
type State string

// The states of a message. Next holds the allowed changes, and so does a CHECK in the database hold the names.
const (
	Held      State = "held"      // waits for a quota, an approval or a canary
	Scheduled State = "scheduled" // waits for its time
	Queued    State = "queued"    // waits for its carrier
	Sending   State = "sending"   // claimed: the intent to send is on disk
	InDoubt   State = "indoubt"   // handed over, and the carrier's answer is lost
	Sent      State = "sent"      // accepted by the carrier
	Buffered  State = "buffered"  // the carrier tries again
	Delivered State = "delivered" // on the handset
	Failed    State = "failed"    // the carrier gave up
	Expired   State = "expired"   // its validity ended first
	Refused   State = "refused"   // never sent, not charged
	Cancelled State = "cancelled" // taken back before it was sent, not charged
)

// States lists all states in the order of a message's life.
var States = []State{
	Held, Scheduled, Queued, Sending, InDoubt, Sent, Buffered, Delivered, Failed, Expired, Refused, Cancelled,
}

// next holds the states that may follow each state; those without an entry are final. docs/states.md draws it.
var next = map[State][]State{
	Held:      {Scheduled, Queued, Cancelled, Refused, Expired},
	Scheduled: {Queued, Sending, Cancelled, Expired},
	Queued:    {Sending, Cancelled, Expired, Refused},
	Sending:   {Queued, Sent, Refused, Failed, Expired, InDoubt},
	InDoubt:   {Queued, Sent, Buffered, Delivered, Failed, Expired},
	Sent:      {Buffered, Delivered, Failed, Expired},
	Buffered:  {Delivered, Failed, Expired},
}

// Next gives the states that may follow s.
func (s State) Next() []State { return next[s] }

// May tells whether a message may go from s to t.
func (s State) May(t State) bool { return slices.Contains(next[s], t) }

// Final tells that nothing can happen any more.
func (s State) Final() bool { return len(next[s]) == 0 }

// Waiting tells that the message has not been handed to a carrier and may be cancelled.
func (s State) Waiting() bool { return s == Held || s == Scheduled || s == Queued }

// Sentence says in plain words what the state means.
func (s State) Sentence() string { return sentences[s][0] }

// NextStep says what happens next, or what to do.
func (s State) NextStep() string { return sentences[s][1] }

var sentences = map[State][2]string{
	Held:      {"Held back until a limit is lifted or somebody approves it.", "Approve it, raise the quota, or cancel it."},
	Scheduled: {"Waits for its time: it was ordered for later, or the sending hours put it off.", "It will be queued at that time. Until then it can be cancelled."},
	Queued:    {"Waits for its turn at the carrier.", "It leaves as soon as the carrier is connected and has room. Until then it can be cancelled."},
	Sending:   {"Is being handed to the carrier.", "The carrier's answer decides, usually within a second."},
	InDoubt:   {"Was handed to the carrier, but the answer got lost: it may or may not have been sent.", "A later receipt settles it, or the carrier's policy: send again, hold until somebody decides, or give up."},
	Sent:      {"The carrier has accepted it.", "The delivery receipt decides; a phone that is off can delay it until the validity ends."},
	Buffered:  {"The carrier could not reach the phone yet and tries again.", "Wait for the final receipt."},
	Delivered: {"Has arrived on the handset.", "Nothing to do."},
	Failed:    {"The carrier could not deliver it.", "Look at the reason; a temporary one may be worth a new message."},
	Expired:   {"Its validity ended before it could be delivered.", "Send a new message, with a longer validity if it can wait."},
	Refused:   {"Was not sent and not charged.", "Look at the reason, correct it and send again."},
	Cancelled: {"Was taken back before it was sent, and not charged.", "Nothing to do."},
}
