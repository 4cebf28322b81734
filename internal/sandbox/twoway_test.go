package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// called is one call that a customer's server got.
type called struct {
	method, uri, body string
	header            http.Header
}

// customerServer notes what calls it.
type customerServer struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []called
	answer func(called) int // status; 200 when nil
}

func newCustomerServer(t *testing.T) *customerServer {
	c := &customerServer{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		one := called{r.Method, r.URL.RequestURI(), string(body), r.Header.Clone()}
		c.mu.Lock()
		c.calls = append(c.calls, one)
		answer := c.answer
		c.mu.Unlock()
		if answer != nil {
			w.WriteHeader(answer(one))
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// to gives the calls whose address begins with a path.
func (c *customerServer) to(path string) (some []called) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.calls {
		if strings.HasPrefix(one.uri, path) {
			some = append(some, one)
		}
	}
	return some
}

// hook is a webhook as the API answers it.
type hook struct {
	ID     int64
	Secret string
}

// event is the body of signed JSON.
type event struct {
	ID, Type, ServiceName string
	Data                  struct {
		ID, OutgoingID                    int64
		State, Receiver, Sender, Tag      string
		Message, Keyword                  string
		DeliveryReceipt, PTT, NumberOfSms int
		Credits                           float64
	}
}

func events(t *testing.T, secret string, calls []called) (all []event) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", c.header.Get("Webhook-Id"), c.header.Get("Webhook-Timestamp"), c.body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if got := c.header.Get("Webhook-Signature"); got != want {
			t.Errorf("signature %s, want %s", got, want)
		}
		var e event
		if err := json.Unmarshal([]byte(c.body), &e); err != nil {
			t.Errorf("%s: %v", c.body, err)
		}
		if e.ID != c.header.Get("Webhook-Id") {
			t.Errorf("id %s in the body of %s", e.ID, c.header.Get("Webhook-Id"))
		}
		all = append(all, e)
	}
	return all
}

// A conversation from a handset to a webhook and back, with OVH's callbacks beside it.
func TestAConversationBetweenHandsetAndWebhook(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		server := newCustomerServer(t)
		const alice = "+33639980201"
		put(t, p, "", map[string]any{
			"callBack": server.URL + "/dlr?shop=1", "stopCallBack": server.URL + "/stop",
			"smsResponse": map[string]any{"responseType": "cgi", "cgiUrl": server.URL + "/reply"},
		})
		var w hook
		p.Post("/webhooks", map[string]any{"url": server.URL + "/json"}, &w)
		sent := p.Send("Votre avis ?", []string{alice}, map[string]any{"senderForResponse": true, "tag": "avis"})
		p.Until("two callbacks and two events", func() bool {
			p.Clock.Advance(time.Second)
			return len(server.to("/dlr")) == 2 && len(server.to("/json")) == 2
		})
		dlr := server.to("/dlr")
		for i, want := range []string{"&ptt=3&date=2", "&ptt=4&date=2"} {
			if got := dlr[i].uri; dlr[i].method != "GET" || !strings.HasPrefix(got, fmt.Sprintf("/dlr?shop=1&id=%d%s", sent.IDs[0], want)) {
				t.Errorf("callback %d: %s %s", i, dlr[i].method, got)
			}
		}
		if !strings.HasSuffix(dlr[1].uri, "Z&description=1&descriptionDlr=Delivered&dlr=1") {
			t.Error(dlr[1].uri)
		}
		told := events(t, w.Secret, server.to("/json"))
		if told[0].Type != "message.sent" || told[1].Type != "message.delivered" || told[1].Data.ID != sent.IDs[0] || told[1].Data.Tag != "avis" ||
			told[1].Data.Receiver != alice || told[1].Data.DeliveryReceipt != 1 {
			t.Errorf("%+v", told)
		}
		// A long reply of several parts, with a character that would not survive being cut.
		text := strings.Repeat("Très bien 😀 ", 12)
		if err := p.Simulator.Reply(alice, "", text); err != nil {
			t.Fatal(err)
		}
		p.Until("the reply", func() bool { return len(server.to("/reply")) == 1 && len(server.to("/json")) == 3 })
		reply := events(t, w.Secret, server.to("/json"))[2]
		if reply.Type != "reply.received" || reply.Data.Message != text || reply.Data.OutgoingID != sent.IDs[0] || reply.Data.NumberOfSms != 3 ||
			reply.Data.Credits != 3 || reply.Data.Tag != "avis" {
			t.Errorf("%+v", reply)
		}
		if got := server.to("/reply")[0].uri; !strings.HasPrefix(got, fmt.Sprintf("/reply?id=%d&sender=%%2B33639980201&receiver=", reply.Data.ID)) ||
			!strings.Contains(got, "&message=Tr%C3%A8s%20bien%20%F0%9F%98%80%20") || !strings.HasSuffix(got, fmt.Sprintf("&tag=avis&outgoingId=%d", sent.IDs[0])) {
			t.Error(got)
		}
		var in struct {
			Message string
			Credits float64
		}
		p.Get(fmt.Sprintf("/incoming/%d", reply.Data.ID), &in)
		if in.Message != text || in.Credits != 3 {
			t.Errorf("%+v", in)
		}
		// The webhook's answer goes back by the API, and STOP ends it.
		p.Send("Merci !", []string{alice}, map[string]any{"senderForResponse": true})
		p.Until("the second message", func() bool { return got(p, alice) == 2 })
		stop(t, p, server, alice, w)
		p.Audit()
	})
}

