// Package auth answers who is calling. It proves requests that are signed the way OVH's clients sign them, names the
// cause when a proof fails, keeps note of when keys were last used, and makes new keys.
//
// A request is checked in the order in which nothing is given away before the signature is proven: are there keys, is
// the application known, is the consumer key its own, is the timestamp near, does the signature fit; and only then
// whether the consumer key is in force and may be used from this address. The access rules are for the door to check.
//
// An application key without a consumer key is a caller who has not logged in (NotAuthenticated), as is one without any
// key: this is what node-ovh sends for paths with /auth in them, which it never signs.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ramier/internal/limit"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Config is what a Verifier is made with. Store is needed; the rest has defaults.
type Config struct {
	Store *store.Store
	Now   func() time.Time // the clock that timestamps and ends of keys are compared with
	Log   *slog.Logger

	// PublicURLs are the addresses under which clients reach the API, like "https://sms.example.org"; a /1.0 or /v1 at
	// the end is ignored. A signature covers the address that its client was given, so each one needs to be here.
	PublicURLs []string
	// AnyHost accepts also whatever the Host header says, with the scheme of the connection. Right where clients connect
	// directly; behind a proxy that ends TLS it does not help.
	AnyHost bool
	// OtherTimes are more times that a timestamp may be near: those of a clock before it was moved, for clients that
	// have taken their offset then. Only a sandbox moves its clock.
	OtherTimes func() []time.Time
	// Tolerance is how far the clock of a client may be off, 300 s.
	Tolerance time.Duration
	// Refusals bounds how many refused keys and signatures of one address are looked at; nil = any number.
	Refusals *limit.Rates[netip.Addr]
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

// A Verifier proves who sent a request. It is safe for concurrent use.
type Verifier struct {
	cfg          Config
	named        []string // the public URLs
	bases        []string // what may stand before the request target in a signed URL
	applications *cache[string, *application]
	credentials  *cache[keyHash, *credential]
	bearers      *cache[keyHash, *bearer]
	uses         uses
	asks, grants throttle
	causes       throttle // of bad signatures, by application
	changes      changes
}

// New makes a Verifier. The error names the public URL that is wrong.
func New(cfg Config) (*Verifier, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Tolerance == 0 {
		cfg.Tolerance = 300 * time.Second
	}
	named, bases, err := publicBases(cfg.PublicURLs)
	if err != nil {
		return nil, err
	}
	shared := grants{}
	return &Verifier{
		cfg: cfg, named: named, bases: bases,
		applications: newCache[string](cacheBytes, (*application).keeping, (*application).dropping),
		credentials:  newCache[keyHash](cacheBytes, shared.keeping, shared.dropping),
		bearers:      newCache[keyHash](cacheBytes, (*bearer).bytes, (*bearer).bytes),
		causes:       throttle{every: time.Second, burst: 10},
		asks:         throttle{every: time.Second, burst: 60},
		grants:       throttle{every: time.Second, burst: 60},
	}, nil
}

// Authenticate proves who sent a request with that body. The caller's rules belong to many requests and are not to be
// changed. Errors: NotAuthenticated, UnknownKey, UnknownCredential, StaleRequest, BadSignature, InvalidCredential,
// Forbidden, Unavailable.
func (v *Verifier) Authenticate(r *http.Request, body []byte) (*sms.Caller, error) {
	if wait := v.worn(r); wait > 0 {
		return nil, &sms.Error{Code: sms.TooFast, Message: "too many keys or signatures from your address were refused: wait, then try again with the right ones", RetryAfter: wait}
	}
	caller, err := v.prove(r, body)
	if err != nil && slices.Contains(wearing, sms.CodeOf(err)) {
		v.cfg.Refusals.Take(RemoteIP(r, v.cfg.TrustedProxies), v.cfg.Now())
	}
	return caller, err
}

// wearing are the errors that may be guesses. To explain one takes longer than to accept a request.
var wearing = []sms.Code{sms.NotAuthenticated, sms.UnknownKey, sms.UnknownCredential, sms.InvalidCredential, sms.BadSignature, sms.StaleRequest}

// worn tells how long an address has to wait that was refused too often.
func (v *Verifier) worn(r *http.Request) time.Duration {
	if !v.cfg.Refusals.Any() {
		return 0
	}
	return v.cfg.Refusals.Full(RemoteIP(r, v.cfg.TrustedProxies), v.cfg.Now())
}

func (v *Verifier) prove(r *http.Request, body []byte) (*sms.Caller, error) {
	if err := v.follow(r.Context()); err != nil {
		return nil, err
	}
	if token := bearerToken(r); token != "" {
		return v.byBearer(r.Context(), r, token)
	}
	k, err := readKeys(r)
	if err != nil {
		return nil, err
	}
	app, cred, err := v.records(r, k)
	if err != nil {
		return nil, err
	}
	now := v.cfg.Now()
	if err := v.checkTimes(k.timestamp, now); err != nil {
		return nil, err
	}
	if err := v.checkSignature(r, body, k, app, cred); err != nil {
		return nil, err
	}
	ip := RemoteIP(r, v.cfg.TrustedProxies)
	err = inForce(cred.status, cred.expires(), now)
	if err == nil {
		err = allowedFrom(ip, cred.grant.from)
	}
	if err != nil {
		v.NoteRefusal(cred.id, r.Method+" "+r.URL.Path, err)
		return nil, err
	}
	v.uses.note(cred, now)
	o := cred.holder.Value()
	return &sms.Caller{
		AccountID: o.id, Account: o.name, Country: o.country, Operator: o.operator, OperatorRole: o.operatorRole,
		Application: app.id, Credential: cred.id, Rules: cred.grant.rules, RemoteIP: ip,
		Person: o.person, PersonID: o.personID, Role: o.role, PersonOperatorRole: o.personOperatorRole,
	}, nil
}

// records gives what is known of both keys. Of many keys most are in no cache of the processor, where each look into memory counts: a known
// consumer key leads to its application.
func (v *Verifier) records(r *http.Request, k *keys) (*application, *credential, error) {
	if len(k.consumer) <= maxKey {
		if cred, ok := v.credentials.peek(hashKey(k.consumer)); ok {
			if app := cred.app.Load(); app != nil && app.key == k.application && app.kept.Load() {
				return app, cred, nil
			}
		}
	}
	app, err := v.application(r.Context(), k.application)
	if err != nil {
		return nil, nil, err
	}
	cred, err := v.credential(r.Context(), r, k, app)
	if err != nil {
		return nil, nil, err
	}
	cred.app.Store(app)
	return app, cred, nil
}

// application gives the application of a key, if it may sign.
func (v *Verifier) application(ctx context.Context, key string) (*application, error) {
	var app *application
	ok := len(key) <= maxKey && utf8.ValidString(key)
	if ok {
		var err error
		if app, ok, err = v.applications.get(key, func() (*application, bool, bool, error) {
			a, ok, err := v.cfg.Store.Application(ctx, key)
			return newApplication(a), ok, true, err
		}); err != nil {
			return nil, err
		}
	}
	switch {
	case !ok:
		return nil, sms.Errorf(sms.UnknownKey, "there is no application with the key %s (header %s)", quote(key), headerApplication)
	case app.status != "active" && app.status != "trusted":
		return nil, sms.Errorf(sms.UnknownKey, "the application with the key %s is %s", quote(key), app.status)
	}
	return app, nil
}

// credential gives the consumer key's record, whatever its state, if it is one of the application's.
func (v *Verifier) credential(ctx context.Context, r *http.Request, k *keys, app *application) (*credential, error) {
	if k.consumer == "" {
		return nil, notLoggedIn(r)
	}
	var cred *credential
	ok := len(k.consumer) <= maxKey
	if ok {
		var err error
		if cred, ok, err = v.credentials.get(hashKey(k.consumer), func() (*credential, bool, bool, error) {
			c, ok, err := v.cfg.Store.Credential(ctx, k.consumer)
			return newCredential(&c), ok, c.Status != "pendingValidation", err // it may be approved any moment
		}); err != nil {
			return nil, err
		}
	}
	switch {
	case !ok:
		return nil, sms.Errorf(sms.UnknownCredential, "there is no such consumer key (header %s has %d characters)", headerConsumer, len(k.consumer))
	case cred.application != app.id:
		return nil, sms.Errorf(sms.UnknownCredential, "the consumer key belongs to another application than %s: both keys have to come from the same token", quote(k.application))
	}
	return cred, nil
}

// inForce tells whether a consumer key with a status and an end may be used at the time.
func inForce(status string, expires, now time.Time) error {
	over := !expires.IsZero() && !now.Before(expires)
	switch {
	case status == "pendingValidation" && over:
		return sms.Errorf(sms.InvalidCredential, "nobody approved the consumer key in time: ask for a new one")
	case status == "pendingValidation":
		return sms.Errorf(sms.InvalidCredential, "the consumer key waits for the customer's approval: open its validationUrl and log in")
	case status == "refused":
		return sms.Errorf(sms.InvalidCredential, "the customer refused the consumer key: ask for a new one")
	case status == "validated" && over:
		return sms.Errorf(sms.InvalidCredential, "the consumer key expired on %s: ask for a new one", expires.UTC().Format(time.RFC3339))
	case status != "validated":
		return sms.Errorf(sms.InvalidCredential, "the consumer key was logged out or revoked: ask for a new one")
	}
	return nil
}

// allowedFrom tells whether a consumer key may be used from an address.
func allowedFrom(ip netip.Addr, allowed []netip.Prefix) error {
	if len(allowed) == 0 || slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	const most = 5
	var names []string
	for i, p := range allowed {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, p.String())
	}
	from := "an address that is not known"
	if ip.IsValid() {
		from = ip.String()
	}
	return sms.Errorf(sms.Forbidden, "the consumer key may be used from %s only, and this request came from %s", strings.Join(names, ", "), from)
}

