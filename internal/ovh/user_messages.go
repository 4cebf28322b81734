package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// job gives the same request without its user.
func (in postSmsServiceNameUsersLoginJobsIn) job() postSmsServiceNameJobsIn {
	return postSmsServiceNameJobsIn{
		ServiceName: in.ServiceName, Message: in.Message, Charset: in.Charset, Class: in.Class, Coding: in.Coding,
		DifferedPeriod: in.DifferedPeriod, NoStopClause: in.NoStopClause, Priority: in.Priority, Receivers: in.Receivers,
		ReceiversDocumentURL: in.ReceiversDocumentURL, ReceiversSlotID: in.ReceiversSlotID, Sender: in.Sender,
		SenderForResponse: in.SenderForResponse, Tag: in.Tag, ValidityPeriod: in.ValidityPeriod, IdempotencyKey: in.IdempotencyKey,
	}
}

func (a *API) createUserJob(ctx context.Context, c *Call, in postSmsServiceNameUsersLoginJobsIn) (smsSendingReport, error) {
	_, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return smsSendingReport{}, err
	}
	return a.createJobOf(ctx, c, in.job(), u)
}

func (a *API) listUserJobs(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginJobsIn) ([]int64, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return nil, err
	}
	ids, err := a.store.Waiting(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	return a.store.OrderedBy(ctx, u.ID, ids)
}

// userMessage gives a message that a user of one of the caller's services has ordered.
func (a *API) userMessage(ctx context.Context, c *Call, service, login string, id int64) (sms.Message, sms.Job, error) {
	s, u, err := a.user(ctx, c, service, login)
	if err != nil {
		return sms.Message{}, sms.Job{}, err
	}
	m, j, err := a.store.Message(ctx, s.ID, id)
	if err == nil && j.User != u.ID {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", id).
			With("cause", "the message was not ordered by "+login)
	}
	return m, j, err
}

func (a *API) getUserJob(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginJobsIDIn) (smsJob, error) {
	if _, _, err := a.userMessage(ctx, c, in.ServiceName, in.Login, in.ID); err != nil {
		return smsJob{}, err
	}
	return a.getJob(ctx, c, getSmsServiceNameJobsIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) deleteUserJob(ctx context.Context, c *Call, in deleteSmsServiceNameUsersLoginJobsIDIn) (void, error) {
	if _, _, err := a.userMessage(ctx, c, in.ServiceName, in.Login, in.ID); err != nil {
		return void{}, err
	}
	return a.deleteJob(ctx, c, deleteSmsServiceNameJobsIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) listUserOutgoing(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginOutgoingIn) ([]int64, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return nil, err
	}
	f := getSmsServiceNameOutgoingIn{
		DeliveryReceipt: in.DeliveryReceipt, DifferedDelivery: in.DifferedDelivery, Ptt: in.Ptt, Receiver: in.Receiver,
		Sender: in.Sender, Tag: in.Tag,
	}.filter(s)
	f.User = u.ID
	return a.store.Outgoing(ctx, s.ID, f)
}

func (a *API) getUserOutgoing(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginOutgoingIDIn) (smsOutgoing, error) {
	m, j, err := a.userMessage(ctx, c, in.ServiceName, in.Login, in.ID)
	if err != nil {
		return smsOutgoing{}, err
	}
	return newOutgoing(m, j)
}

func (a *API) deleteUserOutgoing(ctx context.Context, c *Call, in deleteSmsServiceNameUsersLoginOutgoingIDIn) (void, error) {
	m, _, err := a.userMessage(ctx, c, in.ServiceName, in.Login, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.HideMessage(ctx, m.ServiceID, m.ID)
}

// The incoming messages of a user are those that answer his own.

func (a *API) listUserIncoming(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginIncomingIn) ([]int64, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return nil, err
	}
	f := store.IncomingFilter{Tag: in.Tag, User: u.ID}
	if in.Sender != nil {
		if *in.Sender == "" {
			return []int64{}, nil
		}
		f.Sender, _ = number(*in.Sender, s)
	}
	return a.store.Incoming(ctx, s.ID, f)
}

func (a *API) userIncoming(ctx context.Context, c *Call, service, login string, id int64) (sms.Incoming, error) {
	s, u, err := a.user(ctx, c, service, login)
	if err != nil {
		return sms.Incoming{}, err
	}
	m, err := a.store.IncomingMessage(ctx, s.ID, id)
	if err != nil {
		return m, err
	}
	own, err := a.store.OrderedBy(ctx, u.ID, []int64{m.OutgoingID})
	if err == nil && len(own) == 0 {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", id).
			With("cause", "the message answers none of those that "+login+" has ordered")
	}
	return m, err
}

func (a *API) getUserIncoming(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginIncomingIDIn) (smsIncoming, error) {
	if _, err := a.userIncoming(ctx, c, in.ServiceName, in.Login, in.ID); err != nil {
		return smsIncoming{}, err
	}
	return a.getIncoming(ctx, c, getSmsServiceNameIncomingIDIn{ServiceName: in.ServiceName, ID: in.ID})
}

func (a *API) deleteUserIncoming(ctx context.Context, c *Call, in deleteSmsServiceNameUsersLoginIncomingIDIn) (void, error) {
	m, err := a.userIncoming(ctx, c, in.ServiceName, in.Login, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteIncoming(ctx, m.ServiceID, m.ID)
}

func (a *API) getUserOutgoingHlr(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginOutgoingIDHlrIn) (smsHlr, error) {
	if _, _, err := a.userMessage(ctx, c, in.ServiceName, in.Login, in.ID); err != nil {
		return smsHlr{}, err
	}
	return a.getOutgoingHlr(ctx, c, getSmsServiceNameOutgoingIDHlrIn{ServiceName: in.ServiceName, ID: in.ID})
}
