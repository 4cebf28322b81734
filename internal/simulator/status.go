package simulator

import (
	"slices"
	"strings"
	"time"
)

// counters count since the last reset; submissions and messages by their parts and receivers.
type counters struct {
	Submitted  uint64 `json:"submitted"`
	Accepted   uint64 `json:"accepted"`
	Refused    uint64 `json:"refused"`
	Unanswered uint64 `json:"unanswered"` // accepted, but never answered
	Finished   uint64 `json:"finished"`   // in a final state
	Delivered  uint64 `json:"delivered"`
	Cancelled  uint64 `json:"cancelled"`
}

// Status is how the operator is doing.
type Status struct {
	Now   time.Time `json:"now"`
	Seed  uint64    `json:"seed"`
	Binds []Bind    `json:"binds"`
	// MostBinds is the most sessions of one mode that one system id had at once, of those bound since the last reset: more
	// than 1 means that a client connected twice.
	MostBinds int `json:"mostBinds"`
	counters
	Enroute  uint64      `json:"enroute"` // not in a final state yet
	Receipts Deliveries  `json:"receipts"`
	Replies  Deliveries  `json:"replies"`
	Handsets int         `json:"handsets"`
	Kept     int         `json:"kept"`     // messages to look at
	Arrivals int         `json:"arrivals"` // messages of which is noted when they came
	Faults   []FaultBody `json:"faults"`
}

// Bind is a session of a client.
type Bind struct {
	SystemID string    `json:"systemId"`
	Mode     string    `json:"mode"`
	Address  string    `json:"address"`
	Since    time.Time `json:"since"`
}

// Deliveries count what goes to clients: receipts, or pieces of replies.
type Deliveries struct {
	Made     int64 `json:"made"`
	Sent     int64 `json:"sent"` // attempts
	Acked    int64 `json:"acked"`
	Pending  int64 `json:"pending"`  // neither acknowledged nor dropped
	Repeated int64 `json:"repeated"` // attempts that failed
	Dropped  int64 `json:"dropped"`  // too many waited, or too many attempts failed
}

func (t *tally) counts() Deliveries {
	return Deliveries{t.made.Load(), t.sent.Load(), t.acked.Load(), t.pending.Load(), t.repeated.Load(), t.dropped.Load()}
}

// Status tells how the operator is doing.
func (s *Simulator) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Now: s.clock.Now(), Seed: s.options.Seed, Binds: []Bind{}, MostBinds: s.mostBinds, counters: s.count,
		Enroute: s.count.Accepted - s.count.Finished, Receipts: s.tallies.receipts.counts(), Replies: s.tallies.replies.counts(),
		Handsets: len(s.handsets), Kept: len(s.kept.texts), Arrivals: s.arrived.count, Faults: s.standing(),
	}
	for _, l := range s.links {
		st.Binds = append(st.Binds, Bind{l.peer.systemID, l.mode.String(), l.session.RemoteAddr().String(), l.since})
	}
	slices.SortFunc(st.Binds, func(a, b Bind) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Address, b.Address)
	})
	return st
}

// standing lists the faults there are now. The caller holds mu.
func (s *Simulator) standing() []FaultBody {
	list := []FaultBody{}
	for _, f := range s.faults {
		if s.fault(f.Kind) != nil {
			list = append(list, f.body(s.now()))
		}
	}
	return list
}
