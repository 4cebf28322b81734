package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"ramier/internal/auth"

	"ramier/internal/billing"
	"ramier/internal/clock"
	"ramier/internal/config"
	"ramier/internal/fetch"
	"ramier/internal/sms"
)

// Addresses are where a server listens; empty ones are off.
type Addresses struct{ HTTP, TLS, Metrics, SMPP, SMPPTLS, Email2SMS string }

// Serve runs a server until the context ends, and then ends it in good order: no new requests, answers to what the carriers
// have, all of it written down, for as long as StopTimeout. It calls ready once when it takes requests.
func Serve(ctx context.Context, c config.Config, version string, log *slog.Logger, ready func(Addresses)) error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	doors, err := openDoors(ctx, c)
	if err != nil {
		return err
	}
	defer doors.close()
	o, err := options(c, version, log)
	if err != nil {
		return err
	}
	a, err := Start(ctx, o)
	if err != nil {
		return err
	}
	failed := doors.serve(a, log)
	ready(doors.addresses())
	select {
	case <-ctx.Done():
	case err = <-failed:
		log.Error("a listener has ended", "error", err)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.StopTimeout)
	defer cancel()
	log.Info("stopping", "timeout", c.StopTimeout)
	// A slow client must not use up the time that the carriers' answers need.
	calls, end := context.WithTimeout(stop, c.StopTimeout/3)
	defer end()
	return errors.Join(err, doors.shutdown(calls), a.Stop(stop))
}

func options(c config.Config, version string, log *slog.Logger) (Options, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return Options{}, fmt.Errorf("zone = %q: %w", c.Zone, err)
	}
	clauses, err := sms.ReadStopClauses(c.StopClauses)
	if err != nil {
		return Options{}, err
	}
	limits := sms.DefaultLimits()
	limits.Receivers = c.Limits.Receivers
	stripe, err := stripeOf(c.Billing)
	if err != nil {
		return Options{}, err
	}
	o := Options{
		Database: c.Database, KeyFile: c.KeyFile, Node: c.Node, Clock: clock.New(), Log: log, Version: version, PublicURLs: c.PublicURLs,
		AnyHost: c.AnyHost, Tolerance: c.Auth.ClockTolerance, MaxBody: c.Limits.Body, MaxBatch: c.Limits.Batch, Zone: zone, Limits: limits,
		StopClauses: clauses, OperatorLog: c.OperatorLog, PasskeyDomain: c.Auth.PasskeyDomain,
		Billing: billing.Config{
			Seller: c.Billing.Seller, PayTo: c.Billing.PayTo, Terms: c.Billing.Terms, Secret: []byte(c.Billing.Secret), Stripe: stripe,
		},
		HideMetrics: c.HTTP.MetricsListen != "",
		Doors: DoorLimits{
			Connections: c.Limits.Connections, AddressConnections: c.Limits.AddressConnections, AtOnce: c.Limits.AtOnce,
			AccountRate: float64(c.Limits.AccountRate), KeyRate: float64(c.Limits.KeyRate), AddressRate: float64(c.Limits.AddressRate),
			SMPPConnections: c.SMPP.Connections, SMPPAddress: c.SMPP.AddressConnections, Patience: c.Limits.Patience,
		},
		SMPP: SMPPAddresses{
			Secured: cmp.Or(c.SMPP.PublicTLS, c.SMPP.TLSListen), Unsecured: cmp.Or(c.SMPP.Public, c.SMPP.Listen),
		},
	}
	if err := mailOptions(&o, c); err != nil {
		return o, err
	}
	for _, text := range c.Fetch.Allow {
		target, err := fetch.ParseTarget(text)
		if err != nil {
			return o, fmt.Errorf("fetch.allow: %w", err)
		}
		o.Fetch.Allowed = append(o.Fetch.Allowed, target)
	}
	if o.Provider, err = provider(c.OIDC); err != nil {
		return o, err
	}
	o.Fetch.Limits = fetch.Limits{Time: c.Fetch.Timeout, Size: c.Fetch.Size, Expanded: c.Fetch.Size}
	for _, p := range c.HTTP.TrustedProxies {
		prefix, err := sms.ParseBlock(p)
		if err != nil {
			return o, fmt.Errorf("http.trusted_proxies: %w", err)
		}
		o.TrustedProxies = append(o.TrustedProxies, prefix)
	}
	return o, nil
}

