package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// A Provider is an OpenID provider that owners may sign in with.
type Provider struct {
	Issuer       string // empty = there is none
	ClientID     string
	ClientSecret string
	Name         string   // on the button
	Scopes       []string // besides openid
	// AccountClaim is the claim whose text is the name of the account; empty = an identity is linked by people alone.
	AccountClaim string
	// TrustMail links an identity with the account of a mail address that the issuer has verified.
	TrustMail bool
	// Domains of verified mail addresses that may sign in; none = all.
	Domains []string
}

// Limits of the talk with a provider.
const (
	providerLasts  = 15 * time.Minute // somebody may take to sign in there
	providerWait   = 10 * time.Second
	providerKnown  = time.Hour       // its addresses are read again
	providerPause  = 5 * time.Second // after a failure
	maxProvided    = 1 << 20         // bytes of an answer
	maxStateNext   = 1500            // bytes of the address to go to afterwards: it travels through the provider
	maxGiven       = 4096            // bytes of a code
	maxSubject     = 255             // OpenID Connect Core 1.0, section 2
	maxIdentities  = 50              // of an account
	maxIdentityTag = 200
)

// provider is a Provider in use.
type provider struct {
	Provider
	client *http.Client

	mu     sync.Mutex
	found  *oidc.Provider
	at     time.Time
	failed time.Time // when it was last not found
	err    error
}

// UseProvider lets owners sign in with an OpenID provider. It is called when somebody first wants to.
func (s *SignIns) UseProvider(p Provider) {
	if p.Issuer == "" {
		return
	}
	p.Name = cmp.Or(p.Name, strings.TrimPrefix(strings.TrimPrefix(p.Issuer, "https://"), "http://"))
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // it is called rarely
	s.provider = &provider{Provider: p, client: &http.Client{Timeout: providerWait, Transport: bounded{transport}}}
}

// bounded lets no answer be longer than what is useful.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxProvided), answer.Body}
	}
	return answer, err
}

// ProviderName is what the OpenID provider is called on pages, empty if there is none; Issuer is its address.
func (s *SignIns) ProviderName() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.Name
}

// Issuer is the address of the OpenID provider, empty if there is none.
func (s *SignIns) Issuer() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.Issuer
}

// discover asks the provider where its doors are.
func (p *provider) discover(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil && now.Sub(p.at).Abs() < providerKnown {
		return p.found, nil
	}
	if p.err != nil && now.Sub(p.failed).Abs() < providerPause {
		return nil, p.err
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		p.failed, p.err = now, sms.Wrap(sms.Unavailable, err, "%s cannot be reached, or is not an OpenID provider: try again in a moment", p.Name)
		return nil, p.err
	}
	p.found, p.at, p.err = found, now, nil
	return found, nil
}

func (p *provider) config(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}
}

var errNoProvider = sms.Errorf(sms.NoObject, "There is no OpenID provider here")

// BeginProvider gives the address at the provider where a browser signs in; it comes back to redirect, and goes to next in the end. With a session
// the identity will be linked with its account, for which its owner gives his password once more. Errors: TooFast, Unavailable,
// NotAuthenticated, NoObject if there is no provider.
func (s *SignIns) BeginProvider(ctx context.Context, redirect, next string, link *store.Session, password string, who Visitor) (address string, err error) {
	if s.provider == nil {
		return "", errNoProvider
	}
	if err := s.arrive(who); err != nil {
		return "", err
	}
	t := ticket{
		Kind: providerKind, Until: s.until(providerLasts), Browser: who.Browser.Mark, Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Next: next, Redirect: redirect,
	}
	if link != nil {
		if err := s.confirm(ctx, *link, password, who); err != nil {
			return "", err
		}
		t.Session = link.ID
	}
	if len(next) > maxStateNext {
		t.Next = ""
	}
	found, err := s.provider.discover(ctx, s.now())
	if err != nil {
		return "", err
	}
	return s.provider.config(found, redirect).AuthCodeURL(s.seal(t), oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), nil
}

// Returned is what a browser brings back from the provider.
type Returned struct{ State, Code, Issuer, Error string }

// Arrival is what came of a sign-in at the provider.
type Arrival struct {
	Token   string // of a new session; empty when an identity was linked
	Next    string // where the browser goes
	Issuer  string
	Subject string
	Label   string
}

// ErrStranger is the error of somebody whom the provider vouches for, and who is linked with no account.
var ErrStranger = sms.Errorf(sms.NotAuthenticated, "This identity is linked with no account")

