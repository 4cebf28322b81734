// Package limit keeps one peer from taking the place of all: it bounds the connections of a door, and shares what the doors can do at
// once among the customers.
package limit

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
)

// Conns counts the connections of a door, over all its listeners, and refuses those that are too many.
type Conns struct {
	most, perAddress int
	exempt           []netip.Prefix
	open             atomic.Int64

	mu      sync.Mutex // taken when a connection comes or goes, never for a request
	from    map[netip.Prefix]int
	excess  int
	refused uint64
}

// maxExcess is how many connections beyond the limits are kept for as long as it takes to tell them so. Others are closed at once.
const maxExcess = 64

// NewConns allows so many connections in all, and so many of them from one address; a network of 64 bits counts as one address in IPv6.
// The exempt addresses, those of proxies say, count only in all.
func NewConns(most, perAddress int, exempt []netip.Prefix) *Conns {
	return &Conns{most: most, perAddress: perAddress, exempt: exempt, from: map[netip.Prefix]int{}}
}

// Open tells how many connections there are.
func (c *Conns) Open() int { return int(c.open.Load()) }

// Refused tells how many connections were refused so far.
func (c *Conns) Refused() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// Crowded tells that there is little room left: it is time to let idle connections go.
func (c *Conns) Crowded() bool { return c != nil && c.open.Load() > int64(c.most)*3/4 }

// Listener gives a listener that closes what is too much.
func (c *Conns) Listener(l net.Listener) net.Listener { return &listener{l, c, false} }

// TellingListener gives a listener that lets some of what is too much in, for a server that can tell why they are refused: Excess knows
// them.
func (c *Conns) TellingListener(l net.Listener) net.Listener { return &listener{l, c, true} }

type listener struct {
	net.Listener
	conns *Conns
	tells bool
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if k := l.conns.admit(conn, l.tells); k != nil {
			return k, nil
		}
		_ = conn.Close()
	}
}

// admit counts a connection; nil if it is to be closed.
func (c *Conns) admit(conn net.Conn, tells bool) *counted {
	at := AddressOf(conn.RemoteAddr())
	k := &counted{Conn: conn, conns: c, from: networkOf(at)}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch exempt := slices.ContainsFunc(c.exempt, func(p netip.Prefix) bool { return p.Contains(at) }); {
	case c.Open() >= c.most:
		k.excess = inAll
	case !exempt && c.from[k.from] >= c.perAddress:
		k.excess = fromThere
	}
	if k.excess != nil {
		c.refused++
		if !tells || c.excess >= maxExcess {
			return nil
		}
		c.excess++
		return k
	}
	c.open.Add(1)
	c.from[k.from]++
	return k
}

func (c *Conns) leave(k *counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.excess != nil {
		c.excess--
		return
	}
	c.open.Add(-1)
	if c.from[k.from]--; c.from[k.from] <= 0 {
		delete(c.from, k.from)
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	conns  *Conns
	from   netip.Prefix
	excess error // why it is too much
	once   sync.Once
}

// Close implements net.Conn.
func (k *counted) Close() error {
	k.once.Do(func() { k.conns.leave(k) })
	return k.Conn.Close()
}

// AddressOf gives the address of a peer, the zero Addr if it has none.
func AddressOf(a net.Addr) netip.Addr {
	if at, ok := a.(*net.TCPAddr); ok {
		return at.AddrPort().Addr().Unmap().WithZone("")
	}
	if at, err := netip.ParseAddrPort(a.String()); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// networkOf gives what counts as one address: whoever has one of IPv6 has 2^64.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

var (
	inAll error = &sms.Error{
		Code: sms.Unavailable, Message: "too many connections are open: try again in a moment", RetryAfter: 5 * time.Second,
	}
	fromThere error = &sms.Error{
		Code: sms.TooFast, Message: "your address has too many connections open: use them for several requests, or close some", RetryAfter: 5 * time.Second,
	}
)

type excessKey struct{}

// ConnContext notes for Excess what is wrong with a connection; it is for http.Server.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if with, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = with.NetConn()
	}
	if k, ok := conn.(*counted); ok && k.excess != nil {
		return context.WithValue(ctx, excessKey{}, k.excess)
	}
	return ctx
}

// Excess gives the error that a request is to be answered with because of its connection, nil if there is none. After the answer the
// connection is to be closed.
func Excess(ctx context.Context) error {
	err, _ := ctx.Value(excessKey{}).(error)
	return err
}
