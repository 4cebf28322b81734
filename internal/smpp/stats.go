package smpp

import (
	"sync/atomic"
	"time"
)

// Stats are the counts of a session since it began.
type Stats struct {
	Sent         uint64    // PDUs queued for the peer
	Received     uint64    // PDUs that came
	Window       int       // requests that wait for their answer
	Inbound      int       // requests of the peer that wait for ours
	Timeouts     uint64    // requests that were not answered in time
	Unexpected   uint64    // answers to no request, late ones included
	Malformed    uint64    // PDUs that could not be read or are not known
	Refused      uint64    // requests of the peer refused by the session itself
	LastReceived time.Time // zero if nothing came
	LastMessage  time.Time // when anything but enquire_link or its answer came last; zero if nothing did
}

type counters struct {
	received, malformed                 atomic.Uint64
	sent, timeouts, unexpected, refused uint64 // under the session's mu
}

// Stats gives the counts as they are now.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Sent:         s.count.sent,
		Received:     s.count.received.Load(),
		Window:       s.asked,
		Inbound:      s.open,
		Timeouts:     s.count.timeouts,
		Unexpected:   s.count.unexpected,
		Malformed:    s.count.malformed.Load(),
		Refused:      s.count.refused,
		LastReceived: s.at(s.lastReceived.Load()),
		LastMessage:  s.at(s.lastMessage.Load()),
	}
}

func (s *Session) at(clock int64) time.Time {
	if clock == 0 {
		return time.Time{}
	}
	return s.start.Add(time.Duration(clock))
}
