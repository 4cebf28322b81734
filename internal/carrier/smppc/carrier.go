// Package smppc is a carrier over SMPP. It keeps one bind, or a pair of them, up; turns messages into submit_sm and their
// answers into verdicts; and hands receipts and incoming messages on, which are acknowledged only when they are stored.
//
// Incoming messages of several parts are handed on part by part, each as a message of its own: joining them needs a place
// that survives a restart, which a carrier does not have.
package smppc

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// Options are what a carrier needs besides its settings; a zero value stands for the usual.
type Options struct {
	Log    *slog.Logger
	Now    func() time.Time // what answers and receipts are dated by; pauses and time-outs follow the system's clock
	Random func() float64   // in [0, 1)
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
}

// The states of a CarrierStatus.
const (
	stateStopped    = "stopped"
	stateConnecting = "connecting"
	stateConnected  = "connected"
	stateRefused    = "refused"
)

// A Carrier is the connection to one operator.
type Carrier struct {
	id       int64
	name     string
	rev      int64
	password string
	settings sms.CarrierSettings
	inbox    sms.Inbox

	log    *slog.Logger
	now    func() time.Time
	random func() float64
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)

	brake *brake
	open  sync.WaitGroup // messages that wait for their answer

	lookups lookups

	mu        sync.Mutex
	link      *link // nil unless connected
	taking    bool  // messages can be handed over
	ended     bool  // Run is over or about to be
	state     string
	since     time.Time
	lastError string
	underWay  int // PDUs that are to be sent or wait for their answer
	sent      int64
	throttled int64
	late      int64 // of sessions that are over
}

// New makes a carrier that is not connected until it runs.
func New(c sms.Carrier, inbox sms.Inbox, o Options) *Carrier {
	k := &Carrier{
		id: c.ID, name: c.Name, rev: c.Rev, password: c.Password, settings: withLimits(c.Settings), inbox: inbox,
		log: o.Log, now: o.Now, random: o.Random, dial: o.Dial, state: stateStopped,
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.log = k.log.With("carrier", c.Name)
	if k.now == nil {
		k.now = time.Now
	}
	if k.random == nil {
		k.random = rand.Float64
	}
	if k.dial == nil {
		k.dial = new(net.Dialer).DialContext
	}
	k.brake = newBrake(k.random)
	k.since = k.now()
	return k
}

// withLimits replaces numbers that would stop everything.
func withLimits(s sms.CarrierSettings) sms.CarrierSettings {
	usual := sms.DefaultCarrierSettings()
	s.Window = min(cmp.Or(max(s.Window, 0), usual.Window), 1000)
	s.EnquireLinkSeconds = cmp.Or(max(s.EnquireLinkSeconds, 0), usual.EnquireLinkSeconds)
	s.ResponseSeconds = cmp.Or(max(s.ResponseSeconds, 0), usual.ResponseSeconds)
	return s
}

// How long to wait before the next attempt to connect.
var (
	// again is for a link that was up for a while: operators unbind once a day, and take the next bind at once.
	again = smpp.Backoff{Min: 500 * time.Millisecond, Max: 500 * time.Millisecond}
	// broken is for one that does not come up, or not for long.
	broken = smpp.Backoff{Min: time.Second, Max: time.Minute}
	// unwelcome is for a bind that is refused for who we are: asking often gets the address banned.
	unwelcome = smpp.Backoff{Min: time.Minute, Max: 5 * time.Minute}
)

// steady is how long a link must have been up to count as one that works.
const steady = 30 * time.Second

// Run keeps the connection up until ctx ends. Then it waits for the answers to what was handed over, as long as answers may
// take, unbinds and closes. When it returns, each message has had its answer. A carrier runs once.
func (c *Carrier) Run(ctx context.Context) {
	defer c.end()
	c.report(stateConnecting, nil)
	for failures := 0; ctx.Err() == nil; {
		sent := c.Status().Sent
		up, err := c.connectAndServe(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := again.Delay(0, c.random)
		switch {
		case up >= steady:
			failures = 0
		case c.Status().Sent > sent: // one message on which the operator hangs up must not keep all others waiting
			failures, pause = 0, broken.Delay(0, c.random)
		default:
			pause = pace(err).Delay(failures, c.random)
			failures++
		}
		c.log.Warn("carrier not connected", "error", c.lastWords(), "up", up, "retry_in", pause)
		wait(ctx, pause)
	}
}

// connectAndServe has one link, from the first bind to the end of its connections. It tells how long the link was up.
func (c *Carrier) connectAndServe(ctx context.Context) (time.Duration, error) {
	l, err := c.connect(ctx)
	if err != nil {
		state := stateConnecting
		if _, refused := errors.AsType[*smpp.RefusedError](err); refused {
			state = stateRefused
		}
		c.report(state, err)
		return 0, err
	}
	start := time.Now()
	if c.linked(l) {
		c.log.Info("carrier connected", "mode", c.settings.BindMode, "smsc", clean(l.tx.BindResp().SystemID, 32))
		c.serve(ctx, l)
	}
	err = l.ended()
	up := time.Since(start)
	c.leave(l, err)
	c.close(ctx, l)
	c.unlink(l)
	return up, err
}

// serve stays with a link until it breaks or the carrier is to stop.
func (c *Carrier) serve(ctx context.Context, l *link) {
	c.inbox.Wake()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		var over <-chan time.Time
		if left := c.brake.left(); left > 0 {
			pause.Reset(left)
			over = pause.C
		}
		select {
		case <-ctx.Done():
			return
		case <-l.tx.Done():
			return
		case <-l.rx.Done():
			return
		case <-c.brake.pulled:
		case <-over:
			c.inbox.Wake()
		}
	}
}

// pace tells how patiently to try again after err.
func pace(err error) smpp.Backoff {
	if refused, ok := errors.AsType[*smpp.RefusedError](err); ok && personal[refused.Status] {
		return unwelcome
	}
	return broken
}

// personal are the refusals of a bind that are about who we are, and that somebody has to mend. All others may pass by themselves:
// "bind failed" and "already bound" are usual answers while the operator restarts or has not noticed that an earlier connection broke.
var personal = map[smpp.Status]bool{smpp.InvalidPassword: true, smpp.InvalidSystemID: true, smpp.InvalidSystemType: true}

// wait returns when d has passed or ctx has ended.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// end waits for the last answers.
func (c *Carrier) end() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.open.Wait()
	c.report(stateStopped, nil)
	c.log.Info("carrier stopped")
}
