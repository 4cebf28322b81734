package smpp

import "context"

// maxLate is how many requests whose time is over a session remembers, the latest ones.
const maxLate = 10_000

// A belated request got no answer in time. Its answer is still of use if it comes.
type belated struct {
	command Command
	late    func(Answer)
}

// A backlog holds belated requests by their numbers.
type backlog struct {
	requests map[uint32]belated
	order    []uint32 // as their time ended; some may have been answered since
}

// SendPatiently is [Session.Send] for a request whose answer is of use even after its time-out. done is called with
// ErrTimeout then, and after it has returned late with the answer, if that still comes: once at most, while the session
// lives, and unless 10,000 other requests have timed out meanwhile. Like done, late must not block.
func (s *Session) SendPatiently(ctx context.Context, p PDU, done, late func(Answer)) {
	s.send(ctx, p, done, late)
}

// remember keeps a request whose time is over.
func (s *Session) remember(seq uint32, e pending) {
	if e.late == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.belated.add(seq, e)
}

// add forgets the oldest request when there are too many.
func (b *backlog) add(seq uint32, e pending) {
	if b.requests == nil {
		b.requests = map[uint32]belated{}
	}
	if len(b.order) >= maxLate {
		delete(b.requests, b.order[0])
		b.order = b.order[1:]
	}
	b.requests[seq] = belated{e.command, e.late}
	b.order = append(b.order, seq)
}

// take gives what wants a late answer, nil if nobody does.
func (b *backlog) take(h Header) func(Answer) {
	e, ok := b.requests[h.Sequence]
	if !ok || h.Command != CommandGenericNack && h.Command != e.command|responseBit {
		return nil
	}
	delete(b.requests, h.Sequence)
	return e.late
}

func (b *backlog) has(seq uint32) bool {
	_, ok := b.requests[seq]
	return ok
}
