package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Limits of passkeys.
const (
	maxPasskeys    = 20 // of an account
	maxPasskeyName = 64 // characters
)

// localhost is the one name that browsers trust without TLS; they let no address have passkeys.
const localhost = "localhost"

// UsePasskeys lets owners sign in with passkeys at a domain, on the pages of the public addresses that are below it. An empty domain is the
// host of the first https:// address that has a name, else localhost, which addresses of this machine count as. Without any address there are no
// passkeys. Error: none of the addresses is at the domain.
func (s *SignIns) UsePasskeys(domain string, publicURLs []string) error {
	named := domain != ""
	var all []url.URL
	for _, address := range publicURLs {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		host, ok := passkeyHost(u)
		if !ok {
			continue
		}
		all = append(all, url.URL{Scheme: u.Scheme, Host: withPort(host, u)})
		if domain == "" && host != localhost {
			domain = host
		}
	}
	domain = cmp.Or(domain, localhost)
	var origins []string
	for _, u := range all {
		if host := u.Hostname(); host == domain || strings.HasSuffix(host, "."+domain) {
			origins = append(origins, u.String())
		}
	}
	if len(origins) == 0 {
		if named {
			return fmt.Errorf("auth.passkey_domain = %q: none of public_urls is an https:// address of it", domain)
		}
		return nil
	}
	resident := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: domain, RPDisplayName: "Ramier", RPOrigins: origins, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &resident, UserVerification: protocol.VerificationRequired,
		},
	})
	s.passkeys = w
	return err
}

// passkeyHost gives the name of an address where browsers allow passkeys; ok is false if they do not.
func passkeyHost(u *url.URL) (host string, ok bool) {
	host = strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil {
		return localhost, ip.IsLoopback()
	}
	return host, u.Scheme == "https" || host == localhost
}

// withPort adds the port of an address to a host, as browsers do: not the usual one.
func withPort(host string, u *url.URL) string {
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		return net.JoinHostPort(host, port)
	}
	return host
}

// PasskeyOrigins are the addresses of the pages where passkeys work; none if there are no passkeys.
func (s *SignIns) PasskeyOrigins() []string {
	if s.passkeys == nil {
		return nil
	}
	return s.passkeys.Config.RPOrigins
}

// A Ceremony is what a browser asks a device to do, and the ticket to give back with the device's answer.
type Ceremony struct {
	Options string // JSON, as navigator.credentials takes it
	Ticket  string
}

var errNoPasskeys = sms.Errorf(sms.NotAuthenticated, "There are no passkeys here")

// owner is the owner of an account, as WebAuthn sees him.
type owner struct {
	account sms.Account
	keys    []webauthn.Credential
}

// WebAuthnID gives the account's id, which tells nobody anything.
func (o owner) WebAuthnID() []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(o.account.ID)) //nolint:gosec // ids are positive
}
func (o owner) WebAuthnName() string                       { return o.account.Name }
func (o owner) WebAuthnDisplayName() string                { return o.account.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

// ownerOf reads the passkeys of an account that work here.
func (s *SignIns) ownerOf(ctx context.Context, account sms.Account) (owner, error) {
	o := owner{account: account}
	all, err := s.store.Passkeys(ctx, account.ID)
	if err != nil || s.passkeys == nil {
		return o, err
	}
	for _, p := range all {
		if p.Domain != s.passkeys.Config.RPID {
			continue
		}
		key, err := recordOf(&p)
		if err != nil {
			return o, err
		}
		o.keys = append(o.keys, key)
	}
	return o, nil
}

func recordOf(p *store.Passkey) (key webauthn.Credential, err error) {
	err = json.Unmarshal([]byte(p.Content), &key)
	key.Authenticator.SignCount = p.Count
	return key, err
}

// BeginPasskey begins a sign-in with a passkey alone; the device knows whose it is. Nothing is kept of it.
func (s *SignIns) BeginPasskey(who Visitor) (c Ceremony, err error) {
	if s.passkeys == nil {
		return c, errNoPasskeys
	}
	options, session, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return c, err
	}
	return s.ceremony(options, ticket{Kind: passkeyKind, Until: s.until(ticketLasts), Browser: who.Browser.Mark, Ceremony: session})
}

