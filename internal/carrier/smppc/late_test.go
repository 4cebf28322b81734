package smppc_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// Answers that come after their time-out say anew what is known, as long as the connection is the same.
func TestLateAnswers(t *testing.T) {
	late := reply{after: 15 * time.Second}
	for name, c := range map[string]struct {
		text    string
		replies []reply
		states  []sms.State // of the late answers, in order
		refs    []string    // of the last one
	}{
		"accepted":           {"a", []reply{late}, []sms.State{sms.Sent}, []string{"id-1"}},
		"refused":            {"a", []reply{{after: 15 * time.Second, status: smpp.InvalidDest}}, []sms.State{sms.Refused}, []string{""}},
		"not now":            {"a", []reply{{after: 15 * time.Second, status: smpp.Throttled}}, []sms.State{sms.Queued}, []string{""}},
		"one part of two":    {strings.Repeat("a", 200), []reply{late, {}}, []sms.State{sms.Sent}, []string{"id-1", "id-2"}},
		"both parts":         {strings.Repeat("a", 200), []reply{late, {after: 20 * time.Second}}, []sms.State{sms.InDoubt, sms.Sent}, []string{"id-1", "id-2"}},
		"one, and one never": {strings.Repeat("a", 200), []reply{late, {silent: true}}, []sms.State{sms.InDoubt}, []string{"id-1", ""}},
		"never":              {"a", []reply{{silent: true}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t, c.replies...)
				r := launch(t, settings(), o)
				m := message(1, c.text)
				m.Attempt = 3
				r.hand(m)
				time.Sleep(25 * time.Second)
				r.want(t, sms.InDoubt)
				var states []sms.State
				for _, a := range r.inbox.late {
					states = append(states, a.State)
					if a.MessageID != 1 || a.CarrierID != 7 || a.Attempt != 3 || a.At.IsZero() {
						t.Errorf("whose is %+v?", a)
					}
				}
				if !slices.Equal(states, c.states) {
					t.Fatalf("late answers %q, want %q", states, c.states)
				}
				if n := len(states); n > 0 && !slices.Equal(r.inbox.late[n-1].Refs, c.refs) {
					t.Errorf("references %q, want %q", r.inbox.late[n-1].Refs, c.refs)
				}
				if s := r.Status(); s.Late != int64(len(states)) {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A part that comes late is part of the answer if others are still open.
func TestALatePartWhileOthersAreOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, reply{after: 15 * time.Second}, reply{after: 8 * time.Second})
		s := settings()
		s.Window = 1
		r := launch(t, s, o)
		r.send(1, strings.Repeat("a", 200))
		time.Sleep(30 * time.Second)
		r.want(t, sms.Sent)
		if len(r.inbox.late) > 0 {
			t.Errorf("%+v", r.inbox.late)
		}
	})
}
