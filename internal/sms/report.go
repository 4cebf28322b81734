package sms

import (
	"fmt"
	"math"
	"slices"
	"time"
	_ "time/tzdata" // days are those of Paris wherever we run
)

// Day is a day of the reports on the calendar of Europe/Paris, written as a number: 20261123 is 23 November 2026.
type Day int64

// reportZone is the zone of the reports' days. It cannot be chosen: what was counted would be counted under other days.
var reportZone = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the zones are part of the program
	}
	return zone
}()

// DayOf gives the day of a moment.
func DayOf(t time.Time) Day {
	y, m, d := t.In(reportZone).Date()
	return Day(y*10000 + int(m)*100 + d)
}

// String writes 2026-11-23.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100) }

// Tally says how the messages of a job are counted for the reports.
type Tally int

// The ways of counting. Tags that are made up, or that come with one message each, have no counters of their own: there would
// be one for each message.
const (
	Uncounted         Tally = iota - 1 // the job is older than the counters
	CountedWithoutTag                  // in the counters of the service
	CountedWithTag                     // and in those of its tag
)

// Measure is what a counter counts.
type Measure string

// The measures beyond the states, which count the messages that are in them; Waiting stands for held, scheduled and queued.
const (
	MeasureWaiting Measure = "waiting"
	MeasureOptOut  Measure = "optout" // opt-outs by replies to messages
	MeasureHanded  Measure = "handed" // messages of a batch that were ever handed to an operator
	MeasureTime    Measure = "time"   // delivered messages by the class of their time to delivery
)

// Measured gives the counter that a message in the state belongs to; value is its PTT where it tells a cause.
func Measured(s State, ptt int) (m Measure, value int64) {
	switch {
	case s.Waiting() || s == Sending:
		return MeasureWaiting, 0
	case s == Failed || s == Expired || s == Refused:
		return Measure(s), int64(ptt)
	}
	return Measure(s), 0
}

// timeClasses is how many classes of time there are for each doubling, so that a class is 41 % wide. More would make more counters
// to write.
const timeClasses = 2

// TimeClass gives the class of a time to delivery: class n holds what is longer than 2^((n-1)/2) ms and not longer than 2^(n/2).
func TimeClass(d time.Duration) int64 {
	ms := float64(d) / float64(time.Millisecond)
	if ms <= 1 {
		return 0
	}
	return int64(math.Ceil(timeClasses*math.Log2(ms) - 1e-9))
}

// classEnd gives the longest time of a class.
func classEnd(class int64) time.Duration {
	return time.Duration(math.Exp2(float64(class)/timeClasses) * float64(time.Millisecond))
}

// Counter is one number of a report with what it is about.
type Counter struct {
	Day       Day
	Country   string
	CarrierID int64
	Measure   Measure
	Value     int64 // a PTT or a class of time
	N         int64
	Parts     int64
	Credits   Credits
}

// Grouping is what the rows of a report stand for.
type Grouping string

// The groupings.
const (
	ByNothing Grouping = ""
	ByDay     Grouping = "day"
	ByCountry Grouping = "country"
	ByCarrier Grouping = "carrier"
)

// ReportFilter chooses the messages of a report; zero fields choose all.
type ReportFilter struct {
	Tag      *string
	Sender   *string // empty = short numbers
	Country  string
	From, To Day     // of the jobs' creation, both included
	Jobs     []int64 // only those; they are read message by message
	Batch    int64   // 0 = any; Tag is then that of the batch
	By       Grouping
}

// Report is what became of messages, in all and by group.
type Report struct {
	Total ReportRow
	Rows  []ReportRow // ascending by Group; none without a grouping
}

// ReportRow is what became of a group of messages.
type ReportRow struct {
	Group     string // a day like 2026-11-23, a country or the name of a carrier
	Messages  int64
	Waiting   int64 // not handed to an operator yet
	InDoubt   int64
	Awaiting  int64 // accepted by an operator, final receipt awaited
	Delivered int64
	Failed    int64
	Expired   int64
	Refused   int64 // never sent, not charged
	Cancelled int64
	OptOuts   int64 // by replies to these messages
	Parts     int64 // of messages that were not refused or cancelled
	Credits   Credits
	Causes    map[int]int64   // failed, expired and refused messages by PTT
	times     map[int64]int64 // delivered messages by class of time
}

// Sent counts the messages that an operator took and that did not expire.
func (r *ReportRow) Sent() int64 { return r.Awaiting + r.Delivered + r.Failed }

// Add adds a counter.
func (r *ReportRow) Add(c Counter) {
	switch c.Measure {
	case MeasureOptOut:
		r.OptOuts += c.N
		return
	case MeasureTime:
		if r.times == nil {
			r.times = map[int64]int64{}
		}
		r.times[c.Value] += c.N
		return
	case MeasureWaiting:
		r.Waiting += c.N
	case Measure(InDoubt):
		r.InDoubt += c.N
	case Measure(Sent), Measure(Buffered):
		r.Awaiting += c.N
	case Measure(Delivered):
		r.Delivered += c.N
	case Measure(Failed):
		r.Failed += c.N
	case Measure(Expired):
		r.Expired += c.N
	case Measure(Refused):
		r.Refused += c.N
	case Measure(Cancelled):
		r.Cancelled += c.N
	}
	r.Messages += c.N
	if c.Measure != Measure(Refused) && c.Measure != Measure(Cancelled) {
		r.Parts += c.Parts
	}
	r.Credits += c.Credits
	if c.Value != 0 {
		if r.Causes == nil {
			r.Causes = map[int]int64{}
		}
		r.Causes[int(c.Value)] += c.N
	}
}

// Percentile gives the time within which the share (above 0, at most 1) of the delivered messages arrived, as the end of a class
// of time, so at most 41 % too long. ok is false when none was delivered.
func (r *ReportRow) Percentile(share float64) (d time.Duration, ok bool) {
	var total int64
	classes := make([]int64, 0, len(r.times))
	for class, n := range r.times {
		total += n
		classes = append(classes, class)
	}
	if total <= 0 {
		return 0, false
	}
	slices.Sort(classes)
	want := int64(math.Ceil(share * float64(total)))
	for _, class := range classes {
		if want -= r.times[class]; want <= 0 {
			return classEnd(class), true
		}
	}
	return classEnd(classes[len(classes)-1]), true
}