func (s *SignIns) ceremony(options any, t ticket) (Ceremony, error) {
	text, err := json.Marshal(options)
	return Ceremony{Options: string(text), Ticket: s.seal(t)}, err
}

// SignInWithPasskey opens a session for whoever has unlocked a passkey: it is both factors. Errors: NotAuthenticated, TooFast.
func (s *SignIns) SignInWithPasskey(ctx context.Context, text, answer string, who Visitor) (token string, err error) {
	if s.passkeys == nil {
		return "", errNoPasskeys
	}
	if err := s.arrive(who); err != nil {
		return "", err
	}
	t, err := s.unseal(passkeyKind, text, who)
	if err != nil {
		return "", err
	}
	if err := s.spend(ctx, text, t); err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return "", refusedPasskey(err)
	}
	p, ok, err := s.store.Passkey(ctx, parsed.RawID)
	if err != nil {
		return "", err
	}
	if !ok || p.Domain != s.passkeys.Config.RPID {
		return "", refusedPasskey(errors.New("the passkey is unknown"))
	}
	key, err := recordOf(&p)
	if err != nil {
		return "", err
	}
	l, err := s.login(ctx, p.Account.Name)
	if err != nil {
		return "", err
	}
	used, err := s.passkeys.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) {
		return owner{p.Account, []webauthn.Credential{key}}, nil
	}, *t.Ceremony, parsed)
	if err != nil {
		return "", refusedPasskey(err)
	}
	if err := s.used(ctx, &p, used, who); err != nil {
		return "", err
	}
	return s.open(ctx, l, meansPasskey, who)
}

// used notes the use of a passkey. One whose device counts and has not counted on was copied, and is refused.
func (s *SignIns) used(ctx context.Context, p *store.Passkey, key *webauthn.Credential, who Visitor) error {
	if key.Authenticator.CloneWarning {
		if err := s.note(ctx, p.Account, EventPasskeyCloned, p.Name, who); err != nil {
			return err
		}
		return refusedPasskey(fmt.Errorf("the passkey %d may have been copied", p.ID))
	}
	content, err := json.Marshal(key)
	if err != nil {
		return err
	}
	p.Content, p.Count, p.UsedAt = string(content), key.Authenticator.SignCount, s.now()
	return s.store.UsePasskey(ctx, p)
}

// refusedPasskey keeps the cause for the log alone.
func refusedPasskey(cause error) error {
	if e, ok := errors.AsType[*protocol.Error](cause); ok {
		cause = fmt.Errorf("%w: %s", cause, e.DevInfo)
	}
	return sms.Wrap(sms.NotAuthenticated, cause, "The passkey was not accepted")
}

// A Second is what may be given as the second factor.
type Second struct {
	Ticket  string
	Code    bool // a one-time code
	Passkey bool // one that works here
	Options string
}

// Second tells what may be given with a ticket for a second factor, and gives the ticket to come back with. A recovery code always may. Error:
// NotAuthenticated.
func (s *SignIns) Second(ctx context.Context, text string, who Visitor) (v Second, err error) {
	t, err := s.unseal(secondKind, text, who)
	if err != nil {
		return v, err
	}
	l, err := s.login(ctx, t.Account)
	if err != nil {
		return v, err
	}
	o, err := s.ownerOf(ctx, l.Account)
	if err != nil {
		return v, err
	}
	v = Second{Ticket: text, Code: l.OTPSecret != "", Passkey: len(o.keys) > 0}
	if !v.Passkey {
		return v, nil
	}
	options, session, err := s.passkeys.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return v, err
	}
	t.Ceremony = session
	c, err := s.ceremony(options, t)
	v.Options, v.Ticket = c.Options, c.Ticket
	return v, err
}

