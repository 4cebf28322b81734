package sandbox_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // OVH's signature
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ramier/internal/ovh/schema"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

// oddPerSpot is how many odd values each parameter is given in a run of the tests; RAMIER_ODD=all gives each all of them.
const oddPerSpot = 6

// odd are values that no sane client sends, as JSON.
var odd = []string{
	`null`, `true`, `0`, `-1`, `1.5`, `-0.0`, `1e400`, `1e18`, `2147483648`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775809`,
	`""`, `" "`, `"a\u0000b"`, `"\ud800"`, "\"\xff\xfe\"", `"` + strings.Repeat("x", 70_000) + `"`, `"` + strings.Repeat("é", 300) + `"`,
	`"🏳️‍🌈\u202e\u0000\ufeff"`, `"🏳️‍🌈\u202e\ufeff"`, `"' OR 1=1 --"`, `"%s%n%x"`, `"../../etc/passwd"`, `"\r\nX-Evil: 1"`,
	`"2027-13-45T99:99:99Z"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59Z"`, `"2026-02-30"`, `"20260131T08:30:00"`, `"2026-03-29T02:30:00"`, `"1969-12-31T23:59:59+23:59"`,
	`"+33"`, `"00"`, `"+99999999999999999999"`, `"+33639980000"`, `"NaN"`, `"1e3"`, `"-1"`, `"9007199254740993"`, `"P1M"`, `"P-1D"`, `"PT99999999999H"`,
	`"http://[::1"`, `"https://example.org:99999/\u0001"`, `"a@b"`, `"0.0.0.0/0"`, `"::/0"`, `"FR"`, `"fr"`, `"6ba7b810-9dad-41d1-80b4-00c04fd430c8"`,
	`[]`, `[null]`, `[[]]`, `[{}]`, `[""]`, `["x"]`, `[1,-1,1e99]`, `["+33639980000","+33639980000","","x"]`, `{}`, `{"":null}`, `{"a":{"a":{"a":{"a":[]}}}}`, `{"a":"b"}`,
	strings.Repeat("[", 20_000), `{"a":`, `01`, `'x'`, "\"\t\"",
}

// sane fills required texts, so that an odd value beside them is what is looked at.
var sane = map[string]any{
	"message": "x", "sender": "Ramier", "country": "FR", "currency": "EUR", "reason": "test", "description": "a text that is long enough to be taken", "name": "odd",
	"login": "odd", "password": "12345678", "url": "https://hook.example.org/odd", "account": "rm12345-ovh", "carrier": "simulator", "prefix": "+33", "word": "odd",
	"ip": "192.0.2.1", "email": "odd@example.org", "role": "reader", "flow": "CLIENT_CREDENTIALS", "wayType": "outgoing", "from": "2026-01-01", "to": []string{handset},
	"surname": "odd", "group": "odd", "serviceName": "sms-rm12345-2",
}

// sends are the operations that send, and otherReceivers what they take in the place of a list of receivers.
var (
	sends          = regexp.MustCompile(`/(jobs|batches|quotes)$`)
	otherReceivers = []string{"receiversDocumentUrl", "receiversSlotId", "slotID", "quoteId", "senderForResponse"}
)

// A spot is a place in a request where a value stands.
type spot struct {
	where string   // path, query or body
	name  []string // names of properties on the way; none is the whole body
}

// spots lists the places of an operation.
func spots(t *testing.T, s *schema.Schema, op *schema.Operation) (all []spot) {
	t.Helper()
	var within func(typ string, at []string)
	within = func(typ string, at []string) {
		r, err := s.Type(typ)
		check(t, err)
		if r.Kind != schema.Object || len(at) > 2 {
			return
		}
		for _, name := range r.Model.Names() {
			if r.Model.Writable(name) {
				here := append(slices.Clone(at), name)
				all = append(all, spot{"body", here})
				within(r.Model.Properties[name].Type, here)
			}
		}
	}
	for _, p := range op.Parameters {
		switch {
		case p.ParamType == "header":
		case p.Name == "":
			within(p.DataType, nil)
		default:
			all = append(all, spot{p.ParamType, []string{p.Name}})
			if p.ParamType == "body" {
				within(p.DataType, []string{p.Name})
			}
		}
	}
	if op.HTTPMethod == http.MethodPost || op.HTTPMethod == http.MethodPut {
		all = append(all, spot{"body", nil})
	}
	return all
}

// An oddity is a request with one odd value.
type oddity struct {
	method, path, body string
}

// at puts a value into a place of the request that asks for names.
func (q question) at(op *schema.Operation, where spot, value string) oddity {
	o := oddity{method: q.method, path: q.path}
	plain := value
	if err := json.Unmarshal([]byte(value), &plain); err != nil {
		plain = strings.Trim(value, `"`)
	}
	var name string
	if len(where.name) > 0 {
		name = where.name[0]
	}
	body, _ := q.body.(map[string]any)
	switch {
	case where.where == "path":
		path, query, _ := strings.Cut(q.path, "?")
		parts, pattern := strings.Split(path, "/"), strings.Split(op.Path, "/")
		for i := range pattern {
			if pattern[i] == "{"+name+"}" {
				parts[i] = url.PathEscape(plain[:min(len(plain), 4000)])
			}
		}
		o.path = strings.Join(parts, "/")
		if query != "" {
			o.path += "?" + query
		}
	case where.where == "query":
		path, query, _ := strings.Cut(q.path, "?")
		values, _ := url.ParseQuery(query)
		values.Set(name, plain[:min(len(plain), 4000)])
		o.path = path + "?" + values.Encode()
	case name == "":
		o.body = value
		return o
	default:
		body = replaced(body, where.name, json.RawMessage(value))
	}
	if q.body != nil || where.where == "body" {
		o.body = lenient(body)
	}
	return o
}

