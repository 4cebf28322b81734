package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// What a virtual number sends is what its service sends with the number as the sender.

func (a *API) listNumberJobs(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberJobsIn) ([]int64, error) {
	s, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return nil, err
	}
	f := store.Filter{Sender: &v.Number}
	for _, state := range sms.States {
		if state.Waiting() {
			f.States = append(f.States, state)
		}
	}
	return a.store.Outgoing(ctx, s.ID, f)
}

func (a *API) createNumberJob(ctx context.Context, c *Call, in postSmsServiceNameVirtualNumbersNumberJobsIn) (smsSendingReport, error) {
	_, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return smsSendingReport{}, err
	}
	return a.createJob(ctx, c, postSmsServiceNameJobsIn{
		ServiceName: in.ServiceName, Message: in.Message, Charset: in.Charset, Class: in.Class, Coding: in.Coding, DifferedPeriod: in.DifferedPeriod,
		Priority: in.Priority, Receivers: in.Receivers, ReceiversDocumentURL: in.ReceiversDocumentURL, ReceiversSlotID: in.ReceiversSlotID,
		Sender: &v.Number, Tag: in.Tag, ValidityPeriod: in.ValidityPeriod, IdempotencyKey: in.IdempotencyKey,
	})
}

// numberMessage gives a message that a virtual number of the caller has sent, or is to send.
func (a *API) numberMessage(ctx context.Context, c *Call, service, number string, id int64) (sms.Message, sms.Job, error) {
	s, v, err := a.numberOf(ctx, c, service, number)
	if err != nil {
		return sms.Message{}, sms.Job{}, err
	}
	m, j, err := a.store.Message(ctx, s.ID, id)
	if err == nil && j.Sender != v.Number {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", id)
	}
	return m, j, err
}

func (a *API) getNumberJob(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberJobsIDIn) (smsVirtualNumberJob, error) {
	if _, _, err := a.numberMessage(ctx, c, in.ServiceName, in.Number, in.ID); err != nil {
		return smsVirtualNumberJob{}, err
	}
	j, err := a.getJob(ctx, c, getSmsServiceNameJobsIDIn{ServiceName: in.ServiceName, ID: in.ID})
	return smsVirtualNumberJob{
		CreationDatetime: j.CreationDatetime, Credits: j.Credits, DeliveryReceipt: j.DeliveryReceipt, DifferedDelivery: j.DifferedDelivery,
		ID: j.ID, Message: j.Message, MessageLength: j.MessageLength, NumberOfSms: j.NumberOfSms, Ptt: j.Ptt, Receiver: j.Receiver,
	}, err
}

func (a *API) deleteNumberJob(ctx context.Context, c *Call, in deleteSmsServiceNameVirtualNumbersNumberJobsIDIn) (void, error) {
	if _, _, err := a.numberMessage(ctx, c, in.ServiceName, in.Number, in.ID); err != nil {
		return void{}, err
	}
	return a.deleteJob(ctx, c, deleteSmsServiceNameJobsIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) listNumberOutgoing(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberOutgoingIn) ([]int64, error) {
	s, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return nil, err
	}
	f := getSmsServiceNameOutgoingIn{
		CreationDatetimeFrom: in.CreationDatetimeFrom, CreationDatetimeTo: in.CreationDatetimeTo, DeliveryReceipt: in.DeliveryReceipt,
		DifferedDelivery: in.DifferedDelivery, Ptt: in.Ptt, Receiver: in.Receiver, Tag: in.Tag, Sender: &v.Number,
	}.filter(s)
	if in.Sender != nil {
		wanted, _ := number(*in.Sender, s)
		f.Nothing = f.Nothing || wanted != v.Number
	}
	return a.store.Outgoing(ctx, s.ID, f)
}

func (a *API) getNumberOutgoing(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberOutgoingIDIn) (smsOutgoing, error) {
	m, j, err := a.numberMessage(ctx, c, in.ServiceName, in.Number, in.ID)
	if err != nil {
		return smsOutgoing{}, err
	}
	return newOutgoing(m, j)
}

func (a *API) deleteNumberOutgoing(ctx context.Context, c *Call, in deleteSmsServiceNameVirtualNumbersNumberOutgoingIDIn) (void, error) {
	if _, _, err := a.numberMessage(ctx, c, in.ServiceName, in.Number, in.ID); err != nil {
		return void{}, err
	}
	return a.deleteOutgoing(ctx, c, deleteSmsServiceNameOutgoingIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) getNumberOutgoingHlr(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberOutgoingIDHlrIn) (smsHlr, error) {
	if _, _, err := a.numberMessage(ctx, c, in.ServiceName, in.Number, in.ID); err != nil {
		return smsHlr{}, err
	}
	return a.getOutgoingHlr(ctx, c, getSmsServiceNameOutgoingIDHlrIn{ServiceName: in.ServiceName, ID: in.ID})
}

// What is written to a virtual number belongs to the service that has it.

func (a *API) listNumberIncoming(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberIncomingIn) ([]int64, error) {
	s, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return nil, err
	}
	f, ok := incomingFilter(s, in.CreationDatetimeFrom, in.CreationDatetimeTo, in.Sender, in.Tag)
	if !ok {
		return []int64{}, nil
	}
	f.Number = v.Number
	return a.store.Incoming(ctx, s.ID, f)
}

// numberIncoming gives a message that was written to a virtual number of the caller.
func (a *API) numberIncoming(ctx context.Context, c *Call, service, number string, id int64) (sms.Incoming, error) {
	s, v, err := a.numberOf(ctx, c, service, number)
	if err != nil {
		return sms.Incoming{}, err
	}
	m, err := a.store.IncomingMessage(ctx, s.ID, id)
	if err == nil && m.Number != v.Number {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", id).With("cause", "the message was not written to "+v.Number)
	}
	return m, err
}

func (a *API) getNumberIncoming(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberIncomingIDIn) (smsIncoming, error) {
	m, err := a.numberIncoming(ctx, c, in.ServiceName, in.Number, in.ID)
	return newIncoming(m), err
}

func (a *API) deleteNumberIncoming(ctx context.Context, c *Call, in deleteSmsServiceNameVirtualNumbersNumberIncomingIDIn) (void, error) {
	m, err := a.numberIncoming(ctx, c, in.ServiceName, in.Number, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteIncoming(ctx, m.ServiceID, m.ID)
}
