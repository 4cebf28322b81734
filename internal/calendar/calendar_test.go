package calendar_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/calendar"
	"ramier/internal/phone"
)

func parse(t *testing.T, text string) calendar.Schedule {
	t.Helper()
	s, err := calendar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheNextMoment(t *testing.T) {
	tests := []struct{ schedule, country, at, want, reason string }{
		{"country", "FR", "2026-11-23T13:00:00+01:00", "2026-11-23T13:00:00+01:00", ""},
		{"country", "FR", "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00", ""},
		{"country", "FR", "2026-11-23T07:59:59+01:00", "2026-11-23T08:00:00+01:00", "before 08:00 in France"},
		{"country", "FR", "2026-11-23T19:59:59+01:00", "2026-11-23T19:59:59+01:00", ""},
		{"country", "FR", "2026-11-23T20:00:00+01:00", "2026-11-24T08:00:00+01:00", "after 20:00 in France"},
		{"country", "FR", "2026-11-22T16:00:00+01:00", "2026-11-23T08:00:00+01:00", "Sunday"},
		{"country", "FR", "2026-11-21T21:00:00+01:00", "2026-11-23T08:00:00+01:00", "after 20:00 in France, then Sunday"},
		{"country", "FR", "2026-04-04T20:00:00+02:00", "2026-04-07T08:00:00+02:00", "after 20:00 in France, then Sunday, then public holiday: Lundi de Pâques"},
		{"country", "FR", "2026-04-06T10:00:00+02:00", "2026-04-07T08:00:00+02:00", "public holiday: Lundi de Pâques"},
		{"country", "FR", "2026-04-03T10:00:00+02:00", "2026-04-03T10:00:00+02:00", ""},
		{"FR-AM", "FR", "2026-04-03T10:00:00+02:00", "2026-04-04T08:00:00+02:00", "public holiday: Vendredi saint"},
		{"FR-AM", "FR", "2028-12-26T10:00:00+01:00", "2028-12-27T08:00:00+01:00", "public holiday: Saint-Étienne"},
		{"FR-AM", "DE", "2026-11-23T07:00:00+01:00", "2026-11-23T08:00:00+01:00", "before 08:00 in Germany"},
		// The year ends; 2027 begins on a Friday.
		{"country", "FR", "2026-12-31T23:30:00+01:00", "2027-01-02T08:00:00+01:00", "after 20:00 in France, then public holiday: Jour de l'an"},
		// Clocks are put forward on 29 March 2026 and back on 25 October, both Sundays.
		{"country", "FR", "2026-03-28T20:30:00+01:00", "2026-03-30T08:00:00+02:00", "after 20:00 in France, then Sunday"},
		{"country", "FR", "2026-10-24T20:30:00+02:00", "2026-10-26T08:00:00+01:00", "after 20:00 in France, then Sunday"},
		// Overseas: own clocks and days.
		{"country", "GP", "2026-11-23T09:00:00+01:00", "2026-11-23T08:00:00-04:00", "before 08:00 in Guadeloupe"},
		{"country", "GP", "2026-05-27T09:00:00-04:00", "2026-05-28T08:00:00-04:00", "public holiday: Abolition de l'esclavage"},
		{"country", "MQ", "2026-05-22T09:00:00-04:00", "2026-05-23T08:00:00-04:00", "public holiday: Abolition de l'esclavage"},
		{"country", "GF", "2026-06-10T09:00:00-03:00", "2026-06-11T08:00:00-03:00", "public holiday: Abolition de l'esclavage"},
		{"country", "RE", "2027-12-20T09:00:00+04:00", "2027-12-21T08:00:00+04:00", "public holiday: Abolition de l'esclavage"},
		{"country", "RE", "2026-11-23T17:00:00+01:00", "2026-11-24T08:00:00+04:00", "after 20:00 in Réunion"},
		{"country", "YT", "2026-04-27T09:00:00+03:00", "2026-04-28T08:00:00+03:00", "public holiday: Abolition de l'esclavage"},
		{"country", "PM", "2026-05-08T09:00:00-02:00", "2026-05-09T08:00:00-02:00", "public holiday: Victoire 1945"},
		{"country", "FR", "2026-05-27T09:00:00+02:00", "2026-05-27T09:00:00+02:00", ""},
		// Several zones: the Canaries are an hour behind.
		{"country", "ES", "2026-11-23T09:30:00+01:00", "2026-11-23T10:00:00+01:00", "before 09:00 in Canary (Spain)"},
		{"country", "ES", "2026-11-21T10:00:00+01:00", "2026-11-23T10:00:00+01:00", "Saturday, then Sunday"},
		{"country", "IT", "2026-11-21T09:30:00+01:00", "2026-11-21T10:00:00+01:00", "before 10:00 in Italy"},
		{"country", "GB", "2026-12-28T10:00:00Z", "2026-12-29T08:00:00Z", "public holiday: Boxing Day (substitute day)"},
		// Own hours count everywhere, with the holidays of the country if they are known.
		{"mon-fri 09:00-12:00, mon-fri 14:00-18:00", "FR", "2026-11-23T12:30:00+01:00", "2026-11-23T14:00:00+01:00", "between 12:00 and 14:00 in France"},
		{"mon-fri 09:00-18:00", "FR", "2026-11-11T12:30:00+01:00", "2026-11-12T09:00:00+01:00", "public holiday: Armistice 1918"},
		{"mon-fri 09:00-18:00, holidays", "FR", "2026-11-11T12:30:00+01:00", "2026-11-11T12:30:00+01:00", ""},
		{"mon-sun 08:00-20:00", "US", "2026-11-23T08:00:00-05:00", "2026-11-23T13:00:00-05:00", "before 08:00 in Adak (United States)"},
		{"mon-sun 08:00-20:00", "JP", "2026-11-23T20:00:00+09:00", "2026-11-24T08:00:00+09:00", "after 20:00 in Japan"},
		// No moment suits New York and Honolulu: New York's count.
		{"mon-sun 09:00-10:00", "US", "2026-11-23T08:00:00-05:00", "2026-11-23T09:00:00-05:00", "before 09:00 in New York (United States)"},
		{"mon-sun 08:00-20:00", "001", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z", "before 08:00 in International networks"},
		// 02:15 to 02:45 does not exist on the day when clocks are put forward, and is there twice when they are put back.
		{"mon-sun 02:15-02:45", "FR", "2026-03-29T01:50:00+01:00", "2026-03-30T02:15:00+02:00", "before 02:15 in France, then after 02:45 in France"},
		{"mon-sun 02:15-02:45", "FR", "2026-10-25T02:10:00+01:00", "2026-10-25T02:15:00+01:00", "before 02:15 in France"},
		{"none", "FR", "2026-11-22T03:00:00+01:00", "2026-11-22T03:00:00+01:00", ""},
		{"country", "JP", "2026-11-22T03:00:00+09:00", "2026-11-22T03:00:00+09:00", ""},
		{"", "FR", "2026-11-22T03:00:00+01:00", "2026-11-23T08:00:00+01:00", "Sunday"},
	}
	for _, test := range tests {
		got, reason := parse(t, test.schedule).Next(at(t, test.at), test.country)
		if !got.Equal(at(t, test.want)) || reason != test.reason {
			t.Errorf("%s, %s at %s:\ngot  %s %q\nwant %s %q", test.schedule, test.country, test.at, got.Format(time.RFC3339), reason, test.want, test.reason)
		}
	}
}

// closedDays lists the days of a year on which nothing may be sent at noon, Sundays left out.
func closedDays(s calendar.Schedule, country string, year int, zone *time.Location) []string {
	var all []string
	for d := time.Date(year, 1, 1, 12, 0, 0, 0, zone); d.Year() == year; d = d.AddDate(0, 0, 1) {
		_, reason := s.Next(d, country)
		if first, _, _ := strings.Cut(reason, ", then "); strings.HasPrefix(first, "public holiday: ") {
			all = append(all, d.Format("01-02")+" "+strings.TrimPrefix(first, "public holiday: "))
		}
	}
	return all
}

func TestFrenchHolidays(t *testing.T) {
	movable := map[int][4]string{ // Good Friday, Easter Monday, Ascension, Whit Monday
		2026: {"04-03", "04-06", "05-14", "05-25"},
		2027: {"03-26", "03-29", "05-06", "05-17"},
		2028: {"04-14", "04-17", "05-25", "06-05"},
		2029: {"03-30", "04-02", "05-10", "05-21"},
		2030: {"04-19", "04-22", "05-30", "06-10"},
	}
	fixed := []string{
		"01-01 Jour de l'an", "05-01 Fête du Travail", "05-08 Victoire 1945", "07-14 Fête nationale", "08-15 Assomption",
		"11-01 Toussaint", "11-11 Armistice 1918", "12-25 Noël",
	}
	const abolition = " Abolition de l'esclavage"
	places := []struct {
		schedule, country, zone string
		more                    []string
		goodFriday              bool
	}{
		{"country", "FR", "Europe/Paris", nil, false},
		{"FR-AM", "FR", "Europe/Paris", []string{"12-26 Saint-Étienne"}, true},
		{"country", "GP", "America/Guadeloupe", []string{"05-27" + abolition}, false},
		{"country", "MQ", "America/Martinique", []string{"05-22" + abolition}, false},
		{"country", "GF", "America/Cayenne", []string{"06-10" + abolition}, false},
		{"country", "RE", "Indian/Reunion", []string{"12-20" + abolition}, false},
		{"country", "YT", "Indian/Mayotte", []string{"04-27" + abolition}, false},
		{"country", "PM", "America/Miquelon", nil, false},
		{"country", "MF", "America/Marigot", []string{"05-27" + abolition}, false},
		{"country", "BL", "America/St_Barthelemy", []string{"10-09" + abolition}, false},
	}
	for year, m := range movable {
		for _, p := range places {
			want := slices.Concat(fixed, []string{m[1] + " Lundi de Pâques", m[2] + " Ascension", m[3] + " Lundi de Pentecôte"}, p.more)
			if p.goodFriday {
				want = append(want, m[0]+" Vendredi saint")
			}
			zone, err := time.LoadLocation(p.zone)
			if err != nil {
				t.Fatal(err)
			}
			// Two on one day have the name of the first in the file.
			slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(a[:5], b[:5]) })
			want = slices.CompactFunc(want, func(a, b string) bool { return a[:5] == b[:5] })
			if got := closedDays(parse(t, p.schedule), p.country, year, zone); !slices.Equal(got, want) {
				t.Errorf("%d, %s in %s:\ngot  %q\nwant %q", year, p.schedule, p.country, got, want)
			}
		}
	}
}

