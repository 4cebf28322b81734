package sms

import (
	"cmp"
	"slices"
	"time"
)

// Books are the credits of a service by what they are for.
type Books struct {
	Available, Held, Quota, Used Credits
}

// plus adds books.
func (b Books) plus(c Books) Books {
	return Books{b.Available + c.Available, b.Held + c.Held, b.Quota + c.Quota, b.Used + c.Used}
}

// An Entry is what the ledger of a service holds of one kind within a span of time.
type Entry struct {
	At            time.Time // when the span begins
	Kind          string
	Debit, Credit string // accounts of the books that it moves credits from and to
	Amount        Credits
}

// change gives what an entry does to the books.
func (e Entry) change() (b Books) {
	for _, side := range []struct {
		account string
		amount  Credits
	}{{e.Debit, -e.Amount}, {e.Credit, e.Amount}} {
		switch side.account {
		case "available":
			b.Available += side.amount
		case "held":
			b.Held += side.amount
		case "quota":
			b.Quota += side.amount
		case "used":
			b.Used += side.amount
		}
	}
	return b
}

// movements names entries for people, in the order of a statement.
var movements = []struct{ kind, debit, credit, name string }{
	{"order", "issued", "available", "credits received"},
	{"order", "available", "issued", "credits taken back"},
	{"refund", "available", "issued", "order refunded"},
	{"transfer", "issued", "available", "transfer received"},
	{"transfer", "available", "issued", "transfer sent"},
	{"transfer", "available", "quota", "quota given to users"},
	{"transfer", "quota", "available", "quota taken from users"},
	{"hold", "available", "held", "held for messages"},
	{"hold", "quota", "held", "held for messages of users"},
	{"release", "held", "available", "released"},
	{"release", "held", "quota", "released to users"},
	{"capture", "held", "used", "messages accepted by carriers"},
	{"capture", "available", "used", "replies"},
}

// A Movement is the sum of one kind of entries on one day.
type Movement struct {
	Day    time.Time // its midnight
	Name   string
	Change Books
}

// A Statement is what happened to the credits of a service in a month.
type Statement struct {
	Service  string
	From, To time.Time // midnights
	Opening  Books
	Days     []Movement
	Closing  Books
}

// Total adds up what the movements change.
func (s *Statement) Total() (sum Books) {
	for _, m := range s.Days {
		sum = sum.plus(m.Change)
	}
	return sum
}

// Add takes an entry into the statement. What was before it goes into the opening balance, and what came after it is left out. Entries come
// in the order of time.
func (s *Statement) Add(e Entry) {
	switch change := e.change(); {
	case e.At.Before(s.From):
		s.Opening = s.Opening.plus(change)
		s.Closing = s.Closing.plus(change)
	case e.At.Before(s.To):
		s.Closing = s.Closing.plus(change)
		y, m, d := e.At.In(s.From.Location()).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, s.From.Location())
		name := e.Kind + " " + e.Debit + " " + e.Credit
		for _, known := range movements {
			if known.kind == e.Kind && known.debit == e.Debit && known.credit == e.Credit {
				name = known.name
			}
		}
		for i := len(s.Days) - 1; i >= 0 && s.Days[i].Day.Equal(day); i-- {
			if s.Days[i].Name == name {
				s.Days[i].Change = s.Days[i].Change.plus(change)
				return
			}
		}
		s.Days = append(s.Days, Movement{day, name, change})
	}
}

// Sort puts the movements of each day in their usual order.
func (s *Statement) Sort() {
	place := map[string]int{}
	for i, m := range movements {
		place[m.name] = i
	}
	slices.SortStableFunc(s.Days, func(a, b Movement) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(place[a.Name], place[b.Name]))
	})
}

// Month reads a month like 2026-10 and gives its first midnight and the next one's, in a zone. Error: Invalid, also for one that has not
// begun.
func Month(text string, zone *time.Location, now time.Time) (from, to time.Time, err error) {
	from, err = time.ParseInLocation("2006-01", text, zone)
	if err != nil {
		return from, to, Errorf(Invalid, "month = %q is none: give one like 2026-10", cutRunes(text, 20))
	}
	if from.After(now) || from.Year() < 2000 {
		return from, to, Errorf(Invalid, "month = %s has not begun, or is before 2000: give an earlier or later one", text)
	}
	return from, from.AddDate(0, 1, 0), nil
}
