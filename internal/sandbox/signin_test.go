package sandbox_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ramier/internal/auth"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

func TestWrongPasswordsAreSlowedDown(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		for _, account := range []string{other, "nobody-ovh"} { // nobody learns which accounts there are
			v := newVisitor(t, p)
			for i := range 6 {
				want, words := http.StatusForbidden, "The account or the password is wrong"
				if i == 5 {
					want, words = http.StatusTooManyRequests, "Too many attempts. Wait 1m0s"
				}
				if got := v.post("/signin", url.Values{"account": {account}, "password": {fmt.Sprint("wrong", i)}}); got.status != want || !strings.Contains(got.text, words) {
					t.Fatalf("attempt %d for %s gives %d\n%s", i, account, got.status, got.text)
				}
				p.Clock.Advance(2 * time.Millisecond)
			}
		}
		v := newVisitor(t, p)
		right := url.Values{"account": {other}, "password": {p.Info.Passwords[other]}}
		if got := v.post("/signin", right); got.status != http.StatusTooManyRequests {
			t.Errorf("the right password during the wait gives %d", got.status)
		}
		p.Clock.Advance(61 * time.Second)
		v.signIn(other, p.Info.Passwords[other])
	})
}

func TestAnOperatorGivesAPassword(t *testing.T) {
	p := sandboxtest.Start(t, "")
	v := newVisitor(t, p)
	v.signIn(other, p.Info.Passwords[other])
	if got := v.get("/account/"); !strings.Contains(got.text, "Where you are signed in") {
		t.Fatal(got.text)
	}
	at := "/operator/accounts/" + other + "/password"
	var made struct{ Account, Password string }
	check(t, p.Operator.Post(at, nil, &made))
	if got := v.get("/account/"); !strings.Contains(got.text, `name="password"`) {
		t.Error("the session has outlived the password: ", got.text)
	}
	v.signIn(other, made.Password)
	check(t, p.Operator.Post(at, map[string]any{"password": "correct horse battery"}, &made))
	v.signIn(other, "correct horse battery")
	refusedWith(t, p.Operator.Post(at, map[string]any{"password": "short"}, nil), 400, "at least 10")
	refusedWith(t, p.Operator.Post(at, map[string]any{"password": ""}, nil), 400, "empty")
	refusedWith(t, p.Operator.Post("/operator/accounts/nobody/password", nil, nil), 404, "nobody")
	refusedWith(t, p.OVH.Post(at, nil, nil), 403, "not been granted")
}

func TestSessionsEnd(t *testing.T) {
	p := sandboxtest.Start(t, "")
	first, second := newVisitor(t, p), newVisitor(t, p)
	in := func(v *visitor) bool { return strings.Contains(v.get("/account/").text, "Where you are signed in") }
	for _, v := range []*visitor{first, second} {
		v.signIn(other, p.Info.Passwords[other])
	}
	home := first.get("/account/")
	id := regexp.MustCompile(`/account/sessions/(\d+)/end`).FindStringSubmatch(home.text)
	if id == nil || strings.Count(home.text, "this browser") != 1 {
		t.Fatal(home.text)
	}
	first.post(id[0], url.Values{"csrf": {home.mark("csrf")}})
	if !in(first) || in(second) {
		t.Error("the wrong session has ended")
	}
	p.Clock.Advance(119 * time.Minute)
	if !in(first) {
		t.Error("it has ended too soon")
	}
	p.Clock.Advance(121 * time.Minute)
	if in(first) {
		t.Error("an idle session goes on")
	}
	first.signIn(other, p.Info.Passwords[other])
	for range 11 {
		p.Clock.Advance(time.Hour)
		if !in(first) {
			t.Fatal("a session in use has ended too soon")
		}
	}
	p.Clock.Advance(time.Hour)
	if in(first) {
		t.Error("a session lasts more than 12 hours")
	}
	first.signIn(other, p.Info.Passwords[other])
	first.post("/signout", url.Values{"csrf": {first.get("/account/").mark("csrf")}})
	if in(first) {
		t.Error("still signed in")
	}
}

