package ovh

import (
	"context"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) showSMPP(ctx context.Context, _ *Call, in getOperatorServicesServiceNameSmppIn) (operatorSMPP, error) {
	account, err := a.anySMPPAccount(ctx, in.ServiceName)
	if err != nil {
		return operatorSMPP{}, err
	}
	out := newOperatorSMPP(account)
	out.Owed, err = a.store.Owes(ctx, account.ServiceID)
	return out, err
}

// anySMPPAccount gives the SMPP account of anybody's service.
func (a *API) anySMPPAccount(ctx context.Context, name string) (store.SMPPAccount, error) {
	s, err := a.store.Service(ctx, name)
	if err != nil {
		return store.SMPPAccount{}, err
	}
	account, err := a.store.SMPPAccount(ctx, s.ID)
	if sms.CodeOf(err) == sms.NoObject {
		err = sms.Errorf(sms.NoObject, "%s is not used over SMPP: POST /operator/services/%s/smpp lets it in", name, name)
	}
	return account, err
}

func newOperatorSMPP(s store.SMPPAccount) operatorSMPP {
	out := operatorSMPP{
		AllowedIPs: append([]string{}, s.Settings.AllowedIPs...), Binds: int64(s.Settings.Binds), Creation: datetime{s.CreatedAt},
		Dialect: operatorSMPPDialectOvh, SystemID: s.SystemID, Throughput: int64(s.Settings.Throughput), Windowing: int64(s.Settings.Window),
	}
	if s.Settings.Plain {
		out.Dialect = operatorSMPPDialectPlain
	}
	return out
}

func (a *API) addSMPP(ctx context.Context, _ *Call, in postOperatorServicesServiceNameSmppIn) (operatorSMPP, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return operatorSMPP{}, err
	}
	password := NewSMPPPassword()
	account := store.SMPPAccount{
		ServiceID: s.ID, SystemID: NewSMPPSystemID(), PasswordHash: auth.HashPassword(password), Settings: store.DefaultSMPPSettings(), CreatedAt: a.now(),
	}
	if err := changeSMPP(&account.Settings, in.Body); err != nil {
		return operatorSMPP{}, err
	}
	if err := a.store.AddSMPPAccount(ctx, account); err != nil {
		return operatorSMPP{}, err
	}
	out := newOperatorSMPP(account)
	out.Password = &password
	return out, nil
}

func (a *API) setSMPP(ctx context.Context, _ *Call, in putOperatorServicesServiceNameSmppIn) (void, error) {
	account, err := a.anySMPPAccount(ctx, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	_, err = a.store.ChangeSMPPAccount(ctx, account.ServiceID, func(s *store.SMPPAccount) error { return changeSMPP(&s.Settings, in.Body) })
	return void{}, err
}

// changeSMPP sets what the request names and leaves the rest.
func changeSMPP(s *store.SMPPSettings, b operatorSMPPBody) error {
	if b.AllowedIPs != nil {
		if len(b.AllowedIPs) > maxSMPPAddresses {
			return sms.Errorf(sms.Invalid, "allowedIPs holds %d addresses, more than %d", len(b.AllowedIPs), maxSMPPAddresses)
		}
		all, err := networks("allowedIPs", b.AllowedIPs)
		if err != nil {
			return err
		}
		s.AllowedIPs = all
	}
	for _, n := range []struct {
		field string
		value *int64
		to    *int
		most  int64
	}{{"binds", b.Binds, &s.Binds, 100}, {"throughput", b.Throughput, &s.Throughput, 100_000}, {"windowing", b.Windowing, &s.Window, 10_000}} {
		if n.value == nil {
			continue
		}
		if *n.value < 1 || *n.value > n.most {
			return sms.Errorf(sms.Invalid, "%s = %d is not between 1 and %d", n.field, *n.value, n.most)
		}
		*n.to = int(*n.value)
	}
	if b.Dialect != nil {
		s.Plain = *b.Dialect == operatorSMPPDialectPlain
	}
	return nil
}

func (a *API) removeSMPP(ctx context.Context, _ *Call, in deleteOperatorServicesServiceNameSmppIn) (void, error) {
	account, err := a.anySMPPAccount(ctx, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteSMPPAccount(ctx, account.ServiceID)
}

func (a *API) drawSMPPPassword(ctx context.Context, _ *Call, in postOperatorServicesServiceNameSmppPasswordIn) (string, error) {
	account, err := a.anySMPPAccount(ctx, in.ServiceName)
	if err != nil {
		return "", err
	}
	password := NewSMPPPassword()
	return password, a.setSMPPPassword(ctx, account.ServiceID, password)
}
