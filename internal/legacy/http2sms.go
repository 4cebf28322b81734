// Package legacy is the door for programs older than the API, from users of a service with login and password: http2sms, which takes
// a message in the query of one call, and email2sms, which takes it in a mail.
package legacy

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/limit"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Path is where http2sms is called, and HelpPath where its parameters are explained.
const (
	Path     = "/cgi-bin/sms/http2sms.cgi"
	HelpPath = "/cgi-bin/sms/http2sms.txt"
)

// Config is what the door needs.
type Config struct {
	Store     *store.Store
	Submit    *submit.Submitter
	Passwords *auth.Passwords
	Now       func() time.Time
	Zone      *time.Location // of the parameter deferred; nil = Europe/Paris
	Log       *slog.Logger
	PublicURL string // without path, for the help address
	// TrustedProxies may say where a request comes from.
	TrustedProxies []netip.Prefix
	// Customers shares what can be done at once; nil = no limits.
	Customers *limit.Customers
	// Observe is told of each answer's code; nil = nobody is.
	Observe func(code int, took time.Duration)
}

// HTTP2SMS is the door. It serves Path and HelpPath.
type HTTP2SMS struct {
	cfg  Config
	help string
	gate gate
}

// NewHTTP2SMS opens the door.
func NewHTTP2SMS(c Config) *HTTP2SMS {
	if c.Zone == nil {
		c.Zone = paris()
	}
	return &HTTP2SMS{cfg: c, help: strings.TrimRight(c.PublicURL, "/") + HelpPath, gate: gate{"http2sms", c.Store, c.Passwords, c.Customers}}
}

// paris is where OVH's clocks are.
func paris() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC
	}
	return zone
}

// ServeHTTP answers a call.
func (h *HTTP2SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == HelpPath {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(helpText))
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "Call this with GET or POST. Its parameters are explained at "+h.help, http.StatusMethodNotAllowed)
		return
	}
	start := time.Now()
	f, err := readFields(w, r)
	var a answer
	if err == nil {
		a, err = h.call(r, f)
	}
	if err != nil {
		a = refusal(err, h.help)
		h.log(r.Context(), err)
	}
	a.write(w, f["contenttype"])
	if h.cfg.Observe != nil {
		h.cfg.Observe(a.code, time.Since(start))
	}
}

// Refuse answers a call with an error without looking at it.
func (h *HTTP2SMS) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fields{}
	_ = f.readQuery(r.URL.RawQuery, "") // only the form of the answer is wanted
	a := refusal(err, h.help)
	a.write(w, f["contenttype"])
	if h.cfg.Observe != nil {
		h.cfg.Observe(a.code, 0)
	}
}

// call sends what the fields ask for.
func (h *HTTP2SMS) call(r *http.Request, f fields) (answer, error) {
	if r.Method == http.MethodHead {
		return answer{}, sms.Errorf(sms.Invalid, "Invalid method: GET or POST send")
	}
	ctx := r.Context()
	q, err := f.credentials()
	if err != nil {
		return answer{}, err
	}
	rules, user, err := h.gate.user(ctx, q, auth.RemoteIP(r, h.cfg.TrustedProxies))
	if err != nil {
		return answer{}, err
	}
	service := rules.Service
	place, err := h.gate.enter(ctx, service.AccountID, user.ID)
	if err != nil {
		return answer{}, err
	}
	defer place.Leave()
	if err := q.read(f, h.cfg.Now(), h.cfg.Zone); err != nil {
		return answer{}, err
	}
	q.order.User = user.ID
	q.order.QueryID = "http2sms." + user.Login + "." + rand.Text()[:16]
	report, err := h.cfg.Submit.Submit(ctx, service.AccountID, service.Name, q.order, submit.Key{})
	if err != nil {
		return h.senderUnknown(ctx, service.Name, q.order, err)
	}
	if len(report.IDs) == 0 {
		return answer{}, sms.Errorf(sms.Invalid, "Invalid to: %s", report.Invalid[0].Message)
	}
	a := answer{code: processed, ids: report.IDs}
	if len(report.Invalid) > 0 {
		a.code = processedInPart
	}
	a.credit, err = h.credit(ctx, service.ID, user)
	if err != nil {
		// The messages are accepted: an error would have them sent again.
		h.log(ctx, err)
		a.credit = "0"
	}
	return a, nil
}

// senderUnknown gives the refusal of an order its own code if that is because of the sender.
func (h *HTTP2SMS) senderUnknown(ctx context.Context, service string, o sms.Order, cause error) (answer, error) {
	if sms.CodeOf(cause) != sms.Invalid || o.ForResponse {
		return answer{}, cause
	}
	rules, err := h.cfg.Store.Rules(ctx, service)
	if err != nil || rules.Senders[o.Sender].Status == sms.Enabled {
		return answer{}, cause
	}
	a := refusal(cause, h.help)
	a.code = senderUnknown
	return a, nil
}

func (h *HTTP2SMS) credit(ctx context.Context, service int64, user sms.User) (string, error) {
	left, err := leftOf(ctx, h.cfg.Store, service, user)
	return left.String(), err
}

// log writes down what the caller is not told.
func (h *HTTP2SMS) log(ctx context.Context, err error) {
	code := sms.CodeOf(err)
	if _, missed := errors.AsType[*missingError](err); missed || ctx.Err() != nil {
		return
	}
	switch {
	case code == sms.Internal:
		h.cfg.Log.Error("http2sms: a call failed", "error", err)
	case code == sms.Unavailable && errors.Unwrap(err) != nil:
		h.cfg.Log.Warn("http2sms: a call was put off", "error", err, "cause", errors.Unwrap(err))
	}
}

const helpText = `http2sms: GET or POST ` + Path + `

account     name of the SMS account, like sms-ab12345-1           required
login       login of one of its users                             required
password    its password                                          required
from        an accepted sender; empty with senderForResponse=1    required
to          numbers, separated by commas: 0033612345678           required
message     the text; %0d breaks a line                           required
deferred    when it leaves, as hhmmddMMYYYY, on the platform's clock
class       0 flash, 1 in the phone (default), 2 SIM, 3 toolkit
noStop      1: no advertising, so no STOP clause
tag         at most 20 characters
smsCoding   1 = 7 bits where possible, 2 = Unicode (also SMSencoding)
contentType text/plain (default), text/html, text/xml, application/xml, text/json, application/json

The first line of the answer is OK, then come the credits left and one id a line; or KO and what is wrong.
In XML and JSON a status stands in the place of the first line:
100 processed   101 processed, but for receivers that cannot be sent to
201 a parameter is missing   202 a parameter is wrong   241 unknown sender   401 address not allowed
402 not enough credits   403 account disabled   429 too many calls or wrong passwords   500 and 503 try again
`