// A new password ends all other sessions, and the browser's own goes on.
func TestANewPasswordEndsOtherSessions(t *testing.T) {
	p := sandboxtest.Start(t, "")
	password := p.Info.Passwords[other]
	mine, thief := newVisitor(t, p), newVisitor(t, p)
	mine.signIn(other, password)
	thief.signIn(other, password)
	form := url.Values{"csrf": {mine.get("/account/").mark("csrf")}, "old": {"wrong"}, "new": {"correct horse battery"}}
	if got := mine.post("/account/security/password", form); got.status != http.StatusForbidden {
		t.Errorf("a wrong password changes it: %d", got.status)
	}
	form.Set("old", password)
	if got := mine.post("/account/security/password", form); got.status != http.StatusOK || !strings.Contains(got.text, "The password is changed") {
		t.Errorf("%d %s", got.status, got.text)
	}
	if mine.get("/account/").mark("csrf") == "" || thief.get("/account/").mark("csrf") != "" {
		t.Error("the wrong session has ended")
	}
}

// Signing in gives a browser a session of its own, whatever it has brought, in a cookie that scripts and other sites do not reach.
func TestSessionsAreNotFixed(t *testing.T) {
	p := sandboxtest.Start(t, "")
	for _, base := range []string{p.Info.Endpoint, p.Info.EndpointTLS} {
		v := newVisitor(t, p)
		v.base = strings.TrimSuffix(base, "/1.0")
		v.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // the sandbox's own
		name, want := "ramier-session", "; Path=/; HttpOnly; SameSite=Lax"
		if strings.HasPrefix(base, "https") {
			name, want = "__Host-ramier-session", "; Path=/; HttpOnly; Secure; SameSite=Lax"
		}
		fixed := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: "FIXED"}) } //nolint:gosec // as an attacker sets it
		form := url.Values{"account": {other}, "password": {p.Info.Passwords[other]}}
		var tokens []string
		for range 2 {
			got := v.post("/signin", form, fixed)
			for _, c := range got.header["Set-Cookie"] {
				if token, ok := strings.CutPrefix(c, name+"="); ok && strings.HasSuffix(c, want) {
					tokens = append(tokens, strings.TrimSuffix(token, want))
				} else if !strings.Contains(c, "ramier-browser=") || !strings.HasSuffix(c, strings.TrimPrefix(want, "; Path=/")) {
					t.Errorf("the cookie is %s", c)
				}
			}
		}
		if len(tokens) != 2 || tokens[0] == tokens[1] || len(tokens[0]) < 40 {
			t.Fatalf("the sessions are %q", tokens)
		}
		with := func(token string) bool {
			_, ok, err := auth.NewSignIns(p.App.Store, p.Clock.Now).Session(t.Context(), token)
			check(t, err)
			return ok
		}
		if with("FIXED") || !with(tokens[1]) {
			t.Error("the wrong session is open")
		}
	}
}

func TestASecondFactor(t *testing.T) {
	p := sandboxtest.Start(t, "")
	password := p.Info.Passwords[other]
	b := newBrowser(t, "en")
	base := strings.TrimSuffix(p.Info.Endpoint, "/1.0")
	b.open(base+"/account/security", "#account")
	b.signIn(other, password, "#otp-secret")
	b.look("security")
	secret := b.text("#otp-secret")
	code := func() string {
		c, err := auth.OneTimePassword(secret, p.Clock.Now())
		check(t, err)
		return c
	}
	used := code()
	b.fill("#code", used)
	b.fill("#on-password", password)
	b.click("form[action='/account/security/code'] button", ".codes")
	b.look("recovery")
	recovery := strings.Fields(b.text(".codes"))
	if len(recovery) != 8 {
		t.Fatal(recovery)
	}

	v := newVisitor(t, p)
	try := func(code string) page {
		ticket := v.post("/signin", url.Values{"account": {other}, "password": {password}}).mark("ticket")
		if ticket == "" {
			t.Fatal("no code is asked for")
		}
		return v.post("/signin", url.Values{"ticket": {ticket}, "code": {code}})
	}
	for wrong, code := range map[string]string{"a used one": used, "a wrong one": "000000", "none": ""} {
		if got := try(code); got.status == http.StatusSeeOther {
			t.Errorf("%s is taken", wrong)
		}
		p.Clock.Advance(31 * time.Minute)
	}
	now := code()
	if got := try(now); got.status != http.StatusSeeOther {
		t.Errorf("the code gives %d\n%s", got.status, got.text)
	}
	if got := try(now); got.status == http.StatusSeeOther { // while it is still fresh
		t.Error("a code counts twice")
	}
	for i, want := range []int{http.StatusSeeOther, http.StatusForbidden} {
		if got := try(strings.ToUpper(recovery[0])); got.status != want {
			t.Errorf("a recovery code gives %d at use %d", got.status, i+1)
		}
	}
	b.open(base+"/account/security", "#off")
	b.click("#off summary", "#off-password")
	b.fill("#off-password", password)
	b.do(chromedp.Click("#off input[name=last]"))
	b.click("#off button", "#otp-secret")
	if text := b.text("main"); !strings.Contains(text, "No second factor is left") || !strings.Contains(text, "One-time codes switched off") {
		t.Error(text)
	}
	v.signIn(other, password)
}

