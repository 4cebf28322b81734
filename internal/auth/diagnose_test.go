package auth

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
)

const (
	jobs  = public + "/1.0/sms/sms-ab12345-1/jobs"
	order = `{"message":"Été €🙂 a/b","receivers":["+33600000001"]}`
)

func TestTheCauseOfABadSignatureIsNamed(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name   string
		change func(*call)
		words  []string
	}{
		{"another scheme", func(c *call) { c.sign.url = strings.Replace(c.url, "https", "http", 1) }, []string{"the signed URL was probably http://sms.example.org:8443/1.0", "we are configured for " + public, "public URLs"}},
		{"another host", func(c *call) {
			c.header.Set("X-Forwarded-Host", "api.shop.example")
			c.sign.url = "https://api.shop.example/1.0/sms/sms-ab12345-1/jobs"
		}, []string{"probably https://api.shop.example/1.0"}},
		{"OVH itself", func(c *call) { c.sign.url = "https://eu.api.ovh.com/1.0/sms/sms-ab12345-1/jobs" }, []string{"probably https://eu.api.ovh.com/1.0"}},
		{"no port, without TLS", func(c *call) { c.sign.url = "http://sms.example.org/1.0/sms/sms-ab12345-1/jobs" }, []string{"probably http://sms.example.org/1.0"}},
		{"this machine", func(c *call) { c.sign.url = "http://localhost/1.0/sms/sms-ab12345-1/jobs" }, []string{"probably http://localhost/1.0"}},
		{"the path alone", func(c *call) { c.sign.url = "/1.0/sms/sms-ab12345-1/jobs" }, []string{"the path was signed alone"}},
		{"a proxy's prefix", func(c *call) {
			c.header.Set("X-Forwarded-Prefix", "/ovh/")
			c.sign.url = public + "/ovh/1.0/sms/sms-ab12345-1/jobs"
		}, []string{"probably " + public + "/ovh/1.0"}},
		{"no query", func(c *call) { c.url += "?tag=a"; c.sign.url = jobs }, []string{"query string was left out"}},
		{"a question mark", func(c *call) { c.sign.url += "?" }, []string{"ended in ?"}},
		{"a query written anew", func(c *call) { c.url += "?b=1&a=x+y"; c.sign.url = jobs + "?b=1&a=x%20y" }, []string{"query string was encoded"}},
		{"a query in another order", func(c *call) { c.url += "?b=1&a=x+y"; c.sign.url = jobs + "?a=x+y&b=1" }, []string{"query string was encoded or ordered"}},
		{"a query as read", func(c *call) { c.url += "?a=%2B33"; c.sign.url = jobs + "?a=+33" }, []string{"query string was encoded"}},
		{"a slash dropped", func(c *call) { c.url += "/" }, []string{"lacked the slash at the end"}},
		{"a slash added", func(c *call) { c.sign.url += "/" }, []string{"had a slash at its end"}},
		{"a slash added before a query", func(c *call) { c.url += "?a=b"; c.sign.url = jobs + "/?a=b" }, []string{"had a slash at its end"}},
		{"no base", func(c *call) { c.sign.url = public + "/sms/sms-ab12345-1/jobs" }, []string{"lacked /1.0"}},
		{"the other base", func(c *call) { c.sign.url = public + "/v1/sms/sms-ab12345-1/jobs" }, []string{"had /v1 where the request has /1.0"}},
		{"two slashes", func(c *call) { c.sign.url = public + "/1.0//sms/sms-ab12345-1/jobs" }, []string{"two slashes after /1.0"}},
		{"two bases", func(c *call) { c.sign.url = public + "/1.0/1.0/sms/sms-ab12345-1/jobs" }, []string{"/1.0 twice"}},
		{"a name as read", func(c *call) {
			c.url = public + "/1.0/sms/s/senders/A%20B"
			c.sign.url = public + "/1.0/sms/s/senders/A B"
		}, []string{"not percent-encoded"}},
		{"no body", func(c *call) { c.sign.body = "" }, []string{"body was left out"}},
		{"a body of nothing", func(c *call) { c.method, c.sign.method, c.body, c.sign.body = "GET", "GET", "", "{}" }, []string{"a body {} was signed, but none was sent"}},
		{"undefined", func(c *call) { c.body, c.sign.body = "", "undefined" }, []string{"a body undefined"}},
		{"spaces", func(c *call) { c.sign.body = `{"message": "Été €🙂 a/b", "receivers": ["+33600000001"]}` }, []string{"other JSON", "with spaces"}},
		{"spaces sent", func(c *call) { c.body = `{"message": "Été €🙂 a/b", "receivers": ["+33600000001"]}` }, []string{"other JSON", "without spaces"}},
		{"indented", func(c *call) {
			c.sign.body = "{\n  \"message\": \"Été €🙂 a/b\",\n  \"receivers\": [\n    \"+33600000001\"\n  ]\n}"
		}, []string{"indented by two"}},
		{"ASCII", func(c *call) {
			c.sign.body = `{"message":"\u00c9t\u00e9 \u20ac\ud83d\ude42 a/b","receivers":["+33600000001"]}`
		}, []string{`non-ASCII characters as \u`}},
		{"Python", func(c *call) {
			c.sign.body = `{"message": "\u00c9t\u00e9 \u20ac\ud83d\ude42 a/b", "receivers": ["+33600000001"]}`
		}, []string{`with spaces`, `as \u`}},
		{"ASCII sent", func(c *call) {
			c.body = `{"message":"\u00C9t\u00e9 \u20ac\ud83d\ude42 a/b","receivers":["+33600000001"]}`
		}, []string{`characters instead of \u`}},
		{"slashes", func(c *call) { c.sign.body = strings.ReplaceAll(order, "/", `\/`) }, []string{`slashes as \/`}},
		{"PHP", func(c *call) {
			c.sign.body = `{"message":"\u00c9t\u00e9 \u20ac\ud83d\ude42 a\/b","receivers":["+33600000001"]}`
		}, []string{`slashes as \/, non-ASCII`}},
		{"slashes sent", func(c *call) { c.body = strings.ReplaceAll(order, "/", `\/`) }, []string{`slashes without \`}},
		{"HTML", func(c *call) { c.body, c.sign.body = `{"a":"<&>é\n"}`, `{"a":"\u003c\u0026\u003eé\n"}` }, []string{`< > & as \u`}},
		{"HTML sent", func(c *call) { c.body, c.sign.body = `{"a":"\u003c\u0026\u003eé\u00e9\n"}`, `{"a":"<&>é\u00e9\n"}` }, []string{`< > & instead of \u`}},
		{"a line end", func(c *call) { c.sign.body += "\n" }, []string{"line end after it that was not sent"}},
		{"a line end sent", func(c *call) { c.body += "\n" }, []string{"without the line end"}},
		{"Latin 1 signed", func(c *call) { c.body, c.sign.body = "é", "\xe9" }, []string{"signed in ISO-8859-1"}},
		{"Latin 1 sent", func(c *call) { c.body, c.sign.body = "\xe9", "é" }, []string{"sent in ISO-8859-1"}},
		{"a byte order mark", func(c *call) { c.body = "\ufeff" + c.body }, []string{"byte order mark"}},
		{"no timestamp", func(c *call) { c.sign.timestamp = "" }, []string{"timestamp was left out"}},
		{"a fraction", func(c *call) { c.sign.timestamp += ".0" }, []string{"fraction"}},
		{"milliseconds", func(c *call) { c.sign.timestamp += "000" }, []string{"milliseconds"}},
		{"a second later", func(c *call) { c.sign.timestamp = "1795435201" }, []string{"signed as 1795435201, but the header says 1795435200"}},
		{"zeros before it", func(c *call) { c.header.Set(headerTimestamp, "01795435200") }, []string{"signed as 1795435200, but the header says 01795435200"}},
		{"small letters", func(c *call) { c.sign.method = "post" }, []string{"signed as post, it must be POST"}},
		{"another method", func(c *call) { c.sign.method = "PUT" }, []string{`signed as "PUT", but the request came as POST`}},
		{"swapped", func(c *call) { c.sign.secret, c.sign.consumer = c.sign.consumer, c.sign.secret }, []string{"were swapped"}},
		{"no consumer key", func(c *call) { c.sign.consumer = "" }, []string{"consumer key was left out"}},
		{"a line end after the consumer key", func(c *call) { c.sign.consumer += "\n" }, []string{"consumer key was signed with a line end"}},
		{"a line end after the secret", func(c *call) { c.sign.secret += "\n" }, []string{"secret was signed with a line end"}},
		{"the application key for the secret", func(c *call) { c.sign.secret = c.header.Get(headerApplication) }, []string{"application key was signed in place"}},
		{"no secret", func(c *call) { c.sign.secret = "" }, []string{"secret was left out"}},
		{"another secret", func(c *call) { c.sign.secret = "another" }, []string{"most likely the application secret is not that of application key \""}},
		{"a body too long", func(c *call) { c.body = strings.Repeat("x", causeBodySize+1); c.sign.body = "x" }, []string{"too long to look"}},
		{"a body far too long", func(c *call) { c.body = strings.Repeat("x", 9<<20); c.sign.body = "x" }, []string{"too long to look"}},
		{"no $1$", func(c *call) { c.header.Set(headerSignature, c.signature()[3:]) }, []string{"right but for its beginning"}},
		{"capitals", func(c *call) { c.header.Set(headerSignature, "$1$"+strings.ToUpper(c.signature()[3:])) }, []string{"right but in upper case"}},
		{"base64", func(c *call) {
			sum := sha1.Sum([]byte(strings.Join([]string{c.sign.secret, c.sign.consumer, c.method, c.url, c.body, c.sign.timestamp}, "+")))
			c.header.Set(headerSignature, "$1$"+base64.StdEncoding.EncodeToString(sum[:]))
		}, []string{"right but in base64"}},
		{"SHA-256", func(c *call) { c.header.Set(headerSignature, "$1$"+strings.Repeat("a", 64)) }, []string{"67 characters (SHA-256?)"}},
		{"MD5", func(c *call) { c.header.Set(headerSignature, strings.Repeat("a", 32)) }, []string{"32 characters (MD5?)"}},
		{"nonsense", func(c *call) { c.header.Set(headerSignature, "$2$x") }, []string{"4 characters"}},
		{"a byte too long", func(c *call) { c.header.Set(headerSignature, c.signature()+"aa") }, []string{"45 characters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(d.causes.all)
			call := d.call("POST", jobs, order)
			c.change(call)
			d.refused(t, call, sms.BadSignature, append(c.words, "signature wrong: ")...)
		})
	}
}

func TestWhatShouldHaveBeenSignedIsShownWithoutSecrets(t *testing.T) {
	d := newDesk(t)
	call := d.call("POST", public+"/1.0/sms?receiver=%2B33600000001", "{}")
	call.sign.secret = "x"
	_, err := d.ask(call)
	e, _ := err.(*sms.Error)
	want := "<secret>+<consumer key>+POST+" + public + "/1.0/sms?<23 bytes>+<2 bytes>+1795435200"
	if got := e.Details["signed"]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheLocalAddressIsTriedAsACause(t *testing.T) {
	d := newDesk(t, func(cfg *Config) { cfg.PublicURLs = []string{"https://sms.example.org"} })
	for _, signed := range []string{"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://10.1.1.1:8080"} {
		c := d.call("GET", "https://sms.example.org/1.0/sms", "")
		c.sign.url = signed + "/1.0/sms"
		at := &net.TCPAddr{IP: net.IPv4(10, 1, 1, 1), Port: 8080}
		r := c.request()
		_, err := d.Authenticate(r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at)), nil)
		if err == nil || !strings.Contains(err.Error(), "probably "+signed+"/1.0/sms,") {
			t.Error(signed, err)
		}
	}
}

func TestNoPublicURLMatchesNothing(t *testing.T) {
	d := newDesk(t, func(cfg *Config) { cfg.PublicURLs = nil })
	d.refused(t, d.call("GET", sent, ""), sms.BadSignature, "no public URL is configured")
}

func TestCausesAreLookedForNowAndThen(t *testing.T) {
	d := newDesk(t)
	call := d.call("POST", jobs, order)
	call.sign.body = ""
	for range 10 {
		d.refused(t, call, sms.BadSignature, "left out")
	}
	d.refused(t, call, sms.BadSignature, "only once a second")
	d.forgetAll() // read anew, the count stays
	d.refused(t, call, sms.BadSignature, "only once a second")
	call.sign.body = call.body
	d.refused(t, call, "")
}

// TestALookForTheCauseIsBounded tells what one costs: many addresses, and a body as long as may be.
func TestALookForTheCauseIsBounded(t *testing.T) {
	for _, many := range []int{1, maxPublicURLs} {
		var urls []string
		for i := range many {
			urls = append(urls, fmt.Sprintf("https://host%d.example:8443", i))
		}
		d := newDesk(t, func(cfg *Config) { cfg.PublicURLs = urls })
		call := d.call("POST", "https://host0.example:8443/1.0/sms?a=b", `{"a":"`+strings.Repeat("é", causeBodySize/2-10)+`"}`)
		call.sign.secret = "x"
		started := time.Now()
		d.refused(t, call, sms.BadSignature, "signature wrong")
		t.Logf("with %d public URLs it takes %v", many, time.Since(started))
	}
}
