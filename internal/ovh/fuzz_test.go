package ovh

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzDecode puts arbitrary bodies and queries before every kind of parameter: nothing panics, and what is refused is
// refused as the caller's mistake.
func FuzzDecode(f *testing.F) {
	shop := newShop(f)
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{"message":"x"}`, `{"message":"x","items":["a"],"lines":[{"what":"a","many":1}],"labels":{"a":"b"}}`,
		`{"title":"x","best":{"what":"y"},"callBack":null}`, `{"message":"\ud83d\ude00\u0000"}`, `{"message":1e99,"count":-0.0}`, "{\"message\":\"\xe9\"}",
		`{"force":true}`, `{"a":{"b":[1,2,{"c":null}]}}`, `{"message":"x","at":"2026-01-31T08:30:00+01:00","size":10,"color":"red"}`,
	} {
		f.Add(body, "tag=x&count=3&ids=1&gift=true&since.from=2026-01-31")
	}
	f.Add("", "tags={\"a\":[{\"what\":1}]}&%zz&=&&;")
	f.Fuzz(func(t *testing.T, body, query string) {
		for _, c := range []struct{ method, path string }{
			{"POST", orders}, {"PUT", "/1.0/shop/a"}, {"DELETE", orders + "/1"}, {"GET", orders}, {"GET", "/1.0/shop"},
		} {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(body))
			r.URL = &url.URL{Path: c.path, RawQuery: query}
			w := httptest.NewRecorder()
			shop.ServeHTTP(w, r)
			if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Fatalf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %s answers what is not JSON: %s", c.method, c.path, w.Body)
			}
		}
	})
}

// FuzzScan compares our reader of JSON with Go's.
func FuzzScan(f *testing.F) {
	for _, text := range []string{`{"a":[1,-2.5e+3,"\u00e9\n",true,false,null,{}]}`, `"\ud83d\ude00"`, `01`, `[1,]`, `{"a"}`, ` `, `"\ud83dx"`, `-`, "0\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &scanner{text: text}
		got := s.skip() && s.done()
		if want := json.Valid([]byte(text)); got != want && s.depth <= maxDepth {
			t.Fatalf("%q: we say %v (%v), Go says %v", text, got, s.err, want)
		}
		var want string
		if got && strings.HasPrefix(strings.TrimSpace(text), `"`) && json.Unmarshal([]byte(text), &want) == nil {
			s := &scanner{text: text}
			s.peek()
			if have, _ := s.str(); strings.ToValidUTF8(have, "\ufffd") != want && strings.ToValidUTF8(text, "") == text {
				t.Fatalf("%s: we read %q, Go reads %q", text, have, want)
			}
		}
	})
}
