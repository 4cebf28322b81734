package ovh

import (
	"context"
	"errors"
	"math"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// user gives a user of one of the caller's services.
func (a *API) user(ctx context.Context, c *Call, service, login string) (sms.Service, sms.User, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, sms.User{}, err
	}
	u, err := a.store.User(ctx, s.ID, login)
	return s, u, err
}

func (a *API) listUsers(ctx context.Context, c *Call, in getSmsServiceNameUsersIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	logins, err := a.store.Users(ctx, s.ID)
	if logins == nil {
		logins = []string{}
	}
	return logins, err
}

func (a *API) createUser(ctx context.Context, c *Call, in postSmsServiceNameUsersIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	if err := errors.Join(sms.CheckLogin(in.Login), sms.CheckPassword(in.Password)); err != nil {
		return void{}, err
	}
	hash := auth.HashPassword(in.Password)
	return void{}, a.store.AddUser(ctx, &sms.User{ServiceID: s.ID, Login: in.Login, PasswordHash: hash, CreatedAt: a.now()})
}

func (a *API) getUser(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginIn) (smsUser, error) {
	_, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	return newUser(u), err
}

func newUser(u sms.User) smsUser {
	out := smsUser{
		CallBack: orNull(u.CallBack), StopCallBack: orNull(u.StopCallBack), IPRestrictions: u.Restrictions, Login: u.Login,
		QuotaInformations: smsQuota{QuotaStatus: smsQuotaStatusUserInactive},
		AlertThresholdInformations: smsAlertThreshold{
			AlertEmail: u.Alert.Email, AlertNumber: u.Alert.Number, AlertThreshold: u.Alert.Threshold, Support: smsSupport(u.Alert.Support),
		},
	}
	if out.IPRestrictions == nil {
		out.IPRestrictions = []string{}
	}
	if u.HasQuota {
		out.QuotaInformations = smsQuota{QuotaLeft: u.QuotaLeft.Float(), QuotaStatus: smsQuotaStatusUserActive}
	}
	return out
}

func (a *API) putUser(ctx context.Context, c *Call, in putSmsServiceNameUsersLoginIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	hash := ""
	if p := in.Body.Password; p != nil && *p != "" { // answers show it empty
		if err := sms.CheckPassword(*p); err != nil {
			return void{}, err
		}
		hash = auth.HashPassword(*p)
	}
	return void{}, a.store.ChangeUser(ctx, s.ID, in.Login, a.now(), func(u *sms.User) error {
		if hash != "" {
			u.PasswordHash = hash
		}
		return changeUser(u, s, a.store.SendsMail(), in.Body)
	})
}

// changeUser sets what the request names and leaves the rest. mails tells whether the platform sends any.
func changeUser(u *sms.User, s sms.Service, mails bool, b smsUserBody) error {
	if b.IPRestrictions != nil {
		if err := sms.CheckRestrictions(b.IPRestrictions); err != nil {
			return err
		}
		u.Restrictions = b.IPRestrictions
	}
	return errors.Join(
		setURL(&u.CallBack, b.CallBack, "callBack"), setURL(&u.StopCallBack, b.StopCallBack, "stopCallBack"),
		changeQuota(u, b.QuotaInformations), changeAlert(&u.Alert, s, mails, b.AlertThresholdInformations),
	)
}

// changeQuota sets the quota. A user without one spends what the service has.
func changeQuota(u *sms.User, b *smsQuotaBody) error {
	if b == nil {
		return nil
	}
	if b.QuotaStatus != nil {
		if u.HasQuota = *b.QuotaStatus == smsQuotaStatusUserActive; !u.HasQuota {
			u.QuotaLeft = 0
			return nil
		}
	}
	if b.QuotaLeft == nil {
		return nil
	}
	quota, err := sms.CreditsFrom(*b.QuotaLeft)
	switch {
	case err != nil:
		return err
	case quota < 0:
		return sms.Errorf(sms.Invalid, "quotaInformations.quotaLeft = %v is below zero: give the credits that %s may spend", quota, u.Login)
	case !u.HasQuota && quota > 0:
		return sms.Errorf(sms.Invalid, "quotaInformations.quotaLeft = %v, and the quota of %s is inactive: give quotaStatus active with it", quota, u.Login)
	}
	u.QuotaLeft = quota
	return nil
}

func changeAlert(to *sms.Alert, s sms.Service, mails bool, b *smsAlertThresholdBody) error {
	if b == nil {
		return nil
	}
	was := *to
	if v := b.AlertThreshold; v != nil {
		if *v < -1 || *v > math.MaxInt32 {
			return sms.Errorf(sms.Invalid, "alertThresholdInformations.alertThreshold = %d is no number of credits: give -1 for no alert, or at least 0", *v)
		}
		to.Threshold = *v
	}
	if b.Support != nil {
		to.Support = string(*b.Support)
	}
	if v := b.AlertEmail; v != nil {
		if err := checkText("alertThresholdInformations.alertEmail", *v); err != nil {
			return err
		}
		if *v != "" {
			if err := sms.CheckMailAddress("alertThresholdInformations.alertEmail", *v); err != nil {
				return err
			}
		}
		to.Email = *v
	}
	if v := b.AlertNumber; v != nil {
		to.Number = ""
		if *v != "" {
			e164, ok := number(*v, s)
			if !ok {
				return sms.Errorf(sms.Invalid, "alertThresholdInformations.alertNumber = %q is not a phone number: write it like +33612345678", cut(*v))
			}
			to.Number = e164
		}
	}
	if *to == was {
		return nil
	}
	to.Sent = false
	if to.Threshold >= 0 && to.Email != "" && to.Support != "sms" && !mails {
		return sms.NoMail("alertThresholdInformations.alertEmail")
	}
	return nil
}

func (a *API) deleteUser(ctx context.Context, c *Call, in deleteSmsServiceNameUsersLoginIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteUser(ctx, s.ID, in.Login, a.now())
}

func (a *API) transferCredits(ctx context.Context, c *Call, in postSmsServiceNameTransferCreditsIn) (void, error) {
	from, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	to, err := a.service(ctx, c, in.SmsAccountTarget)
	if err != nil {
		return void{}, referTo(err, "smsAccountTarget", in.SmsAccountTarget, "/sms")
	}
	amount, err := sms.CreditsFrom(in.Credits)
	switch {
	case err != nil:
		return void{}, err
	case amount <= 0:
		return void{}, sms.Errorf(sms.Invalid, "credits = %v moves nothing: give at least a thousandth", in.Credits)
	case from.ID == to.ID:
		return void{}, sms.Errorf(sms.Invalid, "smsAccountTarget = %q is the account that the credits come from: name another one of yours", to.Name)
	}
	err = a.store.Transfer(ctx, from, to, amount, c.Caller.Account, a.now())
	if e, ok := errors.AsType[*sms.Error](err); ok && e.Code == sms.NoCredit {
		e.Code = sms.Invalid // nothing is being bought; it is the parameter that is too high
	}
	return void{}, err
}
