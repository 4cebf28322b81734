package auth

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk has somebody at it who asks who is calling.
type desk struct {
	*Verifier
	store   *store.Store
	clock   *clock.Clock
	account sms.Account
	token   Token
}

const public = "https://sms.example.org:8443"

// newDesk is for one customer with one token, and asks under a public URL with a port.
func newDesk(t testing.TB, change ...func(*Config)) *desk {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ramier.db"), storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return deskOn(t, s, change...)
}

func deskOn(t testing.TB, s *store.Store, change ...func(*Config)) *desk {
	t.Helper()
	d := &desk{store: s, clock: clock.At(storetest.Noon), account: sms.Account{Name: "ab12345-ovh", Country: "FR", CreatedAt: storetest.Noon}}
	if err := s.AddAccount(t.Context(), &d.account); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Store: s, Now: d.clock.Now, PublicURLs: []string{public}}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if d.Verifier, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	d.token = d.create(t, 0)
	return d
}

// create makes a token for everything.
func (d *desk) create(t testing.TB, validity time.Duration) Token {
	t.Helper()
	token, err := CreateToken(t.Context(), d.store, d.clock.Now(), d.account, nil, "shop", "", validity, nil)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A call is a request and what its client signs, which should be the same.
type call struct {
	method, url, body string // as sent
	sign              struct{ secret, consumer, method, url, body, timestamp string }
	header            http.Header // in place of what the client would set; nil deletes
	remote            string
}

// call gives a call that is right.
func (d *desk) call(method, url, body string) *call {
	c := &call{method: method, url: url, body: body, header: http.Header{}, remote: "192.0.2.1:4711"}
	c.sign.secret, c.sign.consumer, c.sign.timestamp = d.token.ApplicationSecret, d.token.ConsumerKey, strconv.FormatInt(d.clock.Now().Unix(), 10)
	c.sign.method, c.sign.url, c.sign.body = method, url, body
	c.header.Set(headerApplication, d.token.ApplicationKey)
	c.header.Set(headerConsumer, d.token.ConsumerKey)
	c.header.Set(headerTimestamp, c.sign.timestamp)
	return c
}

// signature is the client's side of it, written from the documentation.
func (c *call) signature() string {
	text := strings.Join([]string{c.sign.secret, c.sign.consumer, c.sign.method, c.sign.url, c.sign.body, c.sign.timestamp}, "+")
	return fmt.Sprintf("$1$%x", sha1.Sum([]byte(text)))
}

// request is the call as a server sees it.
func (c *call) request() *http.Request {
	at, err := url.Parse(c.url)
	if err != nil {
		panic(err)
	}
	r := &http.Request{Method: c.method, URL: &url.URL{Path: at.Path, RawPath: at.RawPath, RawQuery: at.RawQuery}, Host: at.Host, Header: c.header.Clone(), RemoteAddr: c.remote}
	_, r.RequestURI, _ = strings.Cut(c.url, at.Host)
	if at.Scheme == "https" {
		r.TLS = httptest.NewRequest("GET", "https://a/", nil).TLS
	}
	if _, set := c.header[headerSignature]; !set {
		r.Header.Set(headerSignature, c.signature())
	}
	for name, values := range r.Header {
		if values == nil {
			delete(r.Header, name)
		}
	}
	return r
}

func (d *desk) ask(c *call) (*sms.Caller, error) { return d.Authenticate(c.request(), []byte(c.body)) }

// refused checks how a call ends: with a code (none is success) and a cause with all those words in it.
func (d *desk) refused(t testing.TB, c *call, code sms.Code, words ...string) {
	t.Helper()
	_, err := d.ask(c)
	if got := sms.CodeOf(err); got != code {
		t.Errorf("got %q (%v), want %q", got, err, code)
		return
	}
	if err == nil {
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the cause %q lacks %q", err, word)
		}
	}
	for _, secret := range []string{d.token.ApplicationSecret, d.token.ConsumerKey} {
		if strings.Contains(fmt.Sprintf("%#v %v", err, err), secret) {
			t.Errorf("a secret is told: %v", err)
		}
	}
}
