package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Signal is what one node tells the others, so that they look at once what they would find a little later by themselves.
type Signal struct {
	// Queued lists carriers for which something was queued.
	Queued []int64 `json:"queued,omitempty"`
	// Carriers: carriers, or leases, have changed.
	Carriers bool `json:"carriers,omitempty"`
	// Rules: what plans are made by has changed.
	Rules bool `json:"rules,omitempty"`
	// Subscribers: who wants to be told what becomes of messages has changed; Services lists whose, none for all.
	Subscribers bool    `json:"subscribers,omitempty"`
	Services    []int64 `json:"services,omitempty"`
	// Owed: there is something to tell to customers.
	Owed bool `json:"owed,omitempty"`
	// Missed: signals may have been missed, so everything may have changed.
	Missed bool `json:"missed,omitempty"`

	From string `json:"from"`
}

// channel is the name of PostgreSQL's channel.
const channel = "ramier"

const (
	// tellEvery is the shortest time between two notifications: what comes meanwhile goes into one.
	tellEvery = 5 * time.Millisecond
	// maxTold is how many carriers one notification names; PostgreSQL takes 8,000 bytes.
	maxTold = 300
	// quiet is how long nothing is heard before the connection is tried.
	quiet = 30 * time.Second
)

// teller sends signals to the other nodes. They are a matter of speed only: what cannot be sent is dropped.
type teller struct {
	s     *Store
	self  string
	wake  chan struct{}
	end   chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	pending *Signal
}

func (s *Store) startTeller() {
	if s.aside == nil {
		return
	}
	s.teller = &teller{s: s, self: rand.Text(), wake: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{})}
	go s.teller.run()
}

// Tell tells the other nodes, soon. It does not block; several signals may become one.
func (s *Store) Tell(g Signal) {
	k := s.teller
	if k == nil {
		return
	}
	k.mu.Lock()
	if k.pending == nil {
		k.pending = &Signal{From: k.self}
	}
	k.pending.add(g)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (g *Signal) add(more Signal) {
	for _, id := range more.Queued {
		if !slices.Contains(g.Queued, id) {
			g.Queued = append(g.Queued, id)
		}
	}
	for _, id := range more.Services {
		if !slices.Contains(g.Services, id) {
			g.Services = append(g.Services, id)
		}
	}
	if len(g.Queued)+len(g.Services) > maxTold {
		g.Queued, g.Services, g.Missed = nil, nil, true
	}
	g.Subscribers, g.Owed = g.Subscribers || more.Subscribers, g.Owed || more.Owed
	g.Carriers, g.Rules, g.Missed = g.Carriers || more.Carriers, g.Rules || more.Rules, g.Missed || more.Missed
}

func (k *teller) run() {
	defer close(k.ended)
	for {
		select {
		case <-k.wake:
			k.send()
		case <-k.end:
			k.send()
			return
		}
		select {
		case <-time.After(tellEvery):
		case <-k.end:
		}
	}
}

func (k *teller) send() {
	k.mu.Lock()
	g := k.pending
	k.pending = nil
	k.mu.Unlock()
	if g == nil {
		return
	}
	text, err := json.Marshal(g)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	// Nothing is lost with it, so its commit need not wait for the disk.
	if _, err := k.s.aside.ExecContext(ctx, "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)", channel, string(text)); err != nil {
		k.s.log.Debug("cannot tell the other nodes", "error", err)
	}
}

// stop sends what is left, and ends.
func (k *teller) stop() {
	if k != nil {
		close(k.end)
		<-k.ended
	}
}

// Listen calls heard with each signal of another node until the context ends. It connects again by itself, and then says that
// signals may have been missed. It returns at once where there can be no other node.
func (s *Store) Listen(ctx context.Context, heard func(Signal)) {
	if s.teller == nil {
		return
	}
	for ctx.Err() == nil {
		err := s.listen(ctx, heard)
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("other nodes are not heard; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) listen(ctx context.Context, heard func(Signal)) error {
	c, err := pgx.Connect(ctx, s.address)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	}()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	hear := func(g Signal) {
		if g.Rules || g.Missed {
			s.rules.drop()
			if err := s.readBarred(ctx); err != nil {
				s.log.Debug("cannot read who may not send", "error", err)
			}
			if err := s.RefreshSMPP(ctx); err != nil {
				s.log.Debug("cannot read who uses SMPP", "error", err)
			}
		}
		s.hearOwed(ctx, g)
		heard(g)
	}
	hear(Signal{Missed: true})
	for {
		g, err := s.hear(ctx, c)
		if err != nil {
			return err
		}
		if g.From != s.teller.self {
			hear(g)
		}
	}
}

// hear waits for the next signal. A connection that stays quiet is tried from time to time.
func (s *Store) hear(ctx context.Context, c *pgx.Conn) (g Signal, err error) {
	for {
		wait, cancel := context.WithTimeout(ctx, quiet)
		n, err := c.WaitForNotification(wait)
		silent := wait.Err() != nil
		cancel()
		switch {
		case err == nil:
			if json.Unmarshal([]byte(n.Payload), &g) != nil {
				g = Signal{Missed: true} // of another version
			}
			return g, nil
		case ctx.Err() != nil || !silent || c.IsClosed():
			return g, err
		}
		if err := c.Ping(ctx); err != nil {
			return g, err
		}
	}
}

// hearOwed passes on what concerns deliveries.
func (s *Store) hearOwed(ctx context.Context, g Signal) {
	if g.Subscribers || g.Missed {
		if err := s.readSubscribers(ctx); err != nil {
			s.log.Error("cannot read who wants to be told what becomes of messages", "error", err)
		}
		services := g.Services
		if g.Missed || len(services) == 0 {
			services = []int64{0}
		}
		for _, service := range services {
			s.owed.changed(service)
		}
	}
	if g.Owed || g.Missed {
		s.owed.wake(nil)
	}
}
