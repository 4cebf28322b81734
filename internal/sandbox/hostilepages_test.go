package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
)

func TestOddRequestsForKeysAreRefused(t *testing.T) {
	p := sandboxtest.Start(t, "")
	rule := []map[string]any{{"method": "GET", "path": "/sms"}}
	long := make([]map[string]any, 101)
	for i := range long {
		long[i] = map[string]any{"method": "GET", "path": fmt.Sprint("/sms/", i)}
	}
	keys := p.Info.Keys
	keys.ConsumerKey = ""
	c := p.Client(keys)
	post := func(body map[string]any) error { return c.PostUnAuth("/auth/credential", body, nil) }
	for _, redirection := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "/local", "ftp://a.example/", "https://", "https://user:pw@a.example/",
		"https://a.example/\r\nSet-Cookie: x", "https://a.example\\@b.example/", "https://a.example;script-src/", "https://*/", " https://a.example",
		"vbscript:x", "myapp://done", "https://" + strings.Repeat("a", 2100), "http:a.example", "https://a.example'/",
	} {
		refusedWith(t, post(map[string]any{"accessRules": rule, "redirection": redirection}), 400, "redirection")
	}
	for name, rules := range map[string]any{
		"none": []any{}, "many": long, "no path": []any{map[string]any{"method": "GET"}}, "relative": []any{map[string]any{"method": "GET", "path": "sms"}},
		"long": []any{map[string]any{"method": "GET", "path": "/" + strings.Repeat("a", 600)}}, "query": []any{map[string]any{"method": "GET", "path": "/sms?x"}},
		"base": []any{map[string]any{"method": "GET", "path": "/1.0/sms"}},
	} {
		if err := post(map[string]any{"accessRules": rules}); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			refusedWith(t, err, 400, "accessRules")
		}
	}
	refusedWith(t, post(map[string]any{"accessRules": []any{map[string]any{"method": "STEAL", "path": "/sms"}}}), 400)
	refusedWith(t, post(map[string]any{"accessRules": rule, "allowedIPs": []string{"nonsense"}}), 400, "nonsense")
	refusedWith(t, p.Client(sandboxKeys("unknown")).PostUnAuth("/auth/credential", map[string]any{"accessRules": rule}, nil), 403, "This application key is invalid")
	var last error
	for range 70 {
		if last = post(map[string]any{"accessRules": rule}); last != nil {
			break
		}
	}
	refusedWith(t, last, 429, "too many consumer keys")
}

// Whatever another site makes a browser do, nothing is approved, made or ended by it.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	p := sandboxtest.Start(t, "")
	client, asked := ask(t, p, "", readAndSend...)
	u, err := url.Parse(asked.ValidationURL)
	check(t, err)
	v := newVisitor(t, p)
	v.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account])
	csrf := v.get(u.RequestURI()).mark("csrf")
	form := url.Values{"credentialToken": {u.Query().Get("credentialToken")}, "validity": {"0"}, "answer": {"approve"}, "csrf": {csrf}}
	foreign := map[string]func(*http.Request){
		"cross-site":       func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same-site":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"another origin":   func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "https://evil.example") },
		"no origin at all": func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") },
	}
	for name, change := range foreign {
		for path, fields := range map[string]url.Values{"/auth/": form, "/signin": {"account": {other}, "password": {p.Info.Passwords[other]}}, "/signout": {"csrf": {csrf}}} {
			if got := v.post(path, fields, change); got.status != http.StatusForbidden || len(got.header["Set-Cookie"]) > 0 {
				t.Errorf("%s to %s gives %d", name, path, got.status)
			}
		}
	}
	stranger := newVisitor(t, p)
	stranger.signIn(other, p.Info.Passwords[other])
	for name, mark := range map[string]string{"no mark": "", "another's": stranger.get(u.RequestURI()).mark("csrf"), "nonsense": "x"} {
		form.Set("csrf", mark)
		if got := v.post("/auth/", form); got.status != http.StatusForbidden {
			t.Errorf("%s gives %d", name, got.status)
		}
	}
	refusedWith(t, client.Get("/sms", nil), 403, "This credential is not valid", "waits for")
	form.Set("csrf", csrf)
	form.Set("validity", "1000000h")
	if got := v.post("/auth/", form); got.status != http.StatusBadRequest {
		t.Errorf("a made-up validity gives %d", got.status)
	}
	form.Set("validity", "0")
	if got := v.post("/auth/", form); got.status != http.StatusOK {
		t.Errorf("the right form gives %d\n%s", got.status, got.text)
	}
	check(t, client.Get("/sms", nil))
	if got := v.post("/auth/", form); got.status != http.StatusGone {
		t.Errorf("answering twice gives %d", got.status)
	}
	if got := stranger.get(u.RequestURI()); got.status != http.StatusGone || strings.Contains(got.text, "approved already") {
		t.Errorf("another account is told %d %s", got.status, got.text)
	}
}

