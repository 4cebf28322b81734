// Package smppd is the door for customers over SMPP 3.4: an SMSC that takes submit_sm for a service, and gives receipts and replies
// back as deliver_sm, also after the client was away. By default it speaks OVH's dialect, by setting of the account plain SMPP 3.4.
package smppd

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"ramier/internal/auth"
	"ramier/internal/clock"
	"ramier/internal/limit"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Config is what the door needs. The zero value of each limit stands for the default given with it.
type Config struct {
	Store     *store.Store
	Submit    *submit.Submitter
	Passwords *auth.Passwords
	Clock     *clock.Clock
	Log       *slog.Logger
	// Conns counts the connections; nil = 1,000, and 50 from one address.
	Conns *limit.Conns
	// Customers shares what can be done at once; nil = no limits.
	Customers *limit.Customers
	// Patience is how long a client may take to read anything, 10 s. To bind it has three times as long: after a restart all clients come
	// back at once, and each password takes its time.
	Patience time.Duration
	// Observe is told of each answer to a submit_sm, data_sm or submit_multi; nil = nobody is.
	Observe func(status smpp.Status)
}

const (
	// answerTimeout is how long a client may take to answer a deliver_sm. Less than store.SMPPLease.
	answerTimeout = 30 * time.Second
	// lookEvery is how often it is looked for what other nodes have left to deliver, and for parts that wait.
	lookEvery = time.Second
	// sessionTime is how long a session lasts at most: OVH's servers unbind once a day.
	sessionTime = 24 * time.Hour
	// idleTime ends sessions on which only enquire_link goes in both directions.
	idleTime = 12 * time.Hour
	// placeTime is how long a bind too many waits for the end of another.
	placeTime = time.Second
)

// Server is the door.
type Server struct {
	cfg  Config
	smpp *smpp.Server

	alive   context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	submits sync.WaitGroup // messages that are being accepted

	freed chan struct{} // closed when what the last process had taken is free: nothing is told before

	mu        sync.Mutex
	customers map[int64]*customer // by service
	parted    chan struct{}       // closed with the next session that ends
}

// New makes a door that is closed until Serve.
func New(c Config) *Server {
	if c.Conns == nil {
		c.Conns = limit.NewConns(1000, 50, nil)
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(smpp.Status) {}
	}
	s := &Server{cfg: c, customers: map[int64]*customer{}, freed: make(chan struct{}), parted: make(chan struct{})}
	s.smpp = &smpp.Server{SystemID: "Ramier", MaxSessions: math.MaxInt, BindTimeout: 3 * c.Patience, Bind: s.bind, Bound: s.bound}
	s.alive, s.stop = context.WithCancel(context.Background())
	c.Store.OnSMPPOwed(s.wake)
	s.running.Go(s.tend)
	return s
}

// Serve takes connections from l, which it closes, until Shutdown, or until somebody else closes it. Then it returns nil. For TLS hand it a TLS listener.
func (s *Server) Serve(l net.Listener) error {
	if err := s.smpp.Serve(s.cfg.Conns.Listener(l)); !errors.Is(err, smpp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Shutdown unbinds all clients, and returns when what is under way is answered. When ctx ends before, it closes the connections.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.smpp.Shutdown(ctx)
	s.submits.Wait() // each has a time of its own
	s.stop()
	s.running.Wait()
	return err
}

// tend does what has to be done from time to time.
func (s *Server) tend() {
	if err := s.cfg.Store.FreeOwed(s.alive, s.cfg.Clock.Now()); err != nil {
		s.cfg.Log.Warn("what was being told over SMPP at the end waits for two minutes", "error", err)
	}
	close(s.freed)
	for n := 0; s.cfg.Clock.Sleep(s.alive, s.cfg.Clock.Now().Add(lookEvery)) == nil; n++ {
		if err := s.cfg.Store.RefreshSMPP(s.alive); err != nil {
			continue // the database is away; whoever writes to it says so
		}
		s.sweepParts()
		if n%30 == 0 {
			s.dismiss()
		}
		s.wakeAll()
		if n%3600 == 0 {
			s.dropOld()
		}
	}
}

// dropOld forgets what nobody came for within seven days.
func (s *Server) dropOld() {
	n, err := s.cfg.Store.DropOwed(s.alive, s.cfg.Clock.Now())
	if err == nil && n > 0 {
		s.cfg.Log.Warn("receipts and replies were dropped: their clients did not bind over SMPP for seven days", "count", n)
	}
}

// dismiss unbinds the clients of services that may not use SMPP any more.
func (s *Server) dismiss() {
	s.mu.Lock()
	all := make([]*customer, 0, len(s.customers))
	for _, c := range s.customers {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		_, err := s.cfg.Store.SMPPAccount(s.alive, c.service.ID)
		if sms.CodeOf(err) == sms.NoObject {
			c.unbind(s)
		}
	}
}
