package smpp

import (
	"errors"
	"time"
)

// keep does what is due, and at the end buries the session.
func (s *Session) keep() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.poke:
		case <-s.over.Done():
			s.bury()
			return
		}
		if wait := s.tick(s.clock()); wait < never {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// tick does what is due now and says how long nothing else will be, never or more if
// nothing is in sight.
func (s *Session) tick(now time.Duration) time.Duration {
	s.mu.Lock()
	late, next := s.expire(now)
	next = min(next, s.appointments(now))
	s.wake = max(next, now+1)
	s.mu.Unlock()
	for seq, e := range late {
		e.done(Answer{Err: ErrTimeout})
		s.remember(seq, e)
	}
	if next == never {
		return never
	}
	return next - now
}

// never is later than any appointment.
const never = time.Duration(1 << 62)

// expire takes out the requests that waited too long and says when the next one
// will have. The caller holds mu.
func (s *Session) expire(now time.Duration) (late map[uint32]pending, next time.Duration) {
	next = never
	for seq, e := range s.pending {
		if e.due > now {
			next = min(next, e.due)
			continue
		}
		s.settle(seq, e)
		s.count.timeouts++
		if late == nil {
			late = map[uint32]pending{}
		}
		late[seq] = e
	}
	return late, next
}

// appointments does what else is due and says when the next is. The caller holds mu.
func (s *Session) appointments(now time.Duration) time.Duration {
	next := never
	// due tells whether the time at has come; if not, it is an appointment.
	due := func(at time.Duration) bool {
		if at > 0 && at > now {
			next = min(next, at)
		}
		return at > 0 && at <= now
	}
	t := s.terms.Load()
	if due(s.due.bind) {
		s.stop(ErrNoBind)
	}
	if due(s.due.linger) {
		s.stop(s.finish)
	}
	if s.due.unbind > 0 && (s.isDrained() || due(s.due.unbind)) {
		s.answerUnbind()
	}
	if s.state < stateTX || s.finish != nil {
		return next
	}
	if t.InactivityTimeout > 0 && due(time.Duration(s.lastMessage.Load())+t.InactivityTimeout) {
		s.stop(ErrInactive)
	}
	if t.EnquireInterval > 0 && !s.due.enquiring && due(time.Duration(s.lastReceived.Load())+t.EnquireInterval) {
		s.enquire(now, t.EnquireTimeout)
		next = min(next, now+t.EnquireTimeout)
	}
	return next
}

// enquire asks the peer whether it is there. If neither an answer nor anything
// else comes, the session is given up. The caller holds mu.
func (s *Session) enquire(now, timeout time.Duration) {
	s.due.enquiring = true
	err := s.ask(&EnquireLink{}, pending{due: timeout, done: func(a Answer) {
		s.mu.Lock()
		s.due.enquiring = false
		s.mu.Unlock()
		if errors.Is(a.Err, ErrTimeout) && time.Duration(s.lastReceived.Load()) <= now {
			s.fail(ErrSilent)
			return
		}
		nudge(s.poke)
	}})
	if err != nil {
		s.due.enquiring = false
	}
}

// bury closes the connection, waits for the reader and the writer, and tells those
// who wait for an answer.
func (s *Session) bury() {
	_ = s.conn.Close() // what it says changes nothing any more
	s.writer.Wait()
	s.reader.Wait()
	s.mu.Lock()
	left, written, cause := s.pending, s.written.Load(), s.Err()
	s.pending = map[uint32]pending{}
	for _, e := range left {
		if e.window != nil {
			<-e.window
			s.asked--
		}
	}
	s.out = nil
	s.mu.Unlock()
	for _, e := range left {
		if e.end > written {
			e.done(Answer{Err: notSent(cause)})
		} else {
			e.done(Answer{Err: cause})
		}
	}
	close(s.done)
}