// SignInWithSecondPasskey opens a session with a passkey as the second factor. Errors: as SignIn.
func (s *SignIns) SignInWithSecondPasskey(ctx context.Context, text, answer string, who Visitor) (token string, err error) {
	t, l, err := s.second(ctx, text, who)
	if err != nil {
		return "", err
	}
	if t.Ceremony == nil || s.passkeys == nil {
		return "", errNoPasskeys
	}
	if err := s.spend(ctx, text, t); err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return "", refusedPasskey(err)
	}
	o, err := s.ownerOf(ctx, l.Account)
	if err != nil {
		return "", err
	}
	used, err := s.passkeys.ValidateLogin(o, *t.Ceremony, parsed)
	if err != nil {
		return "", refusedPasskey(err)
	}
	all, err := s.store.Passkeys(ctx, l.Account.ID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(p store.Passkey) bool { return bytes.Equal(p.Credential, used.ID) })
	if i < 0 {
		return "", refusedPasskey(errors.New("the passkey is gone"))
	}
	if err := s.used(ctx, &all[i], used, who); err != nil {
		return "", err
	}
	return s.open(ctx, l, t.Means+"+"+meansPasskey, who)
}

// OfferPasskey begins the making of a passkey for the owner of a session. One device has one for an account.
func (s *SignIns) OfferPasskey(ctx context.Context, v store.Session, who Visitor) (c Ceremony, err error) {
	if s.passkeys == nil {
		return c, errNoPasskeys
	}
	o, err := s.ownerOf(ctx, v.Account)
	if err != nil {
		return c, err
	}
	options, session, err := s.passkeys.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.keys).CredentialDescriptors()))
	if err != nil {
		return c, err
	}
	return s.ceremony(options, ticket{Kind: registerKind, Until: s.until(12 * ticketLasts), Browser: who.Browser.Mark, Session: v.ID, Ceremony: session})
}

// AddPasskey adds what a device has answered to an offer, under a name. If it is the first second factor there are recovery codes, which are
// shown once. Errors: NotAuthenticated for a wrong password or answer, TooFast, Invalid, Conflict.
func (s *SignIns) AddPasskey(ctx context.Context, v store.Session, text, answer, name, password string, who Visitor) (recovery []string, err error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	if name, err = checkPasskeyName(name); err != nil {
		return nil, err
	}
	t, err := s.unseal(registerKind, text, who)
	if err != nil || t.Session != v.ID {
		return nil, errLate
	}
	if err := s.confirm(ctx, v, password, who); err != nil {
		return nil, err
	}
	if err := s.spend(ctx, text, t); err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, refusedPasskey(err)
	}
	key, err := s.passkeys.CreateCredential(owner{account: v.Account}, *t.Ceremony, parsed)
	if err != nil {
		return nil, refusedPasskey(err)
	}
	content, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	if err := s.store.AddPasskey(ctx, &store.Passkey{
		Account: v.Account, Credential: key.ID, Domain: s.passkeys.Config.RPID, Content: string(content), Count: key.Authenticator.SignCount,
		Name: name, CreatedAt: s.now(),
	}, maxPasskeys); err != nil {
		return nil, err
	}
	return s.newFactor(ctx, v, EventPasskeyAdded, name, who, func(*store.Login) {})
}

func checkPasskeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxPasskeyName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", sms.Errorf(sms.Invalid, "name = %s: give the passkey a name of 1 to %d characters", quote(name), maxPasskeyName)
	}
	return name, nil
}

// RenamePasskey gives a passkey another name. Errors: Invalid, NoObject.
func (s *SignIns) RenamePasskey(ctx context.Context, v store.Session, id int64, name string) error {
	name, err := checkPasskeyName(name)
	if err != nil {
		return err
	}
	return s.store.RenamePasskey(ctx, v.Account.ID, id, name)
}

// RemovePasskey removes a passkey. Errors: NotAuthenticated for a wrong password, TooFast, NoObject; Conflict if it is the last second factor and
// last is false.
func (s *SignIns) RemovePasskey(ctx context.Context, v store.Session, id int64, password string, last bool, who Visitor) error {
	if err := s.confirm(ctx, v, password, who); err != nil {
		return err
	}
	all, err := s.store.Passkeys(ctx, v.Account.ID)
	if err != nil {
		return err
	}
	name := ""
	if i := slices.IndexFunc(all, func(p store.Passkey) bool { return p.ID == id }); i >= 0 {
		name = all[i].Name
	}
	if err := s.store.RemovePasskey(ctx, v.Account.ID, id, last); err != nil {
		return err
	}
	return s.note(ctx, v.Account, EventPasskeyRemoved, name, who)
}
