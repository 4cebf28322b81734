package ovh

import (
	"context"
	"strings"

	"ramier/internal/sms"
)

func (a *API) listAllServices(ctx context.Context, _ *Call, in getOperatorServicesIn) ([]string, error) {
	if in.Account != nil {
		account, err := a.store.Account(ctx, *in.Account)
		if err != nil {
			return nil, referTo(err, "account", *in.Account, "/operator/accounts")
		}
		return a.store.ServicesOf(ctx, account.ID)
	}
	all, err := a.store.Services(ctx)
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names, err
}

func (a *API) addService(ctx context.Context, _ *Call, in postOperatorServicesIn) (operatorService, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorService{}, referTo(err, "account", in.Account, "/operator/accounts")
	}
	s := sms.Service{
		AccountID: account.ID, Account: account.Name, Country: account.Country, Name: deref(in.Name),
		Channel: string(smsChannelTransactional), Status: sms.Enabled, CreatedAt: a.now(),
		Settings: sms.Settings{Guards: sms.DefaultGuards()},
	}
	if in.Name != nil {
		if err := checkName("name", s.Name, serviceName, "- .", "sms-ab12345-1"); err != nil {
			return operatorService{}, err
		}
	}
	if err := changeService(&s, operatorServiceBody{Channel: in.Channel, Description: in.Description, SendingHours: in.SendingHours}); err != nil {
		return operatorService{}, err
	}
	err = a.store.AddService(ctx, &s)
	return newOperatorService(s, sms.Balance{}), err
}

func newOperatorService(s sms.Service, b sms.Balance) operatorService {
	return operatorService{
		Account: s.Account, Channel: smsChannel(s.Channel), Creation: datetime{s.CreatedAt}, CreditsLeft: b.Available.Float(),
		Description: s.Description, FreeText: s.Settings.FreeText, Name: s.Name, SendingHours: s.SendingHours(),
		Status: smsStatusAccount(s.Status), StopConfirmation: orNull(s.Settings.StopConfirmation), StopScope: operatorStopScope(s.StopScope()),
	}
}

func (a *API) showService(ctx context.Context, _ *Call, in getOperatorServicesServiceNameIn) (operatorService, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return operatorService{}, err
	}
	b, err := a.store.Balance(ctx, s.ID)
	return newOperatorService(s, b), err
}

func (a *API) setService(ctx context.Context, _ *Call, in putOperatorServicesServiceNameIn) (void, error) {
	return void{}, a.store.ChangeService(ctx, in.ServiceName, func(s *sms.Service) error { return changeService(s, in.Body) })
}

// changeService sets what the request names and leaves the rest.
func changeService(s *sms.Service, b operatorServiceBody) error {
	if v := b.Channel; v != nil {
		if *v == smsChannelBoth {
			return sms.Errorf(sms.Invalid, "channel = %q is for OVH's own accounts: give transactional or marketing", *v)
		}
		s.Channel = string(*v)
	}
	if v := b.Description; v != nil {
		if err := checkText("description", *v); err != nil {
			return err
		}
		s.Description = *v
	}
	if v := b.FreeText; v != nil {
		s.Settings.FreeText = *v
	}
	if v := b.SendingHours; v != nil {
		if err := sms.CheckSendingHours(*v); err != nil {
			return err
		}
		s.Settings.SendingHours = *v
	}
	if err := setText(&s.Settings.StopConfirmation, b.StopConfirmation, "stopConfirmation", maxText); err != nil {
		return err
	}
	if v := b.StopScope; v != nil {
		s.Settings.StopScope = string(*v)
	}
	if v := b.Status; v != nil {
		s.Status = string(*v)
	}
	return nil
}

// cancelWaiting takes back what was accepted of a service that may not send. Whoever may send takes back his messages himself.
func (a *API) cancelWaiting(ctx context.Context, _ *Call, in postOperatorServicesServiceNameCancelIn) (operatorCancelled, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err == nil && s.Suspended == "" && s.Status == sms.Enabled {
		err = sms.Errorf(sms.Conflict, "The service %s may send: suspend its account or disable it first, or leave it to its owner", s.Name)
	}
	if err != nil {
		return operatorCancelled{}, err
	}
	n, left, err := a.store.CancelWaiting(ctx, s.ID, a.now())
	return operatorCancelled{Cancelled: int64(n), Left: int64(left)}, err
}

// moved checks how many credits somebody moves by hand, below zero for back, and why; the reason is kept somewhere. Error: Invalid.
func moved(credits float64, reason, kept string) (sms.Credits, error) {
	n, err := sms.CreditsFrom(credits)
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, sms.Errorf(sms.Invalid, "credits = %v moves nothing: give at least a thousandth, below zero to take back", credits)
	case strings.TrimSpace(reason) == "":
		return 0, sms.Errorf(sms.Invalid, "reason is empty: say why, it is kept in %s", kept)
	}
	return n, checkText("reason", reason)
}

func (a *API) giveCredits(ctx context.Context, c *Call, in postOperatorServicesServiceNameCreditsIn) (float64, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return 0, err
	}
	credits, err := moved(in.Credits, in.Reason, "the ledger")
	if err != nil {
		return 0, err
	}
	b, err := a.store.Grant(ctx, s.ID, credits, in.Reason+" (by "+c.Caller.Account+")", a.now())
	return b.Available.Float(), err
}
