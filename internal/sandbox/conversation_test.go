package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// control asks the control API, which is what the phone viewer does.
func control(t *testing.T, p *sandboxtest.Platform, method, path, body string, answer any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.Info.ControlURL+path, strings.NewReader(body))
	check(t, err)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	check(t, err)
	defer a.Body.Close()
	if a.StatusCode/100 != 2 {
		t.Fatal(method, path, a.Status)
	}
	if answer != nil {
		check(t, json.NewDecoder(a.Body).Decode(answer))
	}
}

// Somebody writes on a handset of the sandbox; the customer's server is told, and answers by the API; the handset shows the answer; and
// so on, until STOP. After it the customer's server may answer what it likes. Everything that was told can be told again.
func TestAConversationThroughTheControlAPI(t *testing.T) {
	p := sandboxtest.Start(t, "")
	const number = "+33639980401"
	server := newCustomerServer(t)
	var w hook
	p.Post("/webhooks", map[string]any{"url": server.URL + "/hook", "events": []string{"reply", "optout"}}, &w)
	var tried struct{ Status int }
	p.Post(fmt.Sprintf("/webhooks/%d/test", w.ID), nil, &tried)
	if tests := server.to("/hook"); len(tests) != 1 || tried.Status != http.StatusOK {
		t.Fatalf("the test button: %+v, %d calls", tried, len(tests))
	}
	events(t, w.Secret, server.to("/hook")) // signed as the others
	shown := func() (texts []string) {
		var messages []struct{ Text string }
		control(t, p, "GET", "/handsets/"+number+"/messages?limit=10", "", &messages)
		for _, m := range messages {
			texts = append(texts, m.Text)
		}
		return texts
	}
	p.Send("On se voit ? 😀", []string{number}, map[string]any{"senderForResponse": true, "tag": "rdv"})
	for turn := 1; turn <= 3; turn++ {
		p.Until("the message is shown", func() bool { return len(shown()) == turn })
		said := fmt.Sprintf("Réponse %d, d'accord ✓", turn)
		control(t, p, "POST", "/handsets/"+number+"/replies", fmt.Sprintf(`{"text": %q}`, said), nil)
		p.Until("the webhook", func() bool { return len(server.to("/hook")) == turn+1 })
		e := events(t, w.Secret, server.to("/hook"))[turn]
		if e.Type != "reply.received" || e.Data.Message != said || e.Data.Tag != "rdv" {
			t.Errorf("%+v", e)
		}
		p.Send(fmt.Sprintf("Bien reçu : %s", e.Data.Message), []string{number}, map[string]any{"senderForResponse": true, "tag": "rdv"})
	}
	p.Until("the last answer", func() bool { return len(shown()) == 4 })
	control(t, p, "POST", "/handsets/"+number+"/replies", `{"text": "Stop merci"}`, nil)
	p.Until("the opt-out", func() bool { return len(server.to("/hook")) == 6 })
	kinds := map[string]bool{}
	for _, e := range events(t, w.Secret, server.to("/hook"))[4:] {
		kinds[e.Type] = true
	}
	if !kinds["reply.received"] || !kinds["optout.added"] {
		t.Errorf("%v", kinds)
	}
	if r := p.Send("Encore ?", []string{number}); len(r.IDs) == 1 {
		p.Until("it is refused", func() bool { return p.Outgoing(r.IDs[0]).PTT != 0 })
	}
	replay(t, p, server, w)
}

// replay has a range of time told again: under the same ids.
func replay(t *testing.T, p *sandboxtest.Platform, server *customerServer, w hook) {
	t.Helper()
	before := map[string]bool{}
	for _, c := range server.to("/hook")[1:] {
		before[c.header.Get("Webhook-Id")] = true
	}
	if len(before) != 5 {
		t.Fatalf("%d ids of 5 deliveries", len(before))
	}
	var again struct{ Replayed int }
	p.Post("/deliveries/replay", map[string]any{
		"from": p.Clock.Now().Add(-time.Hour).Format(time.RFC3339), "to": p.Clock.Now().Add(time.Minute).Format(time.RFC3339), "target": fmt.Sprint(w.ID), "state": "delivered",
	}, &again)
	if again.Replayed != 5 {
		t.Errorf("%d are told again", again.Replayed)
	}
	p.Until("they are", func() bool { return len(server.to("/hook")) == 6+5 })
	for _, c := range server.to("/hook")[6:] {
		if !before[c.header.Get("Webhook-Id")] {
			t.Errorf("a new id %s", c.header.Get("Webhook-Id"))
		}
	}
}
