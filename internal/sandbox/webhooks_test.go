package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// signature is what the secret makes of a call, by the Standard Webhooks specification.
func signature(t *testing.T, secret string, c called) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	check(t, err)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", c.header.Get("Webhook-Id"), c.header.Get("Webhook-Timestamp"), c.body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// A webhook is tried, chooses its events, gets new secrets, pauses, and is told again.
func TestTheLifeOfAWebhook(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		server := newCustomerServer(t)
		const alice = "+33639980305"
		var w hook
		p.Post("/webhooks", map[string]any{"url": server.URL + "/json", "events": []string{"message.delivered"}}, &w)
		path := fmt.Sprintf("/webhooks/%d", w.ID)
		var tried struct{ Status int }
		p.Post(path+"/test", nil, &tried)
		if calls := server.to("/json"); tried.Status != 200 || len(calls) != 1 || !strings.Contains(calls[0].body, `"type":"test"`) {
			t.Fatalf("%+v, %+v", tried, calls)
		}
		// tell has one more message delivered and gives what is told of it.
		tell := func() called {
			t.Helper()
			before := len(server.to("/json"))
			p.Send("Bonjour", []string{alice}, nil)
			p.Until("it is told", func() bool { p.Clock.Advance(time.Second); return len(server.to("/json")) > before })
			calls := server.to("/json")
			if len(calls) != before+1 || !strings.Contains(calls[before].body, `"type":"message.delivered"`) {
				t.Errorf("%+v", calls[before:])
			}
			return calls[before]
		}
		signed := func(c called, secrets ...string) {
			t.Helper()
			var want []string
			for _, s := range secrets {
				want = append(want, signature(t, s, c))
			}
			if got := c.header.Get("Webhook-Signature"); got != strings.Join(want, " ") {
				t.Errorf("signed %q, want %q", got, want)
			}
		}
		first := tell()
		signed(first, w.Secret)
		var second, third hook
		p.Post(path+"/rotateSecret", map[string]any{"overlapHours": 1}, &second)
		signed(tell(), second.Secret, w.Secret)
		p.Clock.Advance(2 * time.Hour)
		signed(tell(), second.Secret)
		p.Post(path+"/rotateSecret", map[string]any{"overlapHours": 0}, &third)
		signed(tell(), third.Secret)
		put(t, p, path, map[string]any{"enabled": false})
		quiet := len(server.to("/json"))
		p.Await(p.Send("Pas dit", []string{alice}, nil).IDs[0], "delivered")
		put(t, p, path, map[string]any{"enabled": true})
		tell()
		if n := len(server.to("/json")); n != quiet+1 {
			t.Errorf("%d calls while it was paused", n-quiet-1)
		}
		replayed(t, p, server, w, first)
	})
}

// replayed looks at what is told again: the same under the same id, signed anew; and no SMS.
func replayed(t *testing.T, p *sandboxtest.Platform, server *customerServer, w hook, first called) {
	t.Helper()
	id := strings.TrimPrefix(first.header.Get("Webhook-Id"), "dlv_")
	before := len(server.to("/json"))
	var n struct{ Replayed int }
	p.Post("/deliveries/"+id+"/replay", nil, &n)
	p.Until("the replay", func() bool { return len(server.to("/json")) == before+1 })
	again := server.to("/json")[before]
	if n.Replayed != 1 || again.body != first.body || again.header.Get("Webhook-Id") != first.header.Get("Webhook-Id") || again.header.Get("Webhook-Replay") != "1" {
		t.Errorf("%+v: %+v", n, again)
	}
	put(t, p, "", map[string]any{"smsResponse": map[string]any{"responseType": "text", "text": "Merci"}})
	const bob = "+33639980306"
	p.Send("Votre avis ?", []string{bob}, map[string]any{"senderForResponse": true})
	p.Until("the question", func() bool { p.Clock.Advance(time.Second); return got(p, bob) == 1 })
	check(t, p.Simulator.Reply(bob, "", "bien"))
	p.Until("the answer", func() bool { p.Clock.Advance(time.Second); return got(p, bob) == 2 })
	var told, answers []struct {
		ID, Replays int64
		State       string
	}
	p.Until("all is told", func() bool { // five before, the question and its answer
		p.Clock.Advance(time.Second)
		p.Get(fmt.Sprintf("/deliveries?state=delivered&target=%d", w.ID), &told)
		return len(told) == 7
	})
	before = len(server.to("/json"))
	p.Post("/deliveries/replay", map[string]any{"from": "2020-01-01T00:00:00Z"}, &n)
	p.Until("all is told again", func() bool { return len(server.to("/json")) == before+len(told) })
	p.Get("/deliveries?target=sms", &answers)
	if n.Replayed != len(told) || len(answers) != 1 || answers[0].Replays != 0 || answers[0].State != "delivered" {
		t.Errorf("%d of %d are told again, answers %+v", n.Replayed, len(told), answers)
	}
}
