package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"
	"go.uber.org/goleak"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/simulator"
	"ramier/internal/sms"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// OVH's client uses http.DefaultTransport, whose idle connections are nobody's to close.
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
}

const handset = "+33639980000"

func TestAMessageGoesFromTheClientToTheHandsetAndItsReceiptComesBack(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var before, after struct{ CreditsLeft float64 }
		p.Get("", &before)
		r := p.Send("Bonjour à tous, 5 € ?", []string{handset}, map[string]any{"tag": "greeting"})
		if len(r.IDs) != 1 || !slices.Equal(r.ValidReceivers, []string{handset}) || r.TotalCreditsRemoved != 1 || r.Tag != "greeting" {
			t.Fatalf("report %+v", r)
		}
		p.Await(r.IDs[0], sms.Delivered)
		on := p.Simulator.Messages(handset)
		if len(on) != 1 || on[0].Text != "Bonjour à tous, 5 € ?" || on[0].From != "Ramier" {
			t.Errorf("on the handset: %+v", on)
		}
		o := p.Outgoing(r.IDs[0])
		if o.DeliveryReceipt != 1 || o.PTT != 4 || o.Receiver != handset || o.SentAt == nil || o.DeliveredAt == nil || o.NumberOfSms != 1 || o.Tag != "greeting" {
			t.Errorf("outgoing %+v", o)
		}
		p.Get("", &after)
		if before.CreditsLeft-after.CreditsLeft != 1 {
			t.Errorf("credits %v, then %v", before.CreditsLeft, after.CreditsLeft)
		}
		var waiting []int64
		p.Get("/jobs", &waiting)
		if len(waiting) != 0 {
			t.Errorf("jobs %v", waiting)
		}
		checkTrail(t, p, r.IDs[0])
	})
}

func TestTheStateCanBeSeenFromOutside(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		r := p.Send("Bonjour", []string{handset})
		p.Await(r.IDs[0], sms.Delivered)
		base := strings.TrimSuffix(p.Info.Endpoint, "/1.0")
		for path, words := range map[string][]string{
			"/healthz":            {"ok"},
			"/readyz":             {`"ready":true`, `"simulator":"connected"`},
			"/metrics":            {`ramier_messages_total{state="delivered"} 1`, `ramier_carrier_connected{carrier="simulator"} 1`, "ramier_in_doubt_messages 0", "ramier_commit_group_size_count"},
			"/1.0/sms.json":       {`"/sms/{serviceName}/jobs"`},
			"/v1/auth.json":       {"/auth/time"},
			"/1.0/openapi.json":   {`"openapi":"3.1`},
			"/sandbox/clock":      {`"now"`},
			"/sandbox/handsets":   {handset},
			"/nothing":            {"nothing here"},
			"//1.0/auth/time":     {""},
			"/1.0/order/sms/new/": {"You must login first"},
		} {
			answer, err := http.Get(base + path)
			check(t, err)
			body, err := io.ReadAll(answer.Body)
			check(t, err)
			check(t, answer.Body.Close())
			for _, w := range words {
				if !strings.Contains(string(body), w) {
					t.Errorf("%s lacks %s: %.300s", path, w, body)
				}
			}
		}
	})
}

func checkTrail(t *testing.T, p *sandboxtest.Platform, id int64) {
	t.Helper()
	var trail struct {
		State, Sentence string
		Steps           []struct {
			What, Text       string
			PduHex, PduWords *string
			Details          map[string]string
		}
	}
	p.Get(fmt.Sprintf("/outgoing/%d/trail", id), &trail)
	var steps []string
	for _, s := range trail.Steps {
		steps = append(steps, s.What)
		if s.What == "pdu" && (s.PduHex == nil || !strings.Contains(*s.PduWords, "submit_sm")) {
			t.Errorf("the PDU is not shown: %+v", s)
		}
		if s.What == "delivered" && !strings.Contains(s.Details["receipt"], "DELIVRD") {
			t.Errorf("the receipt is not shown: %+v", s)
		}
	}
	if got := strings.Join(steps, " "); got != "call plan pdu answer delivered" {
		t.Errorf("trail: %s", got)
	}
}

