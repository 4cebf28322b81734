package auth

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sms"
)

// What the official clients sign, for the text "Été <b>€</b> à/b" and the path /1.0/sms/sms-ab12345-1/jobs.
var clients = []struct {
	name, method, sent, signed, body string // signed: the URL, where it is not the one sent
}{
	{"go", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "", `{"message":"Été \u003cb\u003e€\u003c/b\u003e à/b","receivers":["+33600000001"]}`},
	{"go, v1", "GET", public + "/v1/sms/sms-ab12345-1/jobs", "", ``},
	{"go, query", "GET", public + "/1.0/sms/s/outgoing?receiver=%2B33600000001&tag=a+b", "", ``},
	{"python", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "", `{"message":"\u00c9t\u00e9 <b>\u20ac</b> \u00e0/b","receivers":["+33600000001"]}`},
	{"python, delete", "DELETE", public + "/1.0/sms/s/jobs/1?force=true", "", ``},
	{"php", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "", `{"message":"\u00c9t\u00e9 <b>\u20ac</b> \u00e0/b","receivers":["+33600000001"]}`},
	{"php, sample with a slash", "GET", public + "/1.0/sms/", "", ``},
	{"php, delete with a body", "DELETE", public + "/1.0/sms/s/jobs/1", "", `{"force":true}`},
	{"node", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "https://sms.example.org/1.0/sms/sms-ab12345-1/jobs", `{"message":"\u00c9t\u00e9 <b>\u20ac</b> \u00e0/b"}`},
	{"node, query", "GET", public + "/1.0/sms/s/outgoing?tag=a%20b", "https://sms.example.org/1.0/sms/s/outgoing?tag=a%20b", ``},
	{"perl", "PUT", public + "/1.0/sms/sms-ab12345-1", "", `{"description":"Été €"}`},
	{"java", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "", "{\"message\":\"\xc9t\xe9 \xe0/b\"}"},
	{"csharp", "POST", public + "/1.0/sms/sms-ab12345-1/jobs", "", "{\r\n  \"message\": \"Été <b>€</b>\"\r\n}"},
	{"with slashes inside a name", "GET", public + "/1.0/sms/s/senders/A%2FB", "", ``},
	{"with too many slashes", "GET", public + "//1.0//sms", "", ``},
	{"a long body", "POST", public + "/1.0/sms/s/jobs", "", `{"message":"` + strings.Repeat("é", 5000) + `"}`},
}

func TestOfficialClients(t *testing.T) {
	d := newDesk(t)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			call := d.call(c.method, c.sent, c.body)
			if c.signed != "" {
				call.sign.url = c.signed
			}
			caller, err := d.ask(call)
			if err != nil {
				t.Fatal(err)
			}
			if caller.Account != "ab12345-ovh" || caller.AccountID != d.account.ID || caller.Country != "FR" || caller.Operator ||
				caller.Credential != d.token.CredentialID || caller.Application == 0 || len(caller.Rules) != 4 || caller.RemoteIP.String() != "192.0.2.1" {
				t.Errorf("the caller is %+v", caller)
			}
			for _, wrong := range []func(){
				func() { call.sign.body += " " }, func() { call.sign.url += "x" }, func() { call.sign.method += "S" }, func() { call.sign.secret += "x" },
			} {
				right := call.sign
				wrong()
				d.refused(t, call, sms.BadSignature)
				call.sign = right
			}
		})
	}
}