// got counts what a handset has received.
func got(p *sandboxtest.Platform, number string) uint64 {
	for _, h := range p.Simulator.Handsets() {
		if h.Number == number {
			return h.Count
		}
	}
	return 0
}

func stop(t *testing.T, p *sandboxtest.Platform, server *customerServer, alice string, w hook) {
	t.Helper()
	before := got(p, alice)
	for range 2 {
		if err := p.Simulator.Reply(alice, "", "STOP"); err != nil {
			t.Fatal(err)
		}
	}
	p.Until("the opt-out", func() bool {
		p.Clock.Advance(time.Second)
		return len(server.to("/stop")) == 1 && got(p, alice) == before+1
	})
	if got := server.to("/stop")[0].uri; !strings.HasPrefix(got, "/stop?number=%2B33639980201&date=2") {
		t.Error(got)
	}
	var failed []any
	p.Get("/deliveries?state=failed", &failed)
	if len(failed) > 0 {
		t.Errorf("%+v", failed)
	}
}

// What still waits for a receiver who answers STOP is not sent any more, and its credits come back; the confirmation passes.
func TestASTOPEndsWhatIsQueued(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const bob = "+33639980202"
		advertising := map[string]any{"noStopClause": false}
		first := p.Send("Soldes", []string{bob}, advertising)
		p.Await(first.IDs[0], sms.Delivered)
		p.SetCarrier(map[string]any{"rate": 20})
		var receivers []string
		for i := range 80 {
			receivers = append(receivers, fmt.Sprintf("+3363998%04d", 3000+i))
		}
		campaign := p.Send("Encore des soldes", append(receivers, bob), advertising)
		if err := p.Simulator.Reply(bob, "36111", "Stop. Merci"); err != nil {
			t.Fatal(err)
		}
		var numbers []string
		p.Until("the opt-out", func() bool { p.Get("/blacklists", &numbers); return len(numbers) == 1 })
		m := p.Await(campaign.IDs[80], sms.Refused)
		if m.PTT != sms.PTTOptedOut || m.Credits != 0 {
			t.Errorf("%+v", m)
		}
		p.Until("the confirmation", func() bool { return got(p, bob) == 2 })
		for _, id := range campaign.IDs[:80] {
			p.Await(id, sms.Delivered)
		}
		if n := got(p, bob); n != 2 {
			t.Errorf("%d messages came to the handset", n)
		}
		p.Audit()
	})
}
