package ovh

import (
	"context"
	"iter"
	"math"
	"strings"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/phone"
	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listOutgoing(ctx context.Context, c *Call, in getSmsServiceNameOutgoingIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.Outgoing(ctx, s.ID, in.filter(s))
}

func (a *API) streamOutgoing(ctx context.Context, c *Call, in getSmsServiceNameOutgoingIn) (iter.Seq2[[]int64, error], error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.OutgoingPages(ctx, s.ID, in.filter(s)), nil
}

// filter reads the filters.
func (in getSmsServiceNameOutgoingIn) filter(s sms.Service) store.Filter {
	f := store.Filter{Tag: in.Tag, Sender: in.Sender, Batch: in.BatchID}
	if in.CreationDatetimeFrom != nil {
		f.From = in.CreationDatetimeFrom.Time
	}
	if in.CreationDatetimeTo != nil {
		f.To = in.CreationDatetimeTo.Time
	}
	if in.DifferedDelivery != nil {
		d, err := minutes("differedDelivery", *in.DifferedDelivery)
		f.Deferred, f.Nothing = &d, f.Nothing || err != nil
	}
	if in.Ptt != nil {
		f.PTT, f.Nothing = new(int(*in.Ptt)), f.Nothing || *in.Ptt < 0 || *in.Ptt > math.MaxInt16
	}
	if in.DeliveryReceipt != nil {
		f.States = sms.StatesOf(int(*in.DeliveryReceipt))
		f.Nothing = f.Nothing || len(f.States) == 0
	}
	if in.Receiver != nil {
		receiver, ok := number(*in.Receiver, s)
		f.Receiver, f.Nothing = receiver, f.Nothing || !ok
	}
	if in.MessageID != nil {
		id, part, ok := sms.ParseSMPPMessageID(*in.MessageID)
		f.SMPP, f.Nothing = id, f.Nothing || !ok || id == 0 || part != 0
	}
	return f
}

// number reads a number as clients write it in paths and queries, where a plus that was not encoded arrives as a space. What is
// no number is given back as it is.
func number(written string, s sms.Service) (e164 string, ok bool) {
	if rest, found := strings.CutPrefix(written, " "); found {
		written = "+" + rest
	}
	n, err := phone.Parse(written, s.Country)
	if err != nil {
		return written, false
	}
	return n.E164, true
}

func (a *API) getOutgoing(ctx context.Context, c *Call, in getSmsServiceNameOutgoingIDIn) (smsOutgoing, error) {
	m, j, err := a.message(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsOutgoing{}, err
	}
	out, err := newOutgoing(m, j)
	if err == nil {
		out.BatchID, err = a.batchOf(ctx, m.ID)
	}
	return out, err
}

// batchOf gives the batch of a message, nil if it is of none.
func (a *API) batchOf(ctx context.Context, message int64) (*string, error) {
	uuid, err := a.store.BatchOf(ctx, message)
	return orNull(uuid), err
}

func newOutgoing(m sms.Message, j sms.Job) (smsOutgoing, error) {
	text := m.Body(j)
	want := gsm.GSM7
	if j.Unicode {
		want = gsm.UCS2
	}
	counted, err := gsm.Analyse(text, want)
	if err != nil {
		return smsOutgoing{}, err
	}
	out := smsOutgoing{
		CreationDatetime: datetime{j.CreatedAt}, Credits: m.Credits.Float(), DeliveryReceipt: int64(m.DeliveryReceipt()),
		DifferedDelivery: int64(j.DueAt.Sub(j.CreatedAt) / time.Minute), ID: m.ID, Message: text, MessageLength: int64(counted.Length),
		NumberOfSms: int64(m.Parts), Ptt: int64(m.PTT), Receiver: m.Receiver, Sender: j.Sender, SentAt: at(m.SentAt), Tag: j.Tag,
		TariffCode: m.Country,
	}
	if strings.HasPrefix(j.QueryID, sms.ViaSMPP) {
		out.MessageID = new(sms.SMPPMessageID(m.ID, 0))
	}
	if m.State == sms.Delivered {
		out.DeliveredAt = at(m.DoneAt)
	}
	return out, nil
}

func (a *API) deleteOutgoing(ctx context.Context, c *Call, in deleteSmsServiceNameOutgoingIDIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.HideMessage(ctx, s.ID, in.ID)
}
