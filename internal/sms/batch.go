package sms

import (
	"fmt"
	"time"
)

// BatchStatus is where a batch stands, in OVH's words.
type BatchStatus string

// The statuses of a batch.
const (
	BatchPending   BatchStatus = "PENDING"   // nothing is planned or charged yet
	BatchInserting BatchStatus = "INSERTING" // its rows are being planned and charged
	BatchInserted  BatchStatus = "INSERTED"  // all messages are made; some wait
	BatchCompleted BatchStatus = "COMPLETED" // no message waits any more
	BatchCanceling BatchStatus = "CANCELING" // its waiting messages are being taken back
	BatchCanceled  BatchStatus = "CANCELED"
	BatchFailed    BatchStatus = "FAILED" // its list or text cannot be used
)

// Final tells that nothing happens any more to a batch of the status.
func (s BatchStatus) Final() bool {
	return s == BatchCompleted || s == BatchCanceled || s == BatchFailed
}

// DelayPaused says why messages of a batch that was paused leave later than they were ordered.
const DelayPaused = "the batch was paused"

// Batch is a text on its way to a list.
type Batch struct {
	ID         int64
	UUID       string
	ServiceID  int64
	Credential int64
	QueryID    string
	Name       string
	Order      Order // without receivers, priority and time
	Slot       int   // 1 to 9, 0 when its receivers were given
	ListID     int64
	Settings   BatchSettings
	Status     BatchStatus
	Paused     bool
	Reason     string // of the pause or failure
	Total      int    // rows
	Next       int    // the first row that is not planned
	Messages   int    // accepted so far
	Errors     int    // receivers that get none
	Credits    Credits
	Estimate   Credits
	Exact      bool   // Estimate is what all rows cost, or were charged; else it is a guess from the first ones
	Counted    bool   // its messages have counters
	QuoteID    string // what it is charged by, empty = the prices of the moment
	CreatedAt  time.Time
	UpdatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	DueAt      time.Time // as ordered, zero = at once
	HoldUntil  time.Time // before it nothing is planned, zero = no hold
	CanaryAt   time.Time // when the last of the canary was accepted
	PassedAt   time.Time // when the canary had passed
	WakeAt     time.Time // when somebody has to look at it, zero = never
}

// BatchSettings are what a batch may be told beyond an order.
type BatchSettings struct {
	Spread      time.Duration // over which its messages leave evenly, 0 = at once
	Canary      int           // rows that are sent first, 0 = none
	CanaryWait  time.Duration // for their receipts, at most
	MaxFailures *float64      // percent of the ended messages that may fail before it stops; nil = any
	MaxStops    *float64      // percent of the receivers that may answer STOP before it stops; nil = any
	Refresh     bool          // the slot's file is fetched again before the first row is planned
}

// Limits of what a batch may be told.
const (
	MaxBatchHold = 24 * time.Hour
	// MaxBatchDeferred is how far ahead a batch may be; the orders that are made of it may be as far.
	MaxBatchDeferred = 366 * 24 * time.Hour
	MaxBatchName     = 255 // characters
	MaxBatchSpread   = 7 * 24 * time.Hour
	MaxCanaryWait    = 24 * time.Hour
	// DefaultCanaryWait and DefaultMaxFailures apply to a canary that says nothing else.
	DefaultCanaryWait  = 30 * time.Minute
	DefaultMaxFailures = 10.0
)

// Check refuses settings that make no sense, and fills in what a canary needs.
func (s *BatchSettings) Check() error {
	if s.Spread < 0 || s.Spread > MaxBatchSpread {
		return Errorf(Invalid, "spreadHours = %g is not between 0 and %g", s.Spread.Hours(), MaxBatchSpread.Hours())
	}
	if s.Canary < 0 {
		return Errorf(Invalid, "canary = %d is not a number of receivers: give 0 for none", s.Canary)
	}
	if s.CanaryWait < 0 || s.CanaryWait > MaxCanaryWait {
		return Errorf(Invalid, "canaryMinutes = %d is not between 0 and %d", s.CanaryWait/time.Minute, MaxCanaryWait/time.Minute)
	}
	for _, p := range []struct {
		name  string
		value *float64
	}{{"maxFailureRate", s.MaxFailures}, {"maxStopRate", s.MaxStops}} {
		if p.value != nil && !(*p.value >= 0 && *p.value <= 100) { // also what is no number
			return Errorf(Invalid, "%s = %g is not between 0 and 100 percent", p.name, *p.value)
		}
	}
	if s.Canary > 0 {
		if s.CanaryWait == 0 {
			s.CanaryWait = DefaultCanaryWait
		}
		if s.MaxFailures == nil {
			s.MaxFailures = new(DefaultMaxFailures)
		}
	}
	return nil
}

