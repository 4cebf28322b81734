package smpp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// Config is what a client needs to bind.
type Config struct {
	Address string      // host:port; for Dial
	TLS     *tls.Config // nil for plain TCP; for Dial; below TLS 1.2 is never spoken
	// Bind is presented to the peer. A zero Mode is Transceiver, a zero
	// InterfaceVersion is Version.
	Bind Bind
	// BindTimeout is how long connecting and binding may take together. Default 10 s.
	BindTimeout time.Duration
	Settings
}

const defaultBindTimeout = 10 * time.Second

// Dial connects and binds. A refusal by the peer is a [RefusedError].
func Dial(ctx context.Context, cfg Config) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.bindTimeout())
	defer cancel()
	conn, err := dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return Client(ctx, conn, cfg)
}

func dial(ctx context.Context, cfg Config) (net.Conn, error) {
	var d net.Dialer
	if cfg.TLS == nil {
		return d.DialContext(ctx, "tcp", cfg.Address)
	}
	config := cfg.TLS.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return (&tls.Dialer{NetDialer: &d, Config: config}).DialContext(ctx, "tcp", cfg.Address)
}

func (cfg Config) bindTimeout() time.Duration {
	if cfg.BindTimeout <= 0 {
		return defaultBindTimeout
	}
	return cfg.BindTimeout
}

// Client binds over a connection, which it closes if that fails. The handler may
// be called before Client returns.
func Client(ctx context.Context, conn net.Conn, cfg Config) (*Session, error) {
	b := cfg.Bind
	if b.Mode == 0 {
		b.Mode = Transceiver
	}
	if b.InterfaceVersion == 0 {
		b.InterfaceVersion = Version
	}
	s := newSession(conn, esme, cfg.Settings)
	s.run()
	got := make(chan error, 1)
	s.mu.Lock()
	err := s.ask(&b, pending{due: cfg.bindTimeout(), done: func(a Answer) { got <- s.bindAnswered(b, a) }})
	s.mu.Unlock()
	if err != nil {
		got <- err
	}
	select {
	case err = <-got:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("bind as %s: %w", b.Mode, err)
	}
	return s, nil
}

// bindAnswered is called by the reader, so that a deliver_sm right behind the
// answer meets a bound session.
func (s *Session) bindAnswered(b Bind, a Answer) error {
	r, ok := a.PDU.(*BindResp)
	switch {
	case a.Err != nil:
		return a.Err
	case a.Status != OK || !ok:
		return &RefusedError{a.Status}
	}
	s.mu.Lock()
	s.bound(b, *r)
	s.mu.Unlock()
	nudge(s.poke)
	return nil
}