func TestPagesMakeApplicationsAndKeys(t *testing.T) {
	p := sandboxtest.Start(t, "")
	base := strings.TrimSuffix(p.Info.Endpoint, "/1.0")
	b := newBrowser(t, "en")
	b.open(base+"/createToken/?GET=/sms/&GET=/sms/*/jobs&POST=/sms/*/jobs", "#account")
	b.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account], "fieldset")
	b.look("createtoken")
	b.fill("#name", "prefilled")
	b.do(chromedp.SetValue("#validity", "1d"))
	b.click("form[action='/createToken/'] button.primary", "#consumer-key")
	b.look("created")
	keys := sandbox.Keys{ApplicationKey: b.text("#application-key"), ApplicationSecret: b.text("#application-secret"), ConsumerKey: b.text("#consumer-key")}
	if conf := b.text("pre"); !strings.Contains(conf, "endpoint="+p.Info.Endpoint) || !strings.Contains(conf, keys.ConsumerKey) {
		t.Error(conf)
	}
	client := p.Client(keys)
	var services []string
	check(t, client.Get("/sms/", &services)) // as OVH's samples call it
	check(t, client.Get("/sms/"+services[0]+"/jobs", nil))
	refusedWith(t, client.Get("/sms/"+services[0]+"/outgoing", nil), 403, "not been granted")

	v := newVisitor(t, p)
	v.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account])
	csrf := v.get("/createApp/").mark("csrf")
	if got := v.post("/createApp/", url.Values{"csrf": {csrf}, "name": {"Prefilled"}}); got.status != http.StatusConflict || !strings.Contains(got.text, "of that name") {
		t.Errorf("a second application of the name gives %d", got.status)
	}
	if got := v.post("/createToken/", url.Values{"csrf": {csrf}, "name": {"nothing"}, "validity": {"0"}}); got.status != http.StatusBadRequest {
		t.Errorf("keys without rights give %d", got.status)
	}
	b.open(base+"/createApp/", "#name")
	b.look("createapp")
	b.fill("#name", "Boutique")
	b.fill("#description", "Sells <b>shoes</b>")
	b.click("form[action='/createApp/'] button.primary", "#application-secret")
	applicationsAreSeenAndDeleted(t, p, b.text("#application-key"))
	b.open(base+"/account/", "#keys")
	if text := b.text("main"); !strings.Contains(text, "prefilled") || !strings.Contains(text, "outgoing") && !strings.Contains(text, "this browser") {
		t.Error(text)
	}
	b.look("home")
	refusedWith(t, client.Get("/me", nil), 403, "not been granted")
	b.do(chromedp.Click(chromedp.Search("//tr[td[contains(., 'prefilled')]]//summary[contains(., 'Revoke')]")))
	b.do(chromedp.Click(chromedp.Search("//tr[td[contains(., 'prefilled')]]//button[contains(., 'for good')]")), chromedp.WaitVisible("#keys"))
	p.Until("the keys are revoked", func() bool { return client.Get("/sms", nil) != nil })
	refusedWith(t, client.Get("/sms", nil), 403, "This credential does not exist")
}

func applicationsAreSeenAndDeleted(t *testing.T, p *sandboxtest.Platform, key string) {
	t.Helper()
	var ids []int64
	check(t, p.OVH.Get("/me/api/application", &ids))
	var app struct{ ApplicationKey, Name, Description, Status string }
	at := fmt.Sprintf("/me/api/application/%d", slices.Max(ids))
	check(t, p.OVH.Get(at, &app))
	if app.ApplicationKey != key || app.Name != "Boutique" || app.Description != "Sells <b>shoes</b>" || app.Status != "active" {
		t.Errorf("got %+v", app)
	}
	refusedWith(t, p.Other.Get(at, nil), 404, "does not exist")
	refusedWith(t, p.Other.Delete(at, nil), 404, "does not exist")
	check(t, p.OVH.Delete(at, nil))
	refusedWith(t, p.OVH.Get(at, nil), 404, "does not exist")
}
