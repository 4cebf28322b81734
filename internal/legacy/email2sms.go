package legacy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"ramier/internal/auth"
	"ramier/internal/limit"
	"ramier/internal/sms"
	"ramier/internal/spf"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// WholeAddress is the part before the @ of the address whose mails name their receivers in the subject. Mails to NUMBER@ go to that
// number.
const WholeAddress = "email2sms"

// Whom email2sms believes about its sender.
const (
	Anybody  = "any"      // senders: everybody may write who has a login
	Verified = "verified" // senders, reports: those whose address SPF, DKIM or DMARC have proven
	Always   = "always"   // reports: go to whoever the envelope names
	Never    = "never"    // reports: nobody gets one
)

// MailConfig is what email2sms needs. The zero value of each limit stands for the default given with it.
type MailConfig struct {
	Store     *store.Store
	Submit    *submit.Submitter
	Passwords *auth.Passwords
	Now       func() time.Time
	Zone      *time.Location // of the field Deferred; nil = Europe/Paris
	Log       *slog.Logger
	Hostname  string      // in the greeting
	Domains   []string    // mails to these are taken, in lower case
	TLS       *tls.Config // for STARTTLS; nil = not offered
	NeedTLS   bool        // nothing is taken in the clear
	Senders   string      // Anybody or Verified
	Reports   string      // Verified, Always or Never
	// Relays are mail servers of our own: their limits are not those of others, and the Authentication-Results that AuthHost has written
	// are believed when they bring them.
	Relays   []netip.Prefix
	AuthHost string
	Resolver spf.Resolver // for keys of DKIM, and SPF; nil = the system's

	Size           int64         // bytes of a mail, 2 MiB
	Connections    int           // 200
	PerAddress     int           // connections from one address, 10
	Rate           int           // mails a minute from one address, 60
	Timeout        time.Duration // for a command, or a whole mail; 2 min
	ConnectionTime time.Duration // 15 min
	// Customers shares what can be done at once; nil = no limits.
	Customers *limit.Customers
	// Observe is told of the code that each mail is answered with; nil = nobody is.
	Observe func(code int)
}

func (c MailConfig) withDefaults() MailConfig {
	if c.Zone == nil {
		c.Zone = paris()
	}
	if c.Observe == nil {
		c.Observe = func(int) {}
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Size == 0 {
		c.Size = 2 << 20
	}
	for _, n := range []struct {
		at    *int
		value int
	}{{&c.Connections, 200}, {&c.PerAddress, 10}, {&c.Rate, 60}} {
		if *n.at == 0 {
			*n.at = n.value
		}
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Minute
	}
	if c.ConnectionTime == 0 {
		c.ConnectionTime = 15 * time.Minute
	}
	return c
}

// Email2SMS is the door for mails. It takes mails to its own domains only, and hands none on.
type Email2SMS struct {
	cfg     MailConfig
	gate    gate
	server  *smtp.Server
	crowd   *crowd
	closing atomic.Bool
	mails   sync.WaitGroup // that are taken, and not answered yet
	entry   sync.Mutex     // held while one begins, or the end does
	ctx     context.Context
	cut     context.CancelFunc
}

const (
	maxMailLine   = 10_000 // bytes; SMTP allows 1,000, and many programs send more
	maxRecipients = 100    // of one mail
	maxMisses     = 5      // unknown receivers before a connection ends
	mailTime      = time.Minute
)

// NewEmail2SMS makes the door. Serve opens it.
func NewEmail2SMS(c MailConfig) *Email2SMS {
	c = c.withDefaults()
	e := &Email2SMS{cfg: c, gate: gate{"email2sms", c.Store, c.Passwords, c.Customers}, crowd: newCrowd(c)}
	e.ctx, e.cut = context.WithCancel(context.Background())
	s := smtp.NewServer(smtp.BackendFunc(e.session))
	s.Domain, s.TLSConfig, s.MaxMessageBytes, s.MaxRecipients, s.MaxLineLength = c.Hostname, c.TLS, c.Size, maxRecipients, maxMailLine
	s.ReadTimeout, s.WriteTimeout = c.Timeout, c.Timeout
	s.ErrorLog = slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug)
	e.server = s
	return e
}

// Serve takes connections until Shutdown.
func (e *Email2SMS) Serve(l net.Listener) error {
	err := e.server.Serve(&doorkeeper{Listener: l, e: e})
	if e.closing.Load() || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Shutdown begins no more mails, answers those that are being taken, for as long as the context lasts, and ends all connections.
func (e *Email2SMS) Shutdown(ctx context.Context) error {
	e.entry.Lock()
	e.closing.Store(true)
	e.entry.Unlock()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		e.mails.Wait()
	}()
	select {
	case <-answered:
	case <-ctx.Done():
	}
	e.cut()
	err := e.server.Close()
	<-answered
	if errors.Is(err, net.ErrClosed) { // whoever opened the listener has closed it
		return nil
	}
	return err
}

// begin notes a mail that is being taken. It fails when the door is closing.
func (e *Email2SMS) begin() bool {
	e.entry.Lock()
	defer e.entry.Unlock()
	if e.closing.Load() {
		return false
	}
	e.mails.Add(1)
	return true
}

func reply(code int, enhanced [3]int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

var goingDown = reply(421, [3]int{4, 3, 2}, "The server is going down: come again")

// replies translates our codes of errors.
var replies = map[sms.Code]smtp.SMTPError{
	sms.Invalid:           {Code: 554, EnhancedCode: [3]int{5, 6, 0}},
	sms.Conflict:          {Code: 554, EnhancedCode: [3]int{5, 6, 0}},
	sms.NoService:         {Code: 550, EnhancedCode: [3]int{5, 7, 8}},
	sms.NoObject:          {Code: 554, EnhancedCode: [3]int{5, 6, 0}},
	sms.InvalidCredential: {Code: 550, EnhancedCode: [3]int{5, 7, 8}},
	sms.NotGranted:        {Code: 550, EnhancedCode: [3]int{5, 7, 1}},
	sms.NoCredit:          {Code: 552, EnhancedCode: [3]int{5, 2, 2}},
	sms.Forbidden:         {Code: 550, EnhancedCode: [3]int{5, 2, 1}},
	sms.TooLarge:          {Code: 552, EnhancedCode: [3]int{5, 3, 4}},
	sms.TooFast:           {Code: 451, EnhancedCode: [3]int{4, 7, 0}},
	sms.Unavailable:       {Code: 451, EnhancedCode: [3]int{4, 3, 0}},
}

// maxReply is how many characters a reply of SMTP has at most: a line has 512.
const maxReply = 400

// replyLine makes a text one that a reply can carry: one line of ASCII.
func replyLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return ' '
		case r > 0x7f:
			return '?'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text[:min(len(text), maxReply)]), " ")
}
