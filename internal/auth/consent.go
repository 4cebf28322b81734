package auth

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Limits of asking for consumer keys.
const (
	consentLasts   = 24 * time.Hour // unanswered
	maxRedirection = 2048           // bytes
	consentToken   = 64             // characters, as OVH's has
)

// Asked is a consumer key that waits for its approval.
type Asked struct {
	ConsumerKey string
	Token       string // leads to the page of the approval
}

// Ask makes a consumer key for the application that a request names, which counts once the owner of an account has approved it. Any
// addresses are no addresses. Errors: NotAuthenticated, UnknownKey, Invalid, TooFast, Unavailable.
func (v *Verifier) Ask(ctx context.Context, r *http.Request, rules []sms.AccessRule, redirection string, ips []netip.Prefix) (Asked, error) {
	key := field(r.Header, headerApplication)
	if key == "" {
		return Asked{}, sms.Errorf(sms.NotAuthenticated, "the header %s is missing: it names the application that asks", headerApplication)
	}
	app, err := v.application(ctx, key)
	if err != nil {
		return Asked{}, err
	}
	now := v.cfg.Now()
	if !v.asks.allow(RemoteIP(r, v.cfg.TrustedProxies).String(), now) {
		return Asked{}, sms.Errorf(sms.TooFast, "too many consumer keys were asked for from this address: wait a moment, and keep the one you get")
	}
	if err := CheckRules(rules); err != nil {
		return Asked{}, sms.Errorf(sms.Invalid, "Body parameter accessRules isn't formated correctly").With("cause", err.Error())
	}
	if redirection, err = CheckRedirection(redirection); err != nil {
		return Asked{}, err
	}
	allowed, err := plainPrefixes(ips)
	if err != nil {
		return Asked{}, err
	}
	a := Asked{ConsumerKey: randomText(32), Token: randomText(consentToken)}
	return a, v.cfg.Store.AddConsent(ctx, &store.Credential{
		ApplicationID: app.id, Account: sms.Account{ID: app.account}, Status: "pendingValidation", Rules: rules, AllowedIPs: allowed,
		CreatedAt: now, ExpiresAt: now.Add(consentLasts),
	}, a.ConsumerKey, a.Token, redirection)
}

// CheckRedirection reads the address that a browser is sent to after an approval, empty for none: a web page, nothing that runs or
// opens something on the machine of the browser. Error: Invalid.
func CheckRedirection(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	refused := func(why string) (string, error) {
		return "", sms.Errorf(sms.Invalid, "redirection = %s %s: give the address of a web page, like https://shop.example.org/done", quote(text), why)
	}
	if len(text) > maxRedirection {
		return refused("is too long")
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }) {
		return refused("has a space, a backslash or a control character in it")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return refused("is not an address")
	case u.Scheme != "https" && u.Scheme != "http":
		return refused("is not one of https or http")
	case u.Hostname() == "" || u.Opaque != "":
		return refused("has no host")
	case u.User != nil:
		return refused("has a user in it")
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c > 0x7e || strings.ContainsRune(`"'<>;,*()`, c) }):
		return refused("has a host with odd characters; write an international name as xn--…")
	}
	return u.String(), nil
}

// Consent gives the request that a token leads to; ok is false if there is none.
func (v *Verifier) Consent(ctx context.Context, token string) (store.Consent, bool, error) {
	if len(token) != consentToken {
		return store.Consent{}, false, nil
	}
	c, ok, err := v.cfg.Store.Consent(ctx, token)
	c.Status = StatusAt(&c.Credential, v.cfg.Now())
	return c, ok, err
}

// Answer approves a request for whoever has signed in, with a validity, 0 = for ever, or refuses it; at once on this node. The key gets
// only the rules that the person's role reaches. Errors: Conflict if the request waits no more, Invalid.
func (v *Verifier) Answer(ctx context.Context, c store.Consent, who store.Session, approved bool, validity time.Duration) error {
	now := v.cfg.Now()
	switch {
	case StatusAt(&c.Credential, now) != "pendingValidation":
		return sms.Errorf(sms.Conflict, "This request has been answered already, or its time is over")
	case validity < 0:
		return sms.Errorf(sms.Invalid, "the validity is %s and must not be negative; 0 is forever", validity)
	}
	answer := c.Credential
	answer.Account, answer.Person = who.Acting(), who.Person()
	answer.Status, answer.ExpiresAt = "refused", now
	if approved {
		if answer.Rules, _ = Within(c.Rules, answer.Person.Role, answer.Person.OperatorRole); len(answer.Rules) == 0 {
			return sms.Errorf(sms.Forbidden, "The role %s allows nothing of what the application asks for: the owner of the account can approve it", answer.Person.Role)
		}
		answer.Status, answer.ExpiresAt = "validated", time.Time{}
		if validity > 0 {
			answer.ExpiresAt = now.Add(validity)
		}
	}
	defer v.Forget(c.ID)
	if err := v.cfg.Store.AnswerConsent(ctx, &answer); err != nil || !approved {
		return err
	}
	return v.cfg.Store.TellOwner(ctx, answer.Account.ID, sms.SafetyEvent{
		Kind: sms.SafetyKey, Who: who.Account.Name, Detail: keyDetail(c.Application, answer.Rules), Address: who.Address, Agent: who.Agent, At: now,
	})
}

// StatusAt gives a consumer key's state at a time: what is stored knows nothing of time.
func StatusAt(c *store.Credential, now time.Time) string {
	if (c.Status == "validated" || c.Status == "pendingValidation") && !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) {
		return "expired"
	}
	return c.Status
}

// CreateApplication makes an application of an account, for a person or itself (0). Errors: Invalid, Conflict if the account has one of
// that name.
func CreateApplication(ctx context.Context, s *store.Store, now time.Time, account sms.Account, person int64, name, description string) (store.Application, error) {
	app := store.Application{
		PersonID:  person,
		AccountID: account.ID, Key: randomText(16), Secret: randomText(32), Name: strings.TrimSpace(name), Description: strings.TrimSpace(description),
		Status: "active", CreatedAt: now,
	}
	if err := checkNames(app.Name, app.Description); err != nil {
		return app, err
	}
	if err := CheckNewName(ctx, s, account, app.Name); err != nil {
		return app, err
	}
	err := s.AddApplication(ctx, &app)
	return app, err
}

// CheckNewName tells whether an account may have one more application of a name. Error: Conflict.
func CheckNewName(ctx context.Context, s *store.Store, account sms.Account, name string) error {
	all, err := s.Applications(ctx, account.ID)
	if err != nil {
		return err
	}
	if len(all) >= maxApplications {
		return sms.Errorf(sms.Conflict, "the account has %d applications, at most %d: delete some", len(all), maxApplications)
	}
	for _, a := range all {
		if strings.EqualFold(a.Name, strings.TrimSpace(name)) {
			return sms.Errorf(sms.Conflict, "there is an application named %s already: take another name", quote(a.Name))
		}
	}
	return nil
}

// maxApplications is how many an account may have that are made on a web page.
const maxApplications = 1000
