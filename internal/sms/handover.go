package sms

import "time"

// Outbound is a message on its way to a carrier.
type Outbound struct {
	MessageID int64
	Source    string // sender name, number with or without +, or short number
	Receiver  string // E.164 with +
	Text      string
	Unicode   bool // send as UCS-2 even if the default alphabet would do
	Class     Class
	Priority  Priority
	Parts     int
	Refs      []string // references of parts that earlier attempts brought; those are not sent again
	Attempt   int      // the message's Attempts
	Expires   time.Time
}

// Body is the text as the receiver gets it.
func (m *Message) Body(j Job) string {
	if m.Text != "" {
		return m.Text
	}
	return j.Text
}

// Outbound gives the message in the form that carriers take, valid until expires.
func (m *Message) Outbound(j Job, expires time.Time) Outbound {
	out := Outbound{
		MessageID: m.ID, Source: j.Sender, Receiver: m.Receiver, Text: m.Body(j), Unicode: j.Unicode, Class: j.Class,
		Priority: j.Priority, Parts: m.Parts, Refs: m.Refs, Attempt: m.Attempts, Expires: expires,
	}
	if m.Source != "" {
		out.Source = m.Source
	}
	return out
}

// Inbox takes what a carrier brings. Each ack is called exactly once, after the commit: only with nil may the carrier be told
// that its message has arrived. The functions do not block for long.
type Inbox struct {
	Receipt  func(r Receipt, ack func(error))
	Incoming func(in Incoming, ack func(error))
	// Late takes an answer that came after all to an attempt which was answered as in doubt. It may come more than once while the
	// answers to several parts were lost: each time it says all that is known, InDoubt as long as some are.
	Late func(a Answer)
	// Wake says that the carrier has room again: it has connected, or a pause has ended.
	Wake func()
}

// CarrierStatus is how a carrier's connection is.
type CarrierStatus struct {
	State      string // connected, connecting, refused or stopped; elsewhere on another node
	Since      time.Time
	LastError  string
	Binds      int
	WindowUsed int
	WindowSize int
	Sent       int64 // messages handed over since the start
	Throttled  int64 // answers that asked to slow down
	Late       int64 // answers that came after their time-out
}
