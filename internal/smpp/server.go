package smpp

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Server is the SMSC's end for many clients. Its fields must not change once it serves.
type Server struct {
	// SystemID is given in the answer to a bind. At most 64 characters.
	SystemID string
	// MaxSessions is how many connections may be open; those beyond are closed at
	// once. Default 1,000.
	MaxSessions int
	// BindTimeout is how long a client may take until it is bound, a TLS handshake
	// and Bind included. Default 10 s.
	BindTimeout time.Duration
	// Bind decides on a bind and gives the session its settings. It may take its
	// time: it runs on a goroutine of its own. ctx ends with the session, thus at the
	// latest with BindTimeout. After a refusal the connection is closed.
	Bind func(ctx context.Context, remote net.Addr, b Bind) (Settings, Status)
	// Bound is told of each session whose bind was accepted, on a goroutine of its
	// own; it may stay as long as the session lives. Shutdown waits for it. May be nil.
	Bound func(s *Session)

	mu        sync.Mutex
	closing   bool
	listeners map[net.Listener]bool
	sessions  map[*Session]bool
	running   sync.WaitGroup
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("SMPP server closed")

// Serve takes connections from l, which it closes, until Shutdown or a lasting
// error. For TLS hand it a TLS listener.
func (v *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !v.listen(l) {
		return ErrServerClosed
	}
	defer v.unlisten(l)
	pause := Backoff{Min: 5 * time.Millisecond, Max: time.Second}
	for failures := 0; ; {
		conn, err := l.Accept()
		switch {
		case err == nil:
			failures = 0
			go v.ServeConn(conn)
		case v.isClosing():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of file descriptors, say: it passes
			time.Sleep(pause.Delay(failures, func() float64 { return 0 }))
			failures++
		}
	}
}

// ServeConn serves one connection and returns when it is over.
func (v *Server) ServeConn(conn net.Conn) {
	s := newSession(conn, smsc, Settings{})
	s.server = v
	if !v.add(s) {
		conn.Close()
		return
	}
	defer v.remove(s)
	s.due.bind = s.clock() + v.bindTimeout()
	s.run()
	<-s.Done()
}

func (v *Server) bindTimeout() time.Duration {
	if v.BindTimeout <= 0 {
		return defaultBindTimeout
	}
	return v.BindTimeout
}

// Shutdown takes no more connections, unbinds all sessions and waits until they are
// over. When ctx ends first, it closes them at once.
func (v *Server) Shutdown(ctx context.Context) error {
	v.mu.Lock()
	v.closing = true
	for l := range v.listeners {
		l.Close()
	}
	for s := range v.sessions {
		v.running.Go(func() { s.endInOrder(ctx) })
	}
	v.mu.Unlock()
	v.running.Wait()
	return ctx.Err()
}

// endInOrder unbinds, or closes a session that is not bound.
func (s *Session) endInOrder(ctx context.Context) {
	s.mu.Lock()
	st := s.state
	s.mu.Unlock()
	if st < stateTX {
		s.Close()
		return
	}
	_ = s.Unbind(ctx) // whatever happens, the session is over
}

func (v *Server) listen(l net.Listener) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closing {
		return false
	}
	if v.listeners == nil {
		v.listeners = map[net.Listener]bool{}
	}
	v.listeners[l] = true
	return true
}

func (v *Server) unlisten(l net.Listener) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.listeners, l)
}

func (v *Server) isClosing() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.closing
}

func (v *Server) add(s *Session) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	most := v.MaxSessions
	if most <= 0 {
		most = 1000
	}
	if v.closing || len(v.sessions) >= most {
		return false
	}
	if v.sessions == nil {
		v.sessions = map[*Session]bool{}
	}
	v.sessions[s] = true
	v.running.Add(1)
	return true
}

func (v *Server) remove(s *Session) {
	v.mu.Lock()
	delete(v.sessions, s)
	v.mu.Unlock()
	v.running.Done()
}
