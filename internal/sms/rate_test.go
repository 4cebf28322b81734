package sms

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var rateNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTheRateOfATime(t *testing.T) {
	later := rateNow.Add(time.Hour)
	r := Rules{
		Rates:  map[string]Credits{"FR": 1000, "GB": 500, OtherCountries: 2000},
		Tariff: NewTariff([]RateStep{{Country: "FR", From: later, Credits: 1200}, {Country: "GB", From: later, Ends: true}}),
		OwnTariff: NewTariff([]RateStep{
			{Country: "IT", Credits: 700}, {Country: "IT", From: later, Ends: true}, {Country: OtherCountries, From: later, Credits: 1900},
		}),
	}
	for _, c := range []struct {
		country string
		at      time.Time
		want    Credits
	}{
		{"FR", rateNow, 1000},
		{"FR", later.Add(-1), 1000},
		{"FR", later, 1200},
		{"GB", rateNow, 500},
		{"GB", later, 1900},
		{"IT", rateNow, 700},
		{"IT", later, 1900},
		{"ES", rateNow, 2000},
		{"ES", later, 1900},
	} {
		if got, ok := r.RateAt(c.country, c.at); got != c.want || !ok {
			t.Errorf("%s at %v costs %v, want %v", c.country, c.at, got, c.want)
		}
	}
	if _, ok := (&Rules{}).RateAt("FR", rateNow); ok {
		t.Error("a rate comes from nowhere")
	}
}

func TestHostileRateSheets(t *testing.T) {
	for sheet, want := range map[string]string{
		"":                                           "no rates",
		"country,credits\n":                          "no rates",
		"a,b\nFR,1\n":                                "line 1",
		"country,credits\nFR,1\nGB,1\nfr,2\n":        "line 4: FR has a rate on line 2 already",
		"country,credits\nFR,-1\n":                   "line 2: credits",
		"country,credits\nFR,NaN\n":                  "line 2: credits",
		"country,credits\nFR,1e9\n":                  "line 2: credits",
		"country,credits\nFR,1000001\n":              "line 2: credits",
		"country,credits\nFR,99999999999999999999\n": "line 2: credits",
		"country,credits\nFR,0.0001\n":               "line 2: credits",
		"country,credits\nFR,\n":                     "line 2: credits",
		"country,credits\nFR,1\nXX,1\n":              "line 3: country",
		"country,credits\nFrance,1\n":                "line 2: country",
		"country,credits\nFR,1,2,3\n":                "line 2: it has 4 fields",
		"country,credits\nFR\n":                      "line 2: it has 1 fields",
		"country,credits,from\nFR,1,soon\n":          "line 2: from",
		"country,credits,from\nFR,1,2020-01-01\n":    "line 2: from",
		"country,credits,from\nFR,1,9999-01-01\n":    "line 2: from",
		"country,credits\nFR,\"1\n":                  "no CSV",
		strings.Repeat("x", maxSheet+1):              "octets",
	} {
		_, err := ReadRateSheet([]byte(sheet), time.UTC, rateNow)
		if CodeOf(err) != Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", sheet, err, want)
		}
	}
	for _, sheet := range []string{
		"\ufeffCountry;Credits;From\r\nfr;0,5;2026-12-01\r\nALL;1;\r\n", "country\tcredits\tfrom\nFR\t0.5\t2026-12-01\n*\t1\t\n",
		"country,credits,from\n FR , 0.500 ,2026-12-01T00:00:00Z\nall,1\n",
	} {
		got, err := ReadRateSheet([]byte(sheet), time.UTC, rateNow)
		want := []RateStep{{Country: "FR", Credits: 500, From: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}, {Country: OtherCountries, Credits: 1000}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", sheet, got, err)
		}
	}
}