// FinishProvider opens a session for whom the provider vouches, or links him with the account of the session in which he began. Errors: CodeWanted,
// ErrStranger, NotAuthenticated, Conflict, Unavailable.
func (s *SignIns) FinishProvider(ctx context.Context, r Returned, session store.Session, who Visitor) (a Arrival, err error) {
	if s.provider == nil {
		return a, errNoProvider
	}
	if err := s.arrive(who); err != nil {
		return a, err
	}
	t, err := s.unseal(providerKind, r.State, who)
	if err != nil {
		return a, err
	}
	if err := s.spend(ctx, r.State, t); err != nil {
		return a, err
	}
	a.Next = t.Next
	switch {
	case t.Session != 0 && t.Session != session.ID:
		return a, errLate
	case r.Error != "":
		return a, refusedIdentity(fmt.Errorf("the provider says %s", quote(r.Error)))
	case r.Issuer != "" && r.Issuer != s.provider.Issuer: // RFC 9207: the answer of another provider is not sent to this one
		return a, refusedIdentity(fmt.Errorf("the answer is one of %s", quote(r.Issuer)))
	case r.Code == "" || len(r.Code) > maxGiven:
		return a, refusedIdentity(errors.New("there is no code"))
	}
	person, err := s.provider.identify(ctx, r.Code, t, s.now)
	if err != nil {
		return a, err
	}
	a.Issuer, a.Subject, a.Label = s.provider.Issuer, person.subject, person.label
	if t.Session != 0 {
		_, err := s.addIdentity(ctx, store.Identity{Account: session.Account, Issuer: a.Issuer, Subject: a.Subject, Label: a.Label, LinkedBy: "owner"}, who)
		return a, err
	}
	account, err := s.accountOf(ctx, person)
	if err != nil {
		return a, err
	}
	l, err := s.login(ctx, account.Name)
	if err != nil {
		return a, err
	}
	a.Token, err = s.proceed(ctx, l, meansProvider, who)
	return a, err
}

// refusedIdentity keeps the cause for the log alone.
func refusedIdentity(cause error) error {
	return sms.Wrap(sms.NotAuthenticated, cause, "The provider's answer was not accepted")
}

// identified is whom a provider vouches for.
type identified struct {
	subject, label string
	account        string // as a claim names it
	mail           string // verified, empty = none
}

// identify changes a code for an identity token, and checks it: signature, issuer, audience and time by the library, nonce and the rest here.
func (p *provider) identify(ctx context.Context, code string, t ticket, now func() time.Time) (v identified, err error) {
	found, err := p.discover(ctx, now())
	if err != nil {
		return v, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	answer, err := p.config(found, t.Redirect).Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return v, refusedIdentity(err)
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return v, refusedIdentity(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return v, refusedIdentity(err)
	}
	text := func(name string) string { s, _ := claims[name].(string); return s }
	switch {
	case t.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(t.Nonce)) != 1:
		return v, refusedIdentity(errors.New("the nonce is not the one that was sent"))
	case text("azp") != "" && text("azp") != p.ClientID, len(token.Audience) > 1 && text("azp") == "":
		return v, refusedIdentity(errors.New("the token was made for another client (azp)"))
	case token.Subject == "" || len(token.Subject) > maxSubject || !utf8.ValidString(token.Subject) || strings.ContainsRune(token.Subject, 0):
		return v, refusedIdentity(errors.New("the subject is missing or odd"))
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(answer.AccessToken); err != nil {
			return v, refusedIdentity(err)
		}
	}
	v = identified{subject: token.Subject, label: label(cmp.Or(text("email"), text("preferred_username"), text("name"), token.Subject))}
	if p.AccountClaim != "" {
		v.account = text(p.AccountClaim)
	}
	if verified, ok := claims["email_verified"].(bool); ok && verified {
		v.mail = text("email")
	}
	if _, domain, _ := strings.Cut(v.mail, "@"); len(p.Domains) > 0 && !slices.ContainsFunc(p.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		return v, refusedIdentity(fmt.Errorf("%s has no verified mail address of an allowed domain", quote(v.label)))
	}
	return v, nil
}

// label is a name for people to see.
func label(text string) string {
	text = strings.ToValidUTF8(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, text), "")
	if len(text) > maxIdentityTag {
		text = strings.ToValidUTF8(text[:maxIdentityTag], "")
	}
	return text
}

