package campaign

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// exactRows is how many rows are planned before a batch is made, so that it is known what they cost. The rows of longer lists are planned behind it.
const exactRows = 50_000

// survey plans the rows of a batch without sending them, step by step, in constant memory.
type survey struct {
	batch   sms.Batch // as it was at the beginning; Next moves on
	rules   *sms.Rules
	list    store.List
	to      []string // its receivers, if they are not stored yet
	seen    numbers
	credits sms.Credits // of the rows before Next
	from    int         // where it began
	failed  bool
}

func (s *survey) done() bool { return s.batch.Next >= s.batch.Total }

// survey plans the next rows, and gives the rules that it was done by.
func (b *Batches) survey(ctx context.Context, s *survey) (*sms.Plan, *sms.Rules, error) {
	if s.batch.Next == s.batch.Ready() {
		s.batch.PassedAt = b.clock.Now() // the canary is over
	}
	to := b.stepEnd(&s.batch)
	plan, asked, err := b.look(ctx, s.rules, &s.batch, s.list, s.to, to, s.seen.has)
	if err != nil {
		return nil, nil, err
	}
	for i := range plan.Messages {
		s.seen.add(plan.Messages[i].Receiver)
	}
	s.credits += plan.Credits
	s.batch.Next = to
	return plan, asked, nil
}

// estimate says what a batch costs, before it is made. Error: NoCredit if there is less than what was planned for it costs.
func (b *Batches) estimate(ctx context.Context, rules *sms.Rules, batch *sms.Batch, list store.List, to []string) error {
	s, err := b.appraiseFirst(ctx, rules, batch, list, to)
	if err != nil {
		return err
	}
	balance, err := b.store.Balance(ctx, rules.Service.ID)
	if err == nil && s.credits > balance.Available {
		err = sms.Errorf(sms.NoCredit, "Not enough credits: %v needed for the first %d receivers, %v left on %s", s.credits, s.batch.Next,
			balance.Available, rules.Service.Name).With("needed", s.credits.String()).With("left", balance.Available.String())
	}
	return err
}

// appraiseFirst says what a batch costs: exactly, if it has up to exactRows rows; of longer ones it takes these for typical.
func (b *Batches) appraiseFirst(ctx context.Context, rules *sms.Rules, batch *sms.Batch, list store.List, to []string) (*survey, error) {
	s := &survey{batch: *batch, rules: rules, list: list, to: to}
	for !s.done() && s.batch.Next < b.exact {
		if _, _, err := b.survey(ctx, s); err != nil {
			return nil, err
		}
	}
	batch.Estimate, batch.Exact = s.credits, s.done()
	if !batch.Exact {
		batch.Estimate = sms.Credits(float64(s.credits) * float64(s.batch.Total) / float64(s.batch.Next))
		batch.WakeAt = b.clock.Now()
	}
	return s, nil
}

// appraise plans some more rows of a batch that waits, until it is known what all of them cost, and tells when to go on: soon, or else at the
// time given. One whose rows are being charged needs it not: that says the same.
func (b *Batches) appraise(ctx context.Context, batch *sms.Batch, now, at time.Time) (time.Time, error) {
	if batch.Exact || batch.Next >= batch.Total || batch.Status.Final() {
		return at, nil
	}
	s := b.surveys[batch.ID]
	if s == nil && len(b.surveys) >= maxPlanned {
		return earliest(at, now.Add(poll)), nil
	}
	if s == nil || !s.of(batch) {
		var err error
		if s, err = b.newSurvey(ctx, batch); err != nil {
			return at, err
		}
		b.surveys[batch.ID] = s
	}
	if !s.failed && !s.done() {
		if _, _, err := b.survey(ctx, s); err != nil && temporary(err) {
			return at, err
		} else if err != nil {
			s.failed = true // whoever plans it in earnest tells why
		}
	}
	switch {
	case s.failed:
		return at, nil
	case !s.done():
		return now, nil
	}
	delete(b.surveys, batch.ID)
	return at, b.store.AppraiseBatch(ctx, batch, s.credits)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// of tells whether a survey is of a batch as it is now.
func (s *survey) of(batch *sms.Batch) bool {
	return s.list.ID == batch.ListID && s.from == batch.Next && s.batch.Order.Text == batch.Order.Text && s.batch.DueAt.Equal(batch.DueAt)
}

// newSurvey begins behind what a batch was charged for already.
func (b *Batches) newSurvey(ctx context.Context, batch *sms.Batch) (*survey, error) {
	s := &survey{batch: *batch, credits: batch.Credits, from: batch.Next}
	var err error
	if s.rules, err = b.rules(ctx, batch); err != nil {
		return nil, err
	}
	if s.list, err = b.store.List(ctx, batch.ListID); err != nil {
		return nil, err
	}
	if batch.Messages > 0 {
		err = b.store.BatchReceivers(ctx, batch.ID, func(receiver string) { s.seen.add(receiver) })
	}
	return s, err
}

// rules gives the rules of a batch's service.
func (b *Batches) rules(ctx context.Context, batch *sms.Batch) (*sms.Rules, error) {
	service, err := b.store.ServiceByID(ctx, batch.ServiceID)
	if err != nil {
		return nil, err
	}
	return b.store.FreshRules(ctx, service.Name)
}
