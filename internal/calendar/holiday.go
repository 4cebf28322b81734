package calendar

import (
	"fmt"
	"strings"
	"time"
)

// holiday is a rule that gives one day of each year.
type holiday struct {
	Name       string `toml:"name"`
	Day        string `toml:"day"`    // "05-01"
	Easter     *int   `toml:"easter"` // days after Easter Sunday
	Nth        int    `toml:"nth"`    // 1 to 5, -1 = the last
	Weekday    string `toml:"weekday"`
	Month      int    `toml:"month"`
	Substitute bool   `toml:"substitute"` // on a weekend: the next working day, too
	Since      int    `toml:"since"`      // first year, 0 = always
	Until      int    `toml:"until"`      // last year, 0 = always

	month, day int // of Day
	weekday    time.Weekday
}

// check reads what is given as text.
func (h *holiday) check() error {
	ways := 0
	if h.Day != "" {
		ways++
		t, err := time.Parse("2006-01-02", "2024-"+h.Day)
		if err != nil {
			return fmt.Errorf("the day %q of %s is not like 05-01", h.Day, h.Name)
		}
		h.month, h.day = int(t.Month()), t.Day()
	}
	if h.Easter != nil {
		ways++
	}
	if h.Nth != 0 {
		ways++
		h.weekday = -1
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(d.String(), h.Weekday) {
				h.weekday = d
			}
		}
		if h.Nth < -1 || h.Nth > 5 || h.weekday < 0 || h.Month < 1 || h.Month > 12 {
			return fmt.Errorf("%s is no weekday of a month", h.Name)
		}
	}
	if ways != 1 || h.Name == "" {
		return fmt.Errorf("the holiday %q needs a name and one of day, easter, nth", h.Name)
	}
	return nil
}

// in gives the holiday's day in a year, as a time at midnight UTC; not every year has it.
func (h *holiday) in(year int) (time.Time, bool) {
	if year < h.Since || (h.Until != 0 && year > h.Until) {
		return time.Time{}, false
	}
	switch {
	case h.Easter != nil:
		return easter(year).AddDate(0, 0, *h.Easter), true
	case h.Nth == 0:
		d := date(year, time.Month(h.month), h.day)
		return d, d.Day() == h.day
	case h.Nth < 0:
		d := date(year, time.Month(h.Month)+1, 0)
		return d.AddDate(0, 0, -int((d.Weekday()-h.weekday+7)%7)), true
	}
	d := date(year, time.Month(h.Month), 1)
	d = d.AddDate(0, 0, int((h.weekday-d.Weekday()+7)%7)+7*(h.Nth-1))
	return d, d.Month() == time.Month(h.Month)
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// easter gives Easter Sunday of the western churches by the Gregorian computus, in the form that Meeus, Jones and Butcher
// published.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return date(year, time.Month(month), (h+l-7*m+33*month+19)%32)
}

// holidaysIn gives the holidays of a year by their days, with the days that substitute those on weekends.
func holidaysIn(rules []holiday, year int) map[time.Time]string {
	days := make(map[time.Time]string, len(rules))
	for i := range rules {
		if d, ok := rules[i].in(year); ok && days[d] == "" {
			days[d] = rules[i].Name
		}
	}
	for i := range rules {
		d, ok := rules[i].in(year)
		if !ok || !rules[i].Substitute || !weekend(d) {
			continue
		}
		for weekend(d) || days[d] != "" {
			d = d.AddDate(0, 0, 1)
		}
		days[d] = rules[i].Name + " (substitute day)"
	}
	return days
}

func weekend(d time.Time) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }
