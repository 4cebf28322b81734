package ovh

import (
	"context"
	"net/netip"
	"strings"

	"ramier/internal/sms"
)

// getTime answers the clock that signatures are checked against; clients take their offset from it.
func (a *API) getTime(context.Context, *Call, getAuthTimeIn) (int64, error) {
	return a.now().Unix(), nil
}

func (a *API) getCurrentCredential(ctx context.Context, c *Call, _ getAuthCurrentCredentialIn) (authAPICredential, error) {
	cred, err := a.auth.Credential(ctx, c.Caller)
	if err != nil {
		return authAPICredential{}, err
	}
	return a.newCredential(&cred), nil
}

// newBlocks shows blocks of addresses; null is any.
func newBlocks(prefixes []netip.Prefix) *[]string {
	if prefixes == nil {
		return nil
	}
	blocks := make([]string, len(prefixes))
	for i, p := range prefixes {
		blocks[i] = p.String()
	}
	return &blocks
}

func newRules(rules []sms.AccessRule) []authAccessRule {
	out := make([]authAccessRule, len(rules))
	for i, r := range rules {
		out[i] = authAccessRule{Method: authHTTPMethod(r.Method), Path: r.Path}
	}
	return out
}

func (a *API) getDetails(_ context.Context, c *Call, _ getAuthDetailsIn) (authDetails, error) {
	if id := c.Caller.ServiceAccount; id != "" {
		return authDetails{
			Account: c.Caller.Account, AllowedRoutes: nil, Method: authMethodOauth2ClientCredentials, Roles: &[]string{},
			Identities: []string{identityOf(c.Caller.Account, id)}, User: &id,
		}, nil
	}
	rules := newRules(c.Caller.Rules)
	roles := []string{}
	if c.Caller.Operator {
		roles = append(roles, "operator")
	}
	if c.Caller.PersonID != 0 {
		roles = append(roles, string(c.Caller.Role))
		return authDetails{
			Account: c.Caller.Account, AllowedRoutes: &rules, Method: authMethodUser, Roles: &roles, User: &c.Caller.Person,
			Identities: []string{"urn:v1:eu:identity:user:" + strings.ToLower(c.Caller.Person)},
		}, nil
	}
	return authDetails{
		Account: c.Caller.Account, AllowedRoutes: &rules, Method: authMethodAccount, Roles: &roles,
		Identities: []string{"urn:v1:eu:identity:account:" + strings.ToLower(c.Caller.Account)},
	}, nil
}

func (a *API) logout(ctx context.Context, c *Call, _ postAuthLogoutIn) (void, error) {
	return void{}, a.auth.Logout(ctx, c.Caller)
}
