// Package app puts the parts together: what starts in which order, and what stops in the other.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"ramier/internal/auth"
	"ramier/internal/billing"
	"ramier/internal/campaign"
	"ramier/internal/carrier/smppc"
	"ramier/internal/clerk"
	"ramier/internal/clock"
	"ramier/internal/dispatch"
	"ramier/internal/fetch"
	"ramier/internal/legacy"
	"ramier/internal/mail"
	"ramier/internal/notify"
	"ramier/internal/ovh"
	"ramier/internal/smpp"
	"ramier/internal/smppd"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
	"ramier/internal/web"
)

// Options is what a platform is made of.
type Options struct {
	Database string // see store.Open
	KeyFile  string // the sealing key; made if it is missing
	Node     string
	Clock    *clock.Clock
	Log      *slog.Logger
	Version  string
	// PublicURLs are the base addresses that clients sign, like https://sms.example.org.
	PublicURLs []string
	// AnyHost accepts signatures for whatever host the client called us by.
	AnyHost        bool
	Tolerance      time.Duration // of timestamps, 0 = 300 s
	TrustedProxies []netip.Prefix
	MaxBody        int64             // bytes, 0 = 10 MiB
	MaxBatch       int               // ids in one batch GET, 0 = 500
	Zone           *time.Location    // nil = Europe/Paris, where OVH's clocks are
	Limits         sms.Limits        // of orders; zero = the default ones
	StopClauses    map[string]string // by country; nil = the default ones
	HideMetrics    bool              // they are served elsewhere
	SMPP           SMPPAddresses
	Loopback       bool // carriers must be on this machine
	Sandbox        bool // web pages say that this is one
	Fetch          fetch.Config
	Billing        billing.Config // texts and secret of orders
	Doors          DoorLimits
	Mail           mail.Transport     // nil = no mails are sent
	Email2SMS      *legacy.MailConfig // what it does not share with the other doors; nil = none
	OperatorLog    time.Duration      // how long it is kept what operators have done, 0 = for ever
	PasskeyDomain  string             // where passkeys work; empty = the first host of the public URLs with TLS
	Provider       auth.Provider      // an OpenID provider that people may sign in with
	// Prepare works on the opened store before anything is sent.
	Prepare func(context.Context, *store.Store) error
}

// SMPPAddresses are where customers reach the SMPP server, host:port, with TLS and without; empty = not at all.
type SMPPAddresses struct{ Secured, Unsecured string }

// App is a running platform without its listeners.
type App struct {
	Store      *store.Store
	Verifier   *auth.Verifier
	Dispatcher *dispatch.Dispatcher
	SMPP       *smppd.Server
	Notifier   *notify.Notifier
	Mail       *mail.Sender
	Email2SMS  *legacy.Email2SMS // nil = off
	Handler    http.Handler      // the API, /healthz, /readyz and /metrics
	Metrics    http.Handler

	opts       Options
	limits     limits
	passwords  *auth.Passwords
	fetch      *fetch.Client
	billing    *billing.Desk
	callbacks  *fetch.Client
	clerk      *clerk.Clerk
	background sync.WaitGroup
	cancel     context.CancelFunc
}

// Start opens the database and starts everything behind the listeners. Stop ends it.
func Start(ctx context.Context, o Options) (*App, error) {
	sealer, err := store.OpenSealer(o.KeyFile)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, o.Database, store.Options{Sealer: sealer, Logger: o.Log, Node: o.Node, Limits: o.Limits, StopClauses: o.StopClauses})
	if err != nil {
		return nil, err
	}
	if o.Zone == nil {
		if o.Zone, err = time.LoadLocation("Europe/Paris"); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	a := &App{Store: s, opts: o, limits: newLimits(o)}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return a, nil
}

