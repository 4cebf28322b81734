package ovh

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

func (a *API) listJobs(ctx context.Context, c *Call, in getSmsServiceNameJobsIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.Waiting(ctx, s.ID)
}

func (a *API) createJob(ctx context.Context, c *Call, in postSmsServiceNameJobsIn) (smsSendingReport, error) {
	return a.createJobOf(ctx, c, in, sms.User{})
}

// createJobOf submits what an SMS user orders, or the owner of the service for a user without a name.
func (a *API) createJobOf(ctx context.Context, c *Call, in postSmsServiceNameJobsIn, u sms.User) (smsSendingReport, error) {
	o, err := in.order()
	if err != nil {
		return smsSendingReport{}, err
	}
	o.Credential, o.QueryID, o.User = c.Caller.Credential, c.QueryID, u.ID
	var key submit.Key
	if in.IdempotencyKey != nil && *in.IdempotencyKey != "" {
		hash := sha256.Sum256(append([]byte(in.ServiceName+"\x00"+u.Login), c.Body...))
		key = submit.Key{Key: *in.IdempotencyKey, Hash: hash[:]}
	}
	if deref(in.ReceiversDocumentURL) != "" || deref(in.ReceiversSlotID) != "" {
		r, known, err := a.fill(ctx, c, in, &o, key)
		if err != nil || known {
			return newReport(r), err
		}
	}
	r, err := a.submit.Submit(ctx, c.Caller.AccountID, in.ServiceName, o, key)
	return newReport(r), err
}

// fill takes an order's receivers from a document or a slot, unless the request was answered earlier: then it gives that answer.
func (a *API) fill(ctx context.Context, c *Call, in postSmsServiceNameJobsIn, o *sms.Order, key submit.Key) (r submit.Report, known bool, err error) {
	rules, err := a.rules(ctx, c, in.ServiceName)
	if err != nil {
		return r, false, err
	}
	if r, known, err = a.submit.Repeat(ctx, rules.Service.ID, key); err != nil || known {
		return r, known, err
	}
	if slot := deref(in.ReceiversSlotID); slot != "" {
		n, err := slotNumber("receiversSlotId", slot)
		if err != nil {
			return r, false, err
		}
		*o, err = a.slots.Fill(ctx, rules.Service, n, *o, rules.Limits.Receivers)
		return r, false, err
	}
	list, err := campaign.Open(ctx, a.fetch, *in.ReceiversDocumentURL, campaign.Options{
		Country: rules.Service.Country, Limits: campaign.Limits{Rows: rules.Limits.Receivers},
	})
	if err != nil {
		return r, false, err
	}
	defer list.Close()
	*o, err = list.Fill(*o)
	return r, false, err
}

// checkReceivers wants one source of receivers.
func (in postSmsServiceNameJobsIn) checkReceivers() error {
	var given []string
	if len(in.Receivers) > 0 {
		given = append(given, "receivers")
	}
	if deref(in.ReceiversDocumentURL) != "" {
		given = append(given, "receiversDocumentUrl")
	}
	if deref(in.ReceiversSlotID) != "" {
		given = append(given, "receiversSlotId")
	}
	if len(given) > 1 {
		return sms.Errorf(sms.Invalid, "%s are both given: give one of them", strings.Join(given, " and "))
	}
	return nil
}

// order fills in OVH's defaults.
func (in postSmsServiceNameJobsIn) order() (sms.Order, error) {
	o := sms.Order{
		Text: in.Message, Receivers: in.Receivers, Class: sms.PhoneDisplay, Priority: sms.High, Validity: sms.MaxValidity,
		ForResponse: deref(in.SenderForResponse), NoStop: deref(in.NoStopClause), Tag: deref(in.Tag), Sender: deref(in.Sender),
		QuoteID: deref(in.QuoteID), ForceUnicode: in.Coding != nil && *in.Coding == smsCoding8bit,
	}
	if in.Class != nil {
		o.Class = sms.Class(*in.Class)
	}
	if in.Priority != nil {
		o.Priority = sms.Priority(*in.Priority)
	}
	err := in.checkReceivers()
	if in.DifferedPeriod != nil && err == nil {
		o.Deferred, err = minutes("differedPeriod", *in.DifferedPeriod)
	}
	if in.ValidityPeriod != nil && err == nil {
		o.Validity, err = minutes("validityPeriod", *in.ValidityPeriod)
	}
	return o, err
}

