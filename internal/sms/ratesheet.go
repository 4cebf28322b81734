package sms

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/phone"
)

// Limits of a rate sheet.
const (
	maxSheet      = 1 << 20 // octets
	maxSheetLines = 10_000
)

// SheetColumns are those of a rate sheet, in its order. The last may be missing.
var SheetColumns = []string{"country", "credits", "from"}

// ReadRateSheet reads rates from CSV: a country, the credits of a part, and since when (a day or a time of RFC 3339; empty = when the sheet
// begins). Days begin in the zone. Commas, semicolons and tabs separate. Errors: Invalid, naming the line, what is wrong and the cure.
func ReadRateSheet(text []byte, zone *time.Location, now time.Time) ([]RateStep, error) {
	if len(text) > maxSheet {
		return nil, Errorf(Invalid, "the sheet has %d octets, more than %d", len(text), maxSheet)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	for _, separator := range ";\t" {
		if bytes.ContainsRune(first, separator) {
			r.Comma = separator
		}
	}
	var steps []RateStep
	lines := map[string]int{}
	for header := true; ; header = false {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Errorf(Invalid, "the sheet is no CSV: %v", err)
		}
		line, _ := r.FieldPos(0)
		if header {
			if err := checkSheetHeader(fields); err != nil {
				return nil, err
			}
			continue
		}
		if len(steps) >= maxSheetLines {
			return nil, Errorf(Invalid, "line %d: the sheet has more than %d rates", line, maxSheetLines)
		}
		s, err := readRate(fields, r.Comma, zone, now)
		if err != nil {
			return nil, Errorf(Invalid, "line %d: %v", line, err)
		}
		key := s.Country + s.From.UTC().Format(time.RFC3339Nano)
		if before := lines[key]; before != 0 {
			return nil, Errorf(Invalid, "line %d: %s has a rate on line %d already: remove one of them", line, s.Country, before)
		}
		lines[key] = line
		steps = append(steps, s)
	}
	if len(steps) == 0 {
		return nil, Errorf(Invalid, "the sheet holds no rates, so nothing could be sent: give lines like FR,1")
	}
	return steps, nil
}

func checkSheetHeader(fields []string) error {
	for i := range fields {
		fields[i] = strings.ToLower(strings.TrimSpace(fields[i]))
	}
	if len(fields) < 2 || len(fields) > len(SheetColumns) || !slices.Equal(fields, SheetColumns[:len(fields)]) {
		return Errorf(Invalid, "line 1: the columns are %q: write %s", cutRunes(strings.Join(fields, ","), 80), strings.Join(SheetColumns, ","))
	}
	return nil
}

// readRate reads a line.
func readRate(fields []string, separator rune, zone *time.Location, now time.Time) (s RateStep, err error) {
	if len(fields) < 2 || len(fields) > len(SheetColumns) {
		return s, fmt.Errorf("it has %d fields: give a country, credits, and from when if that is later", len(fields))
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	s.Country = strings.ToUpper(fields[0])
	if s.Country == "ALL" || s.Country == OtherCountries {
		s.Country = OtherCountries
	} else if len(s.Country) != 2 || phone.CountryName(s.Country) == s.Country {
		return s, fmt.Errorf("country = %q is none: give two letters of ISO 3166 like FR, or all", cutRunes(fields[0], 20))
	}
	if s.Credits, err = readCredits(fields[1], separator != ','); err != nil {
		return s, err
	}
	if len(fields) < 3 || fields[2] == "" {
		return s, nil
	}
	if s.From, err = time.ParseInLocation(time.DateOnly, fields[2], zone); err != nil {
		if s.From, err = time.Parse(time.RFC3339, fields[2]); err != nil {
			return s, fmt.Errorf("from = %q is no time: give a day like 2027-01-31, or a time like 2027-01-31T12:00:00+01:00", cutRunes(fields[2], 40))
		}
	}
	s.From = s.From.Truncate(time.Microsecond)
	if s.From.Before(now) || s.From.Year() > now.Year()+10 {
		return s, fmt.Errorf("from = %s is over, or more than ten years away: leave it empty to begin at once", fields[2])
	}
	return s, nil
}

// readCredits reads a number of credits of at most three decimals.
func readCredits(text string, comma bool) (Credits, error) {
	plain := text
	if comma {
		plain = strings.Replace(text, ",", ".", 1)
	}
	whole, decimals, _ := strings.Cut(plain, ".")
	n, err := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 63)
	if err != nil || whole == "" || len(decimals) > 3 || Credits(n) > MaxRate { //nolint:gosec // 63 bits
		return 0, fmt.Errorf("credits = %q is not a rate: give a number from 0 to %v with at most 3 decimals, like 0.5", cutRunes(text, 40), MaxRate)
	}
	return Credits(n), nil //nolint:gosec // 63 bits
}

// WriteRateSheet writes rates as ReadRateSheet reads them.
func WriteRateSheet(w *csv.Writer, steps []RateStep) error {
	if err := w.Write(SheetColumns); err != nil {
		return err
	}
	for _, s := range steps {
		country, from := s.Country, ""
		if country == OtherCountries {
			country = "all"
		}
		if !s.From.IsZero() {
			from = s.From.Format(time.RFC3339Nano)
		}
		if err := w.Write([]string{country, s.Credits.String(), from}); err != nil {
			return err
		}
	}
	return nil
}

// UpcomingRates gives the rates that hold at a time, without one of their own, and those that begin later, by country and time. Ends of rates
// are left out.
func UpcomingRates(steps []RateStep, now time.Time) []RateStep {
	t := NewTariff(steps)
	var all []RateStep
	for country, own := range t {
		if credits, ok := t.Rate(country, now); ok {
			all = append(all, RateStep{Country: country, Credits: credits})
		}
		for _, s := range own {
			if s.From.After(now) && !s.Ends {
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b RateStep) int {
		if c := strings.Compare(a.Country, b.Country); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return all
}
