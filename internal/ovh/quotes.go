package ovh

import (
	"context"
	"errors"
	"time"

	"ramier/internal/sms"
	"ramier/internal/submit"
)

func (a *API) createQuote(ctx context.Context, c *Call, in postSmsServiceNameQuotesIn) (smsQuote, error) {
	if in.Body.isBatch() {
		return a.quoteBatch(ctx, c, in)
	}
	job, err := in.Body.job(in.ServiceName)
	if err != nil {
		return smsQuote{}, err
	}
	o, err := job.order()
	if err != nil {
		return smsQuote{}, err
	}
	if deref(job.ReceiversDocumentURL) != "" || deref(job.ReceiversSlotID) != "" {
		if _, _, err := a.fill(ctx, c, job, &o, submit.Key{}); err != nil {
			return smsQuote{}, err
		}
	}
	q, err := a.submit.Quote(ctx, c.Caller.AccountID, in.ServiceName, o)
	if err != nil {
		return smsQuote{}, err
	}
	return a.newQuote(ctx, q)
}

// isBatch tells that the body is that of a batch: it has a field that jobs lack and need.
func (in smsQuoteParamsBody) isBatch() bool {
	return in.From != nil || len(in.To) > 0 || deref(in.SlotID) != ""
}

// job gives the job that is quoted.
func (in smsQuoteParamsBody) job(service string) (postSmsServiceNameJobsIn, error) {
	out := postSmsServiceNameJobsIn{
		ServiceName: service, Message: in.Message, Charset: in.Charset, Coding: in.Coding, DifferedPeriod: in.DifferedPeriod,
		NoStopClause: in.NoStopClause, Priority: in.Priority, Receivers: in.Receivers, ReceiversDocumentURL: in.ReceiversDocumentURL,
		ReceiversSlotID: in.ReceiversSlotID, Sender: in.Sender, SenderForResponse: in.SenderForResponse, Tag: in.Tag, ValidityPeriod: in.ValidityPeriod,
	}
	for name, given := range map[string]bool{"noStop": in.NoStop != nil, "deferred": in.Deferred != nil} {
		if given {
			return out, sms.Errorf(sms.Invalid, "%s belongs to a batch, and neither to nor slotID is given", name)
		}
	}
	if in.Class == nil {
		return out, nil
	}
	class, ok := map[smsQuoteClass]smsClass{
		smsQuoteClassFlash: smsClassFlash, smsQuoteClassPhoneDisplay: smsClassPhoneDisplay, smsQuoteClassSim: smsClassSim, smsQuoteClassToolkit: smsClassToolkit,
	}[*in.Class]
	if !ok {
		return out, sms.Errorf(sms.Invalid, "class = %q is one of batches: give flash, phoneDisplay, sim or toolkit", *in.Class)
	}
	out.Class = &class
	return out, nil
}

// batch gives the batch that is quoted.
func (in smsQuoteParamsBody) batch() (smsBatchParamsBody, error) {
	out := smsBatchParamsBody{
		Message: in.Message, From: in.From, SenderForResponse: in.SenderForResponse, To: in.To, SlotID: in.SlotID, Deferred: in.Deferred,
		NoStop: in.NoStop, Tag: in.Tag, Canary: in.Canary, CanaryMinutes: in.CanaryMinutes, HoldMinutes: in.HoldMinutes,
		MaxFailureRate: in.MaxFailureRate, MaxStopRate: in.MaxStopRate, SpreadHours: in.SpreadHours, Name: in.Name,
	}
	for name, given := range map[string]bool{
		"sender": in.Sender != nil, "receivers": len(in.Receivers) > 0, "receiversDocumentUrl": in.ReceiversDocumentURL != nil,
		"receiversSlotId": in.ReceiversSlotID != nil, "noStopClause": in.NoStopClause != nil, "differedPeriod": in.DifferedPeriod != nil,
		"validityPeriod": in.ValidityPeriod != nil, "priority": in.Priority != nil, "coding": in.Coding != nil,
	} {
		if given {
			return out, sms.Errorf(sms.Invalid, "%s belongs to a job, and from, to and slotID to a batch: give the body of one of them", name)
		}
	}
	if in.Class == nil {
		return out, nil
	}
	class, ok := map[smsQuoteClass]smsBatchClass{
		smsQuoteClassFLASH: smsBatchClassFLASH, smsQuoteClassPHONE: smsBatchClassPHONE, smsQuoteClassSIM: smsBatchClassSIM,
	}[*in.Class]
	if !ok {
		return out, sms.Errorf(sms.Invalid, "class = %q is one of jobs: give FLASH, PHONE or SIM", *in.Class)
	}
	out.Class = &class
	return out, nil
}

// quotePatience is how long the rows of a batch may be planned for a quote; a million takes some ten seconds.
const quotePatience = 100 * time.Second

// quoteBatch quotes a batch, all rows of it.
func (a *API) quoteBatch(ctx context.Context, c *Call, in postSmsServiceNameQuotesIn) (smsQuote, error) {
	rules, err := a.rules(ctx, c, in.ServiceName)
	if err != nil {
		return smsQuote{}, err
	}
	body, err := in.Body.batch()
	if err != nil {
		return smsQuote{}, err
	}
	r, err := body.request()
	if err != nil {
		return smsQuote{}, err
	}
	long, cancel := context.WithTimeout(c.whole, quotePatience)
	defer cancel()
	q, err := a.batches.Quote(long, rules, r)
	if errors.Is(long.Err(), context.DeadlineExceeded) {
		return smsQuote{}, sms.Errorf(sms.TooLarge, "the texts of these rows take more than %.0f s to plan: shorten message, or create the batch with holdMinutes and read "+
			"its estimatedCredits until estimateExact is true", quotePatience.Seconds())
	}
	if err != nil {
		return smsQuote{}, err
	}
	return a.newBatchQuote(long, q)
}

func (a *API) newBatchQuote(ctx context.Context, q *sms.BatchQuote) (smsQuote, error) {
	out, err := a.newQuote(ctx, q.Quote)
	out.Messages, out.Parts, out.Refused, out.InvalidTotal = int64(q.Messages-q.Refused), int64(q.Parts), int64(q.Refused), int64(q.Unusable)
	out.Batch = orNull(q.Batch)
	return out, err
}

func (a *API) getQuote(ctx context.Context, c *Call, in getSmsServiceNameQuotesIDIn) (smsQuote, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsQuote{}, err
	}
	q, err := a.store.Quote(ctx, s.ID, in.ID, a.now())
	if sms.CodeOf(err) == sms.NoObject {
		batch, none := a.store.BatchQuote(ctx, s.ID, in.ID)
		if none == nil && (batch.Batch != "" || batch.Usable(a.now()) == nil) {
			return a.newBatchQuote(ctx, batch)
		}
	}
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
		Receivers: make([]smsQuoteReceiver, len(q.Lines)), Invalid: []smsInvalidReceiver{}, Job: orNothing(q.UsedBy), InvalidTotal: int64(len(q.Invalid)),
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
