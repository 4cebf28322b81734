package calendar

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same zones wherever we run

	"github.com/pelletier/go-toml/v2"
)

//go:embed calendars.toml
var calendarsText string

// zonesText has a line for each country: its code and its time zones.
//
//go:embed zones.txt
var zonesText string

// A Calendar says when advertising may be sent to the numbers of a country.
type Calendar struct {
	Country string // "FR", or "FR-AM" for a part that numbers do not show
	Name    string // of the country
	Binding bool   // false: a courtesy, no rule for SMS is known
	Source  string // of the rule and the holidays
	Hours   string // "mon-sat 08:00-20:00", on the receivers' clocks

	hours    hours
	holidays []holiday
}

// entry is a calendar as the file has it.
type entry struct {
	Country  string    `toml:"country"`
	Like     string    `toml:"like"`
	Name     string    `toml:"name"`
	Binding  bool      `toml:"binding"`
	Source   string    `toml:"source"`
	Hours    string    `toml:"hours"`
	Holidays []holiday `toml:"holidays"`
}

// data is read once; that it can be read is tested.
var data = sync.OnceValue(func() *tables {
	t, err := read(calendarsText, zonesText)
	if err != nil {
		panic("calendar: " + err.Error())
	}
	return t
})

type tables struct {
	all       []*Calendar
	byCountry map[string]*Calendar
	zones     map[string][]*time.Location
}

// All gives the calendars in the order of the file.
func All() []*Calendar { return slices.Clone(data().all) }

func read(calendars, zones string) (*tables, error) {
	t := &tables{byCountry: map[string]*Calendar{}, zones: map[string][]*time.Location{}}
	var file struct {
		Calendar []entry `toml:"calendar"`
	}
	d := toml.NewDecoder(strings.NewReader(calendars)).DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	for _, e := range file.Calendar {
		if err := t.add(e); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Country, err)
		}
	}
	for line := range strings.Lines(zones) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		for _, name := range fields[1:] {
			zone, err := time.LoadLocation(name)
			if err != nil {
				return nil, err
			}
			t.zones[fields[0]] = append(t.zones[fields[0]], zone)
		}
	}
	return t, nil
}

func (t *tables) add(e entry) error {
	c := &Calendar{Country: e.Country, Name: e.Name, Binding: e.Binding, Source: e.Source, Hours: e.Hours}
	if e.Like != "" {
		other := t.byCountry[e.Like]
		if other == nil {
			return fmt.Errorf("there is no calendar %q above", e.Like)
		}
		c.Binding, c.holidays = other.Binding, slices.Clone(other.holidays)
		if c.Hours == "" {
			c.Hours = other.Hours
		}
	}
	if c.Country == "" || c.Name == "" || c.Source == "" || t.byCountry[c.Country] != nil {
		return fmt.Errorf("country, name and source are needed, and a country has one calendar")
	}
	for i := range e.Holidays {
		if err := e.Holidays[i].check(); err != nil {
			return err
		}
	}
	c.holidays = append(c.holidays, e.Holidays...)
	var err error
	c.hours, err = parseHours(c.Hours)
	t.all, t.byCountry[c.Country] = append(t.all, c), c
	return err
}

// parent gives the country that a code names, or names a part of.
func parent(code string) string {
	country, _, _ := strings.Cut(code, "-")
	return country
}
