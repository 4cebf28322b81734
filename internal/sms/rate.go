package sms

import (
	"cmp"
	"slices"
	"time"
)

// MaxRate is the most that a part may cost; it keeps the price of a campaign far from an overflow.
const MaxRate = 1_000_000 * Credit

// A RateStep is what a part to a country costs from a time on.
type RateStep struct {
	Country string    // ISO 3166 alpha-2, or OtherCountries
	From    time.Time // zero = ever since
	Credits Credits
	Ends    bool // from then on there is no rate
}

// A Tariff holds the steps of each country, the earliest first.
type Tariff map[string][]RateStep

// NewTariff sorts steps. It is nil when there are none.
func NewTariff(steps []RateStep) Tariff {
	if len(steps) == 0 {
		return nil
	}
	t := Tariff{}
	for _, s := range steps {
		t[s.Country] = append(t[s.Country], s)
	}
	for _, all := range t {
		slices.SortFunc(all, func(a, b RateStep) int { return a.From.Compare(b.From) })
	}
	return t
}

// at gives the step that holds at a time.
func (t Tariff) at(country string, at time.Time) (s RateStep, ok bool) {
	for _, step := range t[country] {
		if step.From.After(at) {
			break
		}
		s, ok = step, true
	}
	return s, ok
}

// Rate gives what a part to exactly this country costs at a time.
func (t Tariff) Rate(country string, at time.Time) (Credits, bool) {
	s, ok := t.at(country, at)
	return s.Credits, ok && !s.Ends
}

// RateAt gives what a part to a country costs at a time. The rate of a country counts before the one of all others, and for each the
// customer's own before that of all customers.
func (r *Rules) RateAt(country string, at time.Time) (Credits, bool) {
	for _, of := range []string{country, OtherCountries} {
		if credits, ok := r.OwnTariff.Rate(of, at); ok {
			return credits, true
		}
		if s, ok := r.Tariff.at(of, at); ok {
			if !s.Ends {
				return s.Credits, true
			}
			continue
		}
		if credits, ok := r.Rates[of]; ok {
			return credits, true
		}
	}
	return 0, false
}

// The kinds of differences that a rate sheet makes.
const (
	RateAdded     = "added"
	RateChanged   = "changed"
	RateRemoved   = "removed"
	RateUnchanged = "unchanged"
)

// A RateChange is what a rate sheet does to the rate of a country from a time on.
type RateChange struct {
	Kind    string
	Country string
	From    time.Time // zero = at once
	Before  Credits   // where it is not added
	After   Credits   // where it is not removed
}

// ApplySheet replaces rates by those of a sheet: its lines without a time begin at from, or at once if that is zero. Countries that it does not
// name have no rate from then on, and what was to come after it is replaced as well. It gives the steps that there are then, and every
// difference, in the order of countries and times. Errors: Invalid for a line that begins before the sheet or in the past.
func ApplySheet(present, sheet []RateStep, from, now time.Time) ([]RateStep, []RateChange, error) {
	before, begin := NewTariff(present), cmp.Or(from, now)
	var result []RateStep
	if !from.IsZero() {
		if from.Before(now) {
			return nil, nil, Errorf(Invalid, "from = %s is over: leave it out to begin at once", from.Format(time.RFC3339))
		}
		result = slices.DeleteFunc(slices.Clone(present), func(s RateStep) bool { return !s.From.Before(from) })
	}
	named := map[string]bool{}
	var changes []RateChange
	for _, s := range sheet {
		if s.From.IsZero() {
			s.From = from
		}
		at := cmp.Or(s.From, now)
		if at.Before(begin) {
			return nil, nil, Errorf(Invalid, "The rate of %s begins at %s, before the sheet does: leave the time out", s.Country, at.Format(time.RFC3339))
		}
		named[s.Country] = named[s.Country] || !at.After(begin)
		result = append(result, s)
		c := RateChange{Kind: RateChanged, Country: s.Country, From: s.From, After: s.Credits}
		old, ok := before.Rate(s.Country, at)
		if c.Before = old; !ok {
			c.Kind = RateAdded
		} else if old == s.Credits {
			c.Kind = RateUnchanged
		}
		changes = append(changes, c)
	}
	for country := range before {
		old, ok := before.Rate(country, begin)
		if !ok || named[country] {
			continue
		}
		changes = append(changes, RateChange{Kind: RateRemoved, Country: country, From: from, Before: old})
		if !from.IsZero() {
			result = append(result, RateStep{Country: country, From: from, Ends: true})
		}
	}
	for _, s := range present {
		planned := func(n RateStep) bool { return n.Country == s.Country && n.From.Equal(s.From) }
		if s.From.After(begin) && !s.Ends && !slices.ContainsFunc(result, planned) {
			changes = append(changes, RateChange{Kind: RateRemoved, Country: s.Country, From: s.From, Before: s.Credits})
		}
	}
	slices.SortStableFunc(changes, func(a, b RateChange) int {
		return cmp.Or(cmp.Compare(a.Country, b.Country), a.From.Compare(b.From))
	})
	return result, changes, nil
}
