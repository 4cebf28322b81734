package sms

import (
	_ "embed"
	"maps"
	"regexp"
	"strings"

	"ramier/internal/gsm"
)

// StopClause is the text that tells the receivers of a country how to opt out.
type StopClause struct {
	Country  string // ISO 3166 alpha-2
	Number   string // that takes the STOP
	Language string // ISO 639-1
	Text     string // with what parts it from the message: a line feed
}

//go:embed stop_clauses.txt
var stopClausesText string

// StopClauses lists the clauses that are known for countries.
func StopClauses() []StopClause {
	var all []StopClause
	for line := range strings.Lines(stopClausesText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSuffix(line, "\n"), " | ")
		all = append(all, StopClause{
			Country: columns[0], Number: columns[1], Language: columns[2], Text: strings.ReplaceAll(columns[3], `\n`, "\n"),
		})
	}
	return all
}

// DefaultStopClauses gives the texts of StopClauses by country.
func DefaultStopClauses() map[string]string {
	texts := map[string]string{}
	for _, c := range StopClauses() {
		texts[c.Country] = c.Text
	}
	return texts
}

// maxClause is the most characters of a clause; more would leave no room for a message.
const maxClause = 40

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// ReadStopClauses gives the default texts by country with the changes that settings name, each like "FR=STOP:36180". A line feed is
// put before the text; an empty text takes the country's clause away. Error: Invalid.
func ReadStopClauses(settings []string) (map[string]string, error) {
	texts := DefaultStopClauses()
	own := map[string]string{}
	for _, s := range settings {
		country, text, ok := strings.Cut(s, "=")
		country, text = strings.TrimSpace(country), strings.TrimSpace(text)
		if _, twice := own[country]; !ok || twice || !countryCode.MatchString(country) {
			return nil, Errorf(Invalid, "stop_clauses has %q: give each country once, as its code, = and the text, like FR=STOP:36180", s)
		}
		if a, err := gsm.Analyse(text, gsm.GSM7); err != nil || a.Alphabet != gsm.GSM7 || a.Length > maxClause {
			return nil, Errorf(Invalid, "stop_clauses has %q: give at most %d characters of the GSM alphabet, or every message would become Unicode", s, maxClause)
		}
		if own[country] = ""; text != "" {
			own[country] = "\n" + text
		}
	}
	maps.Copy(texts, own)
	return texts, nil
}
