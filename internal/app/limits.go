package app

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/legacy"
	"ramier/internal/limit"
	"ramier/internal/ovh"
	"ramier/internal/sms"
)

// DoorLimits bound what one peer may take of the doors. Zero values stand for the default given with each.
type DoorLimits struct {
	Connections        int     // over HTTP, 10,000
	AddressConnections int     // of one address over HTTP, 1,000
	AtOnce             int     // requests of one account that are worked on at once, 256
	AccountRate        float64 // requests of one account a second, over all doors; any number
	KeyRate            float64 // of one key; any number
	AddressRate        float64 // of one address over HTTP; any number
	SMPPConnections    int     // 1,000
	SMPPAddress        int     // of them from one address, 50
	// Patience is how long a peer may take for its headers, for each 64 KiB of a body, and to read anything over SMPP: 10 s. To bind it
	// has three times as long.
	Patience time.Duration
}

// Refused keys and signatures of one address: more a second, and more than so many at once, are not looked at.
const (
	refusalRate  = 100
	refusalBurst = 1000
)

// limits are the limits of the doors at work.
type limits struct {
	http, smpp *limit.Conns
	customers  *limit.Customers
	addresses  *limit.Rates[netip.Addr]
	refusals   *limit.Rates[netip.Addr]
	patience   time.Duration
}

func newLimits(o Options) limits {
	d := o.Doors
	return limits{
		http:      limit.NewConns(cmp.Or(d.Connections, 10_000), cmp.Or(d.AddressConnections, 1000), o.TrustedProxies),
		smpp:      limit.NewConns(cmp.Or(d.SMPPConnections, 1000), cmp.Or(d.SMPPAddress, 50), nil),
		customers: limit.NewCustomers(limit.Settings{AtOnce: d.AtOnce, AccountRate: d.AccountRate, KeyRate: d.KeyRate, Now: o.Clock.Now}),
		addresses: limit.NewRates[netip.Addr](d.AddressRate, int(d.AddressRate)),
		refusals:  limit.NewRates[netip.Addr](refusalRate, refusalBurst),
		patience:  cmp.Or(d.Patience, patience),
	}
}

// Listener gives a listener over HTTP whose connections are counted. For TLS put that around it.
func (a *App) Listener(l net.Listener) net.Listener { return a.limits.http.TellingListener(l) }

// Times and sizes that slow and hostile clients run into.
const (
	patience = 10 * time.Second
	bodyStep = 64 << 10 // octets of a body within the patience: 6.5 kB/s
	// answerTime is how long a request may take, until the client has read its answer.
	answerTime = 2 * time.Minute
	idleTime   = 2 * time.Minute
	maxHeaders = 64 << 10
)

// Server makes an HTTP server with limits that slow and hostile clients run into.
func (a *App) Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: a.patient(h), ReadHeaderTimeout: a.limits.patience, WriteTimeout: answerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ConnContext: limit.ConnContext,
	}
}

// patient bounds how slowly a body may come, and lets connections go while there are too many.
func (a *App) patient(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.limits.http.Crowded() {
			w.Header().Set("Connection", "close")
		}
		if deadlines, ok := w.(deadliner); ok && r.ContentLength != 0 {
			b := &slowBody{ReadCloser: r.Body, conn: deadlines, next: bodyStep, patience: a.limits.patience}
			b.extend()
			r.Body = b
		}
		h.ServeHTTP(w, r)
	})
}

type deadliner interface{ SetReadDeadline(t time.Time) error }

// slowBody gives a body more time as it comes. When it is there the deadline goes: it would end the request.
type slowBody struct {
	io.ReadCloser
	conn  deadliner
	read  int64
	next  int64 // when this much is read there is more time
	ended bool

	patience time.Duration
}

// Read implements io.Reader.
func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case err == io.EOF && !b.ended:
		b.ended = true
		_ = b.conn.SetReadDeadline(time.Time{})
	case b.read >= b.next && !b.ended:
		b.next = b.read + bodyStep
		b.extend()
	}
	return n, err
}

func (b *slowBody) extend() { _ = b.conn.SetReadDeadline(time.Now().Add(b.patience)) } // a connection that is gone shows when it is read

// tooMuch is why a request is refused before it is looked at: its connection is one too many, or its address asks too often.
func (a *App) tooMuch(r *http.Request) error {
	if err := limit.Excess(r.Context()); err != nil {
		return err
	}
	if a.limits.addresses == nil {
		return nil
	}
	from := auth.RemoteIP(r, a.opts.TrustedProxies)
	if wait := a.limits.addresses.Take(from, a.opts.Clock.Now()); wait > 0 {
		return &sms.Error{Code: sms.TooFast, Message: "your address makes more requests a second than it may: wait, then go on", RetryAfter: wait}
	}
	return nil
}

// guard refuses what is too much, in the words of each door.
func (a *App) guard(h http.Handler, api *ovh.API, http2sms *legacy.HTTP2SMS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := a.tooMuch(r)
		if err == nil {
			h.ServeHTTP(w, r)
			return
		}
		if limit.Excess(r.Context()) != nil {
			w.Header().Set("Connection", "close")
		}
		if strings.HasPrefix(r.URL.Path, legacy.Path) {
			http2sms.Refuse(w, r, err)
			return
		}
		api.Refuse(w, r, err)
	})
}
