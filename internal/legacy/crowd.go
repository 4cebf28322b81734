package legacy

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A crowd is who is connected: it keeps one address from taking the place of all.
type crowd struct {
	cfg  MailConfig
	mu   sync.Mutex
	open int
	from map[netip.Addr]int
	pace map[netip.Addr]*rate.Limiter
}

// maxPaces is how many addresses are told apart; when there are more, all begin anew.
const maxPaces = 20_000

func newCrowd(c MailConfig) *crowd {
	return &crowd{cfg: c, from: map[netip.Addr]int{}, pace: map[netip.Addr]*rate.Limiter{}}
}

// relays tells whether an address is one of our own mail servers.
func (c *crowd) relays(ip netip.Addr) bool {
	return slices.ContainsFunc(c.cfg.Relays, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// enter admits a connection.
func (c *crowd) enter(ip netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.cfg.Connections || c.from[whole(ip)] >= c.cfg.PerAddress && !c.relays(ip) {
		return false
	}
	c.open++
	c.from[whole(ip)]++
	return true
}

func (c *crowd) leave(ip netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.from[whole(ip)]--; c.from[whole(ip)] == 0 {
		delete(c.from, whole(ip))
	}
}

// mayMail tells whether an address may send one more mail now.
func (c *crowd) mayMail(ip netip.Addr, now time.Time) bool {
	if c.relays(ip) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.pace[whole(ip)]
	if l == nil {
		if len(c.pace) >= maxPaces {
			clear(c.pace)
		}
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(c.cfg.Rate)), c.cfg.Rate)
		c.pace[whole(ip)] = l
	}
	return l.AllowN(now, 1)
}

// whole takes the addresses of one IPv6 network for one: a customer has a /64.
func whole(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	p, _ := ip.Prefix(64)
	return p.Addr()
}

// peer gives the address at the other end.
func peer(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// A doorkeeper refuses connections past the limits before they cost anything.
type doorkeeper struct {
	net.Listener
	e *Email2SMS
}

// Accept gives the next connection that is within the limits.
func (d *doorkeeper) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		ip := peer(c)
		if !d.e.crowd.enter(ip) {
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = c.Write([]byte("421 4.7.0 Too many connections: close some, or come again\r\n"))
			_ = c.Close()
			continue
		}
		return &line{Conn: c, e: d.e, ip: ip, until: time.Now().Add(d.e.cfg.ConnectionTime), left: -1}, nil
	}
}

// A line is a connection with an end in sight: it lasts a limited time, and what may still come on it can be limited.
type line struct {
	net.Conn
	e      *Email2SMS
	ip     netip.Addr
	until  time.Time
	closed sync.Once

	mu     sync.Mutex
	left   int64 // bytes that are still read, -1 = any number
	ended  bool  // the other side sends no more
	taking bool  // a mail is being taken, or its answer written
	judged bool  // the mail's answer is known
}

var errTooMuch = errors.New("more than the connection may bring")

// Read notes the end of what comes.
func (l *line) Read(p []byte) (int, error) {
	l.mu.Lock()
	if l.left >= 0 {
		if p = p[:min(int64(len(p)), l.left)]; len(p) == 0 {
			l.mu.Unlock()
			return 0, errTooMuch
		}
	}
	l.mu.Unlock()
	n, err := l.Conn.Read(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left > 0 {
		l.left -= int64(n)
	}
	l.ended = l.ended || err != nil
	return n, err
}

// Write ends a mail whose answer it carries.
func (l *line) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.finish()
	return n, err
}

// Close makes room for others.
func (l *line) Close() error {
	err := l.Conn.Close()
	l.closed.Do(func() { l.e.crowd.leave(l.ip) })
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.finish()
	return err
}

// SetReadDeadline keeps within the connection's time.
func (l *line) SetReadDeadline(t time.Time) error { return l.Conn.SetReadDeadline(l.within(t)) }

// SetWriteDeadline keeps within the connection's time.
func (l *line) SetWriteDeadline(t time.Time) error { return l.Conn.SetWriteDeadline(l.within(t)) }

func (l *line) within(t time.Time) time.Time {
	if t.IsZero() || t.After(l.until) {
		return l.until
	}
	return t
}

// begin notes that a mail is being taken. It fails when the door is closing.
func (l *line) begin() bool {
	if !l.e.begin() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taking, l.judged = true, false
	return true
}

// judge notes that the next thing written is the answer to the mail; a connection that has ended carries none.
func (l *line) judge() {
	l.mu.Lock()
	l.judged = true
	ended := l.ended
	l.mu.Unlock()
	if ended {
		l.finish()
	}
}

// finish ends the mail, once its answer is known.
func (l *line) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taking && l.judged {
		l.taking = false
		l.e.mails.Done()
	}
}

// limit bounds what is still read.
func (l *line) limit(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = bytes
}

func (l *line) isEnded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}
