package sandbox_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

// A visitor is a browser without a window, a script or a style.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

// newVisitor opens the pages by their address.
func newVisitor(t *testing.T, p *sandboxtest.Platform) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	return &visitor{t: t, base: strings.TrimSuffix(p.Info.Endpoint, "/1.0"), client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A page is what a visitor sees.
type page struct {
	status int
	header http.Header
	text   string
}

func (v *visitor) do(r *http.Request) page {
	v.t.Helper()
	answer, err := v.client.Do(r)
	check(v.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(v.t, err)
	return page{answer.StatusCode, answer.Header, string(text)}
}

// get follows the redirections between our own pages.
func (v *visitor) get(path string) page {
	v.t.Helper()
	for range 5 {
		r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.address(path), nil)
		check(v.t, err)
		p := v.do(r)
		if path = p.header.Get("Location"); path == "" {
			return p
		}
	}
	v.t.Fatal("too many redirections")
	return page{}
}

func (v *visitor) address(path string) string {
	if strings.HasPrefix(path, "/") {
		return v.base + path
	}
	return path
}

// post sends a form as the pages themselves do.
func (v *visitor) post(path string, fields url.Values, change ...func(*http.Request)) page {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.address(path), strings.NewReader(fields.Encode()))
	check(v.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range change {
		c(r)
	}
	return v.do(r)
}

var hidden = regexp.MustCompile(`name="(csrf|ticket|once)" value="([^"]*)"`)

// mark gives a hidden field of a page.
func (p page) mark(name string) string {
	for _, m := range hidden.FindAllStringSubmatch(p.text, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}

func (v *visitor) signIn(account, password string) {
	v.t.Helper()
	p := v.post("/signin", url.Values{"account": {account}, "password": {password}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/account/" {
		v.t.Fatalf("signing in gives %d\n%s", p.status, p.text)
	}
}

// approve answers a request for a consumer key.
func (v *visitor) approve(validationURL, validity string) page {
	v.t.Helper()
	u, err := url.Parse(validationURL)
	check(v.t, err)
	token := u.Query().Get("credentialToken")
	form := v.get(u.RequestURI())
	return v.post("/auth/", url.Values{"credentialToken": {token}, "csrf": {form.mark("csrf")}, "validity": {validity}, "answer": {"approve"}})
}
