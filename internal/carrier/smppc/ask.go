package smppc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// Ask asks the operator by query_sm what became of the part that it has accepted under a reference, from a source as it was
// handed over. The receipt has no receiver, since the answer names none. Errors: sms.ErrUnknownReference, sms.ErrNoQueries, and
// others if there was no answer or none of use now.
func (c *Carrier) Ask(ctx context.Context, ref, from string) (sms.Receipt, error) {
	c.mu.Lock()
	l, taking := c.link, c.taking
	c.mu.Unlock()
	if !taking {
		return sms.Receipt{}, errors.New("not connected")
	}
	p, err := l.tx.Request(ctx, &smpp.QuerySM{MessageID: ref, Source: source(c.settings, from)})
	if _, unusable := errors.AsType[*smpp.FieldError](err); unusable {
		return sms.Receipt{}, fmt.Errorf("%w: %w", sms.ErrUnknownReference, err)
	}
	if status, refused := errors.AsType[smpp.Status](err); refused {
		return sms.Receipt{}, unanswered(status, p)
	}
	if err != nil {
		return sms.Receipt{}, err
	}
	answer, ok := p.(*smpp.QuerySMResp)
	if !ok {
		return sms.Receipt{}, fmt.Errorf("%w: %s was answered with %s", sms.ErrNoQueries, smpp.CommandQuerySM, p.Command())
	}
	if answer.State == smpp.StateUnknown { // it is said of what they have forgotten
		return sms.Receipt{}, fmt.Errorf("%w: it answers that the state is unknown", sms.ErrUnknownReference)
	}
	return c.told(ref, answer), nil
}

// unanswered says what a refusal to answer means. The statuses that complain about what was asked mean that there is no such message:
// operators use them all.
func unanswered(s smpp.Status, p smpp.PDU) error {
	_, nack := p.(*smpp.GenericNack)
	switch {
	case nack, s == smpp.InvalidCommandID:
		return fmt.Errorf("%w: %s", sms.ErrNoQueries, describe(s))
	case s == smpp.QueryFailed, s == smpp.InvalidMessageID, s == smpp.InvalidSource:
		return fmt.Errorf("%w: %s", sms.ErrUnknownReference, describe(s))
	}
	return errors.New(describe(s))
}

// told makes a receipt of an answer.
func (c *Carrier) told(ref string, a *smpp.QuerySMResp) sms.Receipt {
	now := c.now()
	r := sms.Receipt{
		CarrierID: c.id, Refs: []string{ref}, DoneAt: now, At: now, Asked: true,
		Raw: clean(fmt.Sprintf("query_sm: message_id %s, message_state %s, final_date %s, error_code %d", a.MessageID, a.State, a.FinalDate, a.ErrorCode), maxText),
	}
	code := ""
	if a.ErrorCode != 0 {
		code = fmt.Sprint(a.ErrorCode)
	}
	r.State, r.PTT = outcome(a.State, code)
	if r.State != sms.Delivered {
		r.Error = clean(strings.TrimSpace(a.State.String()+" "+code), maxText)
	}
	// Unlike that of a receipt this date has a zone, and the end may well be long ago.
	if done, err := smpp.ParseTime(a.FinalDate, now); err == nil && !done.IsZero() && done.Before(now.Add(time.Minute)) {
		r.DoneAt = done
	}
	return r
}
