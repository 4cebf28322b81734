package smpp

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// read takes the peer's PDUs until the connection ends.
func (s *Session) read() {
	r := NewReader(s.conn)
	for {
		if t := s.terms.Load(); t.Idle != nil && (s.full.Load() || !r.More()) {
			t.Idle(s)
		}
		if s.full.Load() && !s.awaitRoom() {
			return
		}
		frame, err := r.Next()
		if err != nil {
			s.readFailed(err)
			return
		}
		s.take(frame)
	}
}

// readFailed ends the session; a peer whose lengths cannot be believed is told first.
func (s *Session) readFailed(err error) {
	if _, insane := errors.AsType[*LengthError](err); insane {
		s.mu.Lock()
		_ = s.queue(0, InvalidCommandLength, &GenericNack{}) // fails only if the session is over
		s.finishWith(err)
		s.mu.Unlock()
		_, _ = io.Copy(io.Discard, s.conn) // until the peer or the keeper closes
	}
	s.fail(fmt.Errorf("read: %w", err))
}

// awaitRoom waits until the writer got rid of answers; it is false when the session is over.
func (s *Session) awaitRoom() bool {
	for s.full.Load() {
		select {
		case <-s.room:
		case <-s.over.Done():
			return false
		}
	}
	return true
}

// take handles one PDU of the peer.
func (s *Session) take(frame []byte) {
	if tap := s.terms.Load().Tap; tap != nil {
		tap(false, frame)
	}
	now := int64(s.clock())
	s.lastReceived.Store(now)
	s.count.received.Add(1)

	h, p, err := Decode(frame)
	if h.Command != CommandEnquireLink && h.Command != CommandEnquireLinkResp {
		s.lastMessage.Store(now)
	}
	switch {
	case h.Command.IsResponse():
		s.takeAnswer(h, p, err)
	case err != nil:
		s.count.malformed.Add(1)
		status := InvalidCommandLength
		if f, ok := errors.AsType[*FieldError](err); ok {
			status = f.Status
		}
		s.answer(h.Sequence, status, &GenericNack{})
	default:
		s.takeRequest(h, p)
	}
}

// takeAnswer gives a response to the request that waits for it. One that nobody
// waits for, because it is late or invented, is counted, and dropped unless it is of use.
func (s *Session) takeAnswer(h Header, p PDU, err error) {
	s.mu.Lock()
	e, ok := s.pending[h.Sequence]
	if ok && h.Command != CommandGenericNack && h.Command != e.command|responseBit {
		ok = false
	}
	if ok {
		s.settle(h.Sequence, e)
	} else {
		s.count.unexpected++
		e.done = s.belated.take(h)
	}
	s.mu.Unlock()
	if e.done == nil {
		return
	}

	if h.Command == CommandGenericNack && h.Status == OK {
		h.Status = UnknownError // it means a refusal, whatever it says
	}
	if err != nil && h.Status != OK {
		p, err = newPDU(h.Command), nil // the header says all that matters
	}
	if err != nil {
		s.count.malformed.Add(1)
		e.done(Answer{Err: fmt.Errorf("unreadable answer: %w", err)})
		return
	}
	e.done(Answer{Status: h.Status, PDU: p})
}

// takeRequest answers what is the session's own and hands the rest to the handler.
func (s *Session) takeRequest(h Header, p PDU) {
	switch p := p.(type) {
	case *EnquireLink:
		s.answer(h.Sequence, OK, &EnquireLinkResp{})
	case *Unbind:
		s.takeUnbind(h.Sequence)
	case *Unknown:
		s.count.malformed.Add(1)
		s.answer(h.Sequence, InvalidCommandID, &GenericNack{})
	case *Bind:
		s.takeBind(h.Sequence, p)
	default:
		s.handle(h, p)
	}
}

func (s *Session) handle(h Header, p PDU) {
	t := s.terms.Load()
	resp, answered := h.Command.Response()
	refusal := OK
	s.mu.Lock()
	switch {
	case !s.role.peer().mayAsk(s.state, h.Command):
		refusal = InvalidBindStatus
	case s.isLeaving() || s.open >= t.MaxInbound:
		refusal = s.role.busy()
	case answered:
		s.open++
	}
	if refusal != OK {
		s.count.refused++
	}
	s.mu.Unlock()

	switch {
	case refusal != OK && answered:
		s.answer(h.Sequence, refusal, newPDU(resp))
	case refusal != OK:
	case answered:
		t.Handler(s, p, s.responder(h.Sequence, resp))
	default:
		t.Handler(s, p, func(Status, PDU) {})
	}
}

// responder makes the function that answers one request of the peer once.
func (s *Session) responder(seq uint32, resp Command) func(Status, PDU) {
	var used atomic.Bool
	return func(status Status, p PDU) {
		if used.Swap(true) {
			return
		}
		if p == nil {
			p = newPDU(resp)
		}
		if p.Command() != resp {
			status, p = SystemError, newPDU(resp)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open-- // before the peer can have the answer and ask again
		s.queueAnswer(seq, status, p)
		s.checkDrained()
	}
}

// answer queues a response.
func (s *Session) answer(seq uint32, status Status, p PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queueAnswer(seq, status, p)
}

// queueAnswer queues a response. It needs no slot of any window, so a full one never
// holds it up. An answer that cannot be encoded becomes a system error. The caller
// holds mu.
func (s *Session) queueAnswer(seq uint32, status Status, p PDU) {
	before := len(s.out)
	if err := s.queue(seq, status, p); err != nil {
		if _, ours := errors.AsType[*FieldError](err); !ours || s.queue(seq, SystemError, newPDU(p.Command())) != nil {
			return
		}
	}
	s.answers += len(s.out) - before
	if s.answers > maxAnswers {
		s.full.Store(true)
	}
}
