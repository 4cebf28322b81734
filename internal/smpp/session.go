package smpp

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Session is one end of an SMPP connection, from the first octet to the last.
// Three goroutines serve it: one reads, one writes, one keeps the timers and, at
// the end, buries the session. All methods may be called from any goroutine, but
// callbacks and handlers must not wait for the session (Send, Request, Unbind, Close).
type Session struct {
	conn   net.Conn
	role   role
	server *Server // whose session it is; nil at a client
	terms  atomic.Pointer[terms]
	start  time.Time // what clock counts from

	over   context.Context // ends with the session; its cause is Err
	end    context.CancelCauseFunc
	done   chan struct{} // closed when all goroutines are gone and all callbacks returned
	reader sync.WaitGroup
	writer sync.WaitGroup

	leaving chan struct{} // closed when no more requests may be sent
	drained chan struct{} // closed when, after that, nothing waits for an answer any more
	poke    chan struct{} // wakes the keeper
	more    chan struct{} // wakes the writer
	room    chan struct{} // wakes a reader that waits for the writer
	full    atomic.Bool   // more answers wait to be written than may

	mu       sync.Mutex
	state    state
	bind     Bind     // the accepted one, without its password
	bindResp BindResp // what it was answered with
	seq      uint32
	pending  map[uint32]pending
	belated  backlog
	asked    int // entries of pending that hold a slot of the window
	open     int // requests of the peer that are not answered yet
	out      []byte
	queued   uint64 // octets ever appended to out
	answers  int    // octets of out that are answers
	finish   error  // if set, nothing may be appended to out, and the session ends when it is written
	wake     time.Duration
	due      dues

	written      atomic.Uint64 // octets the connection took
	lastReceived atomic.Int64  // clock
	lastMessage  atomic.Int64  // clock, when anything but enquire_link or its answer came
	count        counters
}

// dues are the keeper's appointments, by the session's clock; zero is none.
type dues struct {
	bind      time.Duration // until when the peer must have bound
	unbind    time.Duration // when a peer's unbind is answered at the latest
	unbindSeq uint32
	linger    time.Duration // until when the peer may read our last words
	enquiring bool          // an enquire_link waits for its answer
}

// linger is how long the connection stays open after our last PDU. Closing it at
// once could destroy that PDU on its way, if the peer is still sending.
const linger = time.Second

func newSession(conn net.Conn, r role, t Settings) *Session {
	s := &Session{
		conn:    conn,
		role:    r,
		start:   time.Now().Add(-time.Nanosecond),
		done:    make(chan struct{}),
		leaving: make(chan struct{}),
		drained: make(chan struct{}),
		poke:    make(chan struct{}, 1),
		more:    make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		pending: map[uint32]pending{},
	}
	s.terms.Store(newTerms(t))
	s.over, s.end = context.WithCancelCause(context.Background())
	return s
}

// run starts the goroutines.
func (s *Session) run() {
	s.reader.Go(s.read)
	s.writer.Go(s.write)
	go s.keep()
}

// clock is the monotonic time since the session began. It is above zero, which stands for never.
func (s *Session) clock() time.Duration { return time.Since(s.start) }

// fail ends the session; the first cause counts. It does not wait: the keeper closes
// the connection.
func (s *Session) fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop(cause)
}

// stop is fail for one who holds mu.
func (s *Session) stop(cause error) {
	if s.finish != nil {
		cause = s.finish
	}
	s.end(closed(cause))
}

// Close ends the session at once. It returns when the reader and the writer are
// gone and each callback was called.
func (s *Session) Close() {
	s.fail(ErrClosed)
	<-s.done
}

// Done is closed when the session is over, all its goroutines are gone and each
// callback was called.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is nil while the session lives, then why it ended. It wraps ErrClosed and,
// after an orderly end, ErrUnbound.
func (s *Session) Err() error { return context.Cause(s.over) }

// RemoteAddr is the peer's address.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// Bind is the bind the session lives under, without its password; zero before it.
func (s *Session) Bind() Bind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bind
}

// BindResp is what the bind was answered with.
func (s *Session) BindResp() BindResp {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bindResp
}

// bound makes the session one of the bind's mode. The caller holds mu.
func (s *Session) bound(b Bind, r BindResp) {
	b.Password = ""
	s.bind, s.bindResp = b, r
	s.state = boundAs[b.Mode.command()]
	s.due.bind = 0
	s.lastMessage.Store(int64(s.clock()))
}

// nudge wakes whoever waits at c.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
