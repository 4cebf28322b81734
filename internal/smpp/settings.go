package smpp

import (
	"cmp"
	"time"
)

// Settings are what one end of a session decides for itself. A zero value stands
// for the default given with each.
type Settings struct {
	// Window is how many requests may wait for their answers. Default 10.
	Window int
	// MaxInbound is how many requests of the peer may wait for ours. Those beyond
	// are refused for now: by a client with ReceiverTemporaryError, by a server
	// with Throttled. Reading goes on, so answers are never held up. Default 1,000.
	MaxInbound int
	// ResponseTimeout is how long a request waits for its answer. Default 60 s.
	ResponseTimeout time.Duration
	// EnquireInterval is how long the peer may be silent until it is sent an
	// enquire_link. Default 30 s; negative for never.
	EnquireInterval time.Duration
	// EnquireTimeout is how long the answer to that may take until the session is
	// given up. Default 10 s.
	EnquireTimeout time.Duration
	// InactivityTimeout ends a session on which nothing but enquire_link went for
	// so long. Default never.
	InactivityTimeout time.Duration
	// WriteTimeout is how long the peer may take none of what is written to it. Default 10 s.
	WriteTimeout time.Duration
	// UnbindTimeout is how long the answer to unbind may take, and how long a peer's
	// unbind waits for what is under way. Default 5 s.
	UnbindTimeout time.Duration

	// Handler takes the peer's requests. Without one they are refused.
	Handler Handler
	// Idle is called where Handler is, before the session waits for the peer's next PDU: what the Handler was given since, the peer has
	// sent together. May be nil.
	Idle func(s *Session)
	// Tap sees each frame, those that leave (out) and those that came; it must not
	// keep or change them. The calls of one direction follow the order of the wire.
	Tap func(out bool, frame []byte)
}

// Handler takes a request of the peer: submit_sm and its kin at a server, deliver_sm,
// data_sm and alert_notification at a client. It is called on the goroutine that
// reads, in the order of the wire, and must not block.
//
// respond answers; it may be called later and from any goroutine. Its first call
// counts. With a nil PDU the answer has the status only. What is answered after the
// session ended is lost; the peer will repeat its request. For alert_notification
// respond does nothing.
type Handler func(s *Session, request PDU, respond func(Status, PDU))

func (t Settings) withDefaults() Settings {
	t.Window = cmp.Or(max(t.Window, 0), 10)
	t.MaxInbound = cmp.Or(max(t.MaxInbound, 0), 1000)
	t.ResponseTimeout = cmp.Or(max(t.ResponseTimeout, 0), time.Minute)
	t.EnquireInterval = cmp.Or(t.EnquireInterval, 30*time.Second)
	t.EnquireTimeout = cmp.Or(max(t.EnquireTimeout, 0), 10*time.Second)
	t.WriteTimeout = cmp.Or(max(t.WriteTimeout, 0), 10*time.Second)
	t.UnbindTimeout = cmp.Or(max(t.UnbindTimeout, 0), 5*time.Second)
	if t.Handler == nil {
		t.Handler = func(_ *Session, _ PDU, respond func(Status, PDU)) { respond(SystemError, nil) }
	}
	return t
}

// terms are the settings in force and the window they give.
type terms struct {
	Settings
	window chan struct{} // a token for each slot in use
}

func newTerms(t Settings) *terms {
	t = t.withDefaults()
	return &terms{t, make(chan struct{}, t.Window)}
}
