package smpp

import (
	"context"
	"fmt"
	"time"
)

// Answer is what became of a request.
type Answer struct {
	Status Status // of the response, if Err is nil
	PDU    PDU    // the response, if Err is nil: that of the request, or a GenericNack
	// Err is why there is no answer. If it is ErrNotSent, the peer cannot have
	// acted on the request; otherwise it may have.
	Err error
}

// A pending request was appended to out and waits for its answer.
type pending struct {
	command Command
	due     time.Duration
	end     uint64        // how many octets must be written until its last one is
	window  chan struct{} // where it holds a slot, or nil
	done    func(Answer)
	late    func(Answer) // after the time-out, or nil
}

// Send sends a request and returns when it is queued, which takes as long as the
// window is full. The PDU is encoded before Send returns: its memory may be used
// again. done is called exactly once, with the answer, or with an error
// that wraps ErrNotSent, ErrTimeout or ErrClosed; if the request could not be
// queued, before Send returns. It is called on a goroutine of the session, or on the
// caller's, and must not block. ctx ends only the waiting for the window.
func (s *Session) Send(ctx context.Context, p PDU, done func(Answer)) { s.send(ctx, p, done, nil) }

func (s *Session) send(ctx context.Context, p PDU, done, late func(Answer)) {
	t := s.terms.Load()
	if err := s.enter(ctx, t.window); err != nil {
		done(Answer{Err: notSent(err)})
		return
	}
	s.mu.Lock()
	err := s.permitted(p.Command())
	if err == nil {
		err = s.ask(p, pending{due: t.ResponseTimeout, window: t.window, done: done, late: late})
	}
	s.mu.Unlock()
	if err != nil {
		<-t.window
		done(Answer{Err: notSent(err)})
	}
}

// Request sends a request and waits for its answer. The error is a [Status] if the
// peer refused, and then the PDU is its response; else it is as in [Answer]. If ctx
// ends after the request was queued, the request keeps its slot of the window.
func (s *Session) Request(ctx context.Context, p PDU) (PDU, error) {
	got := make(chan Answer, 1)
	s.Send(ctx, p, func(a Answer) { got <- a })
	select {
	case a := <-got:
		if a.Err == nil && a.Status != OK {
			a.Err = a.Status
		}
		return a.PDU, a.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Notify sends a request that is not answered, which is alert_notification.
func (s *Session) Notify(p PDU) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := p.Command().Response(); ok {
		return notSent(fmt.Errorf("%s is to be answered", p.Command()))
	}
	if err := s.permitted(p.Command()); err != nil {
		return notSent(err)
	}
	s.seq = s.nextSeq()
	if err := s.queue(s.seq, OK, p); err != nil {
		return notSent(err)
	}
	return nil
}

// enter waits for a slot of the window.
func (s *Session) enter(ctx context.Context, window chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case window <- struct{}{}:
		return nil
	default:
	}
	select {
	case window <- struct{}{}:
		if err := ctx.Err(); err != nil {
			<-window
			return err // its time ended while it waited
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.leaving:
		return ErrLeaving
	case <-s.over.Done():
		return s.Err()
	}
}

// permitted tells whether the request may be sent now. The caller holds mu.
func (s *Session) permitted(c Command) error {
	if err := s.Err(); err != nil {
		return err
	}
	if s.isLeaving() {
		return ErrLeaving
	}
	if _, known := kinds[c]; known && !s.role.mayAsk(s.state, c) {
		return fmt.Errorf("%s: %w", c, InvalidBindStatus)
	}
	if c.IsResponse() {
		return fmt.Errorf("%s is not a request", c)
	}
	return nil
}

// ask queues a request; e.due is how long it may take. The table knows of it
// before the writer does. The caller holds mu.
func (s *Session) ask(p PDU, e pending) error {
	seq := s.nextSeq()
	if err := s.queue(seq, OK, p); err != nil {
		return err
	}
	s.seq = seq
	e.command, e.end, e.due = p.Command(), s.queued, s.clock()+e.due
	s.pending[seq] = e
	if e.window != nil {
		s.asked++
	}
	if s.wake == 0 || e.due < s.wake {
		nudge(s.poke)
	}
	return nil
}

// nextSeq is the next number in 1 to 0x7FFFFFFF that no request has whose answer is of use.
func (s *Session) nextSeq() uint32 {
	for n := s.seq; ; {
		n = n%0x7FFFFFFF + 1
		if _, used := s.pending[n]; !used && !s.belated.has(n) {
			return n
		}
	}
}

// queue appends a frame to what the writer will write. The caller holds mu.
func (s *Session) queue(seq uint32, status Status, p PDU) error {
	switch {
	case s.over.Err() != nil:
		return s.Err()
	case s.finish != nil:
		return closed(s.finish)
	}
	before := len(s.out)
	out, err := Append(s.out, seq, status, p)
	if err != nil {
		return err
	}
	s.out = out
	s.queued += uint64(len(out) - before)
	s.count.sent++
	if before == 0 {
		nudge(s.more)
	}
	return nil
}

// settle takes a request out of the table, if it still is there, and frees its slot.
// The caller holds mu.
func (s *Session) settle(seq uint32, e pending) {
	delete(s.pending, seq)
	if e.window != nil {
		<-e.window
		s.asked--
		s.checkDrained()
	}
}
