package sandbox_test

import (
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

// Each alphabet, length and STOP case of OVH's rules, as the estimate says it, as a quote says it, and as it is charged.
func TestEveryLengthIsEstimatedQuotedAndCharged(t *testing.T) {
	x := strings.Repeat
	const gsm7, unicode = "7bits", "unicode"
	cases := []struct {
		text       string
		advert     bool
		class      string
		characters int
		perPart    int
		parts      int
	}{
		{x("x", 160), false, gsm7, 160, 160, 1},
		{x("x", 161), false, gsm7, 161, 153, 2},
		{x("x", 306), false, gsm7, 306, 153, 2},
		{x("x", 307), false, gsm7, 307, 153, 3},
		{x("x", 918), false, gsm7, 918, 153, 6},
		{x("x", 149), true, gsm7, 160, 160, 1},
		{x("x", 150), true, gsm7, 161, 153, 2},
		{x("x", 295), true, gsm7, 306, 153, 2},
		{x("x", 296), true, gsm7, 307, 153, 3},
		{x("€", 80), false, gsm7, 160, 160, 1},
		{x("€", 81), false, gsm7, 162, 153, 2},
		{x("€", 74), true, gsm7, 159, 160, 1},
		{x("€", 75), true, gsm7, 161, 153, 2},
		{x(`^{}\[~]|`, 10), false, gsm7, 160, 160, 1},
		{x("x", 158) + "\f", false, gsm7, 160, 160, 1},
		{x("x", 159) + "\f", false, gsm7, 161, 153, 2},
		{x("x\r\n", 50), false, gsm7, 150, 160, 1},
		{x("ç", 70), false, unicode, 70, 70, 1},
		{x("ç", 71), false, unicode, 71, 67, 2},
		{x("ç", 134), false, unicode, 134, 67, 2},
		{x("ç", 135), false, unicode, 135, 67, 3},
		{x("ê", 59), true, unicode, 70, 70, 1},
		{x("ê", 60), true, unicode, 71, 67, 2},
		{x("’", 123), true, unicode, 134, 67, 2},
		{x("«", 124), true, unicode, 135, 67, 3},
		{x("😀", 35), false, unicode, 70, 70, 1},
		{x("😀", 36), false, unicode, 72, 67, 2},
		{x("😀", 29), true, unicode, 69, 70, 1},
		{x("😀", 30), true, unicode, 71, 67, 2},
		{x("x", 69) + "ï", false, unicode, 70, 70, 1}, // one character makes all of it Unicode
	}
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		for _, c := range cases {
			var e struct {
				Characters, MaxCharactersPerPart, Parts int
				CharactersClass                         string
			}
			if err := p.OVH.Post("/sms/estimate", map[string]any{"message": c.text, "noStopClause": !c.advert, "senderType": "alpha"}, &e); err != nil {
				t.Fatal(err)
			}
			if e.Characters != c.characters || e.MaxCharactersPerPart != c.perPart || e.Parts != c.parts || e.CharactersClass != c.class {
				t.Errorf("%.3q, %d runes, advertising %v: %+v, want %d %s in %d of %d", c.text, len([]rune(c.text)), c.advert, e, c.characters, c.class, c.parts, c.perPart)
			}
			body := map[string]any{"message": c.text, "sender": p.Info.Sender, "noStopClause": !c.advert, "receivers": []string{handset}}
			var q struct {
				ID        string
				Credits   float64
				Receivers []struct {
					Characters, Parts int
					CharactersClass   string
				}
			}
			p.Post("/quotes", body, &q)
			if len(q.Receivers) != 1 || q.Receivers[0].Characters != c.characters || q.Receivers[0].Parts != c.parts || q.Receivers[0].CharactersClass != c.class || q.Credits != float64(c.parts) {
				t.Errorf("%.3q, %d runes, advertising %v: quoted %+v", c.text, len([]rune(c.text)), c.advert, q)
			}
			body["quoteId"] = q.ID
			var r sandboxtest.Report
			if p.Post("/jobs", body, &r); r.TotalCreditsRemoved != float64(c.parts) {
				t.Errorf("%.3q, %d runes, advertising %v: charged %v", c.text, len([]rune(c.text)), c.advert, r.TotalCreditsRemoved)
			}
		}
	})
}
