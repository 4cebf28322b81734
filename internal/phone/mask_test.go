package phone

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	for number, want := range map[string]string{
		"+33612345678":   "+33612****78",
		"+2250707123456": "+22507******56",
		"+508551234":     "+508****34",
		"36111":          "*****",
		"123456":         "****56",
		"":               "",
		"chère amie":     "chèr****ie",
	} {
		if got := Mask(number); got != want {
			t.Errorf("Mask(%q) = %q, want %q", number, got, want)
		}
	}
}

func TestMaskHides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`\+?[0-9]{0,20}`).Draw(t, "number")
		masked := Mask(number)
		if utf8.RuneCountInString(masked) != utf8.RuneCountInString(number) {
			t.Errorf("Mask(%q) = %q has another length", number, masked)
		}
		if hidden := strings.Count(masked, "*"); hidden < min(4, len(number)) {
			t.Errorf("Mask(%q) = %q hides only %d", number, masked, hidden)
		}
	})
}