var noConsumerKey = sms.Errorf(sms.Forbidden, "the call came with a token of OAuth2, and this is about consumer keys")

// Credential gives the record of the caller's consumer key, with this moment's last use.
func (v *Verifier) Credential(ctx context.Context, caller *sms.Caller) (store.Credential, error) {
	if caller.ServiceAccount != "" {
		return store.Credential{}, noConsumerKey
	}
	t, err := v.cfg.Store.TokenOf(ctx, caller.AccountID, caller.Credential)
	if err != nil {
		return store.Credential{}, err
	}
	record := t.Credential
	record.Account = sms.Account{ID: caller.AccountID, Name: caller.Account, Country: caller.Country, Operator: caller.Operator, OperatorRole: caller.OperatorRole}
	if at := v.LastUse(record.ID); at.After(record.LastUse) {
		record.LastUse = at
	}
	return record, nil
}

// Logout ends the caller's consumer key, at once on this node. Error: Forbidden for a service account, which has none.
func (v *Verifier) Logout(ctx context.Context, caller *sms.Caller) error {
	if caller.ServiceAccount != "" {
		return noConsumerKey
	}
	defer v.Forget(caller.Credential)
	return v.cfg.Store.EndCredential(ctx, caller.Credential)
}

// Forget drops what is known of consumer keys, so that a change of them counts at once. Other nodes see a change within 5 s.
func (v *Verifier) Forget(credentials ...int64) {
	v.credentials.drop(func(c *credential) bool { return slices.Contains(credentials, c.id) })
}
