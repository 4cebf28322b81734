package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
	"ramier/internal/store/storetest"
)

// PostgreSQL keeps no U+0000 in a text. It has to be refused before it gets there, wherever it comes from.
func TestTheCharacterZeroIsRefusedEverywhere(t *testing.T) {
	const zero = "a\x00b"
	type values = map[string]any
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		esc := url.PathEscape(zero)
		service := "/operator/services/" + p.Info.ServiceName
		for _, c := range []struct {
			client       *ovh.Client
			method, path string
			body         values
		}{
			{p.OVH, "POST", p.Path("/jobs"), values{"message": zero, "receivers": []string{handset}}},
			{p.OVH, "POST", p.Path("/jobs"), values{"message": "x", "receivers": []string{zero}}},
			{p.OVH, "POST", p.Path("/jobs"), values{"message": "x", "receivers": []string{handset}, "tag": zero}},
			{p.OVH, "POST", p.Path("/jobs"), values{"message": "x", "receivers": []string{handset}, "sender": zero}},
			{p.OVH, "POST", p.Path("/senders"), values{"sender": "Shop", "reason": zero}},
			{p.OVH, "POST", p.Path("/senders"), values{"sender": "Shop", "reason": "x", "description": zero}},
			{p.OVH, "PUT", p.Path("/senders/Ramier"), values{"description": zero}},
			{p.OVH, "PUT", p.Path(""), values{"description": zero}},
			{p.OVH, "PUT", p.Path(""), values{"smsResponse": values{"text": zero}}},
			{p.OVH, "GET", "/sms/" + esc, nil},
			{p.OVH, "GET", p.Path("/senders/" + esc), nil},
			{p.OVH, "DELETE", p.Path("/senders/" + esc), nil},
			{p.OVH, "GET", p.Path("/outgoing?tag=" + esc), nil},
			{p.OVH, "GET", p.Path("/outgoing?sender=" + esc), nil},
			{p.OVH, "GET", p.Path("/outgoing?receiver=" + esc), nil},
			{p.Operator, "POST", "/operator/accounts", values{"country": "FR", "description": zero}},
			{p.Operator, "POST", "/operator/services", values{"account": zero}},
			{p.Operator, "POST", service + "/credits", values{"credits": 1, "reason": zero}},
			{p.Operator, "POST", service + "/senders", values{"sender": "Shop", "comment": zero}},
			{p.Operator, "POST", service + "/senders/Ramier/refuse", values{"comment": zero}},
			{p.Operator, "POST", "/operator/routes", values{"carrier": "simulator", "tag": zero}},
			{p.Operator, "POST", "/operator/routes", values{"carrier": zero}},
			{p.Operator, "POST", "/operator/tokens", values{"account": zero, "rules": []values{{"method": "GET", "path": "/sms"}}}},
			{p.Operator, "GET", "/operator/accounts/" + esc, nil},
			{p.Operator, "DELETE", "/operator/shortNumbers/" + esc, nil},
		} {
			var body any
			if c.body != nil {
				body = c.body
			}
			err := c.client.CallAPI(c.method, c.path, body, nil, true)
			if api, ok := errors.AsType[*ovh.APIError](err); !ok || api.Code != 400 {
				t.Errorf("%s %s %v: %v", c.method, c.path, c.body, err)
			}
		}
	})
}

// signed makes a request of the first customer, with more headers: names and values in turn.
func signed(t *testing.T, p *sandboxtest.Platform, method, path string, body any, headers ...string) (int, string) {
	t.Helper()
	client := p.Client(p.Info.Keys) // one of its own: OVH's client is not made for several goroutines
	req, err := client.NewRequest(method, path, body, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}

func TestHeadersAndFiltersMayHoldAnything(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		order := map[string]any{"message": "x", "receivers": []string{handset}, "sender": "Ramier"}
		for _, c := range []struct {
			name, value string
			want        int
		}{
			{"Idempotency-Key", "caf\xe9", 200},
			{"Idempotency-Key", "\xff\xfe", 200},
			{"X-Ovh-Application", "\xff\xfe", 403},
			{"X-Ovh-Consumer", "\xff\xfe", 403},
			{"X-Forwarded-For", "\xff", 200},
		} {
			if status, answer := signed(t, p, "POST", p.Path("/jobs"), order, c.name, c.value); status != c.want {
				t.Errorf("%s: %q: %d %s", c.name, c.value, status, answer)
			}
		}
		for _, filter := range []string{"ptt=9007199254740993", "ptt=-1", "deliveryReceipt=4294967296", "differedDelivery=9223372036854775807", "tag=%ff%fe", "receiver=%ff"} {
			if status, answer := signed(t, p, "GET", p.Path("/outgoing?"+filter), nil); status != http.StatusOK || answer != "[]" {
				t.Errorf("%s: %d %s", filter, status, answer)
			}
		}
	})
}

// Clients read an object, change it and send all of it back.
func TestAServiceThatIsReadAndWrittenBackIsTheSame(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var before, after json.RawMessage
		p.Get("", &before)
		if err := p.OVH.Put(p.Path(""), before, nil); err != nil {
			t.Fatal(err)
		}
		p.Get("", &after)
		if !bytes.Equal(before, after) {
			t.Errorf("it was\n%s, and is\n%s", before, after)
		}
	})
}

