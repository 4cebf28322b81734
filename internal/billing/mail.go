package billing

import (
	"context"
	"fmt"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// mailQuota warns by mail of a quota that runs low. Should it be noted too late, the key keeps it from being sent again.
func (d *Desk) mailQuota(ctx context.Context, u store.LowUser) error {
	if u.Alert.Email == "" || u.Alert.Support == "sms" || u.Alert.Support == "" {
		return nil
	}
	if !sms.IsMailAddress(u.Alert.Email) || !d.Store.SendsMail() {
		d.Log.Warn("a user's quota runs low, and no mail can warn of it: name a mail server (mail.host), and give an address that can be written to",
			"service", u.Service, "user", u.Login)
		return nil
	}
	v, err := d.Store.Service(ctx, u.Service)
	if err != nil {
		return err
	}
	b, err := d.Store.Balance(ctx, u.ServiceID)
	if err != nil {
		return err
	}
	m := sms.QuotaMail(&v, u.User, b.Available)
	if m, err = d.signed(ctx, v.AccountID, m); err != nil {
		return err
	}
	rises, err := d.Store.Rises(ctx, u.ServiceID, "quota")
	if err != nil {
		return err
	}
	m.CreatedAt, m.Key = d.Now(), fmt.Sprintf("%s %d %d %d %d", m.Kind, u.ID, u.Alert.Threshold, u.QuotaLeft, rises)
	return d.Store.AddMail(ctx, m)
}

// mailRecredit tells the owner of a service that an order waits for its payment.
func (d *Desk) mailRecredit(ctx context.Context, v sms.Service, o sms.CreditOrder, left sms.Credits) error {
	p, err := d.Store.Profile(ctx, v.AccountID)
	if err != nil || !sms.IsMailAddress(p.Email) || !d.Store.SendsMail() {
		return err
	}
	m, err := d.signed(ctx, v.AccountID, sms.RecreditMail(&v, p.Email, o, left, d.URL(o)))
	if err != nil {
		return err
	}
	m.CreatedAt = d.Now()
	return d.Store.AddMail(ctx, m)
}

// signed puts the brand of the account's reseller under a mail, if it has one.
func (d *Desk) signed(ctx context.Context, account int64, m sms.Mail) (sms.Mail, error) {
	to, err := d.Store.AddresseeOf(ctx, account)
	if err == nil && to.Brand != "" {
		m.Text += "\n-- \n" + to.Brand + "\n"
	}
	return m, err
}