func TestEveryMagicNumberEndsInItsState(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"responseTimeoutSeconds": 1})
		for _, m := range simulator.Magic() {
			t.Run(m.Name, func(t *testing.T) {
				r := p.Send("Message for "+m.Name, []string{m.Number}, map[string]any{"validityPeriod": "2880"})
				if len(r.IDs) != 1 {
					t.Fatalf("report %+v", r)
				}
				got := p.Await(r.IDs[0], sms.State(m.State))
				if m.State == "refused" && got.Credits != 0 {
					t.Errorf("charged %v", got.Credits)
				}
			})
		}
		p.Audit()
	})
}

func TestRepliesAreKeptAndStopIsObeyed(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		stop := number(t, "stop")
		r := p.Send("Soldes", []string{stop}, map[string]any{"noStopClause": false})
		p.Await(r.IDs[0], sms.Delivered)
		p.Until("the reply", func() bool {
			var ids []int64
			p.Get("/incoming", &ids)
			return len(ids) > 0
		})
		p.Until("the opt-out", func() bool {
			var again sandboxtest.Report
			p.Post("/jobs", map[string]any{"message": "Encore", "receivers": []string{stop}, "sender": "Ramier"}, &again)
			o := p.Outgoing(again.IDs[0])
			return again.TotalCreditsRemoved == 0 && o.DeliveryReceipt == 16 && o.PTT == 53
		})
		alert := p.Send("Votre code : 1234", []string{stop})
		p.Await(alert.IDs[0], sms.Delivered)
		p.Until("a reply to each message", func() bool {
			var sent, replies []int64
			p.Get("/outgoing?receiver="+stop, &sent)
			p.Get("/incoming?sender="+stop, &replies)
			arrived := slices.DeleteFunc(sent, func(id int64) bool { return p.Outgoing(id).DeliveryReceipt == 16 })
			return len(replies) == len(arrived)
		})
		checkReply(t, p, stop, r)
		var opted []string
		p.Get("/blacklists", &opted)
		var entry struct {
			Number        string
			SmsOutgoingID int64
		}
		p.Get("/blacklists/"+stop, &entry)
		if !slices.Equal(opted, []string{stop}) || entry.Number != stop || entry.SmsOutgoingID != r.IDs[0] {
			t.Errorf("blacklists %v, %+v", opted, entry)
		}
		p.Delete("/blacklists/" + stop)
		again := p.Send("Soldes", []string{stop}, map[string]any{"noStopClause": false})
		if again.TotalCreditsRemoved != 1 {
			t.Errorf("after the removal: %+v", again)
		}
	})
}

func checkReply(t *testing.T, p *sandboxtest.Platform, from string, to sandboxtest.Report) {
	t.Helper()
	var ids []int64
	p.Get("/incoming?sender="+from+"&tag="+to.Tag, &ids)
	if len(ids) == 0 {
		t.Fatal("the reply is not among incoming")
	}
	var in struct{ Message, Sender, Tag string }
	p.Get(fmt.Sprintf("/incoming/%d", ids[0]), &in)
	if !strings.EqualFold(in.Message, "stop") || in.Sender != from || in.Tag != to.Tag {
		t.Errorf("incoming %+v", in)
	}
	p.Delete(fmt.Sprintf("/incoming/%d", ids[0]))
	wantError(t, p.OVH.Get(p.Path(fmt.Sprintf("/incoming/%d", ids[0])), nil), 404, "Client::ObjectNotFound", "does not exist")
}

// number gives the magic number whose name contains part.
func number(t *testing.T, part string) string {
	t.Helper()
	for _, m := range simulator.Magic() {
		if strings.Contains(m.Name, part) {
			return m.Number
		}
	}
	t.Fatalf("no magic number is named like %s", part)
	return ""
}

