package phone

import (
	"errors"
	"regexp"
	"testing"
	"unicode/utf8"
)

var e164Form = regexp.MustCompile(`^\+[1-9][0-9]{3,14}$`)

// Whatever comes in: a number that reads back as itself, or a typed refusal.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"+33612345678", "0033 6 12 34 56 78", "06.12.34.56.78", "(212) 555-2368", "+1", "36111",
		"+33 (0)6 12 34 56 78", "+３３６", "", "+", "000", "+800 1234 5678", "09123456789", "+54 9 11 2345 6789", "tel:+336",
	} {
		for _, region := range []string{"FR", "US", "AR", "BR", ""} {
			f.Add(seed, region)
		}
	}
	f.Fuzz(func(t *testing.T, input, region string) {
		n, err := Parse(input, region)
		if err != nil {
			refused, ok := errors.AsType[*Error](err)
			if !ok || refused.Reason == "" || n != (Number{}) {
				t.Fatalf("Parse(%q, %q) = %v, %#v", input, region, n, err)
			}
			if text := err.Error(); len(text) > 600 || !utf8.ValidString(text) {
				t.Fatalf("Parse(%q, %q): bad sentence %q", input, region, text)
			}
			return
		}
		if !e164Form.MatchString(n.E164) || CountryName(n.Country) == n.Country || n.Type.String() == "unknown" {
			t.Fatalf("Parse(%q, %q) = %#v", input, region, n)
		}
		if again, err := Parse(n.E164, region); err != nil || again != n {
			t.Fatalf("Parse(%q, %q) = %v, read again %v, %v", input, region, n, again, err)
		}
	})
}