func TestTheSettingsOfAServiceHaveLimits(t *testing.T) {
	p := sandboxtest.Start(t, "")
	long := strings.Repeat("x", 10_001)
	ways := make([]map[string]string, 21)
	for i := range ways {
		ways[i] = map[string]string{"media": "email", "sender": "", "target": "a@b"}
	}
	for field, body := range map[string]any{
		"description":                         map[string]any{"description": long},
		"callBack":                            map[string]any{"callBack": "https://example.org/" + long},
		"smsResponse.text":                    map[string]any{"smsResponse": map[string]any{"text": long}},
		"smsResponse.trackingOptions":         map[string]any{"smsResponse": map[string]any{"trackingOptions": ways}},
		"trackingOptions[0].media":            map[string]any{"smsResponse": map[string]any{"trackingOptions": []map[string]string{{"target": "a@b"}}}},
		"templates.emailBody":                 map[string]any{"templates": map[string]any{"emailBody": long}},
		"templates.smsBody":                   map[string]any{"templates": map[string]any{"smsBody": long[:71]}},
		"creditThresholdForAutomaticRecredit": map[string]any{"creditThresholdForAutomaticRecredit": -1},
	} {
		err := p.OVH.Put(p.Path(""), body, nil)
		if api, ok := errors.AsType[*ovh.APIError](err); !ok || api.Code != 400 || !strings.Contains(api.Message, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// The answer to a request that was accepted does not depend on what became of its sender since.
func TestARepeatedRequestIsAnsweredAlsoWhenItWouldBeRefusedNow(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Post("/senders", map[string]any{"sender": "Brief", "reason": "test"}, nil)
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/senders/Brief/approve", map[string]any{}, nil); err != nil {
			t.Fatal(err)
		}
		order := map[string]any{"message": "x", "receivers": []string{handset}, "sender": "Brief", "noStopClause": true}
		send := func(key string) (int, string) {
			return signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", key)
		}
		status, first := send("k")
		if status != http.StatusOK {
			t.Fatal(status, first)
		}
		p.Delete("/senders/Brief")
		if status, again := send("k"); status != http.StatusOK || again != first {
			t.Errorf("again: %d %s, first %s", status, again, first)
		}
		if status, other := send("l"); status != http.StatusBadRequest {
			t.Errorf("with another key: %d %s", status, other)
		}
		order["message"] = "y"
		if status, other := send("k"); status != http.StatusConflict {
			t.Errorf("with another text: %d %s", status, other)
		}
	})
}

// An empty filter is one that nothing fits, not none.
func TestEmptyFiltersOfRepliesFitNothing(t *testing.T) {
	p := sandboxtest.Start(t, "")
	r := p.Send("x", []string{handset}, map[string]any{"senderForResponse": true})
	p.Await(r.IDs[0], sms.Delivered)
	if err := p.Simulator.Reply(handset, "", "STOP"); err != nil {
		t.Fatal(err)
	}
	count := func(path string) int {
		t.Helper()
		var all []any
		p.Get(path, &all)
		return len(all)
	}
	p.Until("the reply arrives", func() bool { return count("/incoming") == 1 && count("/blacklists") == 1 })
	for path, want := range map[string]int{
		"/incoming?sender=": 0, "/incoming?sender=nobody": 0, "/incoming?sender=" + url.QueryEscape(handset): 1, "/incoming?tag=": 0,
		"/blacklists?smsOutgoingID=0": 0, "/blacklists?smsOutgoingID=-1": 0, fmt.Sprintf("/blacklists?smsOutgoingID=%d", r.IDs[0]): 1,
	} {
		if got := count(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// parallel calls f at the same time with 0, 1, ... and gives how often it answered what.
func parallel(n int, f func(i int) string) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	count := map[string]int{}
	for i := range n {
		all.Go(func() {
			got := f(i)
			mu.Lock()
			defer mu.Unlock()
			count[got]++
		})
	}
	all.Wait()
	return count
}

func TestManyAtOnceChangeTheBooksOnce(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		left := func() float64 {
			var s struct{ CreditsLeft float64 }
			p.Get("", &s)
			return s.CreditsLeft
		}
		order := map[string]any{"message": "x", "receivers": []string{handset}, "sender": "Ramier", "noStopClause": true, "differedPeriod": 60}
		before := left()
		answers := parallel(50, func(int) string {
			status, answer := signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", "k")
			return fmt.Sprint(status, answer)
		})
		if len(answers) != 1 || left() != before-1 {
			t.Errorf("50 with one key were answered %v and took %v", answers, before-left())
		}
		var waiting []int64
		p.Get("/jobs", &waiting)
		if len(waiting) != 1 {
			t.Fatalf("jobs %v", waiting)
		}
		deleted := parallel(50, func(int) string {
			status, _ := signed(t, p, "DELETE", p.Path(fmt.Sprintf("/jobs/%d", waiting[0])), nil)
			return fmt.Sprint(status)
		})
		if deleted["200"] != 1 || deleted["404"] != 49 || left() != before {
			t.Errorf("50 cancellations were answered %v and left %v of %v", deleted, left(), before)
		}
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", map[string]any{"credits": 20 - before, "reason": "test"}, nil); err != nil {
			t.Fatal(err)
		}
		sent := parallel(64, func(int) string {
			status, _ := signed(t, p, "POST", p.Path("/jobs"), order)
			return fmt.Sprint(status)
		})
		if sent["200"] != 20 || sent["403"] != 44 || left() != 0 {
			t.Errorf("64 orders for 20 credits were answered %v and left %v", sent, left())
		}
	})
}

func TestSettingsThatAnotherNodeChangedAreShown(t *testing.T) {
	address := storetest.URL(t, "postgres")
	p := sandboxtest.Start(t, address)
	there := storetest.Open(t, address)
	var s struct{ Description string }
	p.Get("", &s)
	if err := there.ChangeService(t.Context(), p.Info.ServiceName, func(s *sms.Service) error {
		s.Description = "changed there"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if p.Get("", &s); s.Description != "changed there" {
		t.Errorf("the description is %q", s.Description)
	}
}
