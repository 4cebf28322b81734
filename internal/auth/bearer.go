package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Limits of OAuth2.
const (
	bearerLasts = time.Hour
	maxBearers  = 100 // valid ones of a client
	maxActions  = 200
	maxServices = 1000
	maxClients  = 100 // of an account
	maxCallback = 20
)

// action is one of OVH's names of what a caller may do, or a pattern of them.
var action = regexp.MustCompile(`^[A-Za-z*][A-Za-z0-9:/._*-]{0,99}$`)

// A bearer is a token of OAuth2 with its client.
type bearer struct {
	store.ServiceAccount
	ends time.Time
}

func (b *bearer) bytes() int {
	n := bearerBytes
	for _, list := range [][]string{b.Actions, b.Services, b.CallbackURLs} {
		for _, text := range list {
			n += len(text) + 16
		}
	}
	return n
}

// bearerToken gives the token of a request. OVH's documentation leaves out the word Bearer once.
func bearerToken(r *http.Request) string {
	if field(r.Header, headerApplication) != "" {
		return "" // keys go first
	}
	words := strings.Fields(r.Header.Get("Authorization"))
	switch {
	case len(words) == 1:
		return words[0]
	case len(words) == 2 && strings.EqualFold(words[0], "Bearer"):
		return words[1]
	}
	return ""
}

// byBearer proves who sent a request with a token.
func (v *Verifier) byBearer(ctx context.Context, r *http.Request, token string) (*sms.Caller, error) {
	var b *bearer
	ok := len(token) <= maxKey
	if ok {
		var err error
		if b, ok, err = v.bearers.get(hashKey(token), func() (*bearer, bool, bool, error) {
			client, ends, ok, err := v.cfg.Store.Bearer(ctx, token)
			return &bearer{client, ends}, ok, true, err
		}); err != nil {
			return nil, err
		}
	}
	switch {
	case !ok:
		return nil, sms.Errorf(sms.NotAuthenticated, "there is no such token, or it expired long ago (header Authorization): POST /auth/oauth2/token gives one")
	case !v.cfg.Now().Before(b.ends):
		return nil, sms.Errorf(sms.NotAuthenticated, "the token expired on %s: ask for a new one", b.ends.UTC().Format(time.RFC3339))
	}
	return &sms.Caller{
		AccountID: b.Account.ID, Account: b.Account.Name, Country: b.Account.Country, ServiceAccount: b.ClientID, Rules: []sms.AccessRule{},
		Actions: b.Actions, Services: b.Services, RemoteIP: RemoteIP(r, v.cfg.TrustedProxies),
		Person: b.Person.Name, PersonID: b.Person.ID, Role: b.Person.Role,
	}, nil
}

// NewServiceAccount makes a client of OAuth2 and gives its secret, which is not stored. The account, name, description and the lists
// are taken from v. Errors: Invalid, Conflict.
func NewServiceAccount(ctx context.Context, s *store.Store, now time.Time, v *store.ServiceAccount) (secret string, err error) {
	if err := CheckServiceAccount(v); err != nil {
		return "", err
	}
	all, err := s.ServiceAccounts(ctx, v.Account.ID)
	if err != nil {
		return "", err
	}
	if len(all) >= maxClients {
		return "", sms.Errorf(sms.Conflict, "the account has %d OAuth2 clients, at most %d: delete some", len(all), maxClients)
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	v.ClientID, v.CreatedAt = "EU."+hex.EncodeToString(id), now
	secret = randomText(32)
	if err := s.AddServiceAccount(ctx, v, secret); err != nil {
		return "", err
	}
	return secret, s.TellOwner(ctx, v.Account.ID, sms.SafetyEvent{Kind: sms.SafetyClient, Detail: v.Name + " (" + v.ClientID + ")", At: now})
}

// CheckServiceAccount checks what a customer may say of a client. Error: Invalid.
func CheckServiceAccount(v *store.ServiceAccount) error {
	if err := checkNames(v.Name, v.Description); err != nil {
		return err
	}
	switch {
	case len(v.CallbackURLs) > maxCallback:
		return sms.Errorf(sms.Invalid, "callbackUrls has %d addresses, at most %d are taken", len(v.CallbackURLs), maxCallback)
	case len(v.Actions) > maxActions:
		return sms.Errorf(sms.Invalid, "actions has %d names, at most %d are taken: join some with *", len(v.Actions), maxActions)
	case len(v.Services) > maxServices:
		return sms.Errorf(sms.Invalid, "services has %d names, at most %d are taken", len(v.Services), maxServices)
	}
	for _, text := range v.CallbackURLs {
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(text) > maxRedirection {
			return sms.Errorf(sms.Invalid, "callbackUrls: %s is not the address of a web page", quote(text))
		}
	}
	for _, text := range v.Actions {
		if !action.MatchString(text) {
			return sms.Errorf(sms.Invalid, "actions: %s is not the name of an action: write sms:apiovh:jobs/create or sms:*", quote(text))
		}
	}
	for _, text := range v.Services {
		if text == "" || len(text) > 64 {
			return sms.Errorf(sms.Invalid, "services: %s is not the name of an SMS account: GET /sms lists them", quote(text))
		}
	}
	return nil
}

// Grant gives a token to a client that proves itself by its secret, and how long it lasts. Errors: UnknownKey, TooFast.
func (v *Verifier) Grant(ctx context.Context, clientID, secret string, from netip.Addr) (token string, lasts time.Duration, err error) {
	now := v.cfg.Now()
	if !v.grants.allow(from.String(), now) {
		return "", 0, sms.Errorf(sms.TooFast, "too many tokens were asked for from this address: keep one and use it until it expires")
	}
	unknown := sms.Errorf(sms.UnknownKey, "ovhcloud oauth2 client does not exists")
	if len(clientID) > maxKey || len(secret) > maxKey {
		return "", 0, unknown
	}
	client, err := v.cfg.Store.ServiceAccount(ctx, clientID)
	if sms.CodeOf(err) == sms.NoObject {
		return "", 0, unknown
	}
	if err != nil {
		return "", 0, err
	}
	if sum := hashKey(secret); subtle.ConstantTimeCompare(sum[:], client.SecretHash) != 1 {
		return "", 0, unknown
	}
	token = rand.Text() + rand.Text()
	return token, bearerLasts, v.cfg.Store.AddBearer(ctx, client.ID, token, now, now.Add(bearerLasts), maxBearers)
}

// ForgetClient drops what is known of the tokens of a client, so that a change of it counts at once; on other nodes within 5 s.
func (v *Verifier) ForgetClient(clientID string) {
	v.bearers.drop(func(b *bearer) bool { return b.ClientID == clientID })
}
