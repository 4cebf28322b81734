package smppc

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"ramier/internal/smpp"
)

// A link is what a carrier is connected by: one session for both directions, or one for each.
type link struct {
	tx, rx *smpp.Session
}

const (
	bindTimeout   = 10 * time.Second // for connecting, TLS and the bind together
	unbindTimeout = 5 * time.Second
	// maxInbound is how many receipts and replies may wait for their commit: more than the window of any SMSC, since what is
	// refused comes again only after a while.
	maxInbound = 10_000
)

func (l *link) binds() int {
	if l.tx == l.rx {
		return 1
	}
	return 2
}

// late counts the answers that came after their time-out.
func (l *link) late() int64 { return int64(l.tx.Stats().Unexpected) }

// ended is nil while the link is whole, then why it is not.
func (l *link) ended() error { return cmp.Or(l.tx.Err(), l.rx.Err()) }

// connect binds. With a pair of sessions the receiver comes first: a message whose receipts nobody could take is not sent.
func (c *Carrier) connect(ctx context.Context) (*link, error) {
	if c.settings.BindMode != "transmitterReceiver" {
		s, err := c.bind(ctx, smpp.Transceiver)
		return &link{s, s}, err
	}
	rx, err := c.bind(ctx, smpp.Receiver)
	if err != nil {
		return nil, err
	}
	tx, err := c.bind(ctx, smpp.Transmitter)
	if err != nil {
		c.unbind(ctx, rx)
		return nil, err
	}
	return &link{tx, rx}, nil
}

func (c *Carrier) bind(ctx context.Context, mode smpp.BindMode) (*smpp.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	conn, err := c.dialSecured(ctx)
	if err != nil {
		return nil, err
	}
	s := c.settings
	return smpp.Client(ctx, conn, smpp.Config{
		Bind: smpp.Bind{Mode: mode, SystemID: s.SystemID, Password: c.password, SystemType: s.SystemType},
		Settings: smpp.Settings{
			Window:          s.Window,
			MaxInbound:      maxInbound,
			ResponseTimeout: c.responseTimeout(),
			EnquireInterval: time.Duration(s.EnquireLinkSeconds) * time.Second,
			EnquireTimeout:  c.responseTimeout(),
			UnbindTimeout:   unbindTimeout,
			Handler:         c.receive,
		},
	})
}

// dialSecured connects, with TLS if the settings say so.
func (c *Carrier) dialSecured(ctx context.Context) (net.Conn, error) {
	s := c.settings
	conn, err := c.dial(ctx, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil || !s.TLS {
		return conn, err
	}
	config := &tls.Config{ServerName: cmp.Or(s.TLSServerName, s.Host), MinVersion: tls.VersionTLS12}
	if s.TLSCA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(s.TLSCA)) {
			conn.Close()
			return nil, errors.New("tlsCA holds no certificate in PEM form")
		}
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}

func (c *Carrier) responseTimeout() time.Duration {
	return time.Duration(c.settings.ResponseSeconds) * time.Second
}

// close ends a link in order: what waits for an answer may still get it, also when the other session of a pair broke. When it
// returns, the connections are closed, so that the next bind does not meet the old one.
func (c *Carrier) close(ctx context.Context, l *link) {
	c.unbind(ctx, l.tx)
	if l.rx != l.tx {
		c.unbind(ctx, l.rx)
	}
}

// unbind takes as long as answers may take, also after ctx has ended.
func (c *Carrier) unbind(ctx context.Context, s *smpp.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.responseTimeout()+unbindTimeout)
	defer cancel()
	if err := s.Unbind(ctx); err != nil {
		c.log.Debug("unbind", "error", clean(err.Error(), maxText))
	}
}
