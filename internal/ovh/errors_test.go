package ovh

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sms"
)

// What OVH answers, as far as it is known, and as its own Go client reads it.
var knownErrors = []struct {
	err       error
	status    int
	class     string
	errorCode string
	message   string
}{
	{sms.Errorf(sms.NotAuthenticated, "x"), 401, "Client::Unauthorized", "NOT_CREDENTIAL", "You must login first"},
	{sms.Errorf(sms.UnknownKey, "x"), 403, "Client::Forbidden", "INVALID_KEY", "This application key is invalid"},
	{sms.Errorf(sms.UnknownCredential, "x"), 403, "Client::Forbidden", "NOT_CREDENTIAL", "This credential does not exist"},
	{sms.Errorf(sms.InvalidCredential, "x"), 403, "Client::Forbidden", "INVALID_CREDENTIAL", "This credential is not valid"},
	{sms.Errorf(sms.BadSignature, "x"), 400, "Client::BadRequest", "INVALID_SIGNATURE", "Invalid signature"},
	{sms.Errorf(sms.StaleRequest, "x"), 400, "Client::BadRequest", "QUERY_TIME_OUT", "Query out of time"},
	{sms.Errorf(sms.NotGranted, "x"), 403, "Client::Forbidden", "NOT_GRANTED_CALL", "This call has not been granted"},
	{sms.Errorf(sms.Forbidden, "x").With("unauthorizedActionsByIAM", "sms:apiovh:get"), 403, "Client::Forbidden", "FORBIDDEN", "User not granted for this request"},
	{sms.Errorf(sms.NoRoute, "x"), 404, "Client::NotFound", "", "Got an invalid (or empty) URL"},
	{sms.Errorf(sms.NoService, "x"), 404, "Client::NotFound", "", "This service does not exist"},
	{sms.Errorf(sms.NoObject, "The requested object (id = 12) does not exist"), 404, "Client::ObjectNotFound", "", "The requested object (id = 12) does not exist"},
	{sms.Errorf(sms.NoObject, ""), 404, "Client::ObjectNotFound", "", "The requested object does not exist"},
	{sms.Errorf(sms.Invalid, "Please provide a reason"), 400, "Client::BadRequest", "", "Please provide a reason"},
	{sms.Errorf(sms.NoCredit, "2 credits needed, 1 left"), 403, "Client::Forbidden", "", "2 credits needed, 1 left"},
	{sms.Errorf(sms.Conflict, "there is such a sender already"), 409, "Client::Conflict", "", "there is such a sender already"},
	{sms.Errorf(sms.TooLarge, "5,001 receivers"), 413, "Client::RequestEntityTooLarge", "", "5,001 receivers"},
	{errors.New("secret of the house"), 500, "Server::InternalServerError", "", "Internal server error"},
	{sms.Wrap(sms.Internal, errors.New("secret of the house"), "also secret"), 500, "Server::InternalServerError", "", "Internal server error"},
	{sms.Errorf("unheard-of", "x"), 500, "Server::InternalServerError", "", "Internal server error"},
}

func TestErrorsAreOVHs(t *testing.T) {
	f := newShop(t)
	server := httptest.NewServer(f)
	defer server.Close()
	client, err := ovh.NewClient(server.URL+"/1.0", "ak", "as", "ck")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range knownErrors {
		t.Run(string(sms.CodeOf(c.err)), func(t *testing.T) {
			f.fails["now"] = c.err
			got, ok := errors.AsType[*ovh.APIError](client.GetUnAuth("/shop/failure?code=now", nil))
			if !ok {
				t.Fatal("the client saw no error")
			}
			if got.Code != c.status || got.Class != c.class || got.Message != c.message || !strings.HasPrefix(got.QueryID, "RM.ws-1.") {
				t.Errorf("the client saw %+v", got)
			}
			body := f.ask("GET", "/1.0/shop/failure?code=now", "").refusal(t)
			if body.ErrorCode != c.errorCode || !strings.HasPrefix(body.HTTPCode, http.StatusText(c.status)) && !strings.HasSuffix(body.HTTPCode, http.StatusText(c.status)) {
				t.Errorf("errorCode %q, httpCode %q", body.ErrorCode, body.HTTPCode)
			}
		})
	}
}

