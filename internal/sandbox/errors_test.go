package sandbox_test

import (
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

// refusal is what a call must be answered with, in OVH's words, and what our cause must say.
type refusal struct {
	name    string
	call    func(p *sandboxtest.Platform) error
	status  int
	class   string
	message string
	cause   string
}

func with(change func(*sandbox.Keys), call func(*ovh.Client, *sandboxtest.Platform) error) func(*sandboxtest.Platform) error {
	return func(p *sandboxtest.Platform) error {
		keys := p.Info.Keys
		change(&keys)
		return call(p.Client(keys), p)
	}
}

func getServices(c *ovh.Client, _ *sandboxtest.Platform) error { return c.Get("/sms", nil) }

var refusals = []refusal{
	{"no keys", func(p *sandboxtest.Platform) error { return p.OVH.GetUnAuth("/sms", nil) }, 401, "Client::Unauthorized", "You must login first", ""},
	{"unknown application", with(func(k *sandbox.Keys) { k.ApplicationKey = "nobody" }, getServices), 403, "Client::Forbidden", "This application key is invalid", "nobody"},
	{"unknown consumer key", with(func(k *sandbox.Keys) { k.ConsumerKey = "nothing" }, getServices), 403, "Client::Forbidden", "This credential does not exist", "consumer key"},
	{"wrong secret", with(func(k *sandbox.Keys) { k.ApplicationSecret = "wrong" }, getServices), 400, "Client::BadRequest", "Invalid signature", "secret"},
	{"consumer key of another application", with(func(k *sandbox.Keys) { k.ConsumerKey = "" }, func(c *ovh.Client, p *sandboxtest.Platform) error {
		c.ConsumerKey = p.Info.Other.ConsumerKey
		return c.Get("/sms", nil)
	}), 403, "Client::Forbidden", "This credential does not exist", "another application"},
	{"operation that is none", func(p *sandboxtest.Platform) error { return p.OVH.Get("/sms/x/y/z", nil) }, 404, "Client::NotFound", "Got an invalid (or empty) URL", ""},
	{"unknown service", func(p *sandboxtest.Platform) error { return p.OVH.Get("/sms/sms-nobody-1", nil) }, 404, "Client::NotFound", "This service does not exist", ""},
	{"service of somebody else", func(p *sandboxtest.Platform) error { return p.OVH.Get("/sms/"+p.Info.OtherServiceName, nil) }, 404, "Client::NotFound", "This service does not exist", ""},
	{"message of somebody else", func(p *sandboxtest.Platform) error {
		r := p.Send("x", []string{handset})
		return p.Other.Get(fmt.Sprintf("/sms/%s/outgoing/%d", p.Info.OtherServiceName, r.IDs[0]), nil)
	}, 404, "Client::ObjectNotFound", "does not exist", ""},
	{"unknown message", func(p *sandboxtest.Platform) error { return p.OVH.Get(p.Path("/outgoing/999999999"), nil) }, 404, "Client::ObjectNotFound", "The requested object (id = 999999999) does not exist", ""},
	{"unknown parameter", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "colour": "blue"}, nil)
	}, 400, "Client::BadRequest", "Received not described parameters: (colour) while calling", ""},
	{"missing parameter", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"receivers": []string{handset}}, nil)
	}, 400, "Client::BadRequest", "message", ""},
	{"wrong type", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "validityPeriod": "soon"}, nil)
	}, 400, "Client::BadRequest", "validityPeriod", ""},
	{"wrong value", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "priority": "urgent"}, nil)
	}, 400, "Client::BadRequest", "veryLow", ""},
	{"unknown sender", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "sender": "Nobody", "receivers": []string{handset}}, nil)
	}, 400, "Client::BadRequest", "Sms sender Nobody does not exists", ""},
	{"sender without reason", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/senders"), map[string]any{"sender": "Shop"}, nil)
	}, 400, "Client::BadRequest", "Please provide a reason", "reason"},
	{"link from a short number", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "https://example.org", "senderForResponse": true, "receivers": []string{handset}}, nil)
	}, 400, "Client::BadRequest", "cannot send contact information with shortcode", ""},
	{"too few credits", func(p *sandboxtest.Platform) error {
		return p.OVH.Post(p.Path("/jobs"), map[string]any{"message": strings.Repeat("x", 153*255), "sender": "Ramier", "noStopClause": true, "receivers": many(500)}, nil)
	}, 403, "Client::Forbidden", "Not enough credits", ""},
	{"no access rule", func(p *sandboxtest.Platform) error {
		return p.Client(p.Token("GET /sms/*")).Post(p.Path("/jobs"), map[string]any{"message": "x"}, nil)
	}, 403, "Client::Forbidden", "This call has not been granted", "rule GET /sms/* does not allow POST /sms/"},
	{"operator's operation", func(p *sandboxtest.Platform) error { return p.OVH.Get("/operator/accounts", nil) }, 403, "Client::Forbidden", "This call has not been granted", "operator"},
	{"logged out", func(p *sandboxtest.Platform) error {
		c := p.Client(p.Token())
		if err := c.Post("/auth/logout", nil, nil); err != nil {
			return err
		}
		return c.Get("/sms", nil)
	}, 403, "Client::Forbidden", "This credential is not valid", "logged out"},
	{"unknown ptt", func(p *sandboxtest.Platform) error { return p.OVH.Get("/sms/ptts?ptt=7777", nil) }, 404, "Client::ObjectNotFound", "ptt = 7777", ""},
}

// many gives n numbers.
func many(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("+3363998%04d", 1000+i)
	}
	return all
}

func TestOVHsClientGetsOVHsErrors(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		for _, r := range refusals {
			t.Run(r.name, func(t *testing.T) {
				err := r.call(p)
				wantError(t, err, r.status, r.class, r.message)
				if e, ok := err.(*ovh.APIError); ok && !strings.Contains(e.Details["cause"], r.cause) {
					t.Errorf("the cause is %q and should name %q", e.Details["cause"], r.cause)
				}
			})
		}
	})
}

func TestAClockThatIsOffIsTold(t *testing.T) {
	p := sandboxtest.Start(t, "")
	k := p.Info.Keys
	url := p.Info.Endpoint + "/sms"
	stamp := strconv.FormatInt(time.Now().Add(-400*time.Second).Unix(), 10)
	sum := sha1.Sum([]byte(strings.Join([]string{k.ApplicationSecret, k.ConsumerKey, "GET", url, "", stamp}, "+"))) //nolint:gosec // the protocol's hash
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-Ovh-Application": k.ApplicationKey, "X-Ovh-Consumer": k.ConsumerKey, "X-Ovh-Timestamp": stamp,
		"X-Ovh-Signature": fmt.Sprintf("$1$%x", sum),
	} {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"errorCode":"QUERY_TIME_OUT"`, `"message":"Query out of time"`, " s late"} {
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), want) {
			t.Errorf("%d %s, want 400 with %s", answer.StatusCode, body, want)
		}
	}
}

func TestAClientGoesOnWhenTheClockIsMoved(t *testing.T) {
	p := sandboxtest.Start(t, "")
	var services []string
	check(t, p.OVH.Get("/sms", &services))
	for range 5 {
		p.Clock.Advance(25 * time.Hour)
		check(t, p.OVH.Get("/sms", &services))
	}
	check(t, p.Client(p.Info.Keys).Get("/sms", &services))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
