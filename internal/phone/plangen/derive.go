package main

import (
	"encoding/binary"
	"slices"

	"github.com/nyaruka/phonenumbers"
)

// A verdict is what the library says of a number that may receive SMS.
type verdict struct{ country, kind string }

// A span is a run of national numbers, lo to hi, with the same verdict.
type span struct {
	lo, hi uint64
	verdict
}

// A plan repeats, for one calling code and one length of national number, how
// the library finds the country and the type of a number written with a plus.
type plan struct {
	stripped  int // the open pattern of national prefixes, which would be cut off
	regions   []region
	automata  []*automaton
	remembers map[string][]span
}

// A region holds the indexes of its patterns in plan.automata, -1 for a
// pattern that no number of this length can match.
type region struct {
	country       string
	leading       int
	general       int
	special       []int // types that exclude "mobile" when they match
	fixed, mobile int
	same          bool // mobile and fixed share one pattern
}

func newPlan(digits int, territories []*phonenumbers.PhoneMetadata) (*plan, error) {
	p := &plan{remembers: map[string][]span{}}
	var err error
	add := func(pattern string, open bool) int {
		a, e := compile(pattern, open)
		if e != nil {
			err = e
		}
		p.automata = append(p.automata, a)
		return len(p.automata) - 1
	}
	desc := func(d *phonenumbers.PhoneNumberDesc) int {
		lengths := d.GetPossibleLength()
		if len(lengths) > 0 && !slices.Contains(lengths, int32(digits)) {
			return -1
		}
		return add(d.GetNationalNumberPattern(), false)
	}
	p.stripped = add(territories[0].GetNationalPrefixForParsing(), true)
	for _, m := range territories {
		r := region{country: m.GetId(), leading: -1, same: m.GetSameMobileAndFixedLinePattern()}
		if m.GetLeadingDigits() != "" {
			r.leading = add(m.GetLeadingDigits(), true)
		}
		r.general, r.fixed, r.mobile = desc(m.GetGeneralDesc()), desc(m.GetFixedLine()), desc(m.GetMobile())
		for _, d := range []*phonenumbers.PhoneNumberDesc{
			m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(),
			m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
		} {
			r.special = append(r.special, desc(d))
		}
		p.regions = append(p.regions, r)
	}
	return p, err
}

// spans lists the numbers of the given length that may receive SMS.
func (p *plan) spans(digits int) []span {
	states := make([]int, len(p.automata))
	for i, a := range p.automata {
		states[i] = a.start()
	}
	return p.walk(states, digits)
}

// walk tries every digit at every place; equal states give equal ends, so the
// work is small although the numbers are many.
func (p *plan) walk(states []int, left int) []span {
	if left == 0 {
		if v, ok := p.judge(states); ok {
			return []span{{verdict: v}}
		}
		return nil
	}
	key := []byte{byte(left)}
	for _, s := range states {
		key = binary.AppendUvarint(key, uint64(s))
	}
	if known, ok := p.remembers[string(key)]; ok {
		return known
	}
	unit := uint64(1)
	for range left - 1 {
		unit *= 10
	}
	var all []span
	to := make([]int, len(states))
	for digit := range 10 {
		for i, a := range p.automata {
			to[i] = a.step(states[i], digit)
		}
		for _, s := range p.walk(to, left-1) {
			s.lo += uint64(digit) * unit
			s.hi += uint64(digit) * unit
			all = join(all, s)
		}
	}
	p.remembers[string(key)] = all
	return all
}

// join appends s, or lengthens the last span when s continues it.
func join(all []span, s span) []span {
	if n := len(all); n > 0 && all[n-1].hi+1 == s.lo && all[n-1].verdict == s.verdict {
		all[n-1].hi = s.hi
		return all
	}
	return append(all, s)
}

// judge follows the library: the first country that claims the number, then
// the first type of that country that fits.
func (p *plan) judge(states []int) (v verdict, ok bool) {
	fits := func(i int) bool { return i >= 0 && p.automata[i].matched(states[i]) }
	if fits(p.stripped) {
		return v, false
	}
	for _, r := range p.regions {
		kind := r.kind(fits)
		switch {
		case len(p.regions) > 1 && r.leading >= 0 && !fits(r.leading):
			continue
		case len(p.regions) > 1 && r.leading < 0 && kind == "":
			continue
		}
		return verdict{r.country, kind}, kind == "mobile" || kind == "mixed"
	}
	return v, false
}

// kind is "mobile", "mixed" (fixed or mobile), "other", or empty for a number
// the country does not have.
func (r *region) kind(fits func(int) bool) string {
	switch {
	case !fits(r.general):
		return ""
	case slices.ContainsFunc(r.special, fits):
		return "other"
	case fits(r.fixed) && (r.same || fits(r.mobile)):
		return "mixed"
	case fits(r.fixed):
		return "other"
	case !r.same && fits(r.mobile):
		return "mobile"
	}
	return ""
}