func TestAMessageCanBeScheduledAndCancelled(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		r := p.Send("Plus tard", []string{handset, "+33639980050"}, map[string]any{"differedPeriod": 60})
		var waiting []int64
		p.Get("/jobs", &waiting)
		if !slices.Equal(waiting, r.IDs) {
			t.Fatalf("jobs %v, want %v", waiting, r.IDs)
		}
		var job struct {
			DifferedDelivery, DeliveryReceipt, Ptt int
			Receiver                               string
		}
		p.Get(fmt.Sprintf("/jobs/%d", r.IDs[1]), &job)
		if job.DifferedDelivery != 60 || job.DeliveryReceipt != 0 || job.Ptt != 0 {
			t.Errorf("job %+v", job)
		}
		p.Delete(fmt.Sprintf("/jobs/%d", r.IDs[1]))
		wantError(t, p.OVH.Get(p.Path(fmt.Sprintf("/jobs/%d", r.IDs[1])), nil), 404, "Client::ObjectNotFound", "does not exist")
		wantError(t, p.OVH.Get(p.Path(fmt.Sprintf("/outgoing/%d", r.IDs[1])), nil), 404, "Client::ObjectNotFound", "does not exist")
		p.Clock.Advance(59 * time.Minute)
		if o := p.Outgoing(r.IDs[0]); o.DeliveryReceipt != 0 || o.SentAt != nil {
			t.Errorf("sent a minute early: %+v", o)
		}
		p.Await(r.IDs[0], sms.Delivered)
		if all := p.Simulator.Messages("+33639980050"); len(all) != 0 {
			t.Errorf("the cancelled message arrived: %v", all)
		}
		var books struct{ CreditsLeft float64 }
		p.Get("", &books)
		if books.CreditsLeft != 99_999 {
			t.Errorf("%v credits left", books.CreditsLeft)
		}
	})
}

func wantError(t *testing.T, err error, status int, class, words string) {
	t.Helper()
	e, ok := err.(*ovh.APIError)
	if !ok {
		t.Errorf("got %v, want an API error", err)
		return
	}
	if e.Code != status || e.Class != class || !strings.Contains(e.Message, words) || e.QueryID == "" {
		t.Errorf("got %d %s %q (query %q), want %d %s %q", e.Code, e.Class, e.Message, e.QueryID, status, class, words)
	}
}

func TestTheFiltersOfOutgoing(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		a := p.Send("un", []string{handset, "+33639980003"}, map[string]any{"tag": "a"})
		b := p.Send("deux", []string{handset}, map[string]any{"tag": "b", "senderForResponse": true})
		p.Await(a.IDs[0], sms.Delivered)
		p.Await(a.IDs[1], sms.Failed)
		p.Await(b.IDs[0], sms.Delivered)
		tests := map[string][]int64{
			"":                           {a.IDs[0], a.IDs[1], b.IDs[0]},
			"?tag=a":                     a.IDs,
			"?tag=none":                  {},
			"?receiver=%2B33639980000":   {a.IDs[0], b.IDs[0]},
			"?receiver=+33639980000":     {a.IDs[0], b.IDs[0]},
			"?receiver=0033639980003":    {a.IDs[1]},
			"?receiver=0639980003&tag=a": {a.IDs[1]},
			"?receiver=%2B33639980077":   {},
			"?sender=Ramier":             a.IDs,
			"?sender=":                   b.IDs,
			"?deliveryReceipt=1":         {a.IDs[0], b.IDs[0]},
			"?deliveryReceipt=2":         {a.IDs[1]},
			"?deliveryReceipt=3":         {},
			"?ptt=4":                     {a.IDs[0], b.IDs[0]},
			"?ptt=23":                    {a.IDs[1]},
			"?differedDelivery=0":        {a.IDs[0], a.IDs[1], b.IDs[0]},
			"?differedDelivery=5":        {},
			"?creationDatetime.from=2020-01-01T00:00:00%2B01:00": {a.IDs[0], a.IDs[1], b.IDs[0]},
			"?creationDatetime.from=2020-01-01T00:00:00+01:00":   {a.IDs[0], a.IDs[1], b.IDs[0]},
			"?creationDatetime.to=2020-01-01T00:00:00Z":          {},
			"?tag=null": {a.IDs[0], a.IDs[1], b.IDs[0]},
		}
		for query, want := range tests {
			var got []int64
			p.Get("/outgoing"+query, &got)
			if !slices.Equal(got, want) {
				t.Errorf("outgoing%s: %v, want %v", query, got, want)
			}
		}
		p.Delete(fmt.Sprintf("/outgoing/%d", a.IDs[0]))
		wantError(t, p.OVH.Get(p.Path(fmt.Sprintf("/outgoing/%d", a.IDs[0])), nil), 404, "Client::ObjectNotFound", "does not exist")
		if o := p.Outgoing(b.IDs[0]); o.Sender != "" {
			t.Errorf("the sender of a short number is %q", o.Sender)
		}
	})
}

