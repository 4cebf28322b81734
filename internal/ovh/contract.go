package ovh

import (
	"context"
	"slices"
	"time"

	"ramier/internal/sms"
)

// renewPeriods are the months that a contract may run.
var renewPeriods = []int64{1, 3, 6, 12}

// A contract is what serviceInfos are made of, for a service as for a number.
type contract struct {
	id      int64
	name    string
	account string
	created time.Time
	renewal sms.Renewal
}

func (a *API) newContract(k contract) servicesService {
	now, r := a.now(), k.renewal
	period := r.Period
	if period == 0 {
		period = sms.RenewalMonths
	}
	date := func(t time.Time) string { return t.In(a.zone).Format(time.DateOnly) }
	out := servicesService{
		CanDeleteAtExpiration: true, ContactAdmin: k.account, ContactBilling: k.account, ContactTech: k.account, Creation: date(k.created),
		Domain: k.name, Expiration: date(r.Expiration(k.created, now)), PossibleRenewPeriod: &renewPeriods, RenewalType: "automaticV2016",
		ServiceID: k.id, Status: "ok",
		Renew: &serviceRenewType{
			Automatic: !r.Manual, DeleteAtExpiration: !r.EndsAt.IsZero(), ManualPayment: new(r.ByHand), Period: new(period),
		},
	}
	if r.Manual {
		out.RenewalType = "manual"
	}
	if r.Ended(now) {
		out.Status = "expired"
	}
	return out
}

// changeRenewal sets what the request names and leaves the rest. What has ended can be continued by taking the wish back.
func changeRenewal(r *sms.Renewal, created, now time.Time, b servicesServiceBody) error {
	renew := b.Renew.Value
	if renew == nil {
		return nil
	}
	if deref(renew.Forced) {
		return sms.Errorf(sms.Invalid, "renew.forced = true cannot be set: give automatic = true for a renewal that goes on by itself")
	}
	if v := renew.Period; v.Set {
		period := deref(v.Value)
		if v.Value != nil && !slices.Contains(renewPeriods, period) {
			return sms.Errorf(sms.Invalid, "renew.period = %d is not one of %v months", period, renewPeriods)
		}
		r.Period = period
	}
	if v := renew.ManualPayment; v.Set {
		r.ByHand = deref(v.Value)
	}
	if v := renew.Automatic; v != nil {
		r.Manual = !*v
	}
	if v := renew.DeleteAtExpiration; v != nil {
		if !*v {
			r.EndsAt = time.Time{}
		} else if r.EndsAt.IsZero() {
			r.EndsAt = r.Expiration(created, now)
		}
	}
	return nil
}

func (a *API) getServiceInfos(ctx context.Context, c *Call, in getSmsServiceNameServiceInfosIn) (servicesService, error) {
	if _, err := a.service(ctx, c, in.ServiceName); err != nil {
		return servicesService{}, err
	}
	s, err := a.store.Service(ctx, in.ServiceName) // the cached one may be older than another node's change
	return a.newContract(contract{s.ID, s.Name, s.Account, s.CreatedAt, s.Settings.Renewal}), err
}

func (a *API) putServiceInfos(ctx context.Context, c *Call, in putSmsServiceNameServiceInfosIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeService(ctx, s.Name, func(s *sms.Service) error {
		return changeRenewal(&s.Settings.Renewal, s.CreatedAt, a.now(), in.Body)
	})
}
