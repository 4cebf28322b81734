package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

// A customer brings his opt-outs along, takes them out with their proof, and nobody else sees them.
func TestOptOutsAreImportedAndExported(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		type optOut struct {
			Number       string `json:"number"`
			Scope        string `json:"scope,omitempty"`
			DateCreation string `json:"dateCreation,omitempty"`
			Words        string `json:"words,omitempty"`
			Source       string `json:"source,omitempty"`
		}
		add := func(all ...any) (r struct {
			Added, Known int
			Invalid      []struct{ Receiver, Reason string }
		}, err error,
		) {
			err = p.OVH.Post(p.Path("/optOuts"), map[string]any{"optOuts": all}, &r)
			return r, err
		}
		r, err := add(
			optOut{Number: "06 39 98 00 21", Words: "by letter", DateCreation: "2026-05-01T10:00:00+02:00"},
			optOut{Number: "+33639980022", Scope: "sender:Ramier"}, optOut{Number: "+33639980022", Scope: "tag:soldes"}, optOut{Number: "12"},
		)
		if err != nil || r.Added != 3 || len(r.Invalid) != 1 || r.Invalid[0].Reason != "too_short" {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := add(optOut{Number: "+33639980021", Words: "another letter"}); err != nil || r.Added != 0 || r.Known != 1 {
			t.Errorf("again: %+v, %v", r, err)
		}
		for words, bad := range map[string]optOut{
			"optOuts[0]: scope = ": {Number: "+33639980021", Scope: "all"}, "1000": {Number: "+33639980021", Words: strings.Repeat("x", 1001)},
			"U+0000": {Number: "+33639980021", Words: "\x00"},
		} {
			if _, err := add(bad); err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		var all, rest []optOut
		p.Get("/optOuts", &all)
		p.Get("/optOuts?limit=1&after=%2B33639980022&afterScope=sender:Ramier", &rest)
		want := optOut{Number: "+33639980021", DateCreation: "2026-05-01T10:00:00+02:00", Words: "by letter", Source: "import"}
		if len(all) != 3 || all[0] != want || len(rest) != 1 || rest[0].Scope != "tag:soldes" {
			t.Errorf("%+v, %+v", all, rest)
		}
		if err := p.Other.Get(p.Path("/optOuts"), &all); err == nil {
			t.Error("another customer sees them")
		}
		var numbers []string
		p.Get("/blacklists", &numbers)
		if strings.Join(numbers, " ") != "+33639980021 +33639980022" {
			t.Errorf("blacklists %v", numbers)
		}
		soldes := map[string]any{"noStopClause": false, "tag": "x"}
		if r := p.Send("Soldes", []string{"+33639980021", "+33639980022", "+33639980023"}, soldes); r.TotalCreditsRemoved != 1 || len(r.IDs) != 3 {
			t.Errorf("advertising: %+v", r)
		}
		p.Delete("/blacklists/+33639980022")
		if r := p.Send("Soldes", []string{"+33639980022"}, soldes); r.TotalCreditsRemoved != 1 {
			t.Errorf("after the removal: %+v", r)
		}
	})
}

// The answer to an order names who gets nothing and why, with a file its line, and so does its repetition.
func TestTheAnswerNamesWhoIsRefused(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Post("/optOuts", map[string]any{"optOuts": []any{map[string]any{"number": "+33639980021"}}}, nil)
		base, _ := web(t, map[string]string{"/a.csv": "number\n0639980020\n06 39 98 00 21\n+12025550123\n12\n"})
		if err := p.OVH.Put(p.Path("/guards"), map[string]any{"countries": []string{"*"}}, nil); err != nil {
			t.Fatal(err)
		}
		body := map[string]any{"message": "Soldes", "sender": p.Info.Sender, "receiversDocumentUrl": base + "/a.csv"}
		for range 2 {
			var r struct {
				IDs                              []int64
				InvalidReasons, Refused          []struct{ Receiver, Reason, Message string }
				ValidReceivers, InvalidReceivers []string
				TotalCreditsRemoved              float64
			}
			_, answer := signed(t, p, "POST", p.Path("/jobs"), body, "Idempotency-Key", "one")
			if err := json.Unmarshal([]byte(answer), &r); err != nil {
				t.Fatal(err, answer)
			}
			if len(r.IDs) != 3 || len(r.ValidReceivers) != 3 || r.TotalCreditsRemoved != 1 || len(r.InvalidReceivers) != 1 || len(r.Refused) != 2 {
				t.Fatalf("%+v", r)
			}
			if x := r.Refused[0]; x.Receiver != "+33639980021" || x.Reason != "opted_out" || !strings.HasSuffix(x.Message, "answered STOP; the message was not sent and not charged, on line 3") {
				t.Errorf("%+v", x)
			}
			if x := r.Refused[1]; x.Receiver != "+12025550123" || x.Reason != "no_template" || !strings.HasSuffix(x.Message, "on line 4") {
				t.Errorf("%+v", x)
			}
		}
	})
}
