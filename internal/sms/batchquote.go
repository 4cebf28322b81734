package sms

import (
	"slices"
	"time"
)

// QuotedLines is how many receivers of a batch's quote are shown, and how many that get nothing.
const QuotedLines = 100

// BatchQuote is what a batch would cost, row by row, as it is charged: in steps. A batch that names it is charged exactly that, or stops
// with the difference.
type BatchQuote struct {
	Quote           // its Lines and Invalid are the first ones; UsedBy stays 0
	Request  []byte // hash of what was asked for
	ListID   int64  // of its slot, 0 when the receivers were given
	Batch    string // UUID of the batch that is charged so, empty = none yet
	Messages int
	Parts    int
	Refused  int // of the messages, not charged
	Unusable int // receivers that get nothing
	Steps    []QuotedStep
}

// QuotedStep is the part of a quote that one step of a batch charges.
type QuotedStep struct {
	To       int // the row after its last
	Credits  Credits
	Messages int
	Hash     []byte // of its plan: see Plan.Fingerprint
}

// Add adds the plan of the next rows. The first also gives what is shown.
func (q *BatchQuote) Add(to int, p *Plan, r *Rules) error {
	if len(q.Steps) == 0 {
		shown, err := NewQuote(q.ID, p, r)
		if err != nil {
			return err
		}
		q.Quote = shown
		q.Lines = slices.Clone(q.Lines[:min(len(q.Lines), QuotedLines)])
		most := 0
		for _, l := range q.Lines {
			most = max(most, l.Text+1)
		}
		q.Texts, q.Invalid, q.Credits, q.Hash = slices.Clone(q.Texts[:most]), nil, 0, nil
	}
	q.Credits += p.Credits
	q.Messages += len(p.Messages)
	for i := range p.Messages {
		if p.Messages[i].Refused {
			q.Refused++
			continue
		}
		q.Parts += p.Messages[i].Parts
	}
	q.Unusable += len(p.Invalid)
	q.Invalid = append(q.Invalid, p.Invalid[:min(len(p.Invalid), QuotedLines-len(q.Invalid))]...)
	q.Steps = append(q.Steps, QuotedStep{To: to, Credits: p.Credits, Messages: len(p.Messages), Hash: p.Fingerprint()})
	return nil
}

// Usable looks whether a batch may still be made by the quote. Error: Conflict.
func (q *BatchQuote) Usable(now time.Time) error {
	switch {
	case !now.Before(q.At.Add(QuoteLife)):
		return Errorf(Conflict, "The quote %s has expired: quotes live %d minutes; ask for a new one", q.ID, int(QuoteLife/time.Minute))
	case q.Batch != "":
		return Errorf(Conflict, "The quote %s was used by the batch %s: ask for a new one", q.ID, q.Batch)
	}
	return nil
}

// Step gives the part of the quote that ends before a row. Error: Conflict if there is none.
func (q *BatchQuote) Step(to int) (*QuotedStep, error) {
	for i := range q.Steps {
		if q.Steps[i].To == to {
			return &q.Steps[i], nil
		}
	}
	return nil, Errorf(Conflict, "The quote %s says nothing about the rows before %d: the batch is another one", q.ID, to)
}

// Bind looks whether a plan is what was quoted for its rows. Error: Conflict, with the difference.
func (s *QuotedStep) Bind(p *Plan) error {
	difference := p.Credits - s.Credits
	sign := "+"
	if difference < 0 {
		sign = ""
	}
	if difference != 0 {
		return Errorf(Conflict, "%d messages up to row %d would cost %v credits now and were quoted at %v, a difference of %s%v: nothing of these rows was sent",
			len(p.Messages), s.To, p.Credits, s.Credits, sign, difference).
			With("quoted", s.Credits.String()).With("now", p.Credits.String()).With("difference", sign+difference.String())
	}
	if !slices.Equal(s.Hash, p.Fingerprint()) {
		return Errorf(Conflict, "The rows up to %d are not those that were quoted, although they cost the same: a sender, a receiver, a text or an opt-out differs; nothing of these rows was sent", s.To).
			With("quoted", s.Credits.String()).With("now", p.Credits.String()).With("difference", "0")
	}
	return nil
}