func (a *App) start(ctx context.Context) error {
	o, m := a.opts, newMetrics(a)
	a.Store.Metrics.OnGroup(m.group)
	a.Store.Metrics.OnAccept(m.accept)
	a.Store.Metrics.OnDoubts(m.doubt)
	a.Dispatcher = dispatch.New(dispatch.Config{
		Store: a.Store, Clock: o.Clock, Log: o.Log, NewCarrier: a.newCarrier,
		Observe: dispatch.Observer{Moved: m.moved, Receipt: m.receipt, Handed: m.handed, Asked: m.ask},
	})
	var err error
	a.Verifier, err = auth.New(auth.Config{
		Store: a.Store, Now: o.Clock.Now, PublicURLs: o.PublicURLs, AnyHost: o.AnyHost, Tolerance: o.Tolerance,
		TrustedProxies: o.TrustedProxies, OtherTimes: o.Clock.Unmoved, Log: o.Log, Refusals: a.limits.refusals,
	})
	if err != nil {
		return err
	}
	if o.Fetch.Agent == "" {
		o.Fetch.Agent = "Ramier/" + o.Version
	}
	a.fetch = fetch.New(o.Fetch)
	signIns := auth.NewSignIns(a.Store, o.Clock.Now)
	if err := signIns.UsePasskeys(o.PasskeyDomain, o.PublicURLs); err != nil {
		return err
	}
	signIns.UseProvider(o.Provider)
	publicURL := ""
	if len(o.PublicURLs) > 0 {
		publicURL = o.PublicURLs[0]
	}
	submitter := submit.New(a.Store, o.Clock.Now)
	slots := campaign.NewSlots(a.Store, a.fetch, o.Clock.Now)
	batches := campaign.NewBatches(slots, a.Store, submitter, o.Clock, o.Log)
	a.startNotifier(submitter, m)
	o.Billing.Submit = submitter
	o.Billing.Store, o.Billing.Now, o.Billing.Log, o.Billing.PublicURL, o.Billing.Zone = a.Store, o.Clock.Now, o.Log, publicURL, o.Zone
	a.billing = billing.New(o.Billing)
	a.clerk = clerk.New(clerk.Config{
		Store: a.Store, Clock: o.Clock, Log: o.Log, OnDuty: a.Dispatcher.RunsTimers, Carriers: a.Dispatcher.Lookers, LookUp: a.Dispatcher.LookUp,
		Cleaner: campaign.NewCleaner(slots), GiveUp: slots.GiveUp,
	})
	api := ovh.New(ovh.Config{
		Authenticate: a.Verifier.Authenticate, Store: a.Store, Submit: submitter, Webhooks: a.Notifier, Auth: a.Verifier,
		Carriers: carriers{a.Dispatcher}, Nudge: a.clerk.Nudge, Fetch: a.fetch, Billing: a.billing, Slots: slots, Batches: batches, Started: o.Clock.Now(), Version: o.Version, Node: o.Node, Now: o.Clock.Now, Log: o.Log,
		PublicURLs: o.PublicURLs, SignIns: signIns, SMPP: ovh.SMPPAddresses(o.SMPP), Customers: a.limits.customers, MaxBody: o.MaxBody, MaxBatch: o.MaxBatch, Zone: o.Zone, Observe: m.request,
	})
	a.passwords = auth.NewPasswords(o.Clock.Now)
	http2sms := legacy.NewHTTP2SMS(legacy.Config{
		Store: a.Store, Submit: submitter, Passwords: a.passwords, Now: o.Clock.Now, Zone: o.Zone, Log: o.Log,
		PublicURL: publicURL, TrustedProxies: o.TrustedProxies, Observe: m.http2sms, Customers: a.limits.customers,
	})
	a.SMPP = smppd.New(smppd.Config{
		Store: a.Store, Submit: submitter, Passwords: a.passwords, Clock: o.Clock, Log: o.Log, Observe: m.submitSM, Conns: a.limits.smpp, Customers: a.limits.customers, Patience: a.limits.patience,
	})
	a.openMail(submitter, m)
	a.Metrics = m.handler()
	pages := web.New(web.Config{
		Store: a.Store, Submit: submitter, SignIns: signIns, Verifier: a.Verifier, Now: o.Clock.Now, Log: o.Log, PublicURLs: o.PublicURLs,
		TrustedProxies: o.TrustedProxies, Zone: o.Zone, Sandbox: o.Sandbox,
	})
	a.Handler = a.guard(a.routes(pathways{
		api: api, files: api.Files(), http2sms: http2sms, pages: pages, token: api.TokenEndpoint(pages.Visitor),
	}), api, http2sms)
	if o.Prepare != nil {
		if err := o.Prepare(ctx, a.Store); err != nil {
			return err
		}
	}
	a.Mail.Start(ctx) // before anything that may owe mails
	if err := a.Dispatcher.Start(ctx); err != nil {
		a.Mail.Stop(ctx)
		return err
	}
	a.Notifier.Start(ctx)
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	a.background.Go(func() {
		if err := a.Verifier.Run(background); err != nil {
			o.Log.Error("cannot note when keys were used", "error", err)
		}
	})
	a.background.Go(func() { a.tidy(background) })
	a.background.Go(func() { a.watchCredits(background) })
	a.background.Go(func() { batches.Run(background, a.Dispatcher.RunsTimers) })
	a.background.Go(func() { a.clerk.Run(background) })
	a.background.Go(func() { api.Run(background) })
	return nil
}

// maxPerHost is how many connections to one host are kept for callbacks.
const maxPerHost = 128

// startNotifier makes what delivers callbacks.
func (a *App) startNotifier(s *submit.Submitter, m *metrics) {
	c := a.opts.Fetch
	c.Agent, c.Limits, c.PerHost = "Ramier/"+a.opts.Version, fetch.Limits{}, maxPerHost
	a.callbacks = fetch.New(c)
	a.Notifier = notify.New(notify.Config{
		Store: a.Store, Clock: a.opts.Clock, Log: a.opts.Log, Fetch: a.callbacks, Observe: m.callback,
		Send: func(ctx context.Context, account int64, service string, o sms.Order, key string) error {
			report, err := s.Submit(ctx, account, service, o, submit.Key{Key: key, Hash: []byte(key)})
			if err == nil && len(report.IDs) == 0 && len(report.Invalid) > 0 {
				err = sms.Errorf(sms.Invalid, "%s", report.Invalid[0].Message)
			}
			return err
		},
	})
}

