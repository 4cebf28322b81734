package smppd

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// replaceTries is how often a replacement is planned again because the rules have changed meanwhile.
const replaceTries = 10

// replace gives a message that waits another text, and times and receipts as far as the request names others. Its octets are in the
// coding of the message.
func (l *link) replace(ctx context.Context, p *smpp.ReplaceSM) smpp.Status {
	all, waits, status := l.messagesOf(ctx, p.MessageID)
	switch {
	case status != smpp.OK:
		return status
	case waits || len(all) > 1:
		return smpp.ReplaceFailed
	case !all[0].isFrom(p.Source):
		return smpp.InvalidSource
	}
	m := all[0]
	text, status := l.whole(&smpp.SubmitSM{ShortMessage: p.ShortMessage, DataCoding: codingOf(m.job)})
	if status != smpp.OK {
		return status
	}
	r := store.Replacement{Validity: m.job.Validity}
	if r.ReceiptTo, status = l.otherReturn(ctx, m, p); status != smpp.OK {
		return status
	}
	o := sms.Order{
		Text: text, Receivers: []string{m.Receiver}, Sender: m.job.Sender, ForResponse: m.job.Sender == "", NoStop: !m.job.Marketing,
		ForceUnicode: m.job.Unicode, Class: m.job.Class, Priority: m.job.Priority, Tag: m.job.Tag, QueryID: m.job.QueryID,
		Validity: m.job.Validity,
	}
	if p.ScheduleTime != "" || p.ValidityPeriod != "" {
		times := sms.Order{}
		if status := timesOf(&times, p.ScheduleTime, p.ValidityPeriod, l.s.cfg.Clock.Now()); status != smpp.OK {
			return status
		}
		o.Deferred = times.Deferred
		if p.ValidityPeriod != "" {
			r.Validity = times.Validity
			if p.ScheduleTime == "" { // it counts from when the message is due
				if r.Validity, status = l.validityFrom(m, p.ValidityPeriod); status != smpp.OK {
					return status
				}
			}
		}
	}
	return l.replaceWith(ctx, m, o, &r, p.ScheduleTime != "")
}

// replaceWith plans the replacement and has it done.
func (l *link) replaceWith(ctx context.Context, m submitted, o sms.Order, r *store.Replacement, reschedule bool) smpp.Status {
	rules, err := l.s.cfg.Store.FreshRules(ctx, l.service.Name)
	for try := 0; err == nil && try < replaceTries; try++ {
		var plan *sms.Plan
		plan, _, err = l.s.cfg.Submit.LookPart(ctx, rules, o, func(string) bool { return false })
		if err != nil {
			break
		}
		if len(plan.Messages) != 1 || plan.Messages[0].Refused {
			return smpp.ReplaceFailed
		}
		r.Plan = plan
		if reschedule {
			r.DueAt = plan.Messages[0].DueAt
		}
		err = l.s.cfg.Store.Replace(ctx, l.service.ID, m.ID, r)
		if _, stale := errors.AsType[*store.StaleError](err); !stale {
			break
		}
		rules, err = l.s.cfg.Store.FreshRules(ctx, l.service.Name)
	}
	switch sms.CodeOf(err) {
	case sms.NoObject, sms.Conflict, sms.Invalid:
		return smpp.ReplaceFailed
	}
	return statusOf(err)
}

// otherReturn gives how the client is told what becomes of the message, if it wants to be told something else than it did.
func (l *link) otherReturn(ctx context.Context, m submitted, p *smpp.ReplaceSM) (string, smpp.Status) {
	had, err := l.s.cfg.Store.ReceiptTo(ctx, m.JobID)
	if err != nil {
		return "", statusOf(err)
	}
	var to returnTo
	wants := p.RegisteredDelivery & receiptMask
	if had != "" {
		if err := json.Unmarshal([]byte(had), &to); err != nil {
			return "", smpp.SystemError
		}
	}
	switch {
	case to.Wants == wants:
		return had, smpp.OK
	case wants == 0:
		return "", smpp.OK
	case had == "":
		to.Source, to.Dest = p.Source, smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN}
	}
	to.Wants = wants
	return plainJSON(to), smpp.OK
}

// validityFrom counts a new end of its validity from when a message is due.
func (l *link) validityFrom(m submitted, period string) (time.Duration, smpp.Status) {
	now := l.s.cfg.Clock.Now()
	until, err := smpp.ParseTime(period, now)
	if err != nil || !until.After(now) || !until.After(m.job.DueAt) {
		return 0, smpp.InvalidValidityPeriod
	}
	return min(max(until.Sub(m.job.DueAt), time.Minute), sms.MaxValidity), smpp.OK
}

// whole reads the text of a message that is in one piece.
func (l *link) whole(p *smpp.SubmitSM) (string, smpp.Status) {
	piece, concat, status := l.piece(p)
	if status != smpp.OK {
		return "", status
	}
	if concat.Total > 1 {
		return "", smpp.InvalidESMClass
	}
	return textOf([]gsm.Piece{piece})
}
