package simulator

import (
	"sync/atomic"

	"ramier/internal/smpp"
)

// A delivery is something for a client: a receipt or a piece of a reply.
type delivery struct {
	tally  *tally
	tries  int
	number uint64          // in the journal
	pdu    *smpp.DeliverSM // of a reply
	then   func()          // called when it is on its way, or will not be soon

	// Of a receipt:
	id         uint64
	from, to   smpp.Address
	state      smpp.MessageState
	err        uint16
	bare       bool
	taken, due int64
	quote      quote
}

// A tally counts deliveries of a kind. It is counted without the lock, since it changes with each answer of a client. A
// reset begins a new one, and what was under way counts for the old one.
type tally struct{ made, sent, acked, repeated, dropped, pending atomic.Int64 }

// tallies are those since the last reset.
type tallies struct{ receipts, replies tally }

func (t *tallies) has(one *tally) bool { return one == &t.receipts || one == &t.replies }

// A peer is a client by its system id, with what waits for it. It may have several sessions, or none.
type peer struct {
	systemID string
	links    []*link
	queue    queue
}

// receivers is how many sessions may be sent something. The caller holds mu.
func (p *peer) receivers() int {
	n := 0
	for _, l := range p.links {
		if l.receives() {
			n++
		}
	}
	return n
}

// report puts a receipt of the part's state into the queue. The caller holds mu.
func (s *Simulator) report(p *part, at int64, then func()) {
	d := s.receiptOf(p, at)
	d.then = then
	s.post(p.from, d)
}

// receiptOf is a receipt of the state that a part got into at a time. The caller holds mu.
func (s *Simulator) receiptOf(p *part, at int64) delivery {
	return delivery{
		tally: &s.tallies.receipts, id: p.id, from: p.dest, to: p.source, state: p.state, err: p.err,
		bare: p.behaviour.bare, taken: p.taken, due: at, quote: p.quote,
	}
}

// post puts a delivery into the queue, or drops it if too many wait. The caller holds mu.
func (s *Simulator) post(p *peer, d delivery) {
	s.deliveries++
	d.number = s.deliveries
	d.tally.made.Add(1)
	if s.tallies.receipts.pending.Load()+s.tallies.replies.pending.Load() >= int64(s.options.Retain) {
		d.tally.dropped.Add(1)
		s.noteSettled(&d, true)
		if d.then != nil {
			s.soon(d.then)
		}
		return
	}
	d.tally.pending.Add(1)
	p.queue.push(d)
	for _, l := range p.links {
		l.nudge()
	}
}

// queue holds deliveries: first those that were taken out and not sent, then the rest in their order.
type queue struct {
	again  []delivery
	chunks [][]delivery
	head   int // of the first chunk, taken already
}

const chunk = 512

func (q *queue) push(d delivery) {
	last := len(q.chunks) - 1
	if last < 0 || len(q.chunks[last]) == chunk {
		size := chunk
		if last < 0 {
			size = 8
		}
		q.chunks = append(q.chunks, make([]delivery, 0, size))
		last++
	}
	q.chunks[last] = append(q.chunks[last], d)
}

// take moves as many to dst as it has room for.
func (q *queue) take(dst []delivery) []delivery {
	n := min(cap(dst)-len(dst), len(q.again))
	dst = append(dst, q.again[:n]...)
	if q.again = q.again[n:]; len(q.again) == 0 {
		q.again = nil
	}
	for len(dst) < cap(dst) && len(q.chunks) > 0 {
		first := q.chunks[0]
		n := min(cap(dst)-len(dst), len(first)-q.head)
		dst = append(dst, first[q.head:q.head+n]...)
		clear(first[q.head : q.head+n])
		if q.head += n; q.head < len(first) {
			break
		}
		q.head = 0
		if len(q.chunks) == 1 && cap(first) == chunk {
			q.chunks[0] = first[:0]
			break
		}
		q.chunks[0] = nil
		q.chunks = q.chunks[1:]
	}
	return dst
}

// drain takes all out.
func (q *queue) drain(each func(delivery)) {
	for _, d := range q.again {
		each(d)
	}
	for i, c := range q.chunks {
		if i == 0 {
			c = c[q.head:]
		}
		for _, d := range c {
			each(d)
		}
	}
	*q = queue{}
}
