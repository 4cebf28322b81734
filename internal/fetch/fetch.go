// Package fetch calls URLs that customers give: files of receivers, callbacks. It connects to public addresses only, follows
// few redirects, takes no proxy from the environment, keeps no cookies, and reads no more, and no longer, than its limits
// allow. What it refuses, it refuses with an error for the customer.
package fetch

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"ramier/internal/sms"
)

// Limits bound one call. Zero stands for the default.
type Limits struct {
	Time      time.Duration // from the call to the last byte; 30 s
	Header    time.Duration // to the headers of each answer; 10 s. Only New heeds it
	Size      int64         // bytes of an answer as it comes; 256 MiB
	Expanded  int64         // bytes of an answer after decompression; 256 MiB
	Redirects int           // 5; less than 0 = none is followed, Do gives the answer that redirects
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&l.Time, 30 * time.Second}, {&l.Header, 10 * time.Second}} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	if l.Size == 0 {
		l.Size = 256 << 20
	}
	if l.Expanded == 0 {
		l.Expanded = 256 << 20
	}
	if l.Redirects == 0 {
		l.Redirects = 5
	}
	return l
}

// Config is what a Client is made with.
type Config struct {
	// Allowed may be called although they are not public.
	Allowed  []Target
	Limits   Limits
	Agent    string        // User-Agent, "Ramier" when empty
	Resolver *net.Resolver // nil = the machine's
	// PerHost is how many idle connections are kept to one host; 2 when 0.
	PerHost int
}

// maxIdle is how many idle connections are kept in all; each takes some 20 KiB.
const maxIdle = 2000

// Client calls URLs of customers. It may be used by many goroutines at once.
type Client struct {
	transport *http.Transport
	limits    Limits
	agent     string
}

// New makes a Client. Close it when it is not used any more.
func New(c Config) *Client {
	limits := c.Limits.withDefaults()
	g := &guard{
		allowed: c.Allowed, own: ownAddresses, resolver: c.Resolver,
		public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(metadata...)),
	}
	if c.Agent == "" {
		c.Agent = "Ramier"
	}
	perHost := max(2, c.PerHost)
	return &Client{limits: limits, agent: c.Agent, transport: &http.Transport{
		Proxy: nil, DialContext: g.dial, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: limits.Header,
		MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 30 * time.Second, MaxIdleConns: maxIdle, MaxIdleConnsPerHost: perHost,
		// Bytes are counted before they are expanded.
		DisableCompression: true,
	}}
}

// Within gives a Client with other limits that shares the connections of c.
func (c *Client) Within(l Limits) *Client {
	other := *c
	other.limits = l.withDefaults()
	return &other
}

// Close closes the connections that nobody uses.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Document is the content of a URL on its way to us.
type Document struct {
	io.ReadCloser        // its errors are those of Get
	URL           string // after redirects, without a password
}

// Get fetches a document. Whoever gets one has to close it. Errors, also those of reading, are *sms.Error and name the URL:
// Invalid for what will not work the next time either, Unavailable for what may, TooLarge past a limit of size. Only when ctx
// ends its cause is given.
func (c *Client) Get(ctx context.Context, address string) (*Document, error) {
	u, err := ParseURL(address)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, sms.Errorf(sms.Invalid, "%s cannot be called: give a URL like https://example.org/contacts.csv", show(u.Redacted()))
	}
	r.Header.Set("Accept", "text/csv, text/plain, */*;q=0.5")
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, refuseStatus(u, answer)
	}
	if answer.ContentLength > c.limits.Size {
		_ = answer.Body.Close()
		return nil, c.explain(ctx, show(u.Redacted()), tooLong("", c.limits.Size))
	}
	return &Document{answer.Body, answer.Request.URL.Redacted()}, nil
}

// refuseStatus explains an answer other than 200.
func refuseStatus(u *url.URL, answer *http.Response) error {
	code, cure := sms.Invalid, "check the address, and that it can be read without signing in"
	if answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests {
		code, cure = sms.Unavailable, "try again later"
	}
	status := strings.TrimSpace(answer.Status[:min(len(answer.Status), 60)])
	return sms.Errorf(code, "%s answers with status %q: %s", show(u.Redacted()), status, cure)
}

// Do calls a URL within the limits of c: of an answer only so much can be read, and reading ends with an error when the time
// is up. Errors are as those of Get; any status of an answer is none. The answer's body has to be closed.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if _, err := parse(r.URL.String(), maxCalled); err != nil {
		return nil, err
	}
	name := show(r.URL.Redacted())
	ctx, cancel := context.WithTimeoutCause(r.Context(), c.limits.Time, errTime)
	r = r.Clone(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("User-Agent", c.agent)
	client := http.Client{Transport: c.transport, CheckRedirect: c.redirect}
	answer, err := client.Do(r)
	if err != nil {
		err = c.explain(ctx, name, err)
		cancel()
		return nil, err
	}
	c.limit(ctx, cancel, name, answer)
	return answer, nil
}

// redirect decides about following one. What the first host was told in its address is not told to the next.
func (c *Client) redirect(next *http.Request, before []*http.Request) error {
	if c.limits.Redirects < 0 {
		return http.ErrUseLastResponse
	}
	if len(before) > c.limits.Redirects {
		return sms.Errorf(sms.Invalid, "it redirects more than %d times: give the address that it ends at", c.limits.Redirects)
	}
	if _, err := parse(next.URL.String(), maxURL+len(before[0].URL.String())); err != nil {
		return sms.Errorf(sms.Invalid, "it redirects to an address that cannot be called: %v", err)
	}
	if before[len(before)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return sms.Errorf(sms.Invalid, "it redirects from https to %s, which anybody on the way can read: give an address that stays with https", show(next.URL.Redacted()))
	}
	next.Header.Del("Referer")
	return nil
}

// The most bytes of an address: of one that a customer gives, and of one that is called with parameters of ours. A reply of 255 parts makes
// 154,000 of them.
const (
	maxURL    = 2048
	maxCalled = 256 << 10
)

// ParseURL reads an address that a customer gives, whether or not it may be called. An error is an *sms.Error of the code
// Invalid.
func ParseURL(address string) (*url.URL, error) { return parse(address, maxURL) }

func parse(address string, most int) (*url.URL, error) {
	fail := func(what string) (*url.URL, error) {
		return nil, sms.Errorf(sms.Invalid, "%s: give a URL like https://example.org/contacts.csv", what)
	}
	if len(address) > most {
		return fail(fmt.Sprintf("%s has more than %d bytes", show(address), most))
	}
	u, err := url.Parse(address)
	if err != nil {
		return fail("the address cannot be read as a URL") // the cause may show a password
	}
	switch name := show(u.Redacted()); {
	case u.Scheme != "http" && u.Scheme != "https":
		return fail(fmt.Sprintf("%q does not begin with http:// or https://", name))
	case u.Hostname() == "":
		return fail(name + " names no host")
	case u.Port() != "" && !isPort(u.Port()):
		return fail(name + " has a port that is not between 1 and 65535")
	}
	return u, nil
}

// show keeps addresses short in sentences.
func show(address string) string {
	const most = 200
	if len(address) > most {
		address = strings.ToValidUTF8(address[:most], "") + "…"
	}
	return address
}
