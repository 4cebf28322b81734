package sms

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatterns(t *testing.T) {
	const code = "Your code is #CODE#. Valid #MIN# minutes"
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{code, "Your code is 123. Valid 5 minutes", true},
		{code, "  Your code is 1 2 3. Valid five minutes \r\n", true},
		{code, "Your code is . Valid 5 minutes", false},
		{code, "Your code is 123. Valid  minutes", false},
		{code, "Your code is 123. Valid   minutes", true}, // a space is something
		{code, "Your code is 123. Valid 5 minutes!", false},
		{code, "YOUR code is 123. Valid 5 minutes", false},
		{"no variable", "no variable", true},
		{"no variable", "no variables", false},
		{"#A#", "x", true},
		{"#A#", "", false},
		{"#A##B#", "x", false},
		{"#A##B#", "xy", true},
		{"item #1 of #N#", "item #1 of 5", true},
		{"price in # or ##", "price in # or ##", true},
		{"#NOT A NAME#", "#NOT A NAME#", true},
		{"#NOT A NAME#", "x", false},
		{"a\r\n#X#", "a\nb", true},
		{"a#X#a", "aa", false},
		{"a#X#a", "aaa", true},
	} {
		if got := ParsePattern(c.pattern).Matches(c.text); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.text, got)
		}
	}
}

// A text that is made of a template matches it, whatever stands at its variable parts.
func TestFilledPatternsMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fixed := rapid.SliceOfN(rapid.StringMatching(`[a-z .]{0,6}`), 1, 5).Draw(t, "fixed")
		values := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9#]([a-z0-9# ]{0,6}[a-z0-9#])?`), len(fixed)-1, len(fixed)-1).Draw(t, "values")
		var pattern, text strings.Builder
		for i, f := range fixed {
			pattern.WriteString(f)
			text.WriteString(f)
			if i < len(values) {
				pattern.WriteString("#V_1#")
				text.WriteString(values[i])
			}
		}
		if p := ParsePattern(pattern.String()); !p.Matches(text.String()) {
			t.Fatalf("%q (%q) does not match %q", pattern.String(), p, text.String())
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("Your code is #CODE#.", "Your code is 5.")
	f.Add("###A##", " # ")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p := ParsePattern(pattern)
		if len(p) == 0 {
			t.Fatal("a pattern without parts")
		}
		p.Matches(text)
		if len(p) == 1 && !p.Matches(pattern) {
			t.Fatalf("%q does not match itself", pattern)
		}
	})
}
