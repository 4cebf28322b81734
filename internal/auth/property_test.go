package auth

import (
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

// TestOnlyTheRightSignaturePasses changes one byte of anything that is signed.
func TestOnlyTheRightSignaturePasses(t *testing.T) {
	d := newDesk(t)
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}).Draw(t, "method")
		path := rapid.StringMatching(`(/[a-zA-Z0-9*%._~+-]{0,9}){1,5}(\?[a-zA-Z0-9=&%+,-]{0,20})?`).Draw(t, "path")
		body := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "body")
		base := rapid.SampledFrom([]string{public, "https://sms.example.org"}).Draw(t, "base")
		c := d.call(method, "https://a/", string(body))
		c.sign.url = base + path
		r := c.request()
		r.RequestURI = path
		if _, err := d.Authenticate(r, body); err != nil {
			t.Fatal(err)
		}
		flip := func(s string) string {
			i := rapid.IntRange(0, len(s)-1).Draw(t, "where")
			b := []byte(s)
			b[i] ^= rapid.ByteMin(1).Draw(t, "how")
			return string(b)
		}
		switch what := rapid.SampledFrom([]string{"method", "target", "body", "timestamp", "signature"}).Draw(t, "what"); what {
		case "method":
			r.Method = flip(r.Method)
		case "target":
			r.RequestURI = "/" + flip(path[1:]+" ")
		case "body":
			body = []byte(flip(string(body) + " "))
		case "timestamp":
			r.Header.Set(headerTimestamp, flip(r.Header.Get(headerTimestamp)))
		case "signature":
			before := r.Header.Get(headerSignature)
			r.Header.Set(headerSignature, flip(before))
			if strings.TrimSpace(r.Header.Get(headerSignature)) == before {
				t.Skip("white space around it does not count")
			}
		}
		_, err := d.Authenticate(r, body)
		if code := sms.CodeOf(err); code != sms.BadSignature && code != sms.StaleRequest {
			t.Fatalf("got %q: %v", code, err)
		}
	})
}

// FuzzHeaders puts anything into the headers: nothing panics and nothing passes.
func FuzzHeaders(f *testing.F) {
	d := newDesk(f)
	right := d.call("POST", jobs, order)
	right.sign.secret = "not known to the one who calls"
	for _, signature := range []string{right.signature(), right.signature()[3:], strings.ToUpper(right.signature()), "$1$", "", "$1$" + strings.Repeat("a", 64), "=", "é"} {
		f.Add("k", "c", right.sign.timestamp, signature, "/1.0/sms?a=b", order)
	}
	f.Add("", "", "", "", "*", "")
	f.Add("k\x00", "c,c", "-9223372036854775808", "$1$", "http://a", `"\u`)
	f.Add("k", "c", "99999999999999999999", "$2$", "://", `{"a":"\ud83d\ude42\ud83d\\"}`)
	f.Add("k", "c", "01795435200", right.signature(), "/%zz//?&&;", "\ufeff[\"\\u00e9\",\n1e9]\xff")
	f.Fuzz(func(t *testing.T, application, consumer, timestamp, signature, target, body string) {
		clear(d.causes.all) // so that causes are always looked for
		keys := strings.NewReplacer("k", d.token.ApplicationKey)
		c := d.call("POST", jobs, body)
		r := c.request()
		r.RequestURI = target
		r.Header = http.Header{
			headerApplication: {keys.Replace(application)}, headerConsumer: {strings.ReplaceAll(consumer, "c", d.token.ConsumerKey)},
			headerTimestamp: {timestamp}, headerSignature: {signature}, "X-Forwarded-Host": {body}, "X-Forwarded-Prefix": {target}, "X-Forwarded-For": {body, target},
		}
		caller, err := d.Authenticate(r, []byte(body))
		if caller != nil || err == nil {
			t.Fatalf("%v, %v", caller, err)
		}
		if code := sms.CodeOf(err); code == sms.Internal || strings.Contains(err.Error(), d.token.ApplicationSecret) {
			t.Fatalf("%q: %v", code, err)
		}
	})
}

// FuzzBodies writes JSON anew in every way: nothing panics, and what was JSON stays so.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{order, `"\\\"\u00e9\ud83d\ude42\ud83d/\/"`, `{"a":[1,-2.5e+3,"<&>",{}]}`, `"\u`, "\ufeff{}", "\xe9", ``} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ends(body)
		for _, layout := range layouts {
			laid := layout.write(body)
			if laid == nil {
				continue
			}
			for _, spelling := range spellings {
				if out := spelling.write(laid); layouts[0].write(out) == nil {
					t.Fatalf("%s, %s: %q is not JSON", layout.name, spelling.name, out)
				}
			}
		}
	})
}
