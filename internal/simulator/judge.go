package simulator

import (
	"strconv"

	"ramier/internal/smpp"
)

// A verdict is what is to be done with a submission.
type verdict struct {
	status smpp.Status // OK if it is taken
	answer answer
	at     int64 // time of a late answer
}

// judge decides on a part by its receiver and the faults of the day. The caller holds mu.
func (s *Simulator) judge(p *part, l *link) verdict {
	b := s.behaviourOf(p.to)
	p.behaviour = b
	if refusal := s.refusal(p.taken); refusal != smpp.OK {
		return s.faulty(verdict{status: refusal})
	}
	if len(s.schedule.events) >= s.options.Retain {
		return verdict{status: smpp.QueueFull}
	}
	v := verdict{answer: b.answer}
	switch {
	case b.refuse != smpp.OK && b.times == 0:
		v.status = b.refuse
	case b.refuse != smpp.OK && s.attempt(p) <= b.times:
		v.status = b.refuse
	case b.answer == late:
		v.at = p.taken + micros(b.wait)
	case b.answer == afterReceipt && (p.shared || l.peer.receivers() == 0 || !p.wants(smpp.StateDelivered) || s.fault(NoReceipts) != nil):
		v.answer = atOnce
	case b.answer == cut && s.attempt(p) > 1:
		v.answer = atOnce
	}
	if v.status == smpp.OK && v.answer != cut && (b.refuse != smpp.OK || b.answer == cut) {
		s.attempts.drop(attemptOf(p)) // the next message like it begins anew
	}
	return s.faulty(v)
}

// attempt counts how often it was tried to submit a part. As soon as one part of a long message was taken, the others
// are no first attempts any more. The caller holds mu.
func (s *Simulator) attempt(p *part) int {
	if p.concat.Total > 0 {
		if _, begun := s.joins.get(keyOf(p)); begun {
			return 1 << 30
		}
	}
	key := attemptOf(p)
	n, _ := s.attempts.get(key)
	s.attempts.put(key, n+1)
	return n + 1
}

// attemptOf names a part by what stays the same when it is submitted again.
func attemptOf(p *part) string {
	return p.source.Addr + "\x00" + p.to + "\x00" + strconv.Itoa(int(p.concat.Seq)) + "\x00" + string(p.octets)
}

// accept takes a part and plans its life, unless the journal cannot be written. The caller holds mu.
func (s *Simulator) accept(p *part, v verdict) error {
	if p.id == 0 {
		p.id = s.next
	}
	p.number = s.parts + 1
	if v.answer == late {
		p.start = max(p.start, v.at)
	}
	if p.due = p.start; v.answer != afterReceipt {
		p.due = s.following(p)
	}
	if err := s.noteTaken(p, v); err != nil {
		return err
	}
	s.admit(p)
	if v.answer != afterReceipt { // else its life ends when it is answered
		s.schedule.push(event{at: p.appointment(), part: p})
	}
	return nil
}

// admit gives a part that was taken its place. The caller holds mu.
func (s *Simulator) admit(p *part) {
	s.next = max(s.next, p.id+1)
	s.parts = max(s.parts, p.number)
	s.count.Accepted++
	s.join(p)
	s.kept.addPart(p)
}
