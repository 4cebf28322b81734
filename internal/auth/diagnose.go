package auth

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// What a look for the cause may cost: a few milliseconds, and for each application ten times at once and then once
// a second.
const (
	causeBytes    = 4 << 20  // hashed in all
	causeBodySize = 64 << 10 // bodies beyond are not written anew
)

// A diagnosis tries what clients sign by mistake. Whoever gets an answer knows the secret: without it none of the
// signatures tried can be made.
type diagnosis struct {
	given digest
	want  signed
	bases []string // that are accepted
	named []string // of them, those to tell of
	left  int      // bytes that may still be hashed
}

// badSignature names the cause of a signature that does not fit.
func (v *Verifier) badSignature(r *http.Request, s *signed, k *keys, app *application, bases []string) error {
	if len(bases) == 0 {
		return sms.Errorf(sms.BadSignature, "the signature cannot be checked: no public URL is configured here")
	}
	s.base = bases[0]
	if base := schemeOf(r) + "://" + r.Host; slices.Contains(bases, base) {
		s.base = base
	}
	refused := func(format string, args ...any) error {
		return sms.Errorf(sms.BadSignature, "signature wrong: "+format, args...).With("signed", s.shown())
	}
	if !v.causes.allow(strconv.FormatInt(app.id, 10), time.Now()) { // real time: it is about this machine's work
		return refused("why is looked for only once a second, and there were more; try again")
	}
	d := &diagnosis{want: *s, bases: bases, named: v.namedFor(r), left: causeBytes}
	var ok bool
	if d.given, ok = parseSignature(k.signature); !ok {
		return refused("%s", d.form(k.signature))
	}
	for _, look := range []func() string{
		d.keys, d.methods, func() string { return d.elsewhere(v.guessBases(r)) }, d.targets, d.timestamps, d.empty,
		func() string { return d.secrets(k.application) }, d.bodies,
	} {
		if cause := look(); cause != "" {
			return refused("%s", cause)
		}
		if d.left < 0 {
			break
		}
	}
	if d.left < 0 || len(s.body) > causeBodySize {
		return refused("the body is too long to look for the cause; try with one below %d KiB", causeBodySize>>10)
	}
	return refused("most likely the application secret is not that of application key %s, or what was sent is not what was signed", quote(k.application))
}

// shown is what a right signature covers, without secrets and texts.
func (s *signed) shown() string {
	target := s.target
	if path, query, ok := strings.Cut(target, "?"); ok {
		target = fmt.Sprintf("%s?<%d bytes>", path, len(query))
	}
	const most = 200
	if len(target) > most {
		target = target[:most] + "…"
	}
	return strings.ToValidUTF8(fmt.Sprintf("<secret>+<consumer key>+%s+%s%s+<%d bytes>+%s", s.method, s.base, target, len(s.body), s.timestamp), "\ufffd")
}

// fits tells whether the signature was made like this.
func (d *diagnosis) fits(s signed) bool {
	d.left -= s.length()
	return d.left >= 0 && s.digest().is(d.given)
}

// anyBase tells whether the signature was made like this with one of the accepted bases.
func (d *diagnosis) anyBase(s signed) bool {
	return slices.ContainsFunc(d.bases, func(base string) bool {
		s.base = base
		return d.fits(s)
	})
}

// form is about a signature that is not $1$ and 40 digits.
func (d *diagnosis) form(text string) string {
	const want = "it must be $1$ and 40 lower-case hexadecimal digits"
	digits := strings.TrimPrefix(text, "$1$")
	raw, err := hex.DecodeString(digits)
	if err != nil {
		raw, err = base64.StdEncoding.DecodeString(digits)
	}
	if err == nil && copy(d.given[:], raw) == len(raw) && len(raw) == len(d.given) && d.anyBase(d.want) {
		switch {
		case !strings.HasPrefix(text, "$1$"):
			return "it is right but for its beginning, " + want
		case len(digits) == hex.EncodedLen(len(d.given)):
			return "it is right but in upper case, " + want
		}
		return "it is right but in base64, " + want
	}
	hint := ""
	switch {
	case len(digits) == 64:
		hint = " (SHA-256?)"
	case len(digits) == 32:
		hint = " (MD5?)"
	}
	return fmt.Sprintf("%s, and has %d characters%s", want, len(text), hint)
}

// keys looks for mistakes with the secret and the consumer key.
func (d *diagnosis) keys() string {
	s := d.want
	s.secret, s.consumer = s.consumer, s.secret
	if d.anyBase(s) {
		return "application secret and consumer key were swapped; the secret comes first"
	}
	s = d.want
	for _, c := range []struct{ consumer, cause string }{
		{"", "the consumer key was left out of what is signed"},
		{d.want.consumer + "\n", "the consumer key was signed with a line end after it"},
		{d.want.consumer + " ", "the consumer key was signed with a space after it"},
	} {
		if s.consumer = c.consumer; d.anyBase(s) {
			return c.cause
		}
	}
	return ""
}

