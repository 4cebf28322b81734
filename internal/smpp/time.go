package smpp

import (
	"fmt"
	"time"
)

// FormatTime gives a point in time as SMPP has it, "YYMMDDhhmmsstnnp" (§7.1.1.1), in
// the zone of t, which is UTC if its offset is no whole number of quarters or the
// format cannot hold it.
func FormatTime(t time.Time) string {
	const quarter = 15 * 60
	_, offset := t.Zone()
	if offset%quarter != 0 || offset > 48*quarter || offset < -48*quarter {
		t, offset = t.UTC(), 0
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%s%d%02d%c", t.Format("060102150405"), t.Nanosecond()/1e8, offset/quarter, sign)
}

// FormatPeriod gives a span of time from the moment the SMSC reads it on,
// "YYMMDDhhmmss000R" (§7.1.1.2), in whole seconds from 0 to 31 days. Longer ones
// depend on the calendar: give them as a point in time.
func FormatPeriod(d time.Duration) (string, error) {
	if d < 0 || d >= 32*24*time.Hour {
		return "", fmt.Errorf("a period of %s where 0 to 31 days are allowed", d)
	}
	s := int(d / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60), nil
}

// ParseTime reads either form; a period counts from now.
func ParseTime(s string, now time.Time) (time.Time, error) {
	n, ok := timeFields(s)
	if !ok {
		return time.Time{}, fmt.Errorf("%q is not of the form YYMMDDhhmmsstnnp", s)
	}
	year, month, day := n[0], n[1], n[2]
	clock := time.Duration(n[3])*time.Hour + time.Duration(n[4])*time.Minute + time.Duration(n[5])*time.Second
	if s[15] == 'R' {
		return now.AddDate(year, month, day).Add(clock), nil
	}
	offset := n[7] * 15 * 60
	if s[15] == '-' {
		offset = -offset
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset)
	}
	t := time.Date(2000+year, time.Month(month), day, n[3], n[4], n[5], n[6]*1e8, zone)
	if t.Month() != time.Month(month) || t.Day() != day || n[3] > 23 || n[4] > 59 || n[5] > 59 || n[7] > 48 {
		return time.Time{}, fmt.Errorf("%q is not a date", s)
	}
	return t, nil
}

// timeFields cuts a time into year, month, day, hour, minute, second, tenth and quarters.
func timeFields(s string) (n [8]int, ok bool) {
	if len(s) != 16 || s[15] != '+' && s[15] != '-' && s[15] != 'R' {
		return n, false
	}
	for i := range 15 {
		if s[i] < '0' || s[i] > '9' {
			return n, false
		}
	}
	for i := range 6 {
		n[i] = two(s[2*i:])
	}
	n[6], n[7] = int(s[12]-'0'), two(s[13:])
	return n, true
}

func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
