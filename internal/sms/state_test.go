package sms_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

var update = flag.Bool("update", false, "write docs/states.md")

const statesPage = "../../docs/states.md"

func TestThePageOfStatesIsUpToDate(t *testing.T) {
	page := drawStates()
	if *update {
		if err := os.WriteFile(statesPage, []byte(page), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(statesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != page {
		t.Errorf("%s differs from the table in state.go: run go generate ./internal/sms", statesPage)
	}
}

func drawStates() string {
	var b strings.Builder
	b.WriteString("# States of a message\n\nMade from the table in `internal/sms/state.go` by `go generate ./internal/sms`.\n\n```mermaid\nstateDiagram-v2\n")
	for _, s := range sms.States {
		for _, n := range s.Next() {
			fmt.Fprintf(&b, "    %s --> %s\n", s, n)
		}
	}
	b.WriteString("```\n\n| state | meaning | what next | may become | OVH deliveryReceipt |\n|---|---|---|---|---|\n")
	for _, s := range sms.States {
		var next []string
		for _, n := range s.Next() {
			next = append(next, string(n))
		}
		if len(next) == 0 {
			next = []string{"–"}
		}
		m := sms.Message{State: s}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %d |\n", s, s.Sentence(), s.NextStep(), strings.Join(next, ", "), m.DeliveryReceipt())
	}
	b.WriteString("\n`sending` is never stored: a row of the table `claim` stands for all the messages that it lists.\n")
	return b.String()
}

func TestEveryStateHasItsWordsAndAWayOut(t *testing.T) {
	reachesAnEnd := map[sms.State]bool{}
	for range sms.States {
		for _, s := range sms.States {
			if s.Final() {
				reachesAnEnd[s] = true
			}
			for _, n := range s.Next() {
				if reachesAnEnd[n] {
					reachesAnEnd[s] = true
				}
			}
		}
	}
	for _, s := range sms.States {
		if s.Sentence() == "" || s.NextStep() == "" {
			t.Errorf("%s has no words", s)
		}
		if !reachesAnEnd[s] {
			t.Errorf("%s never ends", s)
		}
	}
}

// A message that gets any answers and receipts in any order changes only as the table allows, and its credits go where they
// belong, once.
func TestAMessageFollowsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.IntRange(1, 4).Draw(t, "parts")
		m := sms.Message{State: sms.Queued, Parts: parts, Credits: sms.Credits(1000 * parts)}
		price := m.Credits
		var captured, released sms.Credits
		settled := false
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			before := m
			if rapid.Bool().Draw(t, "answer") {
				a := sms.Answer{State: rapid.SampledFrom([]sms.State{sms.Sent, sms.Refused, sms.Failed, sms.Expired, sms.Queued, sms.InDoubt}).Draw(t, "state")}
				a.Attempt = m.Attempts
				a.Refs = make([]string, parts)
				for i := range a.Refs {
					if a.State == sms.Sent || rapid.Bool().Draw(t, "accepted") {
						a.Refs[i] = fmt.Sprint(i)
					}
				}
				if a.State == sms.Refused {
					a.Refs = nil
				}
				c, r, changed := m.Settle(a)
				captured, released = captured+c, released+r
				if changed && settled {
					t.Fatalf("settled twice: %s by %s", before.State, a.State)
				}
				settled = settled || (changed && m.State != sms.Queued && m.State != sms.InDoubt)
			} else {
				r := sms.Receipt{State: rapid.SampledFrom([]sms.State{sms.Buffered, sms.Delivered, sms.Failed, sms.Expired}).Draw(t, "receipt")}
				if changed := m.Apply(r); changed && before.State == sms.InDoubt && m.State != sms.InDoubt {
					settled, captured = true, captured+before.Credits // the store captures for a doubt that a receipt settles
				}
			}
			if m.State != before.State && !before.State.May(m.State) && !sms.Sending.May(m.State) {
				t.Fatalf("%s became %s", before.State, m.State)
			}
			if before.State.Final() && m.State != before.State {
				t.Fatalf("the final state %s became %s", before.State, m.State)
			}
		}
		if captured+released > price || (m.State.Final() && captured+released != price) {
			t.Fatalf("%s: captured %v and released %v of %v", m.State, captured, released, price)
		}
	})
}
