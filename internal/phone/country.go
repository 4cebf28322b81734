package phone

import (
	_ "embed"
	"strings"
	"sync"
)

// countriesText has a line for every country that has phone numbers: its code
// and its English name, in current use by the country itself or the UN.
//
//go:embed countries.txt
var countriesText string

var countries = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(countriesText) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		names[code] = name
	}
	return names
})

// CountryName gives the English name of a country by the code that Parse
// gives, or the code itself where there is no such country.
func CountryName(iso string) string {
	if name, ok := countries()[iso]; ok {
		return name
	}
	return iso
}
