// Package sandbox is a whole platform on one machine: the API over HTTP and HTTPS, a simulated operator over a real SMPP
// connection, customers with keys and credits, and a control API that moves the clock and breaks the operator.
package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ramier/internal/app"
	"ramier/internal/auth"
	"ramier/internal/billing"
	"ramier/internal/clock"
	"ramier/internal/fetch"
	"ramier/internal/legacy"
	"ramier/internal/mail"
	"ramier/internal/simulator"
	"ramier/internal/sms"
)

// Options is what a sandbox can be told.
type Options struct {
	Dir      string // for its files; empty = a temporary one that goes with it
	HTTP     string // address to listen on, like 127.0.0.1:0
	HTTPS    string
	SMPP     string // of customers; empty = any free port
	SMPPTLS  string
	SMTP     string // of mails to email2sms; empty = any free port
	Database string // empty = SQLite in the folder
	Seed     uint64 // of the simulator's chance
	Clock    *clock.Clock
	Log      *slog.Logger
	Version  string
	// SendingHours of all its services, as sms.Settings has them; empty = as they were, "none" at first: a test must not end
	// otherwise at night.
	SendingHours string
	Doors        app.DoorLimits
	// Stripe takes payments by card; empty = none. Only one that is no real one belongs here.
	Stripe billing.Stripe
	// Provider is an OpenID provider that people may sign in with.
	Provider auth.Provider
}

// Info is what a client needs to use the sandbox.
type Info struct {
	Endpoint    string `json:"endpoint"`
	EndpointTLS string `json:"endpointTLS"`
	CAFile      string `json:"caFile"`
	content
	// HTTP2SMS is where messages are taken in the query of one call.
	HTTP2SMS string `json:"http2sms"`
	// SMPP and SMPPTLS are where customers bind.
	SMPP    string `json:"smpp"`
	SMPPTLS string `json:"smppTLS"`
	// SMTP is where mails come in that become messages, to Email2SMS.
	SMTP       string `json:"smtp"`
	Email2SMS  string `json:"email2sms"`
	Account    string `json:"account"` // whose keys these are
	ControlURL string `json:"controlURL"`
	Metrics    string `json:"metrics"`
	SMSC       string `json:"smsc"`
	// SendingHours of the first service at the start. Outside of them advertising waits.
	SendingHours string `json:"sendingHours"`
	Dir          string `json:"dir"`
}

// Sandbox is a running one.
type Sandbox struct {
	App       *app.App
	Simulator *simulator.Simulator
	Info      Info

	content
	dir          string
	temporary    bool
	clock        *clock.Clock
	log          *slog.Logger
	smscHost     string
	smscPort     int
	smscPassword string
	sendingHours string
	listeners    []net.Listener
	servers      []*http.Server
	serving      sync.WaitGroup
	resetting    sync.Mutex
	mailbox      *mail.Mailbox
}

const systemID = "ramier"

// Start starts a sandbox. Stop ends it.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	s := &Sandbox{dir: o.Dir, clock: o.Clock, log: o.Log, smscPassword: rand.Text()[:8], sendingHours: o.SendingHours, mailbox: &mail.Mailbox{From: mailFrom}}
	if err := sms.CheckSendingHours(o.SendingHours); err != nil {
		return nil, err
	}
	if s.clock == nil {
		s.clock = clock.New()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Stop(ctx))
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context, o Options) error {
	if err := s.makeDir(); err != nil {
		return err
	}
	if err := s.startSimulator(ctx, o.Seed); err != nil {
		return err
	}
	cert, caFile, err := certificate(s.dir, time.Now())
	if err != nil {
		return fmt.Errorf("the sandbox's certificate: %w", err)
	}
	plain, err := listen(ctx, o.HTTP)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, plain)
	secure, err := listen(ctx, o.HTTPS)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, secure)
	smpp, smppTLS, err := s.listenSMPP(ctx, o)
	if err != nil {
		return err
	}
	smtp, err := listen(ctx, cmp.Or(o.SMTP, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, smtp)
	database := o.Database
	if database == "" {
		database = "sqlite://" + filepath.Join(s.dir, "ramier.db")
	}
	s.Info = Info{
		Endpoint: "http://" + plain.Addr().String() + "/1.0", EndpointTLS: "https://" + secure.Addr().String() + "/1.0", CAFile: caFile,
		SMPP: smpp.Addr().String(), SMPPTLS: smppTLS.Addr().String(), SMTP: smtp.Addr().String(), Email2SMS: legacy.WholeAddress + "@" + mailDomain,
		HTTP2SMS:   "http://" + plain.Addr().String() + legacy.Path,
		ControlURL: "http://" + plain.Addr().String() + controlPrefix, Metrics: "http://" + plain.Addr().String() + "/metrics",
		SMSC: net.JoinHostPort(s.smscHost, fmt.Sprint(s.smscPort)), Dir: s.dir,
	}
	s.App, err = app.Start(ctx, app.Options{
		Database: database, KeyFile: filepath.Join(s.dir, "seal.key"), Node: "sandbox", Clock: s.clock, Log: s.log, Version: o.Version,
		PublicURLs: []string{"http://" + plain.Addr().String(), "https://" + secure.Addr().String()}, AnyHost: true, Prepare: s.prepare, Loopback: true, Sandbox: true, Doors: o.Doors,
		Fetch: fetch.Config{Allowed: loopback()}, SMPP: app.SMPPAddresses{Secured: s.Info.SMPPTLS, Unsecured: s.Info.SMPP},
		Billing: billing.Config{Seller: "The sandbox", PayTo: "Nothing is to be paid: ramier order settle does it.", Secret: []byte(paymentSecret), Stripe: o.Stripe, Sandbox: true},
		Mail:    s.mailbox, Email2SMS: &legacy.MailConfig{
			Hostname: mailDomain, Domains: mailDomains, Senders: legacy.Anybody, Reports: legacy.Always, Rate: mailRate, PerAddress: mailClients,
			TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		},
		PasskeyDomain: "localhost", Provider: o.Provider,
	})
	if err != nil {
		return err
	}
	s.Info.content, s.Info.SendingHours, s.Info.Account = s.content, s.sendingHours, customerAccount
	if err := s.writeConfs(); err != nil {
		return err
	}
	s.serve(plain, nil)
	s.serve(secure, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	s.serveMail(smtp)
	s.serveSMPP(smpp)
	s.serveSMPP(tls.NewListener(smppTLS, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}))
	return nil
}

