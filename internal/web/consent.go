package web

import (
	"net/http"
	"net/url"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A validity is how long a consumer key may be used.
type validity struct {
	Name string
	lot  time.Duration // 0 = for ever
}

var validities = []validity{
	{"0", 0},
	{"5m", 5 * time.Minute},
	{"1h", time.Hour},
	{"1d", 24 * time.Hour},
	{"7d", 7 * 24 * time.Hour},
	{"30d", 30 * 24 * time.Hour},
	{"365d", 365 * 24 * time.Hour},
}

// validityOf reads a chosen validity.
func validityOf(name string) (time.Duration, error) {
	for _, v := range validities {
		if v.Name == name {
			return v.lot, nil
		}
	}
	return 0, sms.Errorf(sms.Invalid, "there is no validity %q to choose", name)
}

// consentForm is what the page of an approval shows.
type consentForm struct {
	store.Consent
	Token      string
	Warnings   []string
	Host       string // of the redirection
	Validities []validity
	Here       string
	Role       sms.Role         // of the person who has signed in; empty = the owner
	Beyond     []sms.AccessRule // asked for, and out of reach of the role
}

// consent finds the request that the address names; done tells that it is not open, and that the visitor has been told.
func (v *visit) consent(token string) (c store.Consent, done bool, err error) {
	c, ok, err := v.cfg.Verifier.Consent(v.ctx, token)
	if err != nil {
		return c, false, err
	}
	var text string
	switch {
	case !ok:
		text = "consent.unknown"
	case c.Status == "pendingValidation":
		return c, false, nil
	case c.Account.ID != v.session.Acting().ID: // somebody else's answer is none of his business
		text = "consent.unknown"
	case c.Status == "validated":
		text = "consent.validated"
	case c.Status == "refused":
		return c, true, v.show(http.StatusOK, "answered.html", v.say("consent.refused"), v.say("consent.refused.text", c.Application))
	default:
		text = "consent.expired"
	}
	return c, true, v.show(http.StatusGone, "error.html", v.say("consent.gone"), nil, withError(v.say(text)))
}

func (v *visit) showConsent() error {
	token := v.r.URL.Query().Get("credentialToken")
	c, done, err := v.consent(token)
	if err != nil || done {
		return err
	}
	account, who := v.session.Acting(), v.session.Person()
	services, err := v.cfg.Store.ServicesOf(v.ctx, account.ID)
	if err != nil {
		return err
	}
	form := consentForm{Consent: c, Token: token, Validities: validities, Here: v.r.URL.RequestURI(), Role: who.Role}
	form.Rules, form.Beyond = auth.Within(c.Rules, who.Role, who.OperatorRole)
	form.Warnings = warnings(form.Rules, account, services)
	if u, err := url.Parse(c.Redirection); err == nil && c.Redirection != "" {
		form.Host = u.Host
		v.w.Header().Set("Content-Security-Policy", policy(u.Scheme+"://"+u.Host)) // else a browser stops the way back
	}
	return v.show(http.StatusOK, "consent.html", v.say("consent.title", c.Application), form)
}

func (v *visit) answerConsent() error {
	given := v.r.PostForm
	c, done, err := v.consent(given.Get("credentialToken"))
	if err != nil || done {
		return err
	}
	approved := given.Get("answer") == "approve"
	if !approved && given.Get("answer") != "refuse" {
		return sms.Errorf(sms.Invalid, "answer = %q is neither approve nor refuse", given.Get("answer"))
	}
	lot, err := validityOf(given.Get("validity"))
	if err != nil {
		return err
	}
	if err := v.cfg.Verifier.Answer(v.ctx, c, v.session, approved, lot); err != nil {
		return err
	}
	switch {
	case !approved:
		return v.show(http.StatusOK, "answered.html", v.say("consent.refused"), v.say("consent.refused.text", c.Application))
	case c.Redirection != "":
		return v.to(c.Redirection)
	}
	return v.show(http.StatusOK, "answered.html", v.say("consent.approved"), v.say("consent.approved.text", c.Application))
}