// accountOf finds the account that an identity is linked with. One that is not is linked now if the settings trust the issuer with that, but never with an
// operator's account: people do that. Error: ErrStranger.
func (s *SignIns) accountOf(ctx context.Context, v identified) (sms.Account, error) {
	p := s.provider
	known, ok, err := s.store.Identity(ctx, p.Issuer, v.subject)
	if err != nil {
		return sms.Account{}, err
	}
	if ok {
		return known.Account, s.store.UseIdentity(ctx, known.ID, v.label, s.now())
	}
	account, by, err := s.named(ctx, v)
	if err != nil {
		return account, err
	}
	if by == "" || account.Operator {
		return account, ErrStranger
	}
	_, err = s.addIdentity(ctx, store.Identity{Account: account, Issuer: p.Issuer, Subject: v.subject, Label: v.label, LinkedBy: by}, Visitor{})
	return account, err
}

// named finds the account that the issuer names, by is empty if there is none.
func (s *SignIns) named(ctx context.Context, v identified) (account sms.Account, by string, err error) {
	if v.account != "" && len(v.account) <= 64 && !strings.ContainsRune(v.account, 0) {
		account, err = s.store.Account(ctx, v.account)
		switch {
		case err == nil:
			return account, "claim", nil
		case sms.CodeOf(err) != sms.NoObject:
			return account, "", err
		}
	}
	if s.provider.TrustMail && v.mail != "" {
		all, err := s.store.AccountsByMail(ctx, v.mail)
		if err != nil {
			return account, "", err
		}
		if len(all) == 1 { // two accounts of one address: nobody knows which is meant
			return all[0], "mail", nil
		}
	}
	return sms.Account{}, "", nil
}

func (s *SignIns) addIdentity(ctx context.Context, v store.Identity, who Visitor) (store.Identity, error) {
	v.CreatedAt = s.now()
	if err := s.store.AddIdentity(ctx, &v, maxIdentities); err != nil {
		return v, err
	}
	return v, s.note(ctx, v.Account, EventIdentityAdded, v.Label, who)
}

// LinkIdentity links an identity with an account, as an operator does; an empty issuer is the one of the settings. Errors: Invalid, Conflict.
func (s *SignIns) LinkIdentity(ctx context.Context, account sms.Account, issuer, subject string) (v store.Identity, err error) {
	issuer = cmp.Or(issuer, s.Issuer())
	switch {
	case issuer == "":
		return v, sms.Errorf(sms.Invalid, "issuer is missing, and the settings name none: set oidc.issuer")
	case len(issuer) > maxSubject*8 || strings.ContainsRune(issuer, 0):
		return v, sms.Errorf(sms.Invalid, "issuer = %s is not an address of an OpenID provider", quote(issuer))
	case subject == "" || len(subject) > maxSubject || strings.ContainsRune(subject, 0):
		return v, sms.Errorf(sms.Invalid, "subject = %s: give 1 to %d bytes, as the page says them that somebody sees who is linked with no account", quote(subject), maxSubject)
	}
	return s.addIdentity(ctx, store.Identity{Account: account, Issuer: issuer, Subject: subject, Label: label(subject), LinkedBy: "operator"}, Visitor{})
}

// UnlinkIdentity unlinks an identity from an account; all its sessions end, but for the one of its owner, if he is who asks, 0 = nobody's. Error: NoObject.
func (s *SignIns) UnlinkIdentity(ctx context.Context, account sms.Account, id, except int64, who Visitor) error {
	all, err := s.store.Identities(ctx, account.ID)
	if err != nil {
		return err
	}
	name := ""
	if i := slices.IndexFunc(all, func(v store.Identity) bool { return v.ID == id }); i >= 0 {
		name = all[i].Label
	}
	if err := s.store.RemoveIdentity(ctx, account.ID, id); err != nil {
		return err
	}
	return errors.Join(s.store.EndSessions(ctx, account.ID, except), s.note(ctx, account, EventIdentityRemoved, name, who))
}

// Unlink unlinks an identity for the owner of a session. Errors: NotAuthenticated for a wrong password, TooFast, NoObject.
func (s *SignIns) Unlink(ctx context.Context, v store.Session, id int64, password string, who Visitor) error {
	if err := s.confirm(ctx, v, password, who); err != nil {
		return err
	}
	return s.UnlinkIdentity(ctx, v.Account, id, v.ID, who)
}