// BatchCounts are the messages of a batch by what became of them.
type BatchCounts struct {
	Messages   int
	Waiting    int // not handed over, paused ones too
	Sent       int // ever handed to an operator
	Delivered  int
	Failed     int // ended otherwise: by the operator, or by the end of their validity
	StopListed int // not sent, since the receiver had answered STOP before
	OptedOut   int // receivers who have answered STOP to the batch
	Cancelled  int
	Credits    Credits // held or spent
}

// open counts messages of which something is still to come.
func (c BatchCounts) open() int {
	return c.Messages - c.Delivered - c.Failed - c.StopListed - c.Cancelled
}

// Watched tells whether the batch stops by itself.
func (b *Batch) Watched() bool { return b.Settings.MaxFailures != nil || b.Settings.MaxStops != nil }

// Ready gives the row before which planning has to stop for now: that of the canary, or the end.
func (b *Batch) Ready() int {
	if c := b.Settings.Canary; c > 0 && c < b.Total && b.PassedAt.IsZero() {
		return c
	}
	return b.Total
}

// InCanary tells that the first rows are planned, and the others wait for what becomes of them.
func (b *Batch) InCanary() bool {
	return b.Status == BatchInserting && b.Ready() < b.Total && b.Next >= b.Ready()
}

// enough is how many messages must have ended before a rate says something about a batch without canary.
const enough = 100

// Judge looks at what became of the messages so far. A reason says why the batch has to stop; go tells that the canary has passed.
func (b *Batch) Judge(c BatchCounts, now time.Time) (goes bool, reason string) {
	ended := c.Delivered + c.Failed
	if !b.InCanary() {
		if ended >= enough {
			return false, b.tooBad(c, ended)
		}
		return false, ""
	}
	if reason := b.tooBad(c, ended+c.open()); reason != "" {
		return false, reason // whatever becomes of the others
	}
	late := !now.Before(b.CanaryAt.Add(b.Settings.CanaryWait))
	switch {
	case !late && (c.open() > 0 || b.Settings.MaxStops != nil): // answers take their time
		return false, ""
	case 2*ended < ended+c.open():
		return false, fmt.Sprintf("only %d of the first %d messages have a receipt after %v", ended, ended+c.open(), b.Settings.CanaryWait)
	}
	reason = b.tooBad(c, ended)
	return reason == "", reason
}

// tooBad compares the rates with what is allowed.
func (b *Batch) tooBad(c BatchCounts, ended int) string {
	if rate, most := percent(c.Failed, ended), b.Settings.MaxFailures; most != nil && rate > *most {
		return fmt.Sprintf("%d of %d messages have failed: %.1f %%, more than %g %%", c.Failed, ended, rate, *most)
	}
	if rate, most := percent(c.OptedOut, max(c.Sent, ended)), b.Settings.MaxStops; most != nil && rate > *most {
		return fmt.Sprintf("%d of %d receivers have answered STOP: %.1f %%, more than %g %%", c.OptedOut, max(c.Sent, ended), rate, *most)
	}
	return ""
}

func percent(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}

// Spread lets the receivers of an order leave evenly over a time, as part of a larger whole.
type Spread struct {
	From  time.Time // when the first of all leaves
	Over  time.Duration
	First int // place of the order's first receiver among all
	Of    int // all receivers
}

// at gives when the receiver with a place in the order leaves. Times are rounded down, so that many share one, and a job.
func (s *Spread) at(i int) time.Time {
	step := min(max(s.Over/600, time.Second), time.Minute).Truncate(time.Second)
	after := time.Duration(float64(s.Over) * float64(s.First+i) / float64(max(s.Of, 1)))
	return s.From.Add(after.Truncate(step))
}

// Refuse takes out the messages whose receivers have had enough for now, by their places, with the reason.
func (p *Plan) Refuse(tooMany map[int]string) {
	place := -1
	p.Leave(func(m *Planned) bool {
		place++
		why, refused := tooMany[place]
		if refused {
			p.Invalid = append(p.Invalid, (Refusal{Receiver: m.Input, Reason: TooManyNow, Message: why}).On(m.Line))
		}
		return refused
	})
}

// Some is the plan of only those messages from place first to before last.
func (p *Plan) Some(first, last int) *Plan {
	some := *p
	some.Messages, some.Invalid, some.Credits = p.Messages[first:last:last], nil, 0
	for i := range some.Messages {
		some.Credits += some.Messages[i].Credits
	}
	return &some
}

// Leave takes out messages that are not wanted after all: receivers that got theirs from an earlier part of a list.
func (p *Plan) Leave(out func(*Planned) bool) {
	kept := p.Messages[:0]
	for i := range p.Messages {
		if m := &p.Messages[i]; out(m) {
			p.Credits -= m.Credits
		} else {
			kept = append(kept, *m)
		}
	}
	p.Messages = kept
}