func TestHeadersMayBeOdd(t *testing.T) {
	d := newDesk(t)
	for name, change := range map[string]func(http.Header){
		"spaces":                        func(h http.Header) { h.Set(headerConsumer, " "+h.Get(headerConsumer)+"\t") },
		"twice the same":                func(h http.Header) { h.Add(headerApplication, h.Get(headerApplication)) },
		"authorization beside the keys": func(h http.Header) { h.Set("Authorization", "Basic eDp5") },
	} {
		t.Run(name, func(t *testing.T) {
			c := d.call("GET", public+"/1.0/sms", "")
			change(c.header)
			d.refused(t, c, "")
		})
	}
	// A server reads names without regard to case.
	var err error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, err = d.Authenticate(r, nil) }))
	defer server.Close()
	r, _ := http.NewRequest("GET", server.URL+"/1.0/sms?a=%2f", nil)
	c := d.call("GET", public+"/1.0/sms?a=%2f", "")
	r.Header = http.Header{
		"x-oVH-application": {d.token.ApplicationKey}, "x-ovh-consumer": {d.token.ConsumerKey}, "X-OVH-TIMESTAMP": {c.sign.timestamp}, "x-ovh-signature": {c.signature()},
	}
	answer, doErr := server.Client().Do(r)
	if doErr != nil || err != nil {
		t.Fatal(doErr, err)
	}
	answer.Body.Close()
}

func TestPublicURLs(t *testing.T) {
	for _, c := range []struct {
		public, signed string
		any            bool
		ok             bool
	}{
		{"https://a.example/1.0", "https://a.example", false, true},
		{"https://a.example/v1/", "https://a.example", false, true},
		{"https://a.example/", "https://a.example", false, true},
		{"https://a.example/ovh/1.0", "https://a.example/ovh", false, true},
		{"https://a.example:444/ovh", "https://a.example/ovh", false, true},
		{"http://a.example:8080", "http://a.example:8080", false, true},
		{"http://a.example:8080", "http://a.example", false, false},
		{"http://a.example:8080", "https://a.example", false, false},
		{"https://[2001:db8::1]:444", "https://[2001:db8::1]:444", false, true},
		{"https://[2001:db8::1]:444", "https://[2001:db8::1]", false, true},
		{"https://[2001:db8::1]", "https://[2001:db8::1]", false, true},
		{"https://a.example", "http://127.0.0.1:8080", false, false},
		{"https://a.example", "http://127.0.0.1:8080", true, true},
		{"https://a.example", "http://localhost:8080", true, true},
		{"https://a.example", "https://localhost:8443", true, true},
		{"https://a.example", "https://a.example:443", false, true},
		{"https://a.example:443/ovh", "https://a.example/ovh", false, true},
		{"http://a.example", "http://a.example:80", false, true},
		{"http://a.example:80", "http://a.example", false, true},
		{"http://a.example:8080", "http://a.example:80", false, false},
		{"https://a.example/ovh", "https://A.EXAMPLE/ovh", false, true},
		{"https://a.example/ovh", "https://a.example/OVH", false, false},
		{"https://a.example", "https://A.eXample", false, true}, // as the header Host says
		{"https://A.Example", "https://a.example", false, true},
		{"https://a.example:444", "https://A.eXample:444", false, true},
		{"https://a.example", "http://Localhost:8080", true, true},
	} {
		d := newDesk(t, func(cfg *Config) { cfg.PublicURLs, cfg.AnyHost = []string{"http://other.example", c.public}, c.any })
		r := d.call("GET", c.signed+"/1.0/sms", "").request()
		r.RequestURI = "/1.0/sms" // a proxy takes away what is its own
		_, err := d.Authenticate(r, nil)
		if (err == nil) != c.ok {
			t.Errorf("%s is asked as %s: %v", c.public, c.signed, err)
		}
	}
}

// Libraries for HTTP of PHP and Python write the host of the header in small letters, and what is signed is as it was configured.
func TestAHostInCapitalsIsTheSame(t *testing.T) {
	for _, anyHost := range []bool{false, true} {
		d := newDesk(t, func(cfg *Config) { cfg.PublicURLs, cfg.AnyHost = []string{"http://sms.example:8080"}, anyHost })
		for _, c := range [][2]string{
			{"http://sms.example:8080", "http://SMS.EXAMPLE:8080"},
			{"http://SMS.EXAMPLE:8080", "http://sms.example:8080"},
			{"http://Sms.example:8080", "http://Sms.example:8080"},
		} {
			call := d.call("GET", c[0]+"/1.0/sms", "")
			call.sign.url = c[1] + "/1.0/sms"
			d.refused(t, call, "")
		}
		call := d.call("GET", "http://sms.example:8080/1.0/sms", "")
		call.sign.url = "http://sms.example:8080/1.0/SMS" // paths are as they are written
		d.refused(t, call, sms.BadSignature)
	}
}

