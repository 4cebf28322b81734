package smppd

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"ramier/internal/limit"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// A customer is a service that is bound here.
type customer struct {
	service sms.Service
	wake    chan struct{} // something may be owed

	mu                sync.Mutex
	senders           int // binds that may submit
	receivers         int // binds that may be delivered to
	sessions          []*smpp.Session
	next              int // of the sessions that receive, round robin
	delivering, ended bool
}

// bind lets a client in. Whether system id or password is wrong is told: both are hard to guess, and attempts wear out.
func (s *Server) bind(ctx context.Context, remote net.Addr, b smpp.Bind) (smpp.Settings, smpp.Status) {
	ip := limit.AddressOf(remote)
	account, err := s.cfg.Store.SMPPAccountNamed(ctx, b.SystemID)
	if err != nil && sms.CodeOf(err) != sms.NoObject {
		return s.refuse(b, ip, smpp.BindFailed, err.Error())
	}
	known := err == nil
	name := "smpp\x00" + ip.String()
	if known { // guesses of system ids from one address count together
		name += "\x00" + b.SystemID
	}
	if err := s.cfg.Passwords.Check(ctx, name, account.PasswordHash, b.Password); err != nil {
		switch {
		case sms.CodeOf(err) != sms.InvalidCredential:
			return s.refuse(b, ip, smpp.BindFailed, err.Error())
		case known:
			return s.refuse(b, ip, smpp.InvalidPassword, "wrong password")
		}
		return s.refuse(b, ip, smpp.InvalidSystemID, "unknown system id")
	}
	if len(account.Settings.AllowedIPs) == 0 || !sms.AllowsIP(account.Settings.AllowedIPs, ip) {
		return s.refuse(b, ip, smpp.BindFailed, "the address is not among the allowed ones")
	}
	service, err := s.cfg.Store.ServiceByID(ctx, account.ServiceID)
	if err != nil || service.Status != sms.Enabled {
		return s.refuse(b, ip, smpp.BindFailed, "the service is disabled")
	}
	c := s.await(ctx, service, b.Mode, account.Settings.Binds)
	if c == nil {
		return s.refuse(b, ip, tooManyBinds, "too many binds")
	}
	l := &link{s: s, service: service, settings: account.Settings, bucket: newBucket(account.Settings.Throughput, s.cfg.Clock.Now())}
	return smpp.Settings{
		Window: account.Settings.Window, MaxInbound: account.Settings.Window, ResponseTimeout: answerTimeout, InactivityTimeout: idleTime, WriteTimeout: s.cfg.Patience, Handler: l.handle, Idle: func(*smpp.Session) { l.accept() },
	}, smpp.OK
}

func (s *Server) refuse(b smpp.Bind, ip netip.Addr, status smpp.Status, why string) (smpp.Settings, smpp.Status) {
	s.cfg.Log.Warn("an SMPP bind was refused", "system", b.SystemID, "address", ip, "because", why)
	return smpp.Settings{}, status
}

// await admits a bind, and gives a service that has too many a moment: a client that connects again at once is often ahead of the end
// of its connection before. It gives nil if no place became free.
func (s *Server) await(ctx context.Context, service sms.Service, mode smpp.BindMode, most int) *customer {
	late, cancel := context.WithTimeout(ctx, placeTime)
	defer cancel()
	for {
		c, parted := s.admit(ctx, service, mode, most)
		if c != nil {
			return c
		}
		select {
		case <-parted:
		case <-late.Done():
			return nil
		}
	}
}

// admit counts a bind for as long as ctx, that of its session, lives; nil if the service has too many, and what is closed with the next
// session that ends.
func (s *Server) admit(ctx context.Context, service sms.Service, mode smpp.BindMode, most int) (*customer, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.customers[service.ID]
	if c == nil {
		c = &customer{service: service, wake: make(chan struct{}, 1)}
		s.customers[service.ID] = c
	}
	sends, receives := 0, 0
	if mode != smpp.Receiver {
		sends = 1
	}
	if mode != smpp.Transmitter {
		receives = 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.senders+sends > most || c.receivers+receives > most {
		return nil, s.parted
	}
	c.senders, c.receivers = c.senders+sends, c.receivers+receives
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.senders, c.receivers = c.senders-sends, c.receivers-receives
		close(s.parted)
		s.parted = make(chan struct{})
		if c.senders == 0 && c.receivers == 0 && s.customers[service.ID] == c {
			c.ended = true
			nudge(c.wake)
			delete(s.customers, service.ID)
		}
	})
	return c, nil
}

// bound serves a session until it is over.
func (s *Server) bound(session *smpp.Session) {
	b := session.Bind()
	account, err := s.cfg.Store.SMPPAccountNamed(s.alive, b.SystemID)
	s.mu.Lock()
	c := s.customers[account.ServiceID]
	s.mu.Unlock()
	if err != nil || c == nil { // the session is over already, or the account gone
		session.Close()
		return
	}
	s.cfg.Log.Info("SMPP client bound", "service", c.service.Name, "mode", b.Mode.String(), "address", session.RemoteAddr())
	s.running.Go(func() { s.limitTime(session) })
	c.join(s, session)
	<-session.Done()
	c.part(session)
	s.cfg.Log.Info("SMPP client gone", "service", c.service.Name, "mode", b.Mode.String(), "address", session.RemoteAddr(), "because", session.Err())
}

// limitTime unbinds a session after a day.
func (s *Server) limitTime(session *smpp.Session) {
	ctx, cancel := context.WithCancel(s.alive)
	defer cancel()
	go func() {
		<-session.Done()
		cancel()
	}()
	if s.cfg.Clock.Sleep(ctx, s.cfg.Clock.Now().Add(sessionTime)) == nil {
		_ = session.Unbind(s.alive)
	}
}

// join adds a session, and starts delivering with the first one that receives.
func (c *customer) join(s *Server, session *smpp.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = append(c.sessions, session)
	nudge(c.wake)
	if !c.delivering && session.Bind().Mode != smpp.Transmitter {
		c.delivering = true
		s.running.Go(func() { s.deliver(c) })
	}
}

func (c *customer) part(session *smpp.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = slices.DeleteFunc(c.sessions, func(other *smpp.Session) bool { return other == session })
}

// unbind ends all sessions.
func (c *customer) unbind(s *Server) {
	c.mu.Lock()
	sessions := slices.Clone(c.sessions)
	c.mu.Unlock()
	for _, session := range sessions {
		s.running.Go(func() { _ = session.Unbind(s.alive) })
	}
}

// receiver gives the session that owes the fewest answers, by turns among equals; nil if there is none. One that does not answer holds up
// the others no longer than its window lasts.
func (c *customer) receiver() *smpp.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	var best *smpp.Session
	fewest := 0
	for i := range c.sessions {
		session := c.sessions[(c.next+i)%len(c.sessions)]
		if session.Bind().Mode == smpp.Transmitter || session.Leaving() {
			continue
		}
		if owed := session.Stats().Window; best == nil || owed < fewest {
			best, fewest = session, owed
		}
	}
	return best
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wake is told by the store that services are owed something.
func (s *Server) wake(services []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range services {
		if c := s.customers[id]; c != nil {
			nudge(c.wake)
		}
	}
}

func (s *Server) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.customers {
		nudge(c.wake)
	}
}
