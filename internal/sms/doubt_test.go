package sms_test

import (
	"slices"
	"testing"
	"time"

	"ramier/internal/sms"
)

func doubted() sms.Message {
	return sms.Message{ID: 7, State: sms.InDoubt, Parts: 2, Credits: 2 * sms.Credit, Attempts: 1, Refs: []string{"a", ""}, Accepted: 1, SentAt: noon}
}

func TestSomebodyDecidesAboutADoubt(t *testing.T) {
	for _, c := range []struct {
		decision           sms.Decision
		state              sms.State
		captured, released sms.Credits
		refs               []string
		marked             bool
		attempts           int
	}{
		{sms.DecidedSent, sms.Sent, 2 * sms.Credit, 0, []string{"a", "?7.2"}, false, 1},
		{sms.DecidedFailed, sms.Failed, sms.Credit, sms.Credit, []string{"a", ""}, false, 1},
		{sms.DecidedResend, sms.InDoubt, 0, 0, []string{"a", ""}, true, 2},
	} {
		m := doubted()
		captured, released, err := m.Decide(c.decision, noon, noon.Add(time.Hour))
		if err != nil || m.State != c.state || captured != c.captured || released != c.released || !slices.Equal(m.Refs, c.refs) ||
			m.Duplicate != c.marked || m.Attempts != c.attempts || m.DoneAt.IsZero() == m.State.Final() {
			t.Errorf("%s: %+v, %v and %v, %v", c.decision, m, captured, released, err)
		}
		if sms.MadeUp(7, m.Refs[1]) != (c.decision == sms.DecidedSent) || sms.MadeUp(7, "a") || sms.MadeUp(8, m.Refs[1]) {
			t.Errorf("%s: %q", c.decision, m.Refs)
		}
	}
}

func TestWhatCannotBeDecided(t *testing.T) {
	for _, c := range []struct {
		decision sms.Decision
		state    sms.State
		expires  time.Time
		code     sms.Code
	}{
		{sms.DecidedSent, sms.Sent, noon.Add(time.Hour), sms.Conflict},
		{sms.DecidedFailed, sms.Delivered, noon.Add(time.Hour), sms.Conflict},
		{sms.DecidedResend, sms.Queued, noon.Add(time.Hour), sms.Conflict},
		{sms.DecidedResend, sms.InDoubt, noon, sms.Conflict},
		{"perhaps", sms.InDoubt, noon.Add(time.Hour), sms.Invalid},
	} {
		m := doubted()
		m.State = c.state
		if _, _, err := m.Decide(c.decision, noon, c.expires); sms.CodeOf(err) != c.code || m.State != c.state || m.Attempts != 1 {
			t.Errorf("%s of %s: %v, %+v", c.decision, c.state, err, m)
		}
	}
}

func TestALateAnswerSettlesOnlyItsDoubt(t *testing.T) {
	both := []string{"a", "b"}
	for _, c := range []struct {
		name    string
		change  func(*sms.Message)
		answer  sms.Answer
		claimed bool

		did                sms.Belated
		state              sms.State
		captured, released sms.Credits
		refs               []string
	}{
		{"accepted", nil, sms.Answer{State: sms.Sent, Refs: both}, false, sms.BelatedSettled, sms.Sent, 2 * sms.Credit, 0, both},
		{"accepted while it is sent again", nil, sms.Answer{State: sms.Sent, Refs: both}, true, sms.BelatedSettled, sms.Sent, 2 * sms.Credit, 0, both},
		{"the rest is accepted", nil, sms.Answer{State: sms.InDoubt, Refs: []string{"", "b"}}, false, sms.BelatedSettled, sms.Sent, 2 * sms.Credit, 0, both},
		{"nothing new", nil, sms.Answer{State: sms.InDoubt, Refs: []string{"x", ""}}, false, sms.BelatedNoted, sms.InDoubt, 0, 0, []string{"a", ""}},
		{
			"a part", func(m *sms.Message) { m.Refs, m.Accepted = nil, 0 },
			sms.Answer{State: sms.InDoubt, Refs: []string{"", "b"}},
			false,
			sms.BelatedPart, sms.InDoubt, 0, 0,
			[]string{"", "b"},
		},
		{"refused", nil, sms.Answer{State: sms.Refused, Refs: []string{"a", ""}}, false, sms.BelatedSettled, sms.Failed, sms.Credit, sms.Credit, []string{"a", ""}},
		{"refused while it is sent again", nil, sms.Answer{State: sms.Refused, Refs: []string{"a", ""}}, true, sms.BelatedNoted, sms.InDoubt, 0, 0, []string{"a", ""}},
		{
			"refused, one of two copies", func(m *sms.Message) { m.Duplicate = true },
			sms.Answer{State: sms.Refused, Refs: []string{"a", ""}},
			false,
			sms.BelatedNoted, sms.InDoubt, 0, 0,
			[]string{"a", ""},
		},
		{"not now", nil, sms.Answer{State: sms.Queued, Refs: []string{"a", ""}}, false, sms.BelatedSettled, sms.Queued, 0, 0, []string{"a", ""}},
		{"in another form", nil, sms.Answer{State: sms.Sent, Refs: []string{"x"}}, false, sms.BelatedNoted, sms.InDoubt, 0, 0, []string{"a", ""}},
		{
			"delivered meanwhile", func(m *sms.Message) { m.State = sms.Delivered },
			sms.Answer{State: sms.Sent, Refs: both},
			false,
			sms.BelatedNoted, sms.Delivered, 0, 0,
			[]string{"a", ""},
		},
		{
			"before its doubt is written", func(m *sms.Message) { m.State, m.Attempts = sms.Queued, 0 },
			sms.Answer{State: sms.Sent, Refs: both},
			true,
			sms.BelatedEarly, sms.Queued, 0, 0,
			[]string{"a", ""},
		},
	} {
		m := doubted()
		if c.change != nil {
			c.change(&m)
		}
		c.answer.At = noon
		captured, released, did := m.SettleLate(c.answer, c.claimed)
		if did != c.did || m.State != c.state || captured != c.captured || released != c.released || !slices.Equal(m.Refs, c.refs) {
			t.Errorf("%s: did %d: %+v, %v and %v", c.name, did, m, captured, released)
		}
	}
}

