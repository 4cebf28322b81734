package submit

import (
	"context"
	"errors"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// A Verdict is what became of one receiver of SubmitEach: exactly one of its fields says it.
type Verdict struct {
	ID      int64        // of its message
	Refused *sms.Refusal // no message can be made for the receiver
	Err     error        // the message was not accepted: NoCredit, say
}

// each is an order whose receivers are requests of their own.
type each struct {
	s        *Submitter
	order    sms.Order // those receivers that have no verdict yet
	verdicts []Verdict
	short    sms.Credits // from this price on there is not enough credit, 0 = that is not known
	why      error       // of the first message that could not be paid
}

// SubmitEach submits an order whose receivers are requests of their own, made at once by one customer: as few jobs as Submit makes, but
// each receiver has its own verdict, also if it comes several times. If the credits do not last, those receivers that come first get
// their messages, as far as they can be paid. The order has no key, quote, lines or merge. Errors: those of Submit, which refuse all
// that have no verdict.
func (s *Submitter) SubmitEach(ctx context.Context, account int64, service string, o sms.Order) ([]Verdict, error) {
	o = tagged(o, s.now())
	o.Repeats, o.Lines = true, make([]int, len(o.Receivers))
	for i := range o.Lines {
		o.Lines[i] = i + 1
	}
	e := each{s: s, order: o, verdicts: make([]Verdict, len(o.Receivers))}
	refuse := func(_ int64, refused error) error { return refused }
	err := s.planned(ctx, account, service, &e.order, nil, func(p *sms.Plan) error { return e.accept(ctx, p) }, refuse)
	if err != nil {
		for i := range e.verdicts {
			if v := &e.verdicts[i]; *v == (Verdict{}) {
				v.Err = err
			}
		}
	}
	return e.verdicts, err
}

func (e *each) accept(ctx context.Context, p *sms.Plan) error {
	tooMany, err := e.s.velocity.take(ctx, p)
	if err != nil {
		return err
	}
	p.Refuse(tooMany)
	for i := range p.Invalid {
		r := &p.Invalid[i]
		e.verdicts[r.Line-1].Refused = r
	}
	err = e.pay(ctx, p)
	if _, stale := errors.AsType[*store.StaleError](err); stale {
		e.rest()
	}
	return err
}

// rest leaves of the order what has no verdict yet.
func (e *each) rest() {
	o := e.order
	receivers, texts, lines := o.Receivers, o.Texts, o.Lines
	o.Receivers, o.Texts, o.Lines = nil, nil, nil
	for i, line := range lines {
		if e.verdicts[line-1] != (Verdict{}) {
			continue
		}
		o.Receivers, o.Lines = append(o.Receivers, receivers[i]), append(o.Lines, line)
		if texts != nil {
			o.Texts = append(o.Texts, texts[i])
		}
	}
	if o.Texts != nil {
		o.Text = o.Texts[0]
	}
	e.order = o
}

// pay charges the messages of a plan and queues them; if they cost too much together, it tries the halves, the first one first.
func (e *each) pay(ctx context.Context, p *sms.Plan) error {
	if p = e.affordable(p); len(p.Messages) == 0 {
		return nil
	}
	first, _, err := e.s.store.Accept(ctx, &store.Acceptance{Plan: p})
	if err == nil {
		for i := range p.Messages {
			e.verdicts[p.Messages[i].Line-1].ID = first + int64(i)
		}
		return nil
	}
	code, n := sms.CodeOf(err), len(p.Messages)
	switch {
	case code != sms.NoCredit && code != sms.Guarded:
		e.s.velocity.giveBack(p)
		return err
	case n == 1:
		e.short, e.why = p.Credits, err
		e.refuse(p)
		return nil
	}
	if err := e.pay(ctx, p.Some(0, n/2)); err != nil {
		e.s.velocity.giveBack(p.Some(n/2, n))
		return err
	}
	return e.pay(ctx, p.Some(n/2, n))
}

// affordable is the plan without the messages for whose price there was not enough a moment ago. They are refused.
func (e *each) affordable(p *sms.Plan) *sms.Plan {
	if e.why == nil {
		return p
	}
	kept, dear := p.Some(0, 0), p.Some(0, 0)
	for _, m := range p.Messages {
		to := kept
		if m.Credits >= e.short {
			to = dear
		}
		to.Messages, to.Credits = append(to.Messages, m), to.Credits+m.Credits
	}
	e.refuse(dear)
	return kept
}

// refuse gives the messages of a plan the verdict that they cannot be paid.
func (e *each) refuse(p *sms.Plan) {
	e.s.velocity.giveBack(p)
	for i := range p.Messages {
		e.verdicts[p.Messages[i].Line-1].Err = e.why
	}
}
