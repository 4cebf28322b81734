package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/simulator"
	"ramier/internal/sms"
)

type story struct {
	PossibleDuplicate bool
	State             string
	Steps             []struct {
		What, Text string
		Details    map[string]string
	}
}

func (s story) step(what string) (text string, ok bool) {
	for _, step := range s.Steps {
		if step.What == what {
			return step.Details["text"], true
		}
	}
	return "", false
}

// breakOperator makes the operator take messages without ever saying so.
func breakOperator(t *testing.T, p *sandboxtest.Platform) {
	t.Helper()
	p.SetCarrier(map[string]any{"inDoubt": "hold", "responseTimeoutSeconds": 1})
	for _, kind := range []simulator.FaultKind{simulator.Mute, simulator.NoReceipts} {
		if err := p.Simulator.Fault(simulator.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheOperatorDecidesAboutDoubts(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		breakOperator(t, p)
		ids := p.Send("x", []string{"+33612345601", "+33612345602", "+33612345603", "+33612345604", "+33612345605"}).IDs
		for _, id := range ids {
			p.Await(id, sms.InDoubt)
		}
		ask := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var listed []int64
		ask(p.Operator.Get("/operator/doubts?carrier=simulator&held=true&serviceName="+p.Info.ServiceName, &listed))
		if !slices.Equal(listed, ids) {
			t.Fatalf("in doubt: %v, want %v", listed, ids)
		}
		ask(p.Operator.Get("/operator/doubts?until=2001-01-01", &listed))
		if len(listed) > 0 {
			t.Errorf("long ago: %v", listed)
		}
		var doubt struct {
			Policy, Carrier, Receiver string
			ResendAt                  *string
			Steps                     []any
		}
		path := func(i int) string { return fmt.Sprintf("/operator/doubts/%d", ids[i]) }
		ask(p.Operator.Get(path(0), &doubt))
		if doubt.Policy != "hold" || doubt.Carrier != "simulator" || doubt.Receiver != "+33612345601" || doubt.ResendAt != nil || len(doubt.Steps) < 3 {
			t.Errorf("%+v", doubt)
		}
		p.Simulator.ClearFaults()
		ask(p.Operator.Post(path(0)+"/decide", map[string]any{"decision": "sent", "reason": "They have it."}, nil))
		ask(p.Operator.Post(path(1)+"/decide", map[string]any{"decision": "failed"}, nil))
		ask(p.Operator.Post(path(2)+"/decide", map[string]any{"decision": "resend"}, nil))
		p.Await(ids[0], sms.Sent)
		p.Await(ids[1], sms.Failed)
		p.Await(ids[2], sms.Delivered)
		if err := p.Operator.Post(path(0)+"/decide", map[string]any{"decision": "failed"}, nil); err == nil || !strings.Contains(err.Error(), "is sent and not in doubt") {
			t.Errorf("decided twice: %v", err)
		}
		if err := p.Operator.Get(path(0), nil); err == nil || !strings.Contains(err.Error(), "not in doubt") {
			t.Errorf("%v", err)
		}
		var all struct{ Decided, Left int64 }
		ask(p.Operator.Post("/operator/doubts/decide", map[string]any{"decision": "failed", "carrier": "simulator", "since": "2001-01-01T00:00:00Z"}, &all))
		if all.Decided != 2 || all.Left != 0 {
			t.Errorf("%+v", all)
		}
		if err := p.OVH.Get("/operator/doubts", &listed); err == nil {
			t.Error("a customer may list doubts")
		}
		checkDecided(t, p, ids)
		p.Audit()
	})
}

// checkDecided looks at what the customer, the operator and the metrics tell.
func checkDecided(t *testing.T, p *sandboxtest.Platform, ids []int64) {
	t.Helper()
	for i, marked := range []bool{false, false, true} {
		var seen, told story
		p.Get(fmt.Sprintf("/outgoing/%d/trail", ids[i]), &seen)
		if err := p.Operator.Get(fmt.Sprintf("/operator/messages/%d", ids[i]), &told); err != nil {
			t.Fatal(err)
		}
		if seen.PossibleDuplicate != marked || told.PossibleDuplicate != marked {
			t.Errorf("message %d: marked %v and %v, want %v", i, seen.PossibleDuplicate, told.PossibleDuplicate, marked)
		}
		if who, ok := seen.step("decided"); !ok || who != "" {
			t.Errorf("the customer is told %q, %v", who, ok)
		}
		if who, _ := told.step("decided"); !strings.HasPrefix(who, "Decided by operator-ovh (credential ") {
			t.Errorf("the operator is told %q", who)
		}
	}
	if o := p.Outgoing(ids[1]); o.DeliveryReceipt != 2 || o.Credits != 0 || o.PTT != sms.PTTUnknown {
		t.Errorf("what was given up: %+v", o)
	}
	text := metrics(t, p)
	for _, want := range []string{
		"ramier_messages_indoubt_total 5", `ramier_doubts_resolved_total{by="operator"} 4`, `ramier_doubts_resolved_total{by="resend"} 1`,
		"ramier_possible_duplicates_total 1", "ramier_in_doubt_messages 0",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
}

func metrics(t *testing.T, p *sandboxtest.Platform) string {
	t.Helper()
	r, err := http.Get(p.Info.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An answer that comes after the time-out settles the doubt while the connection lasts: the message is not sent again.
func TestALateAnswerSettlesTheDoubt(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"inDoubt": "hold", "responseTimeoutSeconds": 1})
		if err := p.Simulator.Fault(simulator.Fault{Kind: simulator.Slow, Delay: 10 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := p.Simulator.Fault(simulator.Fault{Kind: simulator.NoReceipts}); err != nil {
			t.Fatal(err)
		}
		id := p.Send("x", []string{"+33612345601"}).IDs[0]
		p.Await(id, sms.InDoubt)
		p.Clock.Advance(10 * time.Hour)
		m := p.Await(id, sms.Sent)
		if m.Duplicate || len(m.Refs) != 1 || len(p.Simulator.Messages("+33612345601")) != 1 {
			t.Errorf("%+v", m)
		}
		if text := metrics(t, p); !strings.Contains(text, `ramier_doubts_resolved_total{by="late answer"} 1`) {
			t.Error("not counted")
		}
		p.Audit()
	})
}

func TestAQueryTellsWhatNoReceiptTells(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"queryMinutes": 1})
		id := p.Send("x", []string{"+33639980007"}).IDs[0] // no-receipt
		m := p.Await(id, sms.Delivered)
		if !strings.HasPrefix(m.Receipt, "query_sm: ") || !strings.Contains(m.Receipt, "delivered") {
			t.Errorf("%+v", m)
		}
		p.Until("the question is counted", func() bool {
			return strings.Contains(metrics(t, p), `ramier_queries_total{carrier="simulator",result="final"} 1`)
		})
		p.Audit()
	})
}
