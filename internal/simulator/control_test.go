package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// A control is the control API, asked as people do.
type control struct {
	*operator
	handler http.Handler
}

// ask gives the status and body of an answer; into, if it is given, is what the body says.
func (c control) ask(method, path, body string, into any) (int, string) {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	got, _ := io.ReadAll(w.Body)
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			c.t.Errorf("%s %s answers %s: %v", method, path, got, err)
		}
	}
	return w.Code, string(got)
}

func TestControl(t *testing.T) {
	o := start(t, simulator.Options{})
	api := control{o, o.Control()}
	c := o.bind()
	for _, text := range []string{"Bonjour", "Bonsoir", "Bonne nuit"} {
		c.submit(shortNumber(to("+33612345678", text)))
		o.clock.Advance(transit)
		c.receipt()
	}
	o.quiet(c)

	var status simulator.Status
	api.ask("GET", "/status", "", &status)
	if status.Accepted != 3 || status.Receipts.Acked != 3 || len(status.Binds) != 1 || status.Binds[0].SystemID != "shop" || !status.Now.Equal(o.clock.Now()) {
		t.Errorf("%+v", status)
	}
	var handsets []simulator.Handset
	api.ask("GET", "/handsets", "", &handsets)
	if len(handsets) != 1 || handsets[0].Number != "+33612345678" || handsets[0].Count != 3 || handsets[0].Last.Text != "Bonne nuit" {
		t.Errorf("%+v", handsets)
	}
	var magic []simulator.MagicNumber
	if api.ask("GET", "/magic", "", &magic); len(magic) != len(simulator.Magic()) {
		t.Errorf("%+v", magic)
	}
	for path, want := range map[string]string{
		"/handsets/+33612345678/messages":         "Bonjour,Bonsoir,Bonne nuit",
		"/handsets/0612345678/messages?limit=1":   "Bonne nuit",
		"/handsets/%2B33612345679/messages":       "",
		"/messages?text=SOIR":                     "Bonsoir",
		"/messages?limit=2":                       "Bonsoir,Bonne nuit",
		"/messages?after=1&limit=1":               "Bonsoir",
		"/messages?after=0&limit=1":               "Bonjour",
		"/messages?after=3":                       "",
		"/messages?limit=10000&text=nothing+here": "",
	} {
		var list []simulator.Message
		var texts []string
		if code, body := api.ask("GET", path, "", &list); code != 200 || !strings.HasPrefix(body, "[") {
			t.Errorf("%s: %d %s", path, code, body)
		}
		for _, m := range list {
			texts = append(texts, m.Text)
		}
		if got := strings.Join(texts, ","); got != want {
			t.Errorf("%s gives %q, want %q", path, got, want)
		}
	}
	if code, body := api.ask("POST", "/handsets/+33612345678/replies", `{"text":"Merci"}`, nil); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if p := c.deliver(); string(p.ShortMessage) != "Merci" || p.Dest.Addr != "38080" {
		t.Errorf("%+v", p)
	}
	if api.ask("POST", "/reset", "", &status); status.Accepted != 0 || status.Kept != 0 {
		t.Errorf("%+v", status)
	}
}