func TestAnyHostTakesTheNameThatWasAskedFor(t *testing.T) {
	d := newDesk(t, func(cfg *Config) { cfg.PublicURLs, cfg.AnyHost = nil, true })
	for _, signed := range []string{"https://localhost:8443", "https://localhost"} { // node leaves out the port
		c := d.call("GET", "https://localhost:8443/1.0/sms", "")
		c.sign.url = signed + "/1.0/sms"
		d.refused(t, c, "")
	}
	c := d.call("GET", "http://localhost:8080/1.0/sms", "")
	c.sign.url = "http://localhost/1.0/sms"
	d.refused(t, c, sms.BadSignature, "http://localhost/1.0/sms, we are configured for http://localhost:8080")
}

func TestAProxyMayBeSentTheWholeURL(t *testing.T) {
	d := newDesk(t)
	c := d.call("GET", public+"/1.0/sms?a=b", "")
	r := c.request()
	r.RequestURI = "http://inside:8080/1.0/sms?a=b"
	if _, err := d.Authenticate(r, nil); err != nil {
		t.Error(err)
	}
	for uri, want := range map[string]string{"http://a": "/", "http://a?b": "?b", "*": "*", "a:443": "a:443", "/x?y=http://z/": "/x?y=http://z/"} {
		if got := targetOf(&http.Request{RequestURI: uri}); got != want {
			t.Errorf("%s asks for %s, want %s", uri, got, want)
		}
	}
	if got := targetOf(httptest.NewRequest("GET", "http://a/b%2Fc?d", nil)); got != "/b%2Fc?d" {
		t.Error(got)
	}
}

func TestWrongPublicURLsAreRefused(t *testing.T) {
	for text, word := range map[string]string{
		"sms.example.org": "must begin with http", "ftp://a": "must begin with", "https://": "must begin", "https://u:p@a": "address alone",
		"https://a/?b": "address alone", "https://a/#b": "address alone", "http://a b": "cannot be read",
	} {
		if _, err := New(Config{PublicURLs: []string{text}}); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := New(Config{PublicURLs: make([]string, maxPublicURLs+1)}); err == nil {
		t.Error("too many were taken")
	}
}

// TestGoOVH asks through the real client.
func TestGoOVH(t *testing.T) {
	d := newDesk(t, func(cfg *Config) { cfg.PublicURLs, cfg.AnyHost = nil, true })
	d.clock.Set(time.Now().Add(-40 * 24 * time.Hour)) // go-ovh takes our time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/1.0/auth/time" {
			w.Write([]byte(strconv.FormatInt(d.clock.Now().Unix(), 10)))
			return
		}
		body := make([]byte, r.ContentLength)
		r.Body.Read(body)
		if _, err := d.Authenticate(r, body); err != nil {
			w.WriteHeader(400)
			w.Write([]byte(`{"message":` + strconv.Quote(err.Error()) + `}`))
			return
		}
		w.Write([]byte("null"))
	}))
	defer server.Close()
	client, err := ovh.NewClient(server.URL+"/1.0", d.token.ApplicationKey, d.token.ApplicationSecret, d.token.ConsumerKey)
	if err != nil {
		t.Fatal(err)
	}
	client.Client = server.Client()
	if err := client.Post("/sms/s/jobs", map[string]any{"message": "Été <b>", "receivers": []string{"+33600000001"}}, nil); err != nil {
		t.Error(err)
	}
	if err := client.Get("/sms/s/outgoing?tag=a%20b", nil); err != nil {
		t.Error(err)
	}
}
