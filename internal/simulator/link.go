package simulator

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"ramier/internal/smpp"
)

// A link is a session of a client.
type link struct {
	session *smpp.Session
	peer    *peer
	since   time.Time
	mode    smpp.BindMode
	more    chan struct{} // wakes the pump
	dead    bool          // being cut: what still comes is not read; under the simulator's mu
	owed    atomic.Int64  // answers that did not come
	closed  atomic.Bool   // it takes no more deliveries
}

func (l *link) receives() bool { return l.mode != smpp.Transmitter && !l.dead && !l.closed.Load() }

func (l *link) nudge() {
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// maxPeers is how many system ids are remembered.
const maxPeers = 10_000

// bind decides who may bind.
func (s *Simulator) bind(_ context.Context, _ net.Addr, b smpp.Bind) (smpp.Settings, smpp.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.peers[b.SystemID]
	switch {
	case s.options.SystemID != "" && b.SystemID != s.options.SystemID:
		return smpp.Settings{}, smpp.InvalidSystemID
	case s.options.Password != "" && b.Password != s.options.Password:
		return smpp.Settings{}, smpp.InvalidPassword
	case s.fault(Drop) != nil, !known && len(s.peers) >= maxPeers:
		return smpp.Settings{}, smpp.BindFailed
	}
	return smpp.Settings{
		Window: s.options.Window, ResponseTimeout: s.options.AnswerTimeout, MaxInbound: 100_000, Handler: s.handle,
	}, smpp.OK
}

// link finds the link of a session, whose first request may come before the server tells of it. The caller holds mu.
func (s *Simulator) link(session *smpp.Session) *link {
	if l := s.links[session]; l != nil {
		return l
	}
	b := session.Bind()
	p := s.peer(b.SystemID)
	l := &link{session: session, peer: p, since: s.clock.Now(), mode: b.Mode, more: make(chan struct{}, 1)}
	s.links[session] = l
	p.links = append(p.links, l)
	same := 0
	for _, other := range p.links {
		if other.mode == l.mode && !other.session.Leaving() {
			same++
		}
	}
	s.mostBinds = max(s.mostBinds, same)
	return l
}

// peer finds a client by its system id. The caller holds mu.
func (s *Simulator) peer(systemID string) *peer {
	p := s.peers[systemID]
	if p == nil {
		p = &peer{systemID: systemID}
		s.peers[systemID] = p
	}
	return p
}

// owe notes an answer that does not come now. Nobody waits for it when the operator ends. The caller holds mu.
func (s *Simulator) owe(l *link) {
	l.owed.Add(1)
	if s.closing {
		s.hangUp(l)
	}
}

// hangUp closes a session, without waiting for that. The caller holds mu.
func (s *Simulator) hangUp(l *link) {
	l.dead = true
	s.running.Go(l.session.Close)
}

// cut hangs up on the clients that are chosen. The caller holds mu.
func (s *Simulator) cut(chosen func(*link) bool) {
	for _, l := range s.links {
		if chosen(l) {
			s.hangUp(l)
		}
	}
}

// bound serves a session until it is over.
func (s *Simulator) bound(session *smpp.Session) {
	s.mu.Lock()
	l := s.link(session)
	s.mu.Unlock()
	s.options.Log.Info("client bound", "system", l.peer.systemID, "mode", l.mode.String(), "address", session.RemoteAddr())
	if l.mode != smpp.Transmitter {
		s.pump(l)
	}
	<-session.Done()
	s.mu.Lock()
	delete(s.links, session)
	l.peer.links = slices.DeleteFunc(l.peer.links, func(other *link) bool { return other == l })
	s.mu.Unlock()
	s.options.Log.Info("client gone", "system", l.peer.systemID, "because", session.Err())
}

// pump sends what waits for the client as fast as its window allows.
func (s *Simulator) pump(l *link) {
	var w writer
	batch := make([]delivery, 0, 64)
	for {
		s.mu.Lock()
		batch = l.peer.queue.take(batch[:0])
		s.mu.Unlock()
		if len(batch) == 0 {
			select {
			case <-l.more:
				continue
			case <-l.session.Done():
				return
			}
		}
		for i := range batch {
			if !s.send(l, &w, batch[i]) {
				s.putBack(l.peer, batch[i+1:])
				return
			}
		}
		clear(batch)
	}
}

// send sends one delivery. It is false if the session takes no more.
func (s *Simulator) send(l *link, w *writer, d delivery) bool {
	var pdu smpp.PDU = d.pdu
	if d.pdu == nil {
		pdu = w.receipt(&d, s.options.IDs.base())
	}
	then := d.then
	d.then = nil
	l.session.Send(s.alive, pdu, func(a smpp.Answer) { s.settle(l, d, a) })
	d.tally.sent.Add(1)
	if then != nil {
		then()
	}
	return !l.closed.Load()
}

// settle notes what the client answered. What it did not take is sent again later, what did not reach it as soon as
// it is there again.
func (s *Simulator) settle(l *link, d delivery, a smpp.Answer) {
	if a.Err == nil && a.Status == smpp.OK {
		s.noteSettled(&d, false)
		d.tally.acked.Add(1)
		d.tally.pending.Add(-1)
		return
	}
	_, broken := errors.AsType[*smpp.FieldError](a.Err)
	switch {
	case broken || d.tries == len(pauses):
		s.noteSettled(&d, true)
		d.tally.dropped.Add(1)
		d.tally.pending.Add(-1)
	case errors.Is(a.Err, smpp.ErrNotSent), errors.Is(a.Err, smpp.ErrClosed):
		l.closed.Store(true)
		d.tally.repeated.Add(1)
		s.putBack(l.peer, []delivery{d})
	default:
		d.tries++
		d.tally.repeated.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.later(s.now()+micros(pauses[d.tries-1]), func() { s.putBack(l.peer, []delivery{d}) })
	}
}

// pauses are those before the attempts to send something again that the client did not take; then it is dropped.
var pauses = []time.Duration{
	time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// putBack puts what could not be sent before all else that waits for the client.
func (s *Simulator) putBack(p *peer, list []delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range list {
		if s.tallies.has(d.tally) {
			p.queue.again = append(p.queue.again, d)
		}
	}
	for _, l := range p.links {
		l.nudge()
	}
}