func (a *App) newCarrier(c sms.Carrier, inbox sms.Inbox) dispatch.Carrier {
	o := smppc.Options{Log: a.opts.Log, Now: a.opts.Clock.Now}
	if a.opts.Loopback {
		o.Dial = (&net.Dialer{Control: onlyLoopback}).DialContext
	}
	return smppc.New(c, inbox, o)
}

// onlyLoopback keeps a sandbox from real operators. It sees the address after all names are resolved.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err == nil && !at.Addr().Unmap().IsLoopback() {
		err = fmt.Errorf("the sandbox connects to operators on this machine only, not to %s: use ramier serve for real ones", address)
	}
	return err
}

// tidy forgets once an hour what is kept for a limited time.
func (a *App) tidy(ctx context.Context) {
	for a.opts.Clock.Sleep(ctx, a.opts.Clock.Now().Add(time.Hour)) == nil {
		if !a.Dispatcher.RunsTimers() {
			continue // another node does
		}
		if err := a.Store.DropOld(ctx, a.opts.Clock.Now()); err != nil {
			a.opts.Log.Error("cannot forget old requests", "error", err)
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = a.Store.DropParked(ctx, a.opts.Clock.Now()); err != nil {
				a.opts.Log.Error("cannot forget receipts that match nothing", "error", err)
			}
		}
		if kept := a.opts.OperatorLog; kept > 0 {
			if err := a.Store.DropOperatorLogs(ctx, a.opts.Clock.Now().Add(-kept)); err != nil {
				a.opts.Log.Error("cannot forget what operators did long ago", "error", err)
			}
		}
		if err := a.Store.DropLists(ctx, a.opts.Clock.Now()); err != nil {
			a.opts.Log.Error("cannot forget old lists", "error", err)
		}
		if err := a.Store.DropMails(ctx, a.opts.Clock.Now().Add(-mailsKept)); err != nil {
			a.opts.Log.Error("cannot forget old mails", "error", err)
		}
		if err := a.clerk.Tidy(ctx); err != nil {
			a.opts.Log.Error("cannot clear away what is over", "error", err)
		}
	}
}

// creditWatch is how often what runs low is looked for.
const creditWatch = 30 * time.Second

// watchCredits orders credits and warns where they run low.
func (a *App) watchCredits(ctx context.Context) {
	for a.opts.Clock.Sleep(ctx, a.opts.Clock.Now().Add(creditWatch)) == nil {
		if !a.Dispatcher.RunsTimers() {
			continue // another node does
		}
		if err := a.Store.SetAside(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.Error("cannot set aside what may not be sent", "error", err)
		}
		if err := a.billing.Watch(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.Error("cannot look after credits that run low", "error", err)
		}
	}
}

// Reset forgets all messages; see store.Reset. What the carriers have in hand is answered first.
func (a *App) Reset(ctx context.Context) error {
	a.Dispatcher.Stop(ctx)
	a.Notifier.Stop(ctx)
	err := a.Store.Reset(ctx)
	a.Notifier.Start(ctx)
	return errors.Join(err, a.Dispatcher.Start(context.WithoutCancel(ctx)))
}

// Stop ends the platform: what the carriers have in hand is answered and written down first, for as long as the context lasts.
// The listeners must be closed already.
func (a *App) Stop(ctx context.Context) error {
	unbound := errors.Join(a.unbind(ctx), a.closeMail(ctx))
	a.Dispatcher.Stop(ctx)
	a.Notifier.Stop(ctx)
	a.cancel()
	a.background.Wait()
	a.Mail.Stop(ctx)
	a.fetch.Close()
	a.callbacks.Close()
	return errors.Join(unbound, a.Store.Close())
}

// unbind lets the customers over SMPP go; a slow one must not use up the time that the carriers need.
func (a *App) unbind(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.SMPP.Shutdown(short); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// carriers shows the API what it needs of the dispatcher.
type carriers struct{ *dispatch.Dispatcher }

func (carriers) PDUs(c sms.Carrier, m sms.Outbound) ([]ovh.PDU, error) {
	frames, err := smppc.Frames(c.Settings, m)
	if err != nil {
		return nil, err
	}
	pdus := make([]ovh.PDU, len(frames))
	for i, f := range frames {
		frame, err := smpp.Append(nil, uint32(i+1), 0, f) //nolint:gosec // a message has at most 255 parts
		if err != nil {
			return nil, err
		}
		pdus[i] = ovh.PDU{Frame: frame, Words: smpp.Describe(frame)}
	}
	return pdus, nil
}

// Billing gives the desk that sells credits.
func (a *App) Billing() *billing.Desk { return a.billing }
