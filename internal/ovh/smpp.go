package ovh

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// SMPPAddresses are where customers reach the SMPP server, host:port, with TLS and without; empty = not at all.
type SMPPAddresses struct{ Secured, Unsecured string }

// maxSMPPAddresses is how many addresses and networks may bind for one service.
const maxSMPPAddresses = 100

// smppAccount gives the SMPP account of one of the caller's services.
func (a *API) smppAccount(ctx context.Context, c *Call, name string) (store.SMPPAccount, error) {
	s, err := a.service(ctx, c, name)
	if err != nil {
		return store.SMPPAccount{}, err
	}
	account, err := a.store.SMPPAccount(ctx, s.ID)
	return account, noSMPP(err, name)
}

// noSMPP tells what to do about a service without an SMPP account.
func noSMPP(err error, name string) error {
	if sms.CodeOf(err) == sms.NoObject {
		return sms.Errorf(sms.NoObject, "%s is not used over SMPP: the operator of the platform can allow it", name)
	}
	return err
}

func (a *API) getSMPPSettings(ctx context.Context, c *Call, in getSmsServiceNameSmppSettingsIn) (smsSettings, error) {
	account, err := a.smppAccount(ctx, c, in.ServiceName)
	if err != nil {
		return smsSettings{}, err
	}
	out := smsSettings{
		Endpoints: []smsSettingsEndpoints{}, Status: smsSettingsStatusSUCCESS, SystemID: account.SystemID,
		Throughput: int64(account.Settings.Throughput), Windowing: int64(account.Settings.Window),
	}
	if at := a.smpp; at != (SMPPAddresses{}) {
		out.Endpoints = append(out.Endpoints, smsSettingsEndpoints(at))
	}
	if len(account.Settings.AllowedIPs) == 0 {
		out.Status = smsSettingsStatusWAITINGIP
	}
	return out, nil
}

func (a *API) getSMPPAddresses(ctx context.Context, c *Call, in getSmsServiceNameSmppAllowedIPsIn) ([]string, error) {
	account, err := a.smppAccount(ctx, c, in.ServiceName)
	return append([]string{}, account.Settings.AllowedIPs...), err
}

func (a *API) putSMPPAddresses(ctx context.Context, c *Call, in putSmsServiceNameSmppAllowedIPsIn) ([]string, error) {
	account, err := a.smppAccount(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	if len(in.Body.IPs) == 0 {
		return nil, sms.Errorf(sms.Invalid, "ips is empty: list the addresses to %s", in.Body.Action)
	}
	change, err := networks("ips", in.Body.IPs)
	if err != nil {
		return nil, err
	}
	account, err = a.store.ChangeSMPPAccount(ctx, account.ServiceID, func(s *store.SMPPAccount) error {
		all := slices.DeleteFunc(s.Settings.AllowedIPs, func(ip string) bool { return slices.Contains(change, ip) })
		if in.Body.Action == smsAllowedIPsActionAdd {
			all = append(all, change...)
		}
		if len(all) > maxSMPPAddresses {
			return sms.Errorf(sms.Invalid, "ips would be %d addresses, more than %d", len(all), maxSMPPAddresses)
		}
		s.Settings.AllowedIPs = all
		return nil
	})
	return append([]string{}, account.Settings.AllowedIPs...), noSMPP(err, in.ServiceName)
}

// networks reads addresses and networks, each once, in one spelling. A network of one address is written as that.
func networks(field string, texts []string) ([]string, error) {
	all := []string{}
	for _, text := range texts {
		p, err := sms.ParseNetwork(strings.TrimSpace(text))
		if err != nil {
			return nil, sms.Errorf(sms.Invalid, "%s: %v", field, err)
		}
		name := p.String()
		if p.IsSingleIP() {
			name = p.Addr().String()
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// renewSMPPPassword takes a new password. OVH mails one; this server sends no mail yet, so the caller chooses.
func (a *API) renewSMPPPassword(ctx context.Context, c *Call, in postSmsServiceNameSmppPasswordIn) (void, error) {
	account, err := a.smppAccount(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	password := deref(in.Password)
	if password == "" {
		return void{}, sms.Errorf(sms.Invalid, "password is missing: this server sends no mail with a new one, so give it in the call, with 8 to 64 letters and digits")
	}
	if len(password) < 8 || len(password) > 64 || strings.Trim(password, letters) != "" {
		return void{}, sms.Errorf(sms.Invalid, "password does not have 8 to 64 letters and digits; many SMPP clients take no more than 8")
	}
	return void{}, a.setSMPPPassword(ctx, account.ServiceID, password)
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func (a *API) setSMPPPassword(ctx context.Context, service int64, password string) error {
	hash := auth.HashPassword(password)
	_, err := a.store.ChangeSMPPAccount(ctx, service, func(s *store.SMPPAccount) error {
		s.PasswordHash = hash
		return nil
	})
	return err
}

// NewSMPPPassword draws a password that fits into SMPP 3.4's eight characters.
func NewSMPPPassword() string { return strings.ToLower(rand.Text()[:8]) }

// NewSMPPSystemID draws a system id.
func NewSMPPSystemID() string { return "rm" + strings.ToLower(rand.Text()[:8]) }