// minutes keeps a number of minutes within what a duration can hold.
func minutes(field string, n int64) (time.Duration, error) {
	const century = 100 * 366 * 24 * 60
	if n < -century || n > century {
		return 0, sms.Errorf(sms.Invalid, "%s = %d is not a number of minutes that makes sense: give one below %d", field, n, century)
	}
	return time.Duration(n) * time.Minute, nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func newReport(r submit.Report) smsSendingReport {
	out := smsSendingReport{
		IDs: r.IDs, ValidReceivers: r.Valid, InvalidReceivers: []string{}, InvalidReasons: []smsInvalidReceiver{},
		Refused: []smsInvalidReceiver{}, Tag: r.Tag, TotalCreditsRemoved: r.Credits.Float(),
	}
	for _, i := range r.Invalid {
		out.InvalidReceivers = append(out.InvalidReceivers, i.Receiver)
		out.InvalidReasons = append(out.InvalidReasons, smsInvalidReceiver{Receiver: i.Receiver, Reason: string(i.Reason), Message: i.Message})
	}
	for _, x := range r.Refused {
		out.Refused = append(out.Refused, smsInvalidReceiver{Receiver: x.Receiver, Reason: string(x.Reason), Message: x.Message})
	}
	return out
}

func (a *API) getJob(ctx context.Context, c *Call, in getSmsServiceNameJobsIDIn) (smsJob, error) {
	m, j, err := a.message(ctx, c, in.ServiceName, in.ID)
	if err == nil && !m.State.Waiting() && m.State != sms.Sending {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", in.ID).
			With("cause", "the message does not wait any more: find it under outgoing")
	}
	if err != nil {
		return smsJob{}, err
	}
	delay := a.putOffNow(m, &j)
	o, err := newOutgoing(m, j)
	return smsJob{
		CreationDatetime: o.CreationDatetime, Credits: o.Credits, Delay: orNull(delay), DeliveredAt: o.DeliveredAt, DeliveryReceipt: o.DeliveryReceipt,
		DifferedDelivery: o.DifferedDelivery, ID: o.ID, Message: o.Message, MessageLength: o.MessageLength, NumberOfSms: o.NumberOfSms,
		Ptt: o.Ptt, Receiver: o.Receiver, Sender: o.Sender, SentAt: o.SentAt,
	}, err
}

// putOffNow says why a message leaves later than it was ordered. One that came to its turn outside of the sending hours is due when they begin.
func (a *API) putOffNow(m sms.Message, j *sms.Job) string {
	now := a.now()
	if m.State == sms.Sending || j.DueAt.After(now) {
		return j.Delay
	}
	at, why := sms.NextSending(now, m.Country, j.Hours)
	if why == "" {
		return j.Delay
	}
	j.DueAt = at
	return why
}

func (a *API) deleteJob(ctx context.Context, c *Call, in deleteSmsServiceNameJobsIDIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.Cancel(ctx, s.ID, in.ID, a.now())
}

// putJob has a waiting message, and those that were ordered together with it, leave at another time.
func (a *API) putJob(ctx context.Context, c *Call, in putSmsServiceNameJobsIDIn) (void, error) {
	rules, err := a.rules(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	after, err := minutes("differedPeriod", in.DifferedPeriod)
	if err == nil {
		err = sms.CheckDeferred(after, rules.Limits)
	}
	if err != nil {
		return void{}, err
	}
	now := a.now()
	return void{}, a.store.RedateJob(ctx, rules.Service.ID, in.ID, now.Add(after), now)
}

// message gives a message of one of the caller's services.
func (a *API) message(ctx context.Context, c *Call, service string, id int64) (sms.Message, sms.Job, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return sms.Message{}, sms.Job{}, err
	}
	return a.store.Message(ctx, s.ID, id)
}