func TestFaultsByControl(t *testing.T) {
	o := start(t, simulator.Options{})
	api := control{o, o.Control()}
	c := o.bind()
	for _, body := range []string{`{"kind":"refuse","seconds":30,"status":"esme_rmsgqful"}`, `{"kind":"slow","delay":0.5}`, `{"kind":"throttle","rate":2.5}`} {
		if code, answer := api.ask("POST", "/faults", body, nil); code != 200 {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
	o.clock.Advance(10 * time.Second)
	var faults []simulator.FaultBody
	api.ask("GET", "/faults", "", &faults)
	want := []simulator.FaultBody{{Kind: "refuse", Seconds: 20, Status: "ESME_RMSGQFUL"}, {Kind: "slow", Delay: 0.5}, {Kind: "throttle", Rate: 2.5}}
	for i := range want {
		if len(faults) != 3 || faults[i] != want[i] {
			t.Fatalf("%+v", faults)
		}
	}
	if api.ask("DELETE", "/faults?kind=slow", "", &faults); len(faults) != 2 {
		t.Errorf("%+v", faults)
	}
	if _, err := c.ask(to("+33612345678", "Bonjour")); err != smpp.QueueFull {
		t.Error(err)
	}
	if api.ask("DELETE", "/faults", "", &faults); len(faults) != 0 {
		t.Errorf("%+v", faults)
	}
	delivered(t, o, c, "+33612345678", transit)
}

func TestMistakesAtControl(t *testing.T) {
	o := start(t, simulator.Options{})
	api := control{o, o.Control()}
	for _, m := range []struct {
		method, path, body string
		code               int
		field, says        string
	}{
		{"GET", "/messages?limit=many", "", 400, "limit", `limit is "many"`},
		{"GET", "/messages?after=-1", "", 400, "after", "whole number"},
		{"GET", "/handsets/somebody/messages", "", 400, "number", `number is "somebody"`},
		{"POST", "/handsets/+33612345678/replies", `{}`, 400, "text", "text is missing"},
		{"POST", "/handsets/+33612345678/replies", `{"text":"Oui"}`, 400, "to", "give the number"},
		{"POST", "/handsets/+33612345678/replies", `{"text":5}`, 400, "text", "text is"},
		{"POST", "/handsets/+33612345678/replies", `{"txt":"Oui"}`, 400, "body", "txt"},
		{"POST", "/handsets/+33612345678/replies", ``, 400, "body", "JSON object"},
		{"POST", "/faults", `{"kind":"explode"}`, 400, "kind", "drop, throttle"},
		{"POST", "/faults", `{"kind":"drop","seconds":-1}`, 400, "seconds", "seconds is -1"},
		{"POST", "/faults", `{"kind":"refuse","status":"ESME_ROK"}`, 400, "status", "ESME_RSYSERR"},
		{"POST", "/faults", `{"kind":"mute","rate":5}`, 400, "rate", "with throttle only"},
		{"DELETE", "/faults?kind=all", "", 400, "kind", `kind is "all"`},
		{"GET", "/phones", "", 404, "", "GET /phones is nothing here"},
		{"DELETE", "/messages", "", 404, "", "POST /handsets"},
	} {
		var got struct{ Error, Field string }
		code, body := api.ask(m.method, m.path, m.body, &got)
		if code != m.code || got.Field != m.field || !strings.Contains(got.Error, m.says) {
			t.Errorf("%s %s %s: %d %s", m.method, m.path, m.body, code, body)
		}
	}
}

func TestWhatAMessageTells(t *testing.T) {
	o := start(t, simulator.Options{FirstID: 1234567890})
	c := o.bind()
	m := to("+33612345678", "Caf\x05") // é in the alphabet of 7 bits
	m.DataCoding = smpp.CodingFlash
	m.ValidityPeriod, _ = smpp.FormatPeriod(time.Hour)
	c.submit(m)
	got := o.Messages("")[0]
	if got.ID != "1234567890" || got.From != "Ramier" || got.To != "+33612345678" || got.Text != "Café" || got.Parts != 1 || got.Octets != 4 ||
		got.Coding != 0x10 || got.Class == nil || *got.Class != 0 || !got.Flash || !got.Receipt || got.State != "enroute" ||
		got.Behaviour != "delivered" || !got.Taken.Equal(noon) || got.Done != nil || !got.Validity.Equal(noon.Add(time.Hour)) || got.SystemID != "shop" {
		t.Errorf("%+v", got)
	}
	o.clock.Advance(transit)
	c.receipt()
	got = o.Messages("")[0]
	if got.State != "delivered" || got.Err != "000" || got.Done.Before(noon.Add(50*time.Millisecond)) || got.Done.After(noon.Add(transit)) {
		t.Errorf("%+v", got)
	}
}