func TestBritishSubstituteDays(t *testing.T) {
	want := map[int]string{
		2026: "12-25 12-26 12-28", 2027: "12-25 12-26 12-27 12-28", 2028: "12-25 12-26", 2032: "12-25 12-26 12-27 12-28", 2033: "12-25 12-26 12-27",
	}
	for year, days := range want {
		var got []string
		for _, d := range closedDays(parse(t, "mon-sun 00:00-24:00"), "GB", year, time.UTC) {
			if strings.HasPrefix(d, "12-") {
				got = append(got, d[:5])
			}
		}
		if strings.Join(got, " ") != days {
			t.Errorf("%d: got %s, want %s", year, strings.Join(got, " "), days)
		}
	}
}

var schedules = []string{
	"country", "FR-AM", "mon-fri 09:00-12:00, mon-fri 14:00-18:30", "sun 02:00-03:00", "mon-sun 00:00-24:00", "mon-sun 23:30-24:00, holidays",
	"sat-mon 01:45-02:15", "wed 08:00-08:01",
}

// Next is never earlier, is itself allowed, and gives a reason exactly when it moves; nothing between is allowed.
func TestNextIsTheFirstAllowedMoment(t *testing.T) {
	countries := []string{"FR", "GP", "RE", "YT", "PM", "BE", "ES", "PT", "GB", "US", "RU", "CA", "AU", "CL", "LB", "EG", "PY", "JP", "001", "??"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := calendar.Parse(rapid.SampledFrom(schedules).Draw(t, "schedule"))
		if err != nil {
			t.Fatal(err)
		}
		country := rapid.SampledFrom(countries).Draw(t, "country")
		at := time.Unix(rapid.Int64Range(1767225600, 2082758400).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")) // 2026 to 2035
		next, reason := s.Next(at, country)
		if next.Before(at) || next.Equal(at) != (reason == "") {
			t.Fatalf("%s: %s, %q", at, next, reason)
		}
		if again, why := s.Next(next, country); !again.Equal(next) || why != "" {
			t.Fatalf("%s, then %s, then %s because of %q", at, next, again, why)
		}
		if gap := next.Sub(at); gap > 0 {
			between := at.Add(time.Duration(rapid.Int64Range(0, int64(gap)-1).Draw(t, "between")))
			if n, _ := s.Next(between, country); !n.Equal(next) {
				t.Fatalf("from %s it is %s, from %s it is %s", at, next, between, n)
			}
		}
	})
}

