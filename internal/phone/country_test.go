package phone

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestCountryName(t *testing.T) {
	for iso, want := range map[string]string{
		"FR": "France", "CI": "Côte d'Ivoire", World: "International networks", "ZZ": "ZZ", "": "",
	} {
		if got := CountryName(iso); got != want {
			t.Errorf("CountryName(%q) = %q, want %q", iso, got, want)
		}
	}
}

func TestEveryCountryHasOneName(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(countriesText), "\n")
	wellFormed := regexp.MustCompile(`^([A-Z]{2}|001) \p{Lu}[\p{L} '().-]+$`)
	names := map[string]bool{}
	for i, line := range lines {
		if !wellFormed.MatchString(line) || i > 0 && lines[i-1][:2] >= line[:2] {
			t.Errorf("line %q is malformed or out of order", line)
		}
		_, name, _ := strings.Cut(line, " ")
		names[name] = true
	}
	if len(names) != len(lines) {
		t.Errorf("%d names for %d countries", len(names), len(lines))
	}
	want := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
	want = slices.Insert(want, 0, World)
	if got := slices.Sorted(maps.Keys(countries())); !slices.Equal(got, want) {
		t.Errorf("countries are %v, the numbering plans have %v", got, want)
	}
}