// listenSMPP takes the addresses for customers over SMPP.
func (s *Sandbox) listenSMPP(ctx context.Context, o Options) (plain, secure net.Listener, err error) {
	for _, l := range []struct {
		address string
		to      *net.Listener
	}{{o.SMPP, &plain}, {o.SMPPTLS, &secure}} {
		if *l.to, err = listen(ctx, cmp.Or(l.address, "127.0.0.1:0")); err != nil {
			return nil, nil, err
		}
		s.listeners = append(s.listeners, *l.to)
	}
	return plain, secure, nil
}

func (s *Sandbox) serveSMPP(l net.Listener) {
	s.serving.Go(func() {
		if err := s.App.SMPP.Serve(l); err != nil {
			s.log.Error("the SMPP server has ended", "error", err)
		}
	})
}

// loopback is what a customer's URL may lead to besides public addresses: a developer's own machine.
func loopback() []fetch.Target {
	var targets []fetch.Target
	for _, block := range []string{"127.0.0.0/8", "::1"} {
		target, err := fetch.ParseTarget(block)
		if err != nil {
			panic(err) // a constant
		}
		targets = append(targets, target)
	}
	return targets
}

// writeConfs leaves files with the keys, as OVH's clients read them.
func (s *Sandbox) writeConfs() error {
	for name, k := range map[string]Keys{"ovh.conf": s.Info.Keys, "operator.conf": s.Info.Operator} {
		t := auth.Token{ApplicationKey: k.ApplicationKey, ApplicationSecret: k.ApplicationSecret, ConsumerKey: k.ConsumerKey}
		if err := os.WriteFile(filepath.Join(s.dir, name), t.Conf(s.Info.Endpoint), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sandbox) makeDir() (err error) {
	if s.dir == "" {
		s.temporary = true
		s.dir, err = os.MkdirTemp("", "ramier-sandbox-")
		return err
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	return os.MkdirAll(s.dir, 0o700)
}

func (s *Sandbox) startSimulator(ctx context.Context, seed uint64) error {
	o := simulator.Options{Clock: s.clock, Seed: seed, Log: s.log, Arrivals: 1_000_000}
	if !s.temporary {
		o.FirstID = uint64(time.Now().UnixMilli()) // the folder may know ids that the journal does not
		o.Journal = filepath.Join(s.dir, "operator.journal")
	}
	s.Simulator = simulator.New(o)
	if err := s.Simulator.Err(); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := l.Addr().(*net.TCPAddr)
	s.smscHost, s.smscPort = at.IP.String(), at.Port
	s.serving.Go(func() {
		if err := s.Simulator.Serve(l); err != nil {
			s.log.Debug("the simulator has ended", "error", err)
		}
	})
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; give another address, or port 0 for any free one", address, err)
	}
	return l, nil
}

func (s *Sandbox) serve(l net.Listener, config *tls.Config) {
	server := s.App.Server(s.handler())
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.servers = append(s.servers, server)
	l = s.App.Listener(l)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	s.serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the HTTP server has ended", "error", err)
		}
	})
}

// Stop ends the sandbox as the platform is ended: what is under way is settled first, for as long as the context lasts.
func (s *Sandbox) Stop(ctx context.Context) error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	for _, l := range s.listeners {
		_ = l.Close() // most are closed by their server
	}
	if s.App != nil {
		errs = append(errs, s.App.Stop(ctx))
	}
	if s.Simulator != nil {
		errs = append(errs, s.Simulator.Close(ctx))
	}
	s.serving.Wait()
	if s.temporary && s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