func TestPartsThatNobodyHasNamed(t *testing.T) {
	for _, c := range []struct {
		m    sms.Message
		want int
	}{
		{doubted(), 1},
		{sms.Message{State: sms.InDoubt, Parts: 1}, 0},
		{sms.Message{ID: 7, State: sms.Sent, Parts: 2, Refs: []string{"a", "?7.2"}}, 1},
		{sms.Message{ID: 7, State: sms.Sent, Parts: 1, Refs: []string{"-7.1"}}, -1},
		{sms.Message{State: sms.Sent, Parts: 1, Refs: []string{"a"}}, -1},
		{sms.Message{State: sms.Queued, Parts: 1}, -1},
		{sms.Message{State: sms.Failed, Parts: 1}, -1},
	} {
		if got := c.m.Unnamed(); got != c.want {
			t.Errorf("%+v: %d", c.m, got)
		}
	}
}

// A second copy of which a part may have left is marked, even if another part of it was refused.
func TestARefusedCopyWithALostAnswerIsMarked(t *testing.T) {
	for _, state := range []sms.State{sms.InDoubt, sms.Delivered} {
		for _, lost := range []bool{false, true} {
			m := doubted()
			m.State = state
			m.Settle(sms.Answer{State: sms.Failed, Refs: []string{"a", ""}, Attempt: 1, Lost: lost, At: noon})
			if m.Duplicate != lost {
				t.Errorf("%s, lost %v: marked %v", state, lost, m.Duplicate)
			}
		}
	}
}

// A late answer may name a part while a second copy of it is under way, of which not all parts leave.
func TestASecondCopyOfAPartThatHasANameIsMarked(t *testing.T) {
	m := sms.Message{ID: 7, State: sms.InDoubt, Parts: 3, Credits: 3 * sms.Credit, Attempts: 2, Refs: []string{"a", "", "c"}, Accepted: 2, SentAt: noon}
	again := sms.Answer{MessageID: 7, State: sms.Queued, Refs: []string{"", "", "c2"}, Attempt: 2, RetryAt: noon, At: noon}
	if _, _, changed := m.Settle(again); !changed || m.State != sms.InDoubt || !m.Duplicate {
		t.Errorf("%v: %+v", changed, m)
	}
	m.Duplicate, again.Attempt, again.Refs[2] = false, 3, ""
	if _, _, changed := m.Settle(again); !changed || m.Duplicate {
		t.Errorf("nothing left: %v: %+v", changed, m)
	}
}

// A receipt may settle a message while a second copy is under way, of which only some parts leave.
func TestSomePartsOfASecondCopyAreMarkedAfterAReceipt(t *testing.T) {
	for _, c := range []struct {
		state sms.State
		refs  []string
		want  bool
	}{
		{sms.Queued, []string{"", "b2", ""}, true},
		{sms.Failed, []string{"", "b2", ""}, true},
		{sms.Queued, []string{"", "", ""}, false},
		{sms.Queued, []string{"a", "", ""}, false}, // as its first attempt has brought it
		{sms.Refused, nil, false},
	} {
		m := sms.Message{ID: 7, State: sms.Delivered, Parts: 3, Attempts: 1, Refs: []string{"a", "b", "c"}, Accepted: 3, SentAt: noon, DoneAt: noon}
		if _, _, changed := m.Settle(sms.Answer{MessageID: 7, State: c.state, Refs: c.refs, Attempt: 1, At: noon}); changed || m.Duplicate != c.want || m.State != sms.Delivered {
			t.Errorf("%s %q: %v, %+v", c.state, c.refs, changed, m)
		}
	}
}