// stripeOf reads the secrets of payments by card.
func stripeOf(b config.Billing) (s billing.Stripe, err error) {
	secret := ""
	if s.Key, err = config.ReadSecret(b.StripeKeyFile); err == nil {
		secret, err = config.ReadSecret(b.StripeWebhookSecretFile)
	}
	if err != nil {
		return s, fmt.Errorf("billing.stripe_key_file: %w", err)
	}
	s.Secret, s.BaseURL = []byte(secret), b.StripeURL
	return s, nil
}

// provider is the OpenID provider of the settings.
func provider(c config.OIDC) (auth.Provider, error) {
	p := auth.Provider{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Name: c.Name, Scopes: c.Scopes, AccountClaim: c.AccountClaim,
		TrustMail: c.TrustEmail, Domains: c.AllowedDomains,
	}
	if c.ClientSecretFile != "" {
		secret, err := config.ReadSecret(c.ClientSecretFile)
		if err != nil {
			return p, fmt.Errorf("oidc.client_secret_file: %w", err)
		}
		p.ClientSecret = secret
	}
	return p, nil
}

// doors are the listeners of a server.
type doors struct {
	plain, secure, metrics net.Listener
	smpp, smppTLS, mail    net.Listener
	secureTLS              *tls.Config
	servers                []*http.Server
	serving                sync.WaitGroup
}

// openDoors takes all addresses before anything else begins, so that one in use ends the start at once.
func openDoors(ctx context.Context, c config.Config) (*doors, error) {
	d := &doors{}
	for _, door := range []struct {
		name, address string
		to            *net.Listener
	}{
		{"http.listen", c.HTTP.Listen, &d.plain},
		{"http.tls_listen", c.HTTP.TLSListen, &d.secure},
		{"http.metrics_listen", c.HTTP.MetricsListen, &d.metrics},
		{"smpp.listen", c.SMPP.Listen, &d.smpp},
		{"smpp.tls_listen", c.SMPP.TLSListen, &d.smppTLS},
		{"email2sms.listen", c.Email2SMS.Listen, &d.mail},
	} {
		if door.address == "" {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", door.address)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("%s = %q: %w; stop what uses the address, or give another", door.name, door.address, err)
		}
		*door.to = l
	}
	if d.secure != nil {
		cert, err := tls.LoadX509KeyPair(c.HTTP.TLSCert, c.HTTP.TLSKey)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("http.tls_cert and http.tls_key: %w", err)
		}
		d.secureTLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	if d.smppTLS != nil {
		cert, err := tls.LoadX509KeyPair(c.SMPP.TLSCert, c.SMPP.TLSKey)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("smpp.tls_cert and smpp.tls_key: %w", err)
		}
		d.smppTLS = tls.NewListener(d.smppTLS, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
	}
	return d, nil
}

func (d *doors) serve(a *App, log *slog.Logger) <-chan error {
	failed := make(chan error, 6)
	open := func(l net.Listener, h http.Handler) {
		if l == nil {
			return
		}
		server := a.Server(h)
		server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
		d.servers = append(d.servers, server)
		d.serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	if d.plain != nil {
		open(a.Listener(d.plain), a.Handler)
	}
	if d.secure != nil {
		open(tls.NewListener(a.Listener(d.secure), d.secureTLS), a.Handler)
	}
	open(d.metrics, a.Metrics)
	d.serveMail(a, d.mail, failed)
	for _, l := range []net.Listener{d.smpp, d.smppTLS} {
		if l == nil {
			continue
		}
		d.serving.Go(func() {
			if err := a.SMPP.Serve(l); err != nil {
				failed <- err
			}
		})
	}
	return failed
}

func (d *doors) shutdown(ctx context.Context) error {
	var errs []error
	for _, s := range d.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close()) // what is still open has had its time
		}
	}
	return errors.Join(errs...)
}

func (d *doors) close() {
	for _, l := range []net.Listener{d.plain, d.secure, d.metrics, d.smpp, d.smppTLS, d.mail} {
		if l != nil {
			_ = l.Close() // those that were served are closed already
		}
	}
	d.serving.Wait()
}

func (d *doors) addresses() Addresses {
	name := func(l net.Listener) string {
		if l == nil {
			return ""
		}
		return l.Addr().String()
	}
	return Addresses{name(d.plain), name(d.secure), name(d.metrics), name(d.smpp), name(d.smppTLS), name(d.mail)}
}
