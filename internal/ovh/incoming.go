package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listIncoming(ctx context.Context, c *Call, in getSmsServiceNameIncomingIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	f, ok := incomingFilter(s, in.CreationDatetimeFrom, in.CreationDatetimeTo, in.Sender, in.Tag)
	if !ok {
		return []int64{}, nil
	}
	return a.store.Incoming(ctx, s.ID, f)
}

// incomingFilter reads the filters; ok is false when they fit nothing.
func incomingFilter(s sms.Service, from, to *datetime, sender, tag *string) (f store.IncomingFilter, ok bool) {
	f.Tag = tag
	if from != nil {
		f.From = from.Time
	}
	if to != nil {
		f.To = to.Time
	}
	if sender != nil {
		if *sender == "" { // nobody's; to the store it means everybody
			return f, false
		}
		f.Sender, _ = number(*sender, s) // short numbers write, too
	}
	return f, true
}

func (a *API) getIncoming(ctx context.Context, c *Call, in getSmsServiceNameIncomingIDIn) (smsIncoming, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsIncoming{}, err
	}
	m, err := a.store.IncomingMessage(ctx, s.ID, in.ID)
	return newIncoming(m), err
}

func newIncoming(m sms.Incoming) smsIncoming {
	return smsIncoming{CreationDatetime: datetime{m.At}, Credits: m.Credits.Float(), ID: m.ID, Message: m.Text, Sender: m.Sender, Tag: m.Tag}
}

func (a *API) deleteIncoming(ctx context.Context, c *Call, in deleteSmsServiceNameIncomingIDIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteIncoming(ctx, s.ID, in.ID)
}

func (a *API) listBlacklists(ctx context.Context, c *Call, in getSmsServiceNameBlacklistsIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	if in.BatchID != nil && in.SmsOutgoingID == nil {
		return a.store.OptOutsOfBatch(ctx, s.ID, *in.BatchID)
	}
	if in.BatchID != nil {
		if of, err := a.batchOf(ctx, *in.SmsOutgoingID); err != nil || deref(of) != *in.BatchID {
			return []string{}, err
		}
	}
	if in.SmsOutgoingID != nil && *in.SmsOutgoingID <= 0 { // no message's; to the store it means all
		return []string{}, nil
	}
	return a.store.OptOuts(ctx, s.ID, deref(in.SmsOutgoingID))
}

func (a *API) getBlacklist(ctx context.Context, c *Call, in getSmsServiceNameBlacklistsNumberIn) (smsBlacklist, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsBlacklist{}, err
	}
	receiver, _ := number(in.Number, s)
	o, err := a.store.OptOut(ctx, s.ID, receiver)
	out := smsBlacklist{DateCreation: datetime{o.At}, Number: o.Receiver}
	if o.OutgoingID != 0 && err == nil {
		out.SmsOutgoingID = &o.OutgoingID
		out.BatchID, err = a.batchOf(ctx, o.OutgoingID)
	}
	return out, err
}

func (a *API) deleteBlacklist(ctx context.Context, c *Call, in deleteSmsServiceNameBlacklistsNumberIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	receiver, _ := number(in.Number, s)
	return void{}, a.store.DeleteOptOut(ctx, s.ID, receiver)
}
