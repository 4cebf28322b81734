package sms_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"ramier/internal/sms"
)

// A judged is a reply with what it must be taken for.
type judged struct {
	reply string
	want  sms.Intent
}

func replies(t testing.TB) []judged {
	t.Helper()
	text, err := os.ReadFile("testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	intents := map[string]sms.Intent{"stop": sms.OptsOut, "start": sms.OptsIn, "nothing": sms.NoIntent}
	var all []judged
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		word, reply, ok := strings.Cut(line, "\t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		reply, err := strconv.Unquote(`"` + strings.ReplaceAll(reply, `"`, `\"`) + `"`)
		intent, known := intents[word]
		if !ok || !known || err != nil {
			t.Fatalf("%q cannot be read: %v", line, err)
		}
		all = append(all, judged{reply, intent})
	}
	return all
}

func TestReplies(t *testing.T) {
	all := replies(t)
	if len(all) < 300 {
		t.Errorf("only %d replies", len(all))
	}
	for _, r := range all {
		if got := sms.ReadIntent(r.reply); got != r.want {
			t.Errorf("%q is taken for %q, want %q", r.reply, got, r.want)
		}
	}
}

func TestKeywords(t *testing.T) {
	tests := []struct{ reply, word, rest string }{
		{"INFO", "info", ""},
		{"  Été 2026 ! ", "ete", "2026 !"},
		{"« RDV » demain", "rdv", "» demain"},
		{"rdv:12", "rdv", ":12"},
		{"ＩＮＦＯ　ok", "info", "ok"},
		{"oui", "oui", ""},
		{"R2D2 ok", "r2d2", "ok"},
		{"e\u0301te\u0301 x", "ete", "x"},
		{"!!!", "", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		if word, rest := sms.Keyword(test.reply); word != test.word || rest != test.rest {
			t.Errorf("%q: %q, %q", test.reply, word, rest)
		}
	}
}

// swapCase turns capitals into small letters and back, where that is one letter for one.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'à' && r <= 'þ' && r != '÷':
			return r - 32
		case r >= 'A' && r <= 'Z', r >= 'À' && r <= 'Þ' && r != '×':
			return r + 32
		}
		return r
	}, s)
}

// The verdict does not depend on case, on blanks and punctuation around, or on invisible marks.
func FuzzReadIntent(f *testing.F) {
	for _, r := range replies(f) {
		f.Add(r.reply)
	}
	f.Add("\xff\xfe\x00stop")
	f.Add(strings.Repeat("stop ", 5000))
	f.Fuzz(func(t *testing.T, reply string) {
		want := sms.ReadIntent(reply)
		if len(reply) > 1000 {
			return
		}
		for _, same := range []string{
			swapCase(reply), " " + reply, reply + " ", "\n\n" + reply + "\n", "! " + reply, reply + " !", reply + " ...", "\u200e" + reply + "\u200f",
			"« " + reply + " »", "\t" + reply + "\r\n",
		} {
			if got := sms.ReadIntent(same); got != want {
				t.Errorf("%q is %q, %q is %q", reply, want, same, got)
			}
		}
		sms.Keyword(reply)
	})
}
