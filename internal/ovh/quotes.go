package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/submit"
)

func (a *API) createQuote(ctx context.Context, c *Call, in postSmsServiceNameQuotesIn) (smsQuote, error) {
	o, err := in.job().order()
	if err != nil {
		return smsQuote{}, err
	}
	if deref(in.ReceiversDocumentURL) != "" || deref(in.ReceiversSlotID) != "" {
		if _, _, err := a.fill(ctx, c, in.job(), &o, submit.Key{}); err != nil {
			return smsQuote{}, err
		}
	}
	q, err := a.submit.Quote(ctx, c.Caller.AccountID, in.ServiceName, o)
	if err != nil {
		return smsQuote{}, err
	}
	return a.newQuote(ctx, q)
}

// job gives the job that is quoted.
func (in postSmsServiceNameQuotesIn) job() postSmsServiceNameJobsIn {
	return postSmsServiceNameJobsIn{
		ServiceName: in.ServiceName, Message: in.Message, Charset: in.Charset, Class: in.Class, Coding: in.Coding, DifferedPeriod: in.DifferedPeriod,
		NoStopClause: in.NoStopClause, Priority: in.Priority, Receivers: in.Receivers, ReceiversDocumentURL: in.ReceiversDocumentURL,
		ReceiversSlotID: in.ReceiversSlotID, Sender: in.Sender, SenderForResponse: in.SenderForResponse, Tag: in.Tag, ValidityPeriod: in.ValidityPeriod,
	}
}

func (a *API) getQuote(ctx context.Context, c *Call, in getSmsServiceNameQuotesIDIn) (smsQuote, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsQuote{}, err
	}
	q, err := a.store.Quote(ctx, s.ID, in.ID, a.now())
	if err != nil {
		return smsQuote{}, err
	}
	return a.newQuote(ctx, q)
}

func (a *API) newQuote(ctx context.Context, q sms.Quote) (smsQuote, error) {
	b, err := a.store.Balance(ctx, q.ServiceID)
	if err != nil {
		return smsQuote{}, err
	}
	messages, parts, refused := q.Totals()
	out := smsQuote{
		ID: q.ID, CreationDatetime: datetime{q.At}, ExpirationDatetime: datetime{q.At.Add(sms.QuoteLife)}, Sender: q.Sender,
		Credits: q.Credits.Float(), CreditsLeft: b.Available.Float(), Messages: int64(messages), Parts: int64(parts), Refused: int64(refused),
		Receivers: make([]smsQuoteReceiver, len(q.Lines)), Invalid: []smsInvalidReceiver{}, Job: orNothing(q.UsedBy),
	}
	for i, l := range q.Lines {
		out.Receivers[i] = newQuoteReceiver(l, q.Texts[l.Text])
	}
	for _, r := range q.Invalid {
		out.Invalid = append(out.Invalid, smsInvalidReceiver{Receiver: r.Receiver, Reason: string(r.Reason), Message: r.Message})
	}
	return out, nil
}

func newQuoteReceiver(l sms.QuoteLine, text string) smsQuoteReceiver {
	r := smsQuoteReceiver{
		Receiver: l.Receiver, Country: l.Country, Message: text, Characters: int64(l.Length), CharactersClass: smsEncoding7bits, Parts: int64(l.Parts),
		Credits: l.Credits.Float(), SendAt: datetime{l.DueAt}, Delay: orNull(l.Delay), Carrier: l.Carrier, Route: orNothing(l.Route),
		RouteDescription: l.Why, ShortNumber: orNull(l.Source), Ptt: int64(l.PTT), Refusal: orNull(l.RefusedWhy()), Line: orNothing(int64(l.Line)),
		EmptyColumns: l.Empty,
	}
	if l.Unicode {
		r.CharactersClass = smsEncodingUnicode
	}
	if l.Culprit != "" {
		r.UnicodeCharacter, r.UnicodePosition = &l.Culprit, new(int64(l.CulpritAt))
	}
	return r
}
