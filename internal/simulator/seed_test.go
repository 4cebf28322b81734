package simulator_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// run gives what becomes of some messages, by their receivers.
func run(t *testing.T, o simulator.Options, backwards bool) map[string]string {
	op := start(t, o)
	c := op.bind()
	var list []*smpp.SubmitSM
	for i := range 40 {
		list = append(list, to(fmt.Sprintf("+3361234560%d", 10+i), "Bonjour"))
	}
	if backwards {
		slices.Reverse(list)
	}
	for _, p := range list {
		c.submit(p)
	}
	op.clock.Advance(time.Hour)
	op.until("all is done", func(s simulator.Status) bool { return s.Enroute == 0 })
	fates := map[string]string{}
	for _, m := range op.Messages("") {
		fates[m.To] = fmt.Sprintf("%s %s by %s after %s", m.State, m.Err, m.Behaviour, m.Done.Sub(m.Taken))
		if !backwards {
			fates[m.To] += " as " + m.ID
		}
	}
	return fates
}

func TestSeedsRepeatARun(t *testing.T) {
	same := func(a, b map[string]string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
	o := simulator.Options{Seed: 1, Mix: map[string]float64{"barred": 0.2, "absent": 0.2}}
	first, again := run(t, o, false), run(t, o, false)
	if !same(first, again) {
		t.Errorf("the same seed gives\n%v\nand then\n%v", first, again)
	}
	if a, b := run(t, o, true), run(t, o, true); !same(a, b) {
		t.Error("the same seed gives other fates")
	}
	o.Seed = 2
	if same(first, run(t, o, false)) {
		t.Error("another seed gives the same")
	}
	states := map[string]int{}
	for _, f := range first {
		states[f[:9]]++
	}
	if len(states) < 2 {
		t.Errorf("nobody is barred: %v", first)
	}
}

// Jitter does not depend on the order in which messages come.
func TestOrderDoesNotMatter(t *testing.T) {
	o := simulator.Options{Seed: 1, FirstID: 5}
	forward, backward := run(t, o, false), run(t, o, true)
	for number, fate := range backward {
		if got := forward[number]; len(got) < len(fate) || got[:len(fate)] != fate {
			t.Errorf("%s: %q, backwards %q", number, got, fate)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	for _, c := range []struct {
		form             simulator.IDForm
		answered, report string
	}{
		{simulator.Decimal, "1234567890", "1234567890"},
		{simulator.Hex, "499602d2", "499602d2"},
		{simulator.HexInReceipts, "1234567890", "499602d2"},
	} {
		o := start(t, simulator.Options{FirstID: 1234567890, IDs: c.form})
		s := o.bind()
		if id := s.submit(to("+33612345678", "Bonjour")); id != c.answered {
			t.Errorf("the id is %s, want %s", id, c.answered)
		}
		o.clock.Advance(transit)
		if r := s.receipt(); r.ID != c.report {
			t.Errorf("the receipt is for %s, want %s", r.ID, c.report)
		}
		if _, err := s.ask(&smpp.QuerySM{MessageID: c.answered}); err != nil {
			t.Error(err)
		}
	}
}

func TestOptionsThatContradict(t *testing.T) {
	for _, m := range []map[string]float64{{"nonsense": 0.1}, {"barred": -1}, {"barred": 0.6, "spam": 0.6}} {
		if err := (simulator.Options{Mix: m}).Check(); err == nil {
			t.Errorf("%v is taken", m)
		}
	}
}
