package ovh

import (
	"context"
	"strings"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listSenderRequests(ctx context.Context, _ *Call, in getOperatorSendersIn) ([]operatorSenderRequest, error) {
	all, err := a.store.SendersByStatus(ctx, string(deref(in.Status)))
	if err != nil {
		return nil, err
	}
	services, err := a.store.Services(ctx)
	if err != nil {
		return nil, err
	}
	accounts := make(map[int64]string, len(services))
	for _, s := range services {
		accounts[s.ID] = s.Account
	}
	out := make([]operatorSenderRequest, len(all))
	for i, n := range all {
		out[i] = newSenderRequest(n, accounts[n.ServiceID])
	}
	return out, nil
}

func newSenderRequest(n store.SenderRequest, account string) operatorSenderRequest {
	return operatorSenderRequest{
		Account: account, Comment: orNull(n.Comment), Creation: datetime{n.CreatedAt}, Description: n.Description, Reason: n.Reason,
		Sender: n.Sender.Sender, ServiceName: n.Service, Status: smsStatusSender(n.Status), Type: smsTypeSender(n.Type),
	}
}

// giveSender adds a sender that needs no asking.
func (a *API) giveSender(ctx context.Context, _ *Call, in postOperatorServicesServiceNameSendersIn) (operatorSenderRequest, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return operatorSenderRequest{}, err
	}
	n := sms.Sender{
		ServiceID: s.ID, Sender: strings.TrimSpace(in.Sender), Status: sms.Enabled, Description: deref(in.Description),
		Reason: "Given by the operator", Comment: deref(in.Comment), Referer: "custom", CreatedAt: a.now(),
	}
	n.Type = sms.SenderType(n.Sender)
	if err := checkSender(&n, s.Country); err != nil {
		return operatorSenderRequest{}, err
	}
	if err := checkText("comment", n.Comment); err != nil {
		return operatorSenderRequest{}, err
	}
	err = a.store.AddSender(ctx, n)
	return newSenderRequest(store.SenderRequest{Sender: n, Service: s.Name}, s.Account), err
}

func (a *API) approveSender(ctx context.Context, _ *Call, in postOperatorServicesServiceNameSendersSenderApproveIn) (void, error) {
	return void{}, a.judgeSender(ctx, in.ServiceName, in.Sender, sms.Enabled, deref(in.Comment))
}

func (a *API) refuseSender(ctx context.Context, _ *Call, in postOperatorServicesServiceNameSendersSenderRefuseIn) (void, error) {
	if strings.TrimSpace(in.Comment) == "" {
		return void{}, sms.Errorf(sms.Invalid, "comment is empty: tell the customer why the sender is refused")
	}
	return void{}, a.judgeSender(ctx, in.ServiceName, in.Sender, sms.Rejected, in.Comment)
}

// judgeSender may also take an earlier verdict back.
func (a *API) judgeSender(ctx context.Context, service, sender, status, comment string) error {
	if err := checkText("comment", comment); err != nil {
		return err
	}
	s, err := a.store.Service(ctx, service)
	if err != nil {
		return err
	}
	return a.store.ChangeSender(ctx, s.ID, sender, func(n *sms.Sender) error {
		n.Status, n.Comment = status, comment
		return nil
	})
}