// secrets looks for something else in place of the secret.
func (d *diagnosis) secrets(applicationKey string) string {
	s := d.want
	for _, c := range []struct{ secret, cause string }{
		{d.want.secret + "\n", "the application secret was signed with a line end after it"},
		{d.want.secret + "\r\n", "the application secret was signed with a line end after it"},
		{d.want.secret + " ", "the application secret was signed with a space after it"},
		{applicationKey, "the application key was signed in place of the application secret"},
		{"", "the application secret was left out of what is signed"},
	} {
		if s.secret = c.secret; d.anyBase(s) {
			return c.cause
		}
	}
	return ""
}

// methods looks for another method.
func (d *diagnosis) methods() string {
	s := d.want
	if s.method = strings.ToLower(s.method); d.anyBase(s) {
		return fmt.Sprintf("the method was signed as %s, it must be %s", s.method, d.want.method)
	}
	for _, method := range append([]string{"HEAD", ""}, ruleMethods...) {
		if s.method = method; method != d.want.method && d.anyBase(s) {
			return fmt.Sprintf("the method was signed as %q, but the request came as %s", method, d.want.method)
		}
	}
	return ""
}

// elsewhere looks for another address.
func (d *diagnosis) elsewhere(bases []string) string {
	s := d.want
	for _, base := range bases {
		if s.base = base; !d.fits(s) {
			continue
		}
		if base == "" {
			return "the path was signed alone, it must be the whole URL, beginning with " + d.want.base
		}
		return fmt.Sprintf("the signed URL was probably %s, we are configured for %s: change the client's endpoint, or add that to the public URLs here",
			base+pathOf(s.target), strings.Join(d.named, " and "))
	}
	return ""
}

func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// A variant is another target that may have been signed.
type variant struct{ target, cause string }

// targets looks for another path or query.
func (d *diagnosis) targets() string {
	path, query, hasQuery := strings.Cut(d.want.target, "?")
	after := ""
	if hasQuery {
		after = "?" + query
	}
	slash := variant{path + "/" + after, "the signed URL had a slash at its end that the request has not"}
	if bare := strings.TrimRight(path, "/"); bare != path {
		slash = variant{bare + after, "the signed URL lacked the slash at the end of the path"}
	}
	all := []variant{
		slash,
		{strings.ReplaceAll(path, "//", "/") + after, "the signed URL had one slash where the request has two"},
		{path + "?", "the signed URL ended in ? without a query"},
	}
	if hasQuery {
		all = append(all, variant{path, "the query string was left out of the signed URL"})
		all = append(all, queries(path, query)...)
	}
	for i, api := range apiBases {
		rest, ok := strings.CutPrefix(path, api)
		if !ok {
			continue
		}
		other := apiBases[1-i]
		all = append(all,
			variant{rest + after, fmt.Sprintf("the signed URL lacked %s: sign the endpoint with it", api)},
			variant{other + rest + after, fmt.Sprintf("the signed URL had %s where the request has %s", other, api)},
			variant{api + "/" + rest + after, fmt.Sprintf("the signed URL had two slashes after %s, the request has one", api)},
			variant{api + path + after, fmt.Sprintf("the signed URL had %s twice", api)})
	}
	if decoded, err := url.PathUnescape(path); err == nil {
		all = append(all, variant{decoded + after, "the signed URL was not percent-encoded as in the request"},
			variant{(&url.URL{Path: decoded}).EscapedPath() + after, "the path was percent-encoded in another way than in the request"})
	}
	s := d.want
	for _, c := range all {
		if s.target = c.target; c.target != d.want.target && d.anyBase(s) {
			return c.cause
		}
	}
	return ""
}

// queries gives other ways to write a query.
func queries(path, query string) (all []variant) {
	const cause = "the query string was encoded or ordered in another way than in the request"
	others := []string{strings.ReplaceAll(query, "+", "%20"), strings.ReplaceAll(query, "%20", "+"), strings.ReplaceAll(query, "&", "&amp;")}
	if decoded, err := url.QueryUnescape(query); err == nil {
		others = append(others, decoded)
	}
	if values, err := url.ParseQuery(query); err == nil {
		others = append(others, values.Encode())
	}
	for _, other := range others {
		all = append(all, variant{path + "?" + other, cause})
	}
	return all
}

// timestamps looks for another time than the one in the header.
func (d *diagnosis) timestamps() string {
	s := d.want
	for _, c := range []struct{ timestamp, cause string }{
		{"", "the timestamp was left out of what is signed"},
		{d.want.timestamp + ".0", "the timestamp was signed with a fraction, and must be the same whole seconds as in the header"},
		{d.want.timestamp + "000", "the timestamp was signed in milliseconds, and must be the same seconds as in the header"},
	} {
		if s.timestamp = c.timestamp; d.anyBase(s) {
			return c.cause
		}
	}
	seconds, err := strconv.ParseInt(d.want.timestamp, 10, 64)
	if err != nil {
		return ""
	}
	for _, off := range []int64{0, -1, 1, -2, 2} {
		if s.timestamp = strconv.FormatInt(seconds+off, 10); d.fits(s) {
			return fmt.Sprintf("the timestamp was signed as %s, but the header says %s: read the clock once for both", s.timestamp, d.want.timestamp)
		}
	}
	return ""
}
