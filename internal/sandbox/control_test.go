package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

func TestTheControlAPIRefusesWhatWouldBreakTheSandbox(t *testing.T) {
	p := sandboxtest.Start(t, "")
	call := func(method, path, body string, change func(*http.Request)) int {
		request, err := http.NewRequestWithContext(t.Context(), method, p.Info.ControlURL+path, strings.NewReader(body))
		check(t, err)
		if change != nil {
			change(request)
		}
		answer, err := http.DefaultClient.Do(request)
		check(t, err)
		check(t, answer.Body.Close())
		return answer.StatusCode
	}
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/clock/advance", `{"seconds": 1e300}`, 400},
		{"POST", "/clock/advance", `{"seconds": -1e300}`, 400},
		{"POST", "/clock/advance", `{"duration": "soon"}`, 400},
		{"POST", "/clock/advance", `{}`, 400},
		{"POST", "/clock/advance", `{"seconds": 1.5}`, 200},
		{"PUT", "/clock", `{"now": "9999-01-01T00:00:00Z"}`, 400},
		{"PUT", "/clock", `{"now": "1950-01-01T00:00:00Z"}`, 400},
		{"PUT", "/clock", `nonsense`, 400},
		{"PUT", "/clock", `{"now": "2027-04-05T08:00:00+02:00"}`, 200},
	} {
		if got := call(test.method, test.path, test.body, nil); got != test.want {
			t.Errorf("%s %s %s: %d, want %d", test.method, test.path, test.body, got, test.want)
		}
	}
	if got := call("GET", "/info", "", func(r *http.Request) { r.Host = "evil.example.org" }); got != 403 {
		t.Errorf("another host: %d", got)
	}
	if got := call("POST", "/reset", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example.org") }); got != 403 {
		t.Errorf("another origin: %d", got)
	}
}
