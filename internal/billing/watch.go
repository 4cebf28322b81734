package billing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Watch looks once at what runs low: it makes orders for services with automatic recredit, and warns of users' quotas and services' credits. Only one node
// of a platform should.
func (d *Desk) Watch(ctx context.Context) error {
	return errors.Join(d.recredit(ctx), d.alert(ctx), d.warnLow(ctx), d.payCards(ctx))
}

// recredit makes an order for each service that has come down to its threshold and has no such order open. Its credits arrive as
// those of any order: when it is settled.
func (d *Desk) recredit(ctx context.Context) error {
	low, err := d.Store.ServicesToRecredit(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range low {
		v := l.Service
		o := sms.CreditOrder{AccountID: v.AccountID, Account: v.Account, ServiceID: v.ID, Service: v.Name, Cause: sms.OrderedByThreshold}
		o, err := d.Order(ctx, o, v.Settings.AutomaticRecreditAmount, v.Country)
		if err != nil {
			errs = append(errs, fmt.Errorf("automatic recredit of %s: %w", v.Name, err))
		} else if o.ID != 0 {
			d.Log.Info("a service has come down to its threshold: an order of credits was made", "service", v.Name, "left", l.Available, "order", o.ID)
			errs = append(errs, d.mailRecredit(ctx, v, o, l.Available))
		}
	}
	return errors.Join(errs...)
}

// defaultAlert is sent where the service has no text of its own.
const defaultAlert = "SMS user |USER|: |REMAINING| credits are left of the quota."

// alert warns of the quotas that run low: by SMS, at the cost of the service, and by mail.
func (d *Desk) alert(ctx context.Context) error {
	if err := d.Store.ForgetAlerts(ctx); err != nil {
		return err
	}
	low, err := d.Store.LowUsers(ctx)
	if err != nil {
		return err
	}
	for _, u := range low {
		if u.Alert.Number != "" && (u.Alert.Support == "sms" || u.Alert.Support == "both") {
			if err := d.warn(ctx, u); err != nil {
				if code := sms.CodeOf(err); code == sms.Unavailable || code == sms.Internal {
					return err
				}
				d.Log.Warn("a user's quota runs low, and the warning cannot be sent", "service", u.Service, "user", u.Login, "error", err)
			}
		}
		if err := d.mailQuota(ctx, u); err != nil {
			return err
		}
		if err := d.Store.Alerted(ctx, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// warn sends the warning.
func (d *Desk) warn(ctx context.Context, u store.LowUser) error {
	v, err := d.Store.Service(ctx, u.Service)
	if err != nil {
		return err
	}
	b, err := d.Store.Balance(ctx, u.ServiceID)
	if err != nil {
		return err
	}
	rises, err := d.Store.Rises(ctx, u.ServiceID, "quota")
	if err != nil {
		return err
	}
	return d.tell(ctx, u.Service, u.Alert.Number, alertText(v.Settings, u.User, b.Available), "quota-alert",
		fmt.Sprintf("quota-alert %d %d %d %d", u.ID, u.Alert.Threshold, u.QuotaLeft, rises))
}

// tell sends an SMS at the cost of a service, from the first of its senders or else a short number. Should it be noted too late, the key
// keeps it from being sent again.
func (d *Desk) tell(ctx context.Context, service, number, text, tag, key string) error {
	rules, err := d.Store.FreshRules(ctx, service)
	if err != nil {
		return err
	}
	o := sms.Order{
		Text: text, Receivers: []string{number}, NoStop: true, Class: sms.PhoneDisplay, Priority: sms.High, Validity: sms.MaxValidity, Tag: tag,
	}
	for _, name := range slices.Sorted(maps.Keys(rules.Senders)) {
		if rules.Senders[name].Status == sms.Enabled {
			o.Sender = name
			break
		}
	}
	o.ForResponse = o.Sender == ""
	hash := sha256.Sum256([]byte(key))
	r, err := d.Submit.Submit(ctx, rules.Service.AccountID, service, o, submit.Key{Key: key, Hash: hash[:]})
	if err == nil && len(r.Invalid) > 0 {
		err = sms.Errorf(sms.Invalid, "%s", r.Invalid[0].Message)
	}
	return err
}

// alertText fills in the service's template.
func alertText(set sms.Settings, u sms.User, left sms.Credits) string {
	text := defaultAlert
	if set.CustomizedSMS && set.SMSBody != "" {
		text = set.SMSBody
	}
	return sms.AlertText(text, u, left)
}
