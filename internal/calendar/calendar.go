// Package calendar says when advertising may be sent: hours and public holidays by country as data, on the clocks of the
// receivers. It reads no clock itself.
package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ramier/internal/phone"
)

// The schedules that are not hours of one's own.
const (
	ByCountry = "country" // each receiver by the calendar of his country; a country without one has no limits
	Never     = "none"    // no limits
)

// A Schedule is what limits the sending hours of a service. The zero value limits nothing.
type Schedule struct {
	limits bool
	own    *hours    // instead of the calendars'
	part   *Calendar // for the country that it is a part of
}

// Parse reads a schedule: ByCountry, Never, the code of a part of a country ("FR-AM", then that calendar counts for France and
// all others as they are), or hours for all receivers, like "mon-fri 09:00-18:00, sat 10:00-12:00", on the receivers' clocks; public
// holidays are left out unless "holidays" is among them. Empty is ByCountry.
func Parse(text string) (Schedule, error) {
	switch text {
	case Never:
		return Schedule{}, nil
	case "", ByCountry:
		return Schedule{limits: true}, nil
	}
	if c := data().byCountry[text]; c != nil && c.Country != parent(text) {
		return Schedule{limits: true, part: c}, nil
	}
	h, err := parseHours(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("%w; give %s, %s, %s or hours like mon-fri 09:00-18:00, sat 10:00-12:00", err, ByCountry, Never, strings.Join(parts(), ", "))
	}
	return Schedule{limits: true, own: &h}, nil
}

// parts lists the calendars of parts of countries.
func parts() []string {
	var codes []string
	for _, c := range data().all {
		if c.Country != parent(c.Country) {
			codes = append(codes, c.Country)
		}
	}
	return codes
}

// Next gives the first moment from at on at which advertising may be sent to a number of the country (ISO 3166), at itself if it
// may be sent then. The reason says in plain words why not at once; it is empty exactly when Next gives at.
//
// A country with several time zones has the moments that all of them have. Where there is none within weeks, its first, most
// populous zone counts.
func (s Schedule) Next(at time.Time, country string) (time.Time, string) {
	w, ok := s.windows(country)
	if !ok {
		return at, ""
	}
	next, reason, ok := w.next(at, w.zones)
	if !ok {
		next, reason, _ = w.next(at, w.zones[:1])
	}
	return next, reason
}

// windows is when one may send to a country.
type windows struct {
	hours    hours
	holidays []holiday
	place    string
	zones    []*time.Location
}

// windows gives false where nothing limits.
func (s Schedule) windows(country string) (w windows, ok bool) {
	if !s.limits {
		return w, false
	}
	c := data().byCountry[country]
	if s.part != nil && parent(s.part.Country) == country {
		c = s.part
	}
	w.place = phone.CountryName(country)
	if c != nil {
		w.hours, w.holidays, w.place = c.hours, c.holidays, c.Name
	}
	if s.own != nil {
		w.hours = *s.own
	} else if c == nil {
		return w, false
	}
	if w.hours.onHolidays {
		w.holidays = nil
	}
	if w.zones = data().zones[country]; w.zones == nil {
		w.zones = []*time.Location{time.UTC}
	}
	return w, true
}

const (
	horizon = 21 * 24 * time.Hour // in which all zones must have a moment in common
	maxDays = 800                 // in which one zone has one, whatever the holidays
)

// next asks all zones, as often as one of them has an objection; false if that does not end in time.
func (w *windows) next(at time.Time, zones []*time.Location) (time.Time, string, bool) {
	t := at
	var reasons []string
	for {
		furthest := t
		var why []string
		for _, zone := range zones {
			if n, because := w.nextIn(zone, t); n.After(furthest) {
				furthest, why = n, because
			}
		}
		if furthest.Equal(t) {
			return t, strings.Join(reasons, ", then "), true
		}
		if t = furthest; len(zones) > 1 && t.Sub(at) > horizon {
			return at, "", false
		}
		for _, r := range why {
			if !slices.Contains(reasons, r) && len(reasons) < maxReasons {
				reasons = append(reasons, r)
			}
		}
	}
}

// maxReasons is how many reasons a person will read.
const maxReasons = 4

// nextIn gives the next moment in one zone, and why it is not t.
func (w *windows) nextIn(zone *time.Location, t time.Time) (time.Time, []string) {
	local := t.In(zone)
	why := w.objection(local)
	if why == "" {
		return t, nil
	}
	reasons := []string{why}
	if changes(local, local.Add(leap)) { // the same minutes may come again
		for n := local.Truncate(time.Minute); n.Sub(local) < leap; {
			n = n.Add(time.Minute)
			if w.objection(n) == "" {
				return n.In(t.Location()), reasons
			}
		}
	}
	for i := range maxDays {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 12, 0, 0, 0, zone)
		open, why := w.day(day)
		if len(open) == 0 && i > 0 {
			reasons = append(reasons, why)
		}
		for _, s := range open {
			if i == 0 && s.from <= minute(local) {
				continue
			}
			if n, ok := opening(t, day, s.from); ok {
				return n, reasons
			}
		}
	}
	return t, nil // not reached: some day of the week is open, and no year has only holidays
}

// leap is more than clocks are ever put forward or back.
const leap = 3 * time.Hour

func changes(a, b time.Time) bool {
	_, before := a.Zone()
	_, after := b.Zone()
	return before != after
}

// objection says why a moment is not allowed on its clock, nothing if it is.
func (w *windows) objection(local time.Time) string {
	open, why := w.day(local)
	if len(open) == 0 {
		return why
	}
	now := minute(local)
	at := slices.IndexFunc(open, func(s span) bool { return now < s.to })
	if at >= 0 && now >= open[at].from {
		return ""
	}
	return w.outside(open, at, local.Location())
}

// day gives when a day is open, or why it is not at all.
func (w *windows) day(d time.Time) ([]span, string) {
	if name := holidaysIn(w.holidays, d.Year())[date(d.Year(), d.Month(), d.Day())]; name != "" {
		return nil, "public holiday: " + name
	}
	return w.hours.week[d.Weekday()], d.Weekday().String()
}

// outside says why a time of a day that is open at others is not allowed; at is the next span, -1 if there is none.
func (w *windows) outside(open []span, at int, zone *time.Location) string {
	place := w.place
	if len(w.zones) > 1 {
		_, city, _ := strings.Cut(zone.String(), "/")
		place = strings.ReplaceAll(city, "_", " ") + " (" + w.place + ")"
	}
	switch at {
	case -1:
		return "after " + clock(open[len(open)-1].to) + " in " + place
	case 0:
		return "before " + clock(open[0].from) + " in " + place
	}
	return "between " + clock(open[at-1].to) + " and " + clock(open[at].from) + " in " + place
}

// opening gives the first moment after t on a day at which its clock has passed the minute. When the clocks are put forward they
// may leap over it; when they are put back it is there twice.
func opening(t, day time.Time, from int) (time.Time, bool) {
	n := time.Date(day.Year(), day.Month(), day.Day(), from/60, from%60, 0, 0, day.Location())
	if changes(n.Add(-leap), n.Add(leap)) {
		n = n.Add(-leap)
	}
	for range 2 * int(leap/time.Minute) {
		if n.After(t) && minute(n) >= from && n.Day() == day.Day() {
			return n.In(t.Location()), true
		}
		n = n.Add(time.Minute)
	}
	return t, false
}
