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
		if strings.EqualFold(host, v.r.Host) {
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
	return err == nil && u.Host == "" && u.Scheme == "" && p.Has(u.Path) && !strings.Contains(u.Path, "..") && !strings.HasPrefix(u.Path, "/assets")
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
	Consent            bool          // an application waits
	Passkey            auth.Ceremony // its options are empty where passkeys do not work
	Elsewhere          string        // the origin where they do, if it is not this one
	Provider           string        // where else somebody may sign in; empty = nowhere
	Second             auth.Second
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
	return v.askToSignIn(http.StatusOK, form)
}

// askToSignIn shows the form, with all the ways in that there are.
func (v *visit) askToSignIn(status int, form signInForm, more ...func(*view)) error {
	form.Provider = v.cfg.SignIns.ProviderName()
	form.Elsewhere = v.passkeysElsewhere()
	if v.passkeysHere() {
		var err error
		if form.Passkey, err = v.cfg.SignIns.BeginPasskey(v.visitor()); err != nil {
			return err
		}
		more = append(more, v.withScript)
	}
	return v.show(status, "signin.html", v.say("signin.title"), form, more...)
}

// signIn takes a password, or the second factor after one.
func (v *visit) signIn() error {
	given := v.r.PostForm
	form := v.signInForm(given.Get("next"))
	form.Name, form.Ticket = strings.TrimSpace(given.Get("account")), given.Get("ticket")
	var token string
	var err error
	switch answer := given.Get("answer"); {
	case form.Ticket != "" && answer != "":
		token, err = v.cfg.SignIns.SignInWithSecondPasskey(v.ctx, form.Ticket, answer, v.visitor())
	case form.Ticket != "":
		token, err = v.cfg.SignIns.SignInWithCode(v.ctx, form.Ticket, given.Get("code"), v.visitor())
	default:
		token, err = v.cfg.SignIns.SignIn(v.ctx, form.Name, given.Get("password"), v.visitor())
	}
	if err == nil {
		return v.enter(token, form.Next)
	}
	if wanted, ok := errors.AsType[auth.CodeWanted](err); ok {
		form.Ticket = wanted.Ticket
		return v.askForSecond(http.StatusOK, form)
	}
	return v.refuseSignIn(form, err)
}

// enter takes up a new session, whatever cookie the browser has brought: one that somebody has put there is worth nothing.
func (v *visit) enter(token, next string) error {
	session, ok, err := v.cfg.SignIns.Session(v.ctx, token)
	if err != nil {
		return err
	}
	if !ok {
		return v.toSignIn(next)
	}
	if v.session.ID != 0 {
		if err := v.cfg.Store.EndSession(v.ctx, v.session.Account.ID, v.session.ID); err != nil && sms.CodeOf(err) != sms.NoObject {
			return err
		}
	}
	v.setSession(token, 0)
	v.rememberBrowser(session.Account.Name)
	return v.to(next)
}

// askForSecond shows what may be given as the second factor.
func (v *visit) askForSecond(status int, form signInForm, more ...func(*view)) error {
	var err error
	form.Second, err = v.cfg.SignIns.Second(v.ctx, form.Ticket, v.visitor())
	if sms.CodeOf(err) == sms.NotAuthenticated {
		return v.askToSignIn(http.StatusForbidden, form, withError(v.say("signin.late")))
	}
	if err != nil {
		return err
	}
	if form.Second.Passkey {
		form.Elsewhere = v.passkeysElsewhere()
	}
	if form.Second.Passkey = form.Second.Passkey && v.passkeysHere(); form.Second.Passkey {
		more = append(more, v.withScript)
	}
	return v.show(status, "code.html", v.say("signin.code.title"), form, more...)
}

func (v *visit) refuseSignIn(form signInForm, err error) error {
	status, text, retry := v.refusal(err, "signin.wrong")
	if status == 0 {
		return err
	}
	if form.Ticket == "" {
		return v.askToSignIn(status, form, withError(text))
	}
	if !retry {
		text = v.say("signin.code.wrong")
	}
	v.logCause(err)
	return v.askForSecond(status, form, withError(text))
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