func TestARequestWithAnIdempotencyKeyIsDoneOnce(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		post := func(text, key string) (sandboxtest.Report, error) {
			var r sandboxtest.Report
			body := map[string]any{"message": text, "receivers": []string{handset, "bad"}, "sender": "Ramier", "noStopClause": true}
			request, err := p.OVH.NewRequest("POST", p.Path("/jobs"), body, true)
			if err != nil {
				return r, err
			}
			request.Header.Set("Idempotency-Key", key)
			answer, err := p.OVH.Do(request)
			if err != nil {
				return r, err
			}
			return r, p.OVH.UnmarshalResponse(answer, &r)
		}
		first, err := post("une fois", "k1")
		if err != nil {
			t.Fatal(err)
		}
		second, err := post("une fois", "k1")
		if err != nil {
			t.Fatal(err)
		}
		if one, two := toJSON(first), toJSON(second); one != two || len(first.IDs) != 1 {
			t.Errorf("%s, then %s", one, two)
		}
		_, err = post("autre chose", "k1")
		wantError(t, err, 409, "Client::Conflict", "k1")
		p.Clock.Advance(25 * time.Hour)
		third, err := post("autre chose", "k1")
		if err != nil || third.IDs[0] == first.IDs[0] {
			t.Errorf("a day later: %v, %v", third, err)
		}
	})
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestAResetMakesTheSandboxNew(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		r := p.Send("avant", []string{handset, number(t, "absent")})
		p.Send("plus tard", []string{handset}, map[string]any{"differedPeriod": 60})
		p.Await(r.IDs[0], sms.Delivered)
		p.Clock.Advance(30 * 24 * time.Hour)
		answer, err := http.Post(p.Info.ControlURL+"/reset", "", nil)
		check(t, err)
		check(t, answer.Body.Close())
		var ids []int64
		p.Get("/outgoing", &ids)
		var books struct{ CreditsLeft float64 }
		p.Get("", &books)
		if len(ids) > 0 || books.CreditsLeft != 100_000 || len(p.Simulator.Messages("")) > 0 || time.Until(p.Clock.Now()).Abs() > time.Minute {
			t.Errorf("after the reset: outgoing %v, %v credits, %d messages at the operator, %v", ids, books.CreditsLeft, len(p.Simulator.Messages("")), p.Clock.Now())
		}
		again := p.Send("après", []string{handset})
		p.Await(again.IDs[0], sms.Delivered)
	})
}

func TestARestartLosesNothing(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		receivers := make([]string, 500)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+3363998%04d", 1000+i)
		}
		a, b := p.Send("premier", receivers), p.Send("second", receivers)
		p.Restart()
		for _, id := range append(a.IDs, b.IDs...) {
			m, _, err := p.App.Store.Message(t.Context(), 0, id)
			if err != nil {
				t.Fatal(err)
			}
			if m.State == sms.InDoubt || m.Duplicate {
				t.Fatalf("a planned stop left message %d in doubt", id)
			}
		}
		p.Until("all sent", func() bool {
			var sent []int64
			p.Get("/outgoing?deliveryReceipt=0", &sent)
			return len(sent) == 0
		})
	})
}
