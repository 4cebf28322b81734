// Package submit turns an order into charged, queued messages, in one transaction. Every door sends through it.
package submit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Submitter submits orders.
type Submitter struct {
	store    *store.Store
	now      func() time.Time
	velocity *velocity
}

// New makes a Submitter that reads the time from now.
func New(s *store.Store, now func() time.Time) *Submitter {
	return &Submitter{store: s, now: now, velocity: newVelocity(s)}
}

// Key makes a request repeatable: the same key with the same hash gives the same report, for 24 hours.
type Key struct {
	Key  string // empty = none; at most 255 characters
	Hash []byte // of everything that makes the request what it is
}

// MaxKey is the most characters of an idempotency key.
const MaxKey = 255

// Check refuses a key that is too long. Error: Invalid.
func (k Key) Check() error {
	if len(k.Key) > MaxKey {
		return sms.Errorf(sms.Invalid, "Idempotency-Key has %d characters, more than %d", len(k.Key), MaxKey)
	}
	return nil
}

// Report is what became of an order.
type Report struct {
	IDs     []int64
	Valid   []string // the receivers of IDs, in their order
	Invalid []sms.Refusal
	Refused []sms.Refusal `json:",omitempty"` // those of Valid who get nothing and are not charged
	Credits sms.Credits
	Tag     string
	DueAt   time.Time
}

// attempts is how often a plan is made again because the rules changed between plan and charge.
const attempts = 30

// Submit plans an order for a service of the account, charges it and queues its messages. Receivers that cannot be reached
// are reported, not fatal. Errors: NoService, also for a service of somebody else; those of sms.NewPlan and store.Accept.
func (s *Submitter) Submit(ctx context.Context, account int64, service string, o sms.Order, k Key) (Report, error) {
	if err := k.Check(); err != nil {
		return Report{}, err
	}
	return s.submit(ctx, account, service, o, k, nil)
}

// Part makes an order one of the parts of a batch. Its length has the batch's limit, and so no other.
type Part struct {
	Step store.BatchStep
	// Known tells that a receiver has got its message by an earlier part.
	Known func(receiver string) bool
	// Quoted is what the part may cost, nil if there is no quote. Another price refuses it with Conflict.
	Quoted *sms.QuotedStep
}

// SubmitPart submits a part of a batch. The batch moves on in the same transaction, also if no message comes of it. Errors: those of
// Submit, and *store.StaleStepError.
func (s *Submitter) SubmitPart(ctx context.Context, account int64, service string, o sms.Order, p Part) (Report, error) {
	return s.submit(ctx, account, service, o, Key{}, &p)
}

// plan makes the plan of an order, or of a part.
func (p *Part) plan(o sms.Order, r *sms.Rules, now time.Time) (*sms.Plan, error) {
	if p == nil {
		return sms.NewPlan(o, r, now)
	}
	unlimited := *r
	unlimited.Limits.Receivers, unlimited.Limits.Merged = 0, 0
	plan, err := sms.NewPlan(o, &unlimited, now)
	if err == nil {
		plan.Leave(func(m *sms.Planned) bool { return p.Known(m.Receiver) })
	}
	return plan, err
}

// Look plans a part without sending it.
func (s *Submitter) Look(ctx context.Context, rules *sms.Rules, o sms.Order) (*sms.Plan, error) {
	plan, _, err := s.LookPart(ctx, rules, o, func(string) bool { return false })
	return plan, err
}

// LookPart is Look for a part without the receivers that are known, and gives the rules that it was planned by.
func (s *Submitter) LookPart(ctx context.Context, rules *sms.Rules, o sms.Order, known func(receiver string) bool) (*sms.Plan, *sms.Rules, error) {
	asked, err := s.store.WithOptOuts(ctx, rules, o)
	if err != nil {
		return nil, nil, err
	}
	part := Part{Known: known}
	plan, err := part.plan(o, asked, s.now())
	return plan, asked, err
}

// tagged gives an order without a tag one of its own. Those made up later sort later, so that the index of tags grows at its end: the
// first 9 characters count milliseconds, the next 3 what this process has made up, and 4 are random.
func tagged(o sms.Order, now time.Time) sms.Order {
	if o.Tag == "" {
		const digits = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		tag := []byte("123456789ABC" + rand.Text()[:4])
		for i, n := 11, now.UnixMilli()<<15|madeUp.Add(1)&0x7fff; i >= 0; i, n = i-1, n>>5 {
			tag[i] = digits[n&31]
		}
		o.Tag, o.TagMadeUp = string(tag), true
	}
	return o
}

var madeUp atomic.Int64 // tags

