package smpp

import (
	"context"
	"errors"
)

// Unbind ends the session in order: no more requests are taken from either end, it
// waits until all are answered, sends unbind, waits for the answer and closes. It
// returns nil if that went well, and whatever it returns, the session is over.
func (s *Session) Unbind(ctx context.Context) error {
	defer s.Close()
	s.leave()
	select {
	case <-s.drained:
	case <-s.over.Done():
		return s.unbound()
	case <-ctx.Done():
		return ctx.Err()
	}
	got := make(chan Answer, 1)
	s.mu.Lock()
	err := s.ask(&Unbind{}, pending{due: s.terms.Load().UnbindTimeout, done: func(a Answer) {
		if a.Err == nil {
			s.fail(ErrUnbound) // here, before the reader sees the peer close
		}
		got <- a
	}})
	s.mu.Unlock()
	if err != nil {
		<-s.done
		return s.unbound()
	}
	select {
	case a := <-got:
		if errors.Is(a.Err, ErrClosed) {
			return s.unbound()
		}
		return a.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unbound is nil if the session ended in order, else why it ended.
func (s *Session) unbound() error {
	if err := s.Err(); !errors.Is(err, ErrUnbound) {
		return err
	}
	return nil
}

// leave stops taking requests.
func (s *Session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isLeaving() {
		close(s.leaving)
	}
	s.checkDrained()
}

// Leaving tells whether one of the peers has asked to end the session, or it is over.
func (s *Session) Leaving() bool { return s.isLeaving() || s.Err() != nil }

func (s *Session) isLeaving() bool { return isClosed(s.leaving) }
func (s *Session) isDrained() bool { return isClosed(s.drained) }

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// checkDrained notes when nothing waits for an answer any more. The caller holds mu.
func (s *Session) checkDrained() {
	if s.asked == 0 && s.open == 0 && s.isLeaving() && !s.isDrained() {
		close(s.drained)
		nudge(s.poke)
	}
}

// takeUnbind is the peer's wish to end the session. It is answered when all that is
// under way is answered, or after UnbindTimeout.
func (s *Session) takeUnbind(seq uint32) {
	s.leave()
	s.mu.Lock()
	if s.due.unbind == 0 {
		s.due.unbind, s.due.unbindSeq = s.clock()+s.terms.Load().UnbindTimeout, seq
	}
	s.mu.Unlock()
	nudge(s.poke)
}

// answerUnbind answers the peer's unbind and ends the session. The caller holds mu.
func (s *Session) answerUnbind() {
	s.due.unbind = 0
	_ = s.queue(s.due.unbindSeq, OK, &UnbindResp{}) // fails only if the session is over
	s.finishWith(ErrUnbound)
}