func TestEveryCodeHasAnAnswer(t *testing.T) {
	for _, code := range []sms.Code{
		sms.Internal, sms.Invalid, sms.NotAuthenticated, sms.UnknownKey, sms.UnknownCredential, sms.InvalidCredential, sms.BadSignature,
		sms.StaleRequest, sms.NotGranted, sms.Forbidden, sms.NoRoute, sms.NoService, sms.NoObject, sms.NoCredit, sms.Conflict,
		sms.TooLarge, sms.TooFast, sms.Unavailable,
	} {
		if classes[code].status == 0 {
			t.Errorf("%s has none", code)
		}
	}
}

func TestOurCauseStandsBesideOVHsWords(t *testing.T) {
	r := refuse(sms.Errorf(sms.StaleRequest, "your clock is 41 s late").With("code", "7").With("serverTime", "12"))
	if r.body.message != "Query out of time" || r.body.details["cause"] != "your clock is 41 s late" || r.body.details["serverTime"] != "12" {
		t.Errorf("got %+v", r.body)
	}
	if _, there := r.body.details["code"]; there {
		t.Error("OVH's Go client would take a member named code for the status")
	}
	if r := refuse(sms.Errorf(sms.NoService, "This service does not exist")); r.body.details != nil {
		t.Errorf("the same words are said twice: %v", r.body.details)
	}
}

func TestUnexpectedErrorsAreLoggedAndNotShown(t *testing.T) {
	for _, code := range []string{"plain", "panic"} {
		f := newShop(t)
		got := f.ask("GET", "/1.0/shop/failure?code="+code, "")
		if got.status != 500 || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %d %s", code, got.status, got.body)
		}
		for _, want := range []string{"secret of the house", got.header.Get("X-Ovh-QueryId"), "GET /shop/failure", "ab12345-ovh"} {
			if !strings.Contains(f.log.String(), want) {
				t.Errorf("%s: the log lacks %q: %s", code, want, f.log.String())
			}
		}
	}
}

func TestClientsAreToldWhenToTryAgain(t *testing.T) {
	f := newShop(t)
	later := sms.Errorf(sms.TooFast, "slowly")
	later.RetryAfter = 1500 * time.Millisecond
	for _, c := range []struct {
		err    error
		status int
		after  string
	}{
		{later, 429, "2"},
		{sms.Errorf(sms.TooFast, "slowly"), 429, "1"},
		{sms.Wrap(sms.Unavailable, errors.New("disk full"), "try again"), 503, "5"},
		{sms.Errorf(sms.Invalid, "x"), 400, ""},
	} {
		f.fails["now"] = c.err
		got := f.ask("GET", "/1.0/shop/failure?code=now", "")
		if got.status != c.status || got.header.Get("Retry-After") != c.after {
			t.Errorf("%v: %d, after %q", c.err, got.status, got.header.Get("Retry-After"))
		}
	}
	if !strings.Contains(f.log.String(), "disk full") {
		t.Error("the log lacks the cause")
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	f := newShop(t)
	long := `{"message":"` + strings.Repeat("x", 1<<20) + `"}`
	got := f.ask("POST", orders, long)
	if got.status != 413 || !strings.Contains(got.body, "1048576 bytes") {
		t.Errorf("with a length: %d %s", got.status, got.body)
	}
	r := httptest.NewRequest("POST", orders, strings.NewReader(long))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("without a length: %d", w.Code)
	}
	r = httptest.NewRequest("POST", orders, strings.NewReader(`{"message":"x"}`))
	r.ContentLength = 1000
	w = httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "ended early") {
		t.Errorf("cut off: %d %s", w.Code, w.Body)
	}
}
