package ovh

import (
	"strings"
	"time"
	_ "time/tzdata" // answers are in Paris time wherever we run
)

// datetime is a moment on the wire. It is written as RFC 3339 in the zone of the API, to the second.
type datetime struct{ time.Time }

// paris is the zone of answers unless the configuration names another one.
var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the zones are part of the program
	}
	return zone
}()

// layouts are the ways in which clients write a moment. Those without an offset are in the zone of the API; OVH's own
// control panel sends the compact one.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"20060102T15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04:05",
	"2006-01-02",
}

// parseDatetime reads what a client sent. A plus that was not encoded in a query arrives as a space.
func parseDatetime(text string, zone *time.Location) (datetime, bool) {
	if cut := strings.LastIndexByte(text, ' '); cut > len("2006-01-02T") {
		text = text[:cut] + "+" + text[cut+1:]
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return datetime{t}, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return datetime{}, false
}

// at makes the wire form of a moment, and null of the zero time.
func at(t time.Time) *datetime {
	if t.IsZero() {
		return nil
	}
	return &datetime{t}
}

// MarshalJSON writes the moment in Paris time, for those who use encoding/json; answers know the zone themselves.
func (d datetime) MarshalJSON() ([]byte, error) {
	return []byte(d.In(paris).Format(`"` + time.RFC3339 + `"`)), nil
}
