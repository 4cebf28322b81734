package legacy

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzQuery reads any query and body: it must not fail, keep within its limits and give UTF-8.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"account=sms-ab12345-1&login=user&password=secret&from=Ramier&to=0033612345678&message=Bonjour%0d!&noStop=1",
		"a=1&A=2&=3&&b", "message=100%&to=+33612345678, 0033612345679", "message=%E9t%E9+%A4&deferred=235931122026&class=0&smsCoding=2",
		strings.Repeat("x=1&y", 200), "to=,,, ,&from=&senderForResponse=1",
	} {
		f.Add(s, s, "application/x-www-form-urlencoded")
		f.Add("", "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n"+s+"\r\n--b--\r\n", "multipart/form-data; boundary=b")
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, query, body, kind string) {
		r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", kind)
		all, err := readFields(httptest.NewRecorder(), r)
		if len(all) > maxFields {
			t.Errorf("%d fields", len(all))
		}
		for name, v := range all {
			if !utf8.ValidString(v) || name != strings.ToLower(name) {
				t.Errorf("%q = %q", name, v)
			}
		}
		if err != nil {
			return
		}
		q, err := all.credentials()
		if err == nil {
			err = q.read(all, now, time.UTC)
		}
		if err != nil {
			a := refusal(err, "http://x")
			if a.good() || a.code == failed {
				t.Errorf("%+v for %v", a, err)
			}
			return
		}
		if q.order.Text == "" || len(q.order.Receivers) == 0 || slices.Contains(q.order.Receivers, "") || q.order.Deferred < 0 || strings.Contains(q.order.Text, "\r") {
			t.Errorf("%+v", q.order)
		}
	})
}

// Numbers come with commas, blanks, and plus signs that nobody has encoded.
func TestReceivers(t *testing.T) {
	for list, want := range map[string][]string{
		"0033612345678,+33612345679":  {"0033612345678", "+33612345679"},
		" 33612345678, 33612345679":   {"+33612345678", "+33612345679"},
		" 0612345678 , 0033612345679": {"0612345678", "0033612345679"},
		" 36111":                      {"36111"},
		",, ,":                        nil,
	} {
		if got := receivers(list); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
	f := fields{}
	if err := f.readQuery("to=+33612345678&to=+33612345679", ""); err != nil || !slices.Equal(receivers(f["to"]), []string{"+33612345678", "+33612345679"}) {
		t.Errorf("%q, %v", f["to"], err)
	}
}
