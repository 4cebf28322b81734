package sms_test

import (
	"slices"
	"strings"
	"testing"

	"ramier/internal/sms"
)

// Places are short and values long: what they make is bounded.
func TestMergedTextsAreBounded(t *testing.T) {
	many, err := sms.ParseTemplate(strings.Repeat("#a#", 100_000), []string{"number", "a"})
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("é", 2000)
	if text, _ := many.Render([]string{"", value}); len(text) > 1<<20 {
		t.Errorf("a text of %d bytes", len(text))
	}
	r := rules()
	r.Limits.Merged = 10_000
	template, err := sms.ParseTemplate("#a#", []string{"number", "a"})
	if err != nil {
		t.Fatal(err)
	}
	o := order(func(o *sms.Order) {
		o.Receivers = []string{"+33639980000", "+33639980001", "+33639980002"}
		o.Merge = &sms.Merge{Template: template, Values: slices.Repeat([][]string{{"", value}}, 3)}
	})
	if _, err := sms.NewPlan(o, r, noon); sms.CodeOf(err) != sms.TooLarge || !strings.Contains(err.Error(), "POST batches") {
		t.Error(err)
	}
	o.Text = strings.Repeat("x", 200_000)
	if _, err := sms.NewPlan(o, r, noon); sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), "200000 bytes") {
		t.Error(err)
	}
}