// sessions gives the cookies of sessions that a visitor has.
func sessions(v *visitor, base *url.URL) []*http.Cookie {
	return slices.DeleteFunc(v.client.Jar.Cookies(base), func(c *http.Cookie) bool { return !strings.HasSuffix(c.Name, "ramier-session") })
}

func TestASessionCannotBePlanted(t *testing.T) {
	p := sandboxtest.Start(t, "")
	thief := newVisitor(t, p)
	thief.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account])
	base, err := url.Parse(thief.base)
	check(t, err)
	planted := sessions(thief, base)
	if len(planted) != 1 {
		t.Fatal(planted)
	}
	victim := newVisitor(t, p)
	victim.client.Jar.SetCookies(base, []*http.Cookie{{Name: planted[0].Name, Value: planted[0].Value, Path: "/"}})
	victim.signIn(other, p.Info.Passwords[other])
	if now := sessions(victim, base); len(now) != 1 || now[0].Value == planted[0].Value {
		t.Errorf("the planted cookie stays: %v", now)
	}
	if got := thief.get("/account/"); strings.Contains(got.text, "Where you are signed in") {
		t.Error("the planted session lives on")
	}
	chosen := newVisitor(t, p)
	chosen.client.Jar.SetCookies(base, []*http.Cookie{{Name: planted[0].Name, Value: "chosen-by-an-attacker", Path: "/"}})
	if got := chosen.get("/account/"); !strings.Contains(got.text, `name="password"`) {
		t.Error("a made-up session is taken")
	}
}

func TestPagesProtectThemselves(t *testing.T) {
	p := sandboxtest.Start(t, "")
	v := newVisitor(t, p)
	signIn := v.post("/signin", url.Values{"account": {other}, "password": {p.Info.Passwords[other]}, "next": {"/account/security"}})
	if cookie := signIn.header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || signIn.header.Get("Location") != "/account/security" {
		t.Error(signIn.header)
	}
	for _, path := range []string{"/signin", "/account/", "/account/security", "/createApp/", "/createToken/", "/auth/?credentialToken=x", "/account/nothing", "/auth/"} {
		got := v.get(path)
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'",
			"Referrer-Policy": "same-origin",
		} {
			if !strings.Contains(got.header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "base-uri 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		if strings.Contains(got.text, "<script") || strings.Contains(got.text, "style=") || strings.Contains(got.text, " on") && strings.Contains(got.text, "onclick") {
			t.Errorf("%s has a script or style in it", path)
		}
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/1.0/sms", "", "/account/\r\nX: y", "/assets/x", "account"} {
		got := newVisitor(t, p).post("/signin", url.Values{"account": {other}, "password": {p.Info.Passwords[other]}, "next": {next}})
		if at := got.header.Get("Location"); at != "/account/" {
			t.Errorf("next = %q leads to %q", next, at)
		}
	}
	if got := v.post("/signin", url.Values{"account": {strings.Repeat("x", 300<<10)}}); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a long form gives %d", got.status)
	}
	for _, name := range []string{"nul\x00", strings.Repeat("é", 500), "' OR 1=1 --", "<script>"} {
		if got := v.post("/signin", url.Values{"account": {name}, "password": {"x"}}); got.status != http.StatusForbidden || strings.Contains(got.text, "<script>") {
			t.Errorf("%q gives %d", name, got.status)
		}
	}
}

// A name that an application gives itself is shown as it is.
func TestNamesAreNoMarkup(t *testing.T) {
	p := sandboxtest.Start(t, "")
	v := newVisitor(t, p)
	v.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account])
	made := v.post("/createApp/", url.Values{"csrf": {v.get("/createApp/").mark("csrf")}, "name": {`"><script>alert(1)</script>`}, "description": {"<img src=x>"}})
	keys := sandboxKeys(between(made.text, `id="application-key">`, "<"))
	keys.ApplicationSecret = between(made.text, `id="application-secret">`, "<")
	r := p.Client(keys).NewCkRequestWithRedirection("https://shop.example/?a=\"><script>")
	r.AccessRules = []ovh.AccessRule{{Method: "GET", Path: "/<script>alert(1)</script>"}}
	state, err := r.Do()
	check(t, err)
	u, err := url.Parse(state.ValidationURL)
	check(t, err)
	got := v.get(u.RequestURI())
	if got.status != http.StatusOK || strings.Contains(got.text, "<script") || strings.Contains(got.text, "<img") || !strings.Contains(got.text, "&lt;script&gt;") {
		t.Errorf("%d %s", got.status, got.text)
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://shop.example;") {
		t.Error(csp)
	}
}