func TestClockChangesMinuteByMinute(t *testing.T) {
	s := parse(t, "mon-sun 00:30-02:30, mon-sun 02:45-03:15")
	for _, day := range []string{"2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"} {
		var last time.Time
		for m := range 6 * 60 {
			at := at(t, day).Add(time.Duration(m) * time.Minute)
			next, _ := s.Next(at, "FR")
			if again, _ := s.Next(next, "FR"); next.Before(at) || next.Before(last) || !again.Equal(next) {
				t.Fatalf("%s: %s, then %s; the minute before it was %s", at, next, again, last)
			}
			last = next
		}
	}
}

func TestHoursThatCannotBeRead(t *testing.T) {
	for text, words := range map[string]string{
		"always":                               "always",
		"FR":                                   `"FR"`,
		"XX-YY":                                `"XX-YY"`,
		"mon":                                  "mon",
		"mon 09:00":                            "09:00",
		"mon 18:00-09:00":                      "18:00-09:00",
		"mon 09:00-25:00":                      "25:00",
		"mon 09:60-10:00":                      "09:60",
		"lundi 09:00-18:00":                    "lundi",
		"holidays":                             "no day",
		"mon 09:00-10:00,":                     `""`,
		strings.Repeat("mon 09:00-10:00,", 30): "31 parts",
	} {
		_, err := calendar.Parse(text)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "FR-AM") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEveryCalendarSaysWhereItIsFrom(t *testing.T) {
	for _, c := range calendar.All() {
		country, _, _ := strings.Cut(c.Country, "-")
		if phone.CountryName(country) == country || len(c.Source) < 20 {
			t.Errorf("%+v", c)
		}
		if c.Binding != strings.HasPrefix(c.Hours, "mon-sat 08:00-20:00") && !strings.Contains(c.Source, "courtesy") {
			t.Errorf("%s: %s", c.Country, c.Source)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range schedules {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := calendar.Parse(text)
		if err != nil {
			return
		}
		at := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
		next, _ := s.Next(at, "FR")
		if again, _ := s.Next(next, "FR"); next.Before(at) || !again.Equal(next) {
			t.Errorf("%q: %s, then %s", text, next, again)
		}
	})
}
