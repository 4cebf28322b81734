package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// secure tells whether the browser speaks TLS to us or to the proxy before us.
func (v *visit) secure() bool {
	if v.r.TLS != nil {
		return true
	}
	all, same := 0, 0
	for _, base := range v.cfg.PublicURLs {
		scheme, rest, _ := strings.Cut(base, "://")
		host, _, _ := strings.Cut(rest, "/")
		if host == v.r.Host {
			return scheme == "https"
		}
		if all++; scheme == "https" {
			same++
		}
	}
	return all > 0 && all == same
}

// loopback tells whether the browser is on this machine.
func (v *visit) loopback() bool {
	host := v.r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// cookieName is that of the session's cookie. With __Host- the browser itself sees to it that nobody else can set it.
func (v *visit) cookieName() string {
	if v.secure() {
		return "__Host-ramier-session"
	}
	return "ramier-session"
}

func (v *visit) setSession(token string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.cookieName(), Value: token, Path: "/", MaxAge: age, Secure: v.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// ours tells whether an address is that of a page of ours, by its path alone.
func (p *Pages) ours(next string) bool {
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return false
	}
	u, err := url.Parse(next)
	return err == nil && u.Host == "" && u.Scheme == "" && p.Has(u.Path) && !strings.HasPrefix(u.Path, "/assets")
}

func (v *visit) toSignIn(next string) error {
	if !v.ours(next) {
		return v.to("/signin")
	}
	return v.to("/signin?" + url.Values{"next": {next}}.Encode())
}

// signInForm is what the form is filled with.
type signInForm struct {
	Next, Name, Ticket string
	Consent            bool // an application waits
}

func (v *visit) signInForm(next string) signInForm {
	if !v.ours(next) {
		next = "/account/"
	}
	return signInForm{Next: next, Consent: strings.HasPrefix(next, "/auth/")}
}

func (v *visit) showSignIn() error {
	form := v.signInForm(v.r.URL.Query().Get("next"))
	if v.session.ID != 0 {
		return v.to(form.Next)
	}
	return v.show(http.StatusOK, "signin.html", v.say("signin.title"), form)
}

// signIn opens a new session, whatever cookie the browser has brought: one that somebody has put there is worth nothing.
func (v *visit) signIn() error {
	given := v.r.PostForm
	form := v.signInForm(given.Get("next"))
	form.Name = strings.TrimSpace(given.Get("account"))
	var token string
	var err error
	ticket := given.Get("ticket")
	if ticket != "" {
		token, err = v.cfg.SignIns.SignInWithCode(v.ctx, ticket, given.Get("code"), v.Visitor(v.r))
	} else {
		token, err = v.cfg.SignIns.SignIn(v.ctx, form.Name, given.Get("password"), v.Visitor(v.r))
	}
	if wanted, ok := errors.AsType[auth.CodeWanted](err); ok {
		form.Ticket = wanted.Ticket
		return v.show(http.StatusOK, "code.html", v.say("signin.code.title"), form)
	}
	if err != nil {
		return v.refuseSignIn(form, ticket, err)
	}
	if v.session.ID != 0 {
		if err := v.cfg.Store.EndSession(v.ctx, v.session.Account.ID, v.session.ID); err != nil && sms.CodeOf(err) != sms.NoObject {
			return err
		}
	}
	v.setSession(token, 0)
	return v.to(form.Next)
}

func (v *visit) refuseSignIn(form signInForm, ticket string, err error) error {
	status, text, retry := v.refusal(err, "signin.wrong")
	if status == 0 {
		return err
	}
	if ticket == "" {
		return v.show(status, "signin.html", v.say("signin.title"), form, withError(text))
	}
	if !retry {
		text = v.say("signin.code.wrong")
	}
	form.Ticket = ticket
	return v.show(status, "code.html", v.say("signin.code.title"), form, withError(text))
}

// refusal gives the words for a wrong password or too many of them; the status is 0 for other errors.
func (v *visit) refusal(err error, wrong string) (status int, text string, wait bool) {
	e, _ := errors.AsType[*sms.Error](err)
	switch sms.CodeOf(err) {
	case sms.NotAuthenticated:
		return http.StatusForbidden, v.say(wrong), false
	case sms.TooFast:
		return http.StatusTooManyRequests, v.say("signin.wait", e.RetryAfter.Round(time.Second)), true
	}
	return 0, "", false
}

func (v *visit) signOut() error {
	err := v.cfg.Store.EndSession(v.ctx, v.session.Account.ID, v.session.ID)
	if err != nil && sms.CodeOf(err) != sms.NoObject {
		return err
	}
	v.setSession("", -1)
	return v.toSignIn(v.r.PostForm.Get("next"))
}
