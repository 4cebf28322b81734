package simulator

import (
	"time"

	"ramier/internal/smpp"
)

// plot plans the next step of a part, which a short validity brings forward. The caller holds mu.
func (s *Simulator) plot(p *part) {
	p.due = s.following(p)
	s.schedule.push(event{at: p.appointment(), part: p})
}

// following is when the next step of a part is due, if the last one was at p.due.
func (s *Simulator) following(p *part) int64 {
	if after := p.behaviour.life[p.step].after; after > 0 {
		return p.due + micros(after)
	}
	return s.transit(p)
}

// appointment is when the next step is due.
func (p *part) appointment() int64 { return min(p.due, p.expires) }

// live takes a part through its next step. The caller holds mu.
func (s *Simulator) live(p *part, at int64) {
	if p.final() || at != p.appointment() {
		return // it was cancelled, or replaced by one with other times
	}
	next := p.behaviour.life[p.step]
	if p.due > p.expires {
		p.due = p.expires
		s.finish(p, smpp.StateExpired, absent, nil)
		return
	}
	if next.state != smpp.StateEnroute {
		s.finish(p, next.state, next.err, nil)
		return
	}
	at = p.due
	p.err = next.err
	p.step++
	s.plot(p)
	receipts := s.receipts(p, smpp.StateEnroute)
	s.noteState(p, receipts)
	for range receipts {
		s.report(p, at, nil)
	}
}

// finish ends the life of a part and reports it; then, if it is given, is done when the report is on its way. The
// caller holds mu.
func (s *Simulator) finish(p *part, state smpp.MessageState, err uint16, then func()) {
	s.end(p, state, err)
	receipts := s.receipts(p, state)
	s.noteState(p, receipts)
	for range receipts {
		s.report(p, p.due, then)
		then = nil
	}
	if then != nil {
		s.soon(then)
	}
}

// end brings a part into its final state. The caller holds mu.
func (s *Simulator) end(p *part, state smpp.MessageState, err uint16) {
	p.state, p.err = state, err
	s.count.Finished++
	if state == smpp.StateDelivered {
		s.count.Delivered++
		s.arrive(p)
	}
}

// receipts is how many are to be sent of a state. The caller holds mu.
func (s *Simulator) receipts(p *part, state smpp.MessageState) int {
	switch {
	case !p.wants(state) || s.fault(NoReceipts) != nil:
		return 0
	case state == smpp.StateEnroute:
		return 1
	case p.behaviour.silent:
		return 0
	}
	return 1 + p.behaviour.copies
}

// wants tells whether the client registered for a report of a state. One who wants any is told of a handset that is
// absent, as most operators do.
func (p *part) wants(state smpp.MessageState) bool {
	switch p.registered & 3 {
	case smpp.RegisterReceipt:
		return true
	case smpp.RegisterFailure:
		return state != smpp.StateDelivered
	}
	return state == smpp.StateEnroute && p.registered&smpp.RegisterIntermediate != 0
}

// arrive brings a part to its handset, which shows a message when all its parts are there. The caller holds mu.
func (s *Simulator) arrive(p *part) {
	t := p.text
	if t == nil {
		return // a part that came twice
	}
	t.missing--
	if t.missing == 0 {
		s.show(t, p.due)
	}
}

// show puts a message on its handset, which may answer it. The caller holds mu.
func (s *Simulator) show(t *text, at int64) {
	first := t.parts[0]
	t.delivered = at
	s.receive(t, first)
	if words := first.behaviour.replies; words != "" {
		s.later(at+micros(time.Second), func() {
			// Nobody to answer to is no fault: the sender may be a name.
			_ = s.reply(first.to, "", words, t)
		})
	}
}
