package sms_test

import (
	"maps"
	"strings"
	"testing"

	"ramier/internal/sms"
)

// The alphabet of OVH's guides and control panel: basic table, and the extension table whose characters count twice.
const (
	basic     = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\n\r"
	extension = "^{}\\[~]|€\f"
)

func TestTheAlphabet(t *testing.T) {
	check := func(text string, alphabet string, length int) {
		t.Helper()
		a, err := sms.EstimateText(text, "", false)
		name := map[bool]string{true: "7bits", false: "unicode"}[a.Culprit == 0]
		if err != nil || name != alphabet || a.Length != length {
			t.Errorf("%q: %s, %d, %v; want %s, %d", text, name, a.Length, err, alphabet, length)
		}
	}
	for _, r := range basic {
		check("x"+string(r), "7bits", 2)
	}
	check(basic, "7bits", len([]rune(basic)))
	for _, r := range extension {
		check("x"+string(r), "7bits", 3)
	}
	// Characters of French that it lacks, and others that people take for some of it.
	for _, r := range "çêëîïôûâ«»’…–œÊÔÀ\u00a0\t`" {
		check("x"+string(r), "unicode", 2)
	}
	check("x😀", "unicode", 3)
	check("€", "7bits", 2)
	check("€ç", "unicode", 2) // in UCS-2 it counts once
}

func TestEveryLengthWithAndWithoutClause(t *testing.T) {
	x := strings.Repeat
	const clause = "\nSTOP:36111"
	const plain, advert, forced = "plain", "advert", "forced"
	tests := []struct {
		kind, text string
		parts      int
	}{
		{plain, x("x", 1), 1},
		{plain, x("x", 160), 1},
		{plain, x("x", 161), 2},
		{plain, x("x", 306), 2},
		{plain, x("x", 307), 3},
		{plain, x("x", 459), 3},
		{plain, x("x", 460), 4},
		{plain, x("x", 918), 6},
		{plain, x("x", 919), 7},
		{plain, x("x", 153*255), 255},
		{plain, x("x", 158) + "€", 1},
		{plain, x("x", 159) + "€", 2},
		{plain, x("€", 80), 1},
		{plain, x("€", 81), 2},
		{plain, x("x", 152) + "€" + x("x", 152), 3}, // no part ends within an escape
		{plain, x("x", 151) + "€" + x("x", 153), 2},
		{plain, x("ç", 70), 1},
		{plain, x("ç", 71), 2},
		{plain, x("ç", 134), 2},
		{plain, x("ç", 135), 3},
		{plain, x("ç", 67*255), 255},
		{plain, x("😀", 35), 1},
		{plain, x("😀", 36), 2},
		{plain, x("😀", 66), 2}, // 33 in each: no part ends within one
		{plain, x("😀", 67), 3},
		{forced, x("x", 70), 1},
		{forced, x("x", 71), 2},
		{advert, x("x", 149), 1},
		{advert, x("x", 150), 2},
		{advert, x("x", 295), 2},
		{advert, x("x", 296), 3},
		{advert, x("x", 148) + "€", 2},
		{advert, x("x", 147) + "€", 1},
		{advert, x("ç", 59), 1},
		{advert, x("ç", 60), 2},
		{advert, x("ç", 123), 2},
		{advert, x("ç", 124), 3},
		{advert, x("x", 153*255-11), 255},
		{advert, x("ç", 67*255-11), 255},
	}
	for _, test := range tests {
		o := order(func(o *sms.Order) {
			o.Text, o.NoStop, o.ForceUnicode = test.text, test.kind != advert, test.kind == forced
		})
		p, err := sms.NewPlan(o, rules(), noon)
		if err != nil {
			t.Errorf("%s, %d bytes: %v", test.kind, len(test.text), err)
			continue
		}
		m := p.Messages[0]
		want := test.text
		if test.kind == advert {
			want += clause
		}
		if m.Parts != test.parts || m.Credits != sms.Credits(test.parts)*sms.Credit || m.Text != want {
			t.Errorf("%s, %d runes: %d parts, %v credits, ends in %q; want %d parts", test.kind, len([]rune(test.text)), m.Parts, m.Credits, m.Text[len(m.Text)-3:], test.parts)
		}
	}
	for _, text := range []string{x("x", 153*255-10), x("ç", 67*255-10)} {
		if _, err := sms.NewPlan(order(func(o *sms.Order) { o.Text, o.NoStop = text, false }), rules(), noon); sms.CodeOf(err) != sms.Invalid {
			t.Errorf("256 parts with the clause: %v", err)
		}
	}
}

func TestWhoGetsAClause(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sms.Order)
		want   string // what follows the text
	}{
		{"from a name to France", func(*sms.Order) {}, "\nSTOP:36111"},
		{"no advertising", func(o *sms.Order) { o.NoStop = true }, ""},
		{"from a number", func(o *sms.Order) { o.Sender = "+33612345678" }, ""},
		{"from a short number", func(o *sms.Order) { o.Sender, o.ForResponse = "", true }, ""},
		{"a short number wins over a name", func(o *sms.Order) { o.ForResponse = true }, ""},
		{"abroad", func(o *sms.Order) { o.Receivers = []string{"+447400123456"} }, ""},
		{"text that has it already", func(o *sms.Order) { o.Text += "\nSTOP:36111" }, "\nSTOP:36111\nSTOP:36111"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := order(func(o *sms.Order) { o.NoStop = false }, test.change)
			p, err := sms.NewPlan(o, rules(), noon)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Messages[0].Text; got != "Bonjour"+test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestClausesByCountry(t *testing.T) {
	for _, c := range sms.StopClauses() {
		if len(c.Country) != 2 || len(c.Language) != 2 || !strings.Contains(c.Text, c.Number) || !strings.Contains(c.Text, "STOP") || c.Text[0] != '\n' {
			t.Errorf("%+v", c)
		}
	}
	if fr := sms.DefaultStopClauses()["FR"]; len(fr) != 11 {
		t.Errorf("%q has %d characters", fr, len(fr))
	}
	for settings, want := range map[string]map[string]string{
		"":                             {"FR": "\nSTOP:36111"},
		"FR=STOP au 36180":             {"FR": "\nSTOP au 36180"},
		"FR=;BE = STOP 8850 ;CH=A:b=c": {"FR": "", "BE": "\nSTOP 8850", "CH": "\nA:b=c"},
	} {
		got, err := sms.ReadStopClauses(strings.FieldsFunc(settings, func(r rune) bool { return r == ';' }))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %q, %v", settings, got, err)
		}
	}
	for _, bad := range [][]string{{"FR"}, {"fr=STOP"}, {"France=STOP"}, {"FR=a", "FR=b"}, {"FR=arrêt"}, {"FR=" + strings.Repeat("x", 41)}} {
		if _, err := sms.ReadStopClauses(bad); sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), bad[len(bad)-1]) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
