package sms_test

import (
	"testing"
	"time"

	"ramier/internal/sms"
)

// A message does not arrive before it was sent, whatever its receipt says and whenever that came.
func TestTheTimeOfArrival(t *testing.T) {
	sent := noon.Add(30 * time.Second)
	for _, test := range []struct {
		name           string
		done, at, want time.Time
	}{
		{"in whole minutes", noon, sent.Add(time.Second), sent.Add(time.Second)},
		{"long ago", noon.Add(-24 * time.Hour), sent.Add(time.Second), sent.Add(time.Second)},
		{"overtook its answer", noon, sent.Add(-time.Second), sent},
		{"came late", sent.Add(time.Hour), sent.Add(2 * time.Hour), sent.Add(time.Hour)},
	} {
		m := sms.Message{State: sms.Sent, Parts: 1, Refs: []string{"a"}, SentAt: sent}
		if !m.Apply(sms.Receipt{State: sms.Delivered, DoneAt: test.done, At: test.at}) || !m.DoneAt.Equal(test.want) {
			t.Errorf("%s: arrived %v, want %v", test.name, m.DoneAt, test.want)
		}
	}
}