// replaced gives a copy of an object in which one property, however deep, has another value.
func replaced(body map[string]any, name []string, value any) map[string]any {
	c := maps.Clone(body)
	if c == nil {
		c = map[string]any{}
	}
	if len(name) > 1 {
		inner, _ := c[name[0]].(map[string]any)
		value = replaced(inner, name[1:], value)
	}
	c[name[0]] = value
	return c
}

// lenient writes an object as JSON, also one that holds what is not.
func lenient(v any) string {
	switch v := v.(type) {
	case json.RawMessage:
		return string(v)
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("%q:%s", name, lenient(v[name])))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// fill replaces what has no value by a sane one.
func fill(body map[string]any) {
	for name, value := range body {
		switch v := value.(type) {
		case nil:
			if body[name] = sane[name]; body[name] == nil {
				body[name] = "x"
			}
		case map[string]any:
			fill(v)
		}
	}
}

// An asker signs requests byte for byte.
type asker struct {
	t *testing.T
	p *sandboxtest.Platform
	k sandbox.Keys
}

func (a asker) ask(o oddity) (int, http.Header, []byte) {
	a.t.Helper()
	address := a.p.Info.Endpoint + o.path
	req, err := http.NewRequestWithContext(a.t.Context(), o.method, address, strings.NewReader(o.body))
	check(a.t, err)
	now := fmt.Sprint(a.p.Clock.Now().Unix())
	sum := sha1.Sum([]byte(strings.Join([]string{a.k.ApplicationSecret, a.k.ConsumerKey, o.method, address, o.body, now}, "+"))) //nolint:gosec // OVH's
	for name, value := range map[string]string{
		"X-Ovh-Application": a.k.ApplicationKey, "X-Ovh-Consumer": a.k.ConsumerKey, "X-Ovh-Timestamp": now, "X-Ovh-Signature": fmt.Sprintf("$1$%x", sum),
		"Content-Type": "application/json",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	check(a.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(a.t, err)
	return resp.StatusCode, resp.Header, text
}

// fair says what is wrong with an answer, if anything.
func fair(status int, header http.Header, text []byte) string {
	if header.Get("X-Ovh-QueryId") == "" {
		return "no X-Ovh-QueryId"
	}
	if status == http.StatusOK {
		if strings.HasPrefix(header.Get("Content-Type"), "application/json") && !json.Valid(text) {
			return "no JSON"
		}
		return ""
	}
	if status < 400 || status >= 500 {
		return "status"
	}
	var e struct {
		Class, HTTPCode, Message string
		Details                  map[string]string
	}
	d := json.NewDecoder(bytes.NewReader(text))
	switch err := d.Decode(&e); {
	case err != nil:
		return err.Error()
	case e.Class == "" || len(e.Message) < 8 || !strings.HasPrefix(e.HTTPCode, fmt.Sprint(status, " ")):
		return "not an error of the API"
	case len(text) > 20_000:
		return "long"
	}
	return ""
}

// Each parameter of each operation is given what it does not expect. The answer is OVH's, it is never our fault, and the books agree.
func TestEveryOperationTakesOddValues(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		s, err := schema.Load()
		check(t, err)
		mine := owned(t, p.OVH, p.Info.ServiceName)
		mine["/ account"] = "rm12345-ovh"
		chance, asked := rand.New(rand.NewPCG(1, 2)), map[int]int{} //nolint:gosec // repeatable
		customer, operator := asker{t, p, p.Info.Keys}, asker{t, p, p.Info.Operator}
		for _, op := range s.Operations {
			if op.String() == "POST /auth/logout" {
				continue
			}
			who := customer
			if op.Group == "operator" {
				who = operator
			}
			q := about(t, s, op, mine, "")
			if body, is := q.body.(map[string]any); is {
				fill(body)
				if sends.MatchString(op.Path) { // of the ways to name receivers only one
					maps.DeleteFunc(body, func(name string, _ any) bool { return slices.Contains(otherReceivers, name) })
					if strings.HasSuffix(op.Path, "/batches") {
						body["from"], body["to"], body["noStop"] = p.Info.Sender, []string{handset}, true
						delete(body, "sender")
					} else {
						body["sender"], body["receivers"], body["noStopClause"] = p.Info.Sender, []string{handset}, true
					}
					if strings.Contains(op.Path, "virtualNumbers") {
						delete(body, "sender")
						delete(body, "noStopClause")
					}
				}
			}
			for _, where := range spots(t, s, op) {
				values := odd
				if os.Getenv("RAMIER_ODD") != "all" {
					values = nil
					for _, i := range chance.Perm(len(odd))[:oddPerSpot] {
						values = append(values, odd[i])
					}
				}
				for _, value := range values {
					o := q.at(op, where, value)
					status, header, text := who.ask(o)
					asked[status]++
					if wrong := fair(status, header, text); wrong != "" {
						t.Errorf("%s, %s %v = %.100s: %s\n%s %.300s\n%.300s\n%d %.400s", op, where.where, where.name, value, wrong, o.method, o.path, o.body, status, text)
					}
				}
			}
		}
		t.Log("answers by status: ", asked)
		p.Audit()
	})
}