func TestWhatASheetChanges(t *testing.T) {
	day := rateNow.Add(24 * time.Hour)
	present := []RateStep{{Country: "FR", Credits: 1000}, {Country: "GB", Credits: 500}, {Country: "IT", Credits: 900}, {Country: "IT", From: day, Credits: 950}}
	sheet := []RateStep{{Country: "FR", Credits: 1000}, {Country: "GB", Credits: 600}, {Country: "ES", Credits: 800}, {Country: "ES", From: day.Add(time.Hour), Credits: 850}}
	for _, from := range []time.Time{{}, day} {
		result, changes, err := ApplySheet(slices.Clone(present), sheet, from, rateNow)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, c := range changes {
			kinds = append(kinds, c.Country+" "+c.Kind)
		}
		want := "ES added,ES added,FR unchanged,GB changed,IT removed,IT removed"
		if !from.IsZero() {
			want = "ES added,ES added,FR unchanged,GB changed,IT removed"
		}
		if got := strings.Join(kinds, ","); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		r := Rules{Tariff: NewTariff(result)}
		for _, at := range []time.Time{rateNow, day} {
			begun := !at.Before(from)
			gb, _ := r.RateAt("GB", at)
			_, it := r.RateAt("IT", at)
			_, es := r.RateAt("ES", at)
			if (gb == 600) != begun || it == begun || es != begun {
				t.Errorf("from %v, at %v: GB %v, IT %v, ES %v", from, at, gb, it, es)
			}
		}
	}
	if _, _, err := ApplySheet(present, sheet, rateNow.Add(-time.Second), rateNow); CodeOf(err) != Invalid {
		t.Error(err)
	}
	if _, _, err := ApplySheet(present, []RateStep{{Country: "FR", From: rateNow.Add(time.Hour)}}, day, rateNow); CodeOf(err) != Invalid {
		t.Error(err)
	}
}

// What is written as a sheet reads the same, and applying it changes nothing.
func TestASheetGoesRound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var steps []RateStep
		for _, country := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"FR", "GB", "IT", "ES", OtherCountries}), func(c string) string { return c }).Draw(rt, "countries") {
			for _, hours := range rapid.SliceOfNDistinct(rapid.IntRange(-3, 100), 1, 4, func(n int) int { return n }).Draw(rt, "hours") {
				steps = append(steps, RateStep{Country: country, From: rateNow.Add(time.Duration(hours) * time.Hour), Credits: Credits(rapid.Int64Range(0, int64(MaxRate)).Draw(rt, "credits"))})
			}
		}
		want := UpcomingRates(steps, rateNow)
		if len(want) == 0 {
			return
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := WriteRateSheet(w, want); err != nil {
			rt.Fatal(err)
		}
		w.Flush()
		got, err := ReadRateSheet(b.Bytes(), time.UTC, rateNow)
		if err != nil || !slices.EqualFunc(got, want, func(a, b RateStep) bool {
			return a.Country == b.Country && a.Credits == b.Credits && a.From.Equal(b.From)
		}) {
			rt.Fatalf("%s\n%v, want %v, %v", b.String(), got, want, err)
		}
		_, changes, err := ApplySheet(steps, got, time.Time{}, rateNow)
		if err != nil {
			rt.Fatal(err)
		}
		for _, c := range changes {
			if c.Before != c.After && c.From.IsZero() || c.Kind == RateRemoved {
				rt.Fatalf("%+v of %s", c, b.String())
			}
		}
	})
}

// Whatever a sheet holds: it is refused, or its rates are within their limits.
func FuzzRateSheet(f *testing.F) {
	for _, s := range []string{"country,credits,from\nFR,1,\nall,0.5,2027-01-01\n", "country;credits\nFR;0,5\n", "\ufeffcountry\tcredits\n*\t1", "country,credits\n\"FR\n\",1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		steps, err := ReadRateSheet(text, time.UTC, rateNow)
		if err != nil {
			if CodeOf(err) != Invalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, s := range steps {
			if s.Credits < 0 || s.Credits > MaxRate || s.Country == "" || !s.From.IsZero() && s.From.Before(rateNow) {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
