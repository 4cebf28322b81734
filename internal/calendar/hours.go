package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hours are the times of a week at which something may be sent, on a local clock.
type hours struct {
	week [7][]span // by time.Weekday; in order, not touching
	// onHolidays: public holidays are days like others.
	onHolidays bool
}

// span is a time of a day in minutes after midnight; to is not included.
type span struct{ from, to int }

const (
	dayMinutes = 24 * 60
	maxSpans   = 21 // in a text of hours; nobody needs as many
)

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseHours reads "mon-fri 09:00-12:00, mon-fri 14:00-18:30, sat 10:00-12:00, holidays". The last word makes public holidays
// days like others.
func parseHours(text string) (hours, error) {
	var h hours
	parts := strings.Split(text, ",")
	if len(parts) > maxSpans {
		return h, fmt.Errorf("it has %d parts, more than %d", len(parts), maxSpans)
	}
	for _, part := range parts {
		fields := strings.Fields(strings.ToLower(part))
		if slices.Equal(fields, []string{"holidays"}) {
			h.onHolidays = true
			continue
		}
		if len(fields) != 2 {
			return h, fmt.Errorf("%q is not days and a time, like mon-fri 09:00-18:00", strings.TrimSpace(part))
		}
		first, last, err := parseDays(fields[0])
		if err != nil {
			return h, err
		}
		s, err := parseSpan(fields[1])
		if err != nil {
			return h, err
		}
		for d := first; ; d = (d + 1) % 7 {
			h.week[d] = append(h.week[d], s)
			if d == last {
				break
			}
		}
	}
	some := false
	for d := range h.week {
		h.week[d] = joined(h.week[d])
		some = some || len(h.week[d]) > 0
	}
	if !some {
		return h, fmt.Errorf("it names no day")
	}
	return h, nil
}

// parseDays reads "mon" or "mon-fri", which may go over the end of the week.
func parseDays(text string) (first, last int, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, last = slices.Index(dayNames[:], from), slices.Index(dayNames[:], to)
	if first < 0 || last < 0 {
		return 0, 0, fmt.Errorf("%q is no day or range of days: use mon, tue, wed, thu, fri, sat, sun", text)
	}
	return first, last, nil
}

func parseSpan(text string) (span, error) {
	from, to, ok := strings.Cut(text, "-")
	s := span{parseTime(from), parseTime(to)}
	if !ok || s.from < 0 || s.to < 0 || s.from >= s.to {
		return s, fmt.Errorf("%q is not a time of one day, like 09:00-18:00", text)
	}
	return s, nil
}

// parseTime reads "09:30", at most "24:00", into minutes; -1 for anything else.
func parseTime(text string) int {
	h, m, ok := strings.Cut(text, ":")
	hour, err1 := strconv.ParseUint(h, 10, 8)
	minute, err2 := strconv.ParseUint(m, 10, 8)
	n := int(hour*60 + minute)
	if !ok || err1 != nil || err2 != nil || len(h) > 2 || len(m) != 2 || minute > 59 || n > dayMinutes {
		return -1
	}
	return n
}

// joined sorts spans and makes one of those that touch.
func joined(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// minute gives the minute of a time's day on its clock.
func minute(t time.Time) int { return t.Hour()*60 + t.Minute() }

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
