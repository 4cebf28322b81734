package sms

import "time"

// Job is an accepted order: what its messages have in common. Its id is the id of its first message; the ids of its
// messages follow each other.
type Job struct {
	ID         int64
	ServiceID  int64
	Service    string
	Account    int64
	Credential int64 // consumer key that ordered it, 0 for other doors
	QueryID    string
	Text       string // of its first message; others have their own where they differ
	Sender     string // empty when a short number answers for the service
	Tag        string
	Class      Class
	Priority   Priority
	Validity   time.Duration
	Deferred   time.Duration // as ordered
	Marketing  bool          // not said to be otherwise: opt-outs count
	Unicode    bool          // UCS-2 was asked for
	CreatedAt  time.Time
	DueAt      time.Time
	Delay      string // why DueAt is later than ordered; empty if it is not
	ReceiptTo  string // see Order; filled in only while the job is accepted
	Hours      string // sending hours that its messages keep, also when they are sent late; empty = none
	Count      int
	Credits    Credits
	Tally      Tally // how its messages are counted for the reports
	User       int64 // SMS user who ordered it, 0 = the owner of the service
	Batch      int64 // the batch that it belongs to, 0 = none
	FromQuota  bool  // the user's quota pays
}

// Message is one text to one receiver.
type Message struct {
	ID        int64
	JobID     int64
	ServiceID int64
	Receiver  string // E.164 with +
	Country   string // ISO 3166 alpha-2
	CarrierID int64
	RouteID   int64
	State     State
	Text      string // only where it differs from the job's
	Source    string // only where it differs from the job's sender: the short number
	Parts     int
	Credits   Credits
	PTT       int    // see PTTs
	Error     string // the carrier's own code or words
	Attempts  int    // times it was claimed and came back
	Duplicate bool   // sent again after a doubt: it may have arrived twice
	Refs      []string
	Accepted  int // parts the carrier has accepted
	Arrived   int // parts with a final good receipt
	Receipt   string
	Rev       int64 // of the carrier's settings it was sent under
	SentAt    time.Time
	DoneAt    time.Time
}

// Receipt is what a carrier says later about one part.
type Receipt struct {
	CarrierID int64
	Refs      []string // forms of the carrier's reference, the most likely first
	Receiver  string   // the handset, E.164 with +, empty if the carrier does not say
	State     State    // Buffered, Delivered, Failed or Expired
	PTT       int
	Error     string // the carrier's code
	Raw       string // as received, for the trail
	DoneAt    time.Time
	At        time.Time // when it came
	Asked     bool      // the operator was asked for it: no receipt came by itself
}

// Apply takes a receipt for one part of m and tells whether it changed anything. Carriers repeat receipts and send them
// late: one that cannot follow the present state changes nothing. A message of several parts is delivered with its last
// part and failed with its first failure. That the carrier goes on trying to deliver one part does not end the doubt about others.
func (m *Message) Apply(r Receipt) bool {
	if m.State.Waiting() || !m.State.May(r.State) {
		return false
	}
	if r.State == Buffered && m.Lost() > 0 {
		return true
	}
	if r.State == Delivered && m.PDUs() > 1 {
		m.Arrived++
		if m.Arrived < m.PDUs() {
			return true
		}
	}
	m.State, m.PTT, m.Error, m.Receipt = r.State, r.PTT, r.Error, r.Raw
	if m.State.Final() {
		m.DoneAt = r.DoneAt
		if m.DoneAt.Before(m.SentAt) || r.At.Sub(r.DoneAt).Abs() < time.Minute {
			m.DoneAt = r.At // receipts count in minutes
		}
		if m.DoneAt.Before(m.SentAt) {
			m.DoneAt = m.SentAt // a receipt that overtook its answer
		}
	}
	return true
}

// Answer is what came of handing a message to its carrier.
type Answer struct {
	MessageID int64
	CarrierID int64
	State     State    // Sent, Refused, Failed, Expired, Queued (try again at RetryAt) or InDoubt
	Refs      []string // the carrier's reference for each part, empty where a part was not accepted
	PTT       int
	Error     string
	RetryAt   time.Time // of the next attempt, when Queued or InDoubt; zero = none
	Lost      bool      // the answer to a part that was handed over is lost, whatever State says of the whole
	Attempt   int       // the message's Attempts when it was claimed: an answer to an earlier claim changes nothing
	Handed    time.Time // when it was handed over at the earliest: receipts from before are not its own
	Rev       int64     // of the carrier's settings
	At        time.Time
}

// PDUs gives how many references the message has, or will have: one for each of its parts, unless its carrier takes all parts
// as one payload.
func (m *Message) PDUs() int {
	if len(m.Refs) > 0 {
		return len(m.Refs)
	}
	return m.Parts
}

// Settle takes the answer to m, which was claimed, and tells whether it changed its state. Credits are captured for what the
// carrier accepted and released for the rest; both are zero while the message goes on waiting or is in doubt.
//
// A doubt outlives the attempts to end it: whatever the carrier says about another copy, the first may have been sent. So a
// message in doubt that has to wait stays in doubt, and is never refused as one that was not sent.
func (m *Message) Settle(a Answer) (captured, released Credits, changed bool) {
	from := m.State
	if a.Attempt != m.Attempts || !Sending.May(a.State) { // the claim stood for Sending
		return 0, 0, false
	}
	if !from.Waiting() && from != InDoubt {
		m.Duplicate = m.Duplicate || m.isAnotherCopy(a)
		return 0, 0, false
	}
	if from == InDoubt && (a.Lost || m.otherRefs(a.Refs)) { // parts of another copy, even if not all of them left
		m.Duplicate = true
	}
	m.KeepRefs(a.Refs)
	to, ptt := a.State, a.PTT
	switch {
	case to == Queued && from == InDoubt:
		to, ptt = InDoubt, m.PTT
	case to == Refused && (from == InDoubt || m.Accepted > 0):
		to = Failed
	}
	m.State, m.PTT, m.Error, m.Rev = to, ptt, a.Error, a.Rev
	switch to {
	case Queued, InDoubt:
		m.Attempts++
		if a.State == InDoubt {
			m.Duplicate = m.Duplicate || from == InDoubt
			m.SentAt = a.At
		}
	case Sent:
		m.Duplicate = m.Duplicate || from == InDoubt
		m.SentAt = a.At
		captured = m.Credits
	case Refused, Failed, Expired:
		m.DoneAt = a.At
		captured, released = m.settleParts()
	}
	return captured, released, true
}

// isAnotherCopy tells that m, which a receipt has settled while it was being sent again, has left once more; and not that its
// answer is repeated.
func (m *Message) isAnotherCopy(a Answer) bool {
	return a.State == InDoubt || a.Lost || m.otherRefs(a.Refs)
}

// otherRefs tells that the references of accepted parts are not all known as those of m: another copy of some part has left.
func (m *Message) otherRefs(refs []string) bool {
	for i, ref := range refs {
		if ref != "" && (i >= len(m.Refs) || m.Refs[i] != ref) {
			return true
		}
	}
	return false
}

// KeepRefs adds the references of newly accepted parts to those of earlier attempts.
func (m *Message) KeepRefs(refs []string) {
	if len(refs) == 0 {
		return
	}
	if len(m.Refs) != len(refs) { // the first, or all parts were sent anew in another form
		m.Refs = make([]string, len(refs))
	}
	m.Accepted = 0
	for i := range m.Refs {
		if i < len(refs) && refs[i] != "" {
			m.Refs[i] = refs[i]
		}
		if m.Refs[i] != "" {
			m.Accepted++
		}
	}
}

// Incoming is a message that a handset sent to one of the platform's numbers.
type Incoming struct {
	ID         int64
	ServiceID  int64
	CarrierID  int64
	Sender     string // the handset, E.164 with +
	Number     string // written to
	Text       string
	Tag        string // of the message that it answers
	OutgoingID int64  // the message that it answers, 0 if none
	At         time.Time
	Part       IncomingPart // which part of a message it is, before they are joined
	Parts      int          // that have come
	Credits    Credits      // that it cost
}

// Event is a step of a message's life beyond the normal way.
type Event struct {
	MessageID int64
	At        time.Time
	Kind      string
	Text      string
}