func (s *Submitter) submit(ctx context.Context, account int64, service string, o sms.Order, k Key, part *Part) (r Report, err error) {
	o = tagged(o, s.now())
	err = s.planned(ctx, account, service, &o, part, func(p *sms.Plan) error {
		r, err = s.guarded(ctx, p, k, part)
		return err
	}, func(id int64, refused error) error {
		r, err = s.again(ctx, id, k, refused)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	return r, nil
}

// planned plans an order and has the plan accepted, once more whenever the rules have changed meanwhile. refuse says what a service is
// answered to an order that cannot be planned.
func (s *Submitter) planned(ctx context.Context, account int64, service string, o *sms.Order, part *Part,
	accept func(*sms.Plan) error, refuse func(service int64, refused error) error,
) error {
	rules, err := s.store.Rules(ctx, service)
	for try := 0; err == nil; try++ {
		if rules.Service.AccountID != account {
			return sms.Errorf(sms.NoService, "This service does not exist")
		}
		if err := s.quoted(ctx, rules.Service.ID, o); err != nil {
			return err
		}
		var asked *sms.Rules
		if asked, err = s.store.WithOptOuts(ctx, rules, *o); err != nil {
			return err
		}
		plan, refused := part.plan(*o, asked, s.now())
		switch {
		case try == 0 && (refused != nil || len(plan.Messages) == 0):
			// Nothing is charged, so nothing compares the rules with the database's: another node may have changed them.
		case refused != nil:
			return refuse(rules.Service.ID, refused)
		default:
			err := accept(plan)
			if _, stale := errors.AsType[*store.StaleError](err); !stale {
				return err
			}
			if try >= attempts {
				return sms.Errorf(sms.Unavailable, "the rules of the platform change without pause, and nothing was sent: try again")
			}
		}
		rules, err = s.store.FreshRules(ctx, service)
	}
	return err
}

// quoted finds out when the quote was made that an order names: rates may have changed since. One that is unknown is refused later, with
// everything else.
func (s *Submitter) quoted(ctx context.Context, service int64, o *sms.Order) error {
	o.QuotedAt = time.Time{}
	if o.QuoteID == "" {
		return nil
	}
	q, err := s.store.Quote(ctx, service, o.QuoteID, s.now())
	if err != nil && sms.CodeOf(err) != sms.NoObject {
		return err
	}
	o.QuotedAt = q.At
	return nil
}

// again gives the answer to a request that was accepted earlier and would be refused now: its sender may be gone since.
func (s *Submitter) again(ctx context.Context, service int64, k Key, refused error) (Report, error) {
	r, known, err := s.Repeat(ctx, service, k)
	if err == nil && !known {
		err = refused
	}
	return r, err
}

// Repeat gives the report of an earlier request with the key, if there was one: before work that a repetition can do without.
// Errors: Invalid for a key that is too long; those of store.Remembered.
func (s *Submitter) Repeat(ctx context.Context, service int64, k Key) (r Report, known bool, err error) {
	if k.Key == "" {
		return Report{}, false, nil
	}
	if err := k.Check(); err != nil {
		return Report{}, false, err
	}
	answer, err := s.store.Remembered(ctx, service, k.Key, k.Hash, s.now())
	if err != nil || answer == "" {
		return Report{}, false, err
	}
	r, err = repeat(answer)
	return r, true, err
}

// Answered gives the report of an order that a door of ours gave the key to within the last 24 hours, if there was one.
func (s *Submitter) Answered(ctx context.Context, service int64, key string) (r Report, known bool, err error) {
	answer, err := s.store.Answered(ctx, service, key, s.now())
	if err != nil || answer == "" {
		return Report{}, false, err
	}
	r, err = repeat(answer)
	return r, true, err
}

// repeat reads a remembered answer.
func repeat(answer string) (r Report, err error) {
	err = json.Unmarshal([]byte(answer), &r)
	return r, err
}

// guarded accepts a plan without the receivers who have had enough for now.
func (s *Submitter) guarded(ctx context.Context, p *sms.Plan, k Key, part *Part) (Report, error) {
	tooMany, err := s.velocity.take(ctx, p)
	if err != nil {
		return Report{}, err
	}
	p.Refuse(tooMany)
	report, repeated, err := s.accept(ctx, p, k, part)
	if err != nil || repeated {
		s.velocity.giveBack(p)
	}
	return report, err
}

func (s *Submitter) accept(ctx context.Context, p *sms.Plan, k Key, part *Part) (r Report, again bool, err error) {
	if len(p.Messages) == 0 && k.Key == "" && part == nil {
		return reportOf(p, 0), false, nil
	}
	answer := func(first int64) string {
		text, err := json.Marshal(reportOf(p, first))
		if err != nil {
			panic(err) // plain data
		}
		return string(text)
	}
	a := store.Acceptance{Plan: p, Key: k.Key, Hash: k.Hash, Answer: answer}
	if part != nil {
		a.Batch = &part.Step
		if part.Quoted != nil {
			if err := part.Quoted.Bind(p); err != nil {
				return Report{}, false, err
			}
		}
	}
	first, repeated, err := s.store.Accept(ctx, &a)
	if err != nil {
		return Report{}, false, err
	}
	if repeated != "" {
		r, err = repeat(repeated)
		return r, true, err
	}
	return reportOf(p, first), false, nil
}

func reportOf(p *sms.Plan, first int64) Report {
	r := Report{
		IDs: make([]int64, len(p.Messages)), Valid: make([]string, len(p.Messages)), Invalid: p.Invalid, Credits: p.Credits,
		Tag: p.Tag, DueAt: p.DueAt,
	}
	for i, m := range p.Messages {
		r.IDs[i], r.Valid[i] = first+int64(i), m.Receiver
		if m.Refused {
			r.Refused = append(r.Refused, m.Refusal())
		}
	}
	return r
}
