package sms_test

import (
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

func TestIDsOverSMPPCanBeReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, part := rapid.Int64Range(0, 1<<53).Draw(t, "id"), rapid.IntRange(0, 255).Draw(t, "part")
		gotID, gotPart, ok := sms.ParseSMPPMessageID(sms.SMPPMessageID(id, part))
		if gotID != id || gotPart != part || !ok {
			t.Fatal(gotID, gotPart, ok)
		}
	})
	for _, other := range []string{"", "x", "00000000-0000-4000-8000-000000000000", "00000000-0000-8000-8fff-72616d696572", "+0000000-0000-8000-8000-72616d696572"} {
		if id, _, ok := sms.ParseSMPPMessageID(other); ok {
			t.Errorf("%q is %d", other, id)
		}
	}
}
