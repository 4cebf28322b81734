package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// callbackPath is where a browser comes back to from the OpenID provider.
const callbackPath = "/signin/oidc/callback"

// callback is its whole address, which the provider has to know: at the address that the browser has come by if that is one of ours, else at the first
// public one, where the browser has to begin.
func (v *visit) callback() (address string, here bool) {
	for _, base := range slices.Concat(v.cfg.PublicURLs, v.cfg.SignIns.PasskeyOrigins()) {
		if u, err := url.Parse(base); err == nil && u.Scheme+"://"+u.Host == v.origin() {
			return base + callbackPath, true
		}
	}
	if len(v.cfg.PublicURLs) == 0 {
		return v.origin() + callbackPath, true
	}
	return v.cfg.PublicURLs[0] + callbackPath, false
}

// toProvider sends the browser to the OpenID provider.
func (v *visit) toProvider() error {
	form := v.signInForm(v.r.URL.Query().Get("next"))
	callback, here := v.callback()
	if !here {
		return v.to(strings.TrimSuffix(callback, "/callback") + "?" + url.Values{"next": {form.Next}}.Encode())
	}
	address, err := v.cfg.SignIns.BeginProvider(v.ctx, callback, form.Next, nil, "", v.visitor())
	if err != nil {
		return v.refuseProvider(form, err)
	}
	return v.to(address)
}

// refuseProvider shows the form once more after a sign-in at the provider has failed.
func (v *visit) refuseProvider(form signInForm, err error) error {
	v.logCause(err)
	if sms.CodeOf(err) == sms.Unavailable {
		return v.askToSignIn(http.StatusServiceUnavailable, form, withError(v.say("oidc.down", v.cfg.SignIns.ProviderName())))
	}
	return v.refuseSignInBy(form, err, "oidc.wrong")
}

// fromProvider takes up a browser that comes back from the provider. The request comes from another site, so it changes nothing but by its state.
func (v *visit) fromProvider() error {
	q := v.r.URL.Query()
	arrival, err := v.cfg.SignIns.FinishProvider(v.ctx, auth.Returned{
		State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"),
	}, v.session, v.visitor())
	form := v.signInForm(arrival.Next)
	if wanted, ok := errors.AsType[auth.CodeWanted](err); ok {
		form.Ticket = wanted.Ticket
		return v.askForSecond(http.StatusOK, form)
	}
	switch {
	case errors.Is(err, auth.ErrStranger):
		return v.show(http.StatusForbidden, "stranger.html", v.say("oidc.stranger"), arrival)
	case sms.CodeOf(err) == sms.Conflict && v.session.ID != 0:
		return v.security(http.StatusConflict, nil, withError(v.say("oidc.taken", arrival.Label)))
	case err != nil && v.session.ID != 0 && sms.CodeOf(err) == sms.NotAuthenticated:
		v.logCause(err)
		return v.refuseSecurity(err, "oidc.wrong", nil)
	case err != nil:
		return v.refuseProvider(form, err)
	case arrival.Token == "":
		return v.security(http.StatusOK, nil, withNotice(v.say("oidc.linked", arrival.Label)))
	}
	return v.enter(arrival.Token, form.Next)
}

// linkIdentity begins the linking of an identity with the account. The provider is reached by a link: a form that leads elsewhere is what the pages
// forbid.
func (v *visit) linkIdentity() error {
	callback, _ := v.callback()
	address, err := v.cfg.SignIns.BeginProvider(v.ctx, callback, "", &v.session, v.r.PostForm.Get("password"), v.visitor())
	if sms.CodeOf(err) == sms.Unavailable {
		v.logCause(err)
		return v.security(http.StatusServiceUnavailable, nil, withError(v.say("oidc.down", v.cfg.SignIns.ProviderName())))
	}
	if err != nil {
		return v.refuseSecurity(err, "pass.wrong", nil)
	}
	return v.show(http.StatusOK, "link.html", v.say("oidc.link", v.cfg.SignIns.ProviderName()), address)
}

func (v *visit) unlinkIdentity() error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := v.cfg.SignIns.Unlink(v.ctx, v.session, id, v.r.PostForm.Get("password"), v.visitor()); err != nil {
		return v.refuseSecurity(err, "pass.wrong", nil)
	}
	return v.security(http.StatusOK, nil, withNotice(v.say("oidc.unlinked")))
}
