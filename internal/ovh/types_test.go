package ovh

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// The generated types fit the checks and the answers: a sending is read and answered as a client sees it.
func TestASendingIsReadIntoItsGeneratedType(t *testing.T) {
	f := newSending(t)
	r := httptest.NewRequest("POST", "/1.0/sms/sms-ab12345-1/jobs", strings.NewReader(oneReceiver))
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	want := `{"ids":[1],"invalidReasons":[],"invalidReceivers":[],"refused":[],"tag":"","totalCreditsRemoved":1,"validReceivers":["+33600000001"]}`
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// newEverything is a server with all operations of the schema. It starts only when the generated types fit, in both
// directions and down to the last property.
func newEverything(t testing.TB) *server {
	t.Helper()
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return newServer(Config{}.withDefaults(), s, everything)
}

// newSending serves POST jobs of the real schema with an endpoint that takes everything.
func newSending(t testing.TB) *server {
	t.Helper()
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Authenticate: func(*http.Request, []byte) (*sms.Caller, error) { return &sms.Caller{}, nil }}.withDefaults()
	return newServer(cfg, s, map[string]handler{"POST /sms/{serviceName}/jobs": endpoint(acceptAll)})
}
