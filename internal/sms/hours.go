package sms

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"ramier/internal/calendar"
)

// CheckSendingHours looks whether a text names sending hours, as Settings.SendingHours holds them. Error: Invalid.
func CheckSendingHours(text string) error {
	if _, err := calendar.Parse(text); err != nil {
		return Errorf(Invalid, "sendingHours = %q cannot be read: %v", text, err)
	}
	return nil
}

// NextSending gives the first moment from at on at which advertising may be sent to a country under sending hours (empty = no
// limits), and why it is not at; the reason is empty when it is.
func NextSending(at time.Time, country, hours string) (time.Time, string) {
	if hours == "" {
		return at, ""
	}
	schedule, err := calendar.Parse(hours)
	if err != nil { // hours are checked when they are set
		return at, ""
	}
	return schedule.Next(at, country)
}

// SendingHours gives the service's setting.
func (s *Service) SendingHours() string { return cmp.Or(s.Settings.SendingHours, calendar.ByCountry) }

// sendingHours gives the hours that limit an order of the service: they do when a STOP clause would be added, wherever the
// receivers are. That is what advertising looks like; from numbers, people converse.
func (p *Plan) sendingHours() string {
	if !p.carriesClause() {
		return ""
	}
	return p.Service.SendingHours()
}

// dueTimes finds for each country and ordered time once when messages of a plan may leave.
type dueTimes struct {
	hours   string
	ordered time.Time
	spread  *Spread
	known   map[departure]dueTime
}

type departure struct {
	country string
	ordered int64 // microseconds; 0 = as all
}

type dueTime struct {
	at    time.Time
	delay string
}

// in gives when the message leaves to the receiver with a place in the order.
func (d *dueTimes) in(country string, i int) dueTime {
	key, ordered := departure{country: country}, d.ordered
	if d.spread != nil {
		if at := d.spread.at(i); at.After(ordered) {
			key.ordered, ordered = at.UnixMicro(), at
		}
	}
	due, ok := d.known[key]
	if !ok {
		due.at, due.delay = NextSending(ordered, country, d.hours)
		d.known[key] = due
	}
	return due
}

// sortByDue puts messages that leave together next to each other, and otherwise keeps the order of the receivers.
func (p *Plan) sortByDue() {
	slices.SortStableFunc(p.Messages, func(a, b Planned) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.Delay, b.Delay))
	})
}

// Departure is a run of messages of a plan that are due at one time, and become one job.
type Departure struct {
	First    int // index of its first message
	Messages []Planned
	DueAt    time.Time
	Delay    string // why DueAt is later than ordered, empty if it is not
	Credits  Credits
}

// Departures gives the messages by the times at which they are due: one departure, unless sending hours differ.
func (p *Plan) Departures() iter.Seq[Departure] {
	return func(yield func(Departure) bool) {
		for first := 0; first < len(p.Messages); {
			d := Departure{First: first, DueAt: p.Messages[first].DueAt, Delay: p.Messages[first].Delay}
			last := first
			for last < len(p.Messages) && p.Messages[last].DueAt.Equal(d.DueAt) && p.Messages[last].Delay == d.Delay {
				d.Credits += p.Messages[last].Credits
				last++
			}
			d.Messages = p.Messages[first:last]
			if !yield(d) {
				return
			}
			first = last
		}
	}
}
