package ovh

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

func TestPathsAreTolerant(t *testing.T) {
	f := newShop(t)
	for _, path := range []string{"/1.0/open", "/v1/open", "/1.0/open/", "//1.0//open", "/1.0//open//", "/1.0/op%65n", "/1.0/open?"} {
		if got := f.ask("GET", path, "", "Content-Type", "text/weird"); got.status != 200 || got.body != "7" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := f.ask("POST", "/1.0/shop/a/close/", "{}"); got.status != 200 || got.body != "null" || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("a void call answers %d %q %v", got.status, got.body, got.header)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	f := newShop(t)
	for _, c := range []struct{ method, path, cause string }{
		{"GET", "/", "below /1.0 and /v1, not at /"},
		{"GET", "/1.00/shop", "below /1.0"},
		{"GET", "/1.0/nothing", "nothing at /nothing"},
		{"GET", "/1.0/shop/a/b/c", "nothing at /shop/a/b/c"},
		{"GET", "/1.0/shop//orders", "a name in the path is empty"},
		{"POST", "/1.0/shop", "POST is not offered on /shop, only GET"},
		{"PATCH", "/1.0/shop/a", "PATCH is not offered on /shop/{name}, only GET and PUT"},
		{"DELETE", "/1.0/shop/a/close", "DELETE /shop/{name}/close is part of OVH's API but not offered by this Ramier yet"},
		{"HEAD", "/1.0/shop", "HEAD is not offered on /shop, only GET"},
	} {
		got := f.ask(c.method, c.path, "")
		body := got.refusal(t)
		if got.status != 404 || body.Class != "Client::NotFound" || body.Message != "Got an invalid (or empty) URL" || !strings.Contains(body.Details["cause"], c.cause) {
			t.Errorf("%s %s: %d %+v", c.method, c.path, got.status, body)
		}
		if got.header.Get("X-Ovh-QueryId") != "RM.ws-1.697e87e0.000000000000feed" {
			t.Errorf("%s %s: query id %q", c.method, c.path, got.header.Get("X-Ovh-QueryId"))
		}
	}
}

func TestAServiceMayHaveTheNameOfAResource(t *testing.T) {
	f := newShop(t)
	f.ask("GET", "/1.0/shop/failure/orders", "")
	if in, _ := f.last.(shopOrdersIn); in.Name != "failure" {
		t.Errorf("got %+v", f.last)
	}
}

func TestNothingIsRevealedBeforeTheSignatureIsProven(t *testing.T) {
	f := newShop(t)
	f.denied = sms.Errorf(sms.BadSignature, "wrong")
	for _, path := range []string{"/1.0/shop", "/1.0/nothing", "/1.0/shop//x", "/1.0/shop/a/orders?bad=1", "/1.0/operator/secret"} {
		if got := f.ask("GET", path, ""); got.status != 400 || got.refusal(t).ErrorCode != "INVALID_SIGNATURE" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := f.ask("GET", "/1.0/open", "", "X-Ovh-Signature", "$1$nonsense"); got.status != 200 {
		t.Errorf("open to all, and yet %d %s", got.status, got.body)
	}
}

func TestAccessRules(t *testing.T) {
	for _, c := range []struct {
		rules, method, path string
		cause               string // empty = allowed
	}{
		{"GET /shop", "GET", "/shop", ""},
		{"GET /shop/*", "GET", "/shop/", "rule GET /shop/* does not allow GET /shop"},
		{"GET /shop/*", "POST", "/shop/x/close", "rule GET /shop/* does not allow POST /shop/x/close"},
		{"GET /shop|PUT /shop/*", "POST", "/shop/x/close", "rules GET /shop, PUT /shop/* do not allow POST /shop/x/close"},
		{"GET /*", "GET", "/nothing", "nothing at /nothing"},
		{"GET /shop/*", "GET", "/nothing", "does not allow GET /nothing"},
		{"GET /shop/My Shop", "GET", "/shop/My%20Shop", ""},
		{"GET /shop/My%20Shop", "GET", "/shop/My%20Shop", ""},
		{"GET /shop/a/*", "GET", "/shop/a%2Forders", "does not allow GET /shop/a%2Forders"},
		{"GET /shop/a/*", "GET", "//shop/a/orders", ""},
		{"", "GET", "/shop", "no access rules"},
	} {
		f := newShop(t)
		f.caller.Rules = []sms.AccessRule{}
		for rule := range strings.SplitSeq(c.rules, "|") {
			if method, path, ok := strings.Cut(rule, " "); ok {
				f.caller.Rules = append(f.caller.Rules, sms.AccessRule{Method: method, Path: path})
			}
		}
		got := f.ask(c.method, "/1.0"+c.path, "")
		if c.cause == "" {
			if got.status != 200 {
				t.Errorf("%s, %s %s: %d %s", c.rules, c.method, c.path, got.status, got.body)
			}
		} else if cause := got.refusal(t).Details["cause"]; !strings.Contains(cause, c.cause) {
			t.Errorf("%s, %s %s: %s", c.rules, c.method, c.path, cause)
		}
	}
}

func TestOperatorsOnly(t *testing.T) {
	f := newShop(t)
	if got := f.ask("GET", "/1.0/operator/secret", ""); got.status != 403 || got.refusal(t).ErrorCode != "NOT_GRANTED_CALL" {
		t.Errorf("a customer got %d %s", got.status, got.body)
	}
	f.caller.Operator = true
	if got := f.ask("GET", "/1.0/operator/secret", ""); got.status != 200 {
		t.Errorf("an operator got %d %s", got.status, got.body)
	}
}

func TestMistakesInTheTableOfRoutesStopTheProgram(t *testing.T) {
	for name, handlers := range map[string]map[string]handler{
		"no such operation": {"GET /nothing": endpoint[struct{}, void](nil)},
		"missing parameter": {"GET /shop/{name}": endpoint[struct{}, shopShop](nil)},
		"wrong parameter": {"GET /shop/{name}": endpoint[struct {
			Name int64 `json:"name"`
		}, shopShop](nil)},
		"wrong answer": {"GET /open": endpoint[struct{}, string](nil)},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			f := newShop(t)
			newServer(f.cfg, f.schema, handlers)
		})
	}
}

func TestTheAPIStarts(t *testing.T) {
	a := New(Config{Authenticate: func(*http.Request, []byte) (*sms.Caller, error) {
		return nil, sms.Errorf(sms.NotAuthenticated, "no keys came with the request")
	}})
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/1.0/auth/time", nil))
	if now, err := strconv.ParseInt(w.Body.String(), 10, 64); err != nil || time.Since(time.Unix(now, 0)) > time.Minute {
		t.Errorf("GET /auth/time answers %s", w.Body)
	}
	w = httptest.NewRecorder()
	if a.ServeHTTP(w, httptest.NewRequest("GET", "/1.0/sms", nil)); w.Code != 401 {
		t.Errorf("GET /sms without keys answers %d", w.Code)
	}
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range s.Operations {
		if names := pathParameters(op.Path); len(names) != len(slices.Compact(slices.Sorted(slices.Values(names)))) {
			t.Errorf("%s has a parameter twice", op)
		}
	}
}
