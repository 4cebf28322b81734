package legacy

import (
	"context"
	"net/netip"

	"ramier/internal/auth"
	"ramier/internal/limit"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A gate lets users of services in by one of the doors.
type gate struct {
	door      string
	store     *store.Store
	passwords *auth.Passwords
	customers *limit.Customers
}

// user finds out who is calling. That a service or login does not exist is not told apart from a wrong password. Errors: Invalid,
// InvalidCredential, NotGranted, TooFast, Unavailable.
func (g *gate) user(ctx context.Context, q request, ip netip.Addr) (*sms.Rules, sms.User, error) {
	rules, err := g.store.Rules(ctx, q.account)
	var user sms.User
	if err == nil {
		user, err = g.store.User(ctx, rules.Service.ID, q.login)
	}
	if code := sms.CodeOf(err); err != nil && code != sms.NoService && code != sms.NoObject {
		return nil, user, err
	}
	name := g.door + "\x00" + ip.String()
	if err == nil { // guesses of names from one address count together
		name += "\x00" + q.account + "\x00" + q.login
	}
	if err := g.passwords.Check(ctx, name, user.PasswordHash, q.password); err != nil {
		if sms.CodeOf(err) == sms.InvalidCredential {
			err = sms.Errorf(sms.InvalidCredential, "Invalid account, login or password")
		}
		return nil, user, err
	}
	if !sms.AllowsIP(user.Restrictions, ip) {
		return nil, user, sms.Errorf(sms.NotGranted, "The address %s is not allowed for the user %s", ip, user.Login)
	}
	return rules, user, nil
}

// enter admits a call of a user. Error: TooFast.
func (g *gate) enter(ctx context.Context, account, user int64) (limit.Place, error) {
	return g.customers.Enter(ctx, account, user, false)
}

// leftOf tells what a user may still spend: its quota, if it has one, else what the service has.
func leftOf(ctx context.Context, s *store.Store, service int64, user sms.User) (sms.Credits, error) {
	if !user.HasQuota {
		b, err := s.Balance(ctx, service)
		return b.Available, err
	}
	now, err := s.User(ctx, service, user.Login)
	return now.QuotaLeft, err
}
