package ovh

import (
	"context"
	"net/http"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// askCredential makes a consumer key that waits until the owner of an account approves it on a web page.
func (a *API) askCredential(ctx context.Context, c *Call, in postAuthCredentialIn) (authAPICredentialRequest, error) {
	blocks, err := readBlocks("allowedIPs", deref(in.Body.AllowedIPs.Value))
	if err != nil {
		return authAPICredentialRequest{}, err
	}
	asked, err := a.auth.Ask(ctx, c.Request, readRules(in.Body.AccessRules), deref(in.Body.Redirection.Value), blocks)
	if err != nil {
		return authAPICredentialRequest{}, err
	}
	return authAPICredentialRequest{
		ConsumerKey: asked.ConsumerKey, State: authCredentialStatePendingValidation,
		ValidationURL: a.pagesFor(c.Request) + "/auth/?credentialToken=" + asked.Token,
	}, nil
}

func readRules(given []authAccessRuleRequestBody) []sms.AccessRule {
	rules := make([]sms.AccessRule, len(given))
	for i, r := range given {
		rules[i] = sms.AccessRule{Method: string(deref(r.Method)), Path: deref(r.Path)}
	}
	return rules
}

// pagesFor gives the address of the web pages: the public one that the request came by, or else the first. What the request says of
// its host is not believed.
func (a *API) pagesFor(r *http.Request) string {
	for _, base := range a.publicURLs {
		scheme, rest, _ := strings.Cut(base, "://")
		if host, _, _ := strings.Cut(rest, "/"); strings.EqualFold(host, r.Host) && (scheme == "https") == (r.TLS != nil) {
			return base
		}
	}
	if len(a.publicURLs) > 0 {
		return a.publicURLs[0]
	}
	return ""
}

func (a *API) listApplications(ctx context.Context, c *Call, _ getMeAPIApplicationIn) ([]int64, error) {
	all, err := a.store.Applications(ctx, c.Caller.AccountID)
	ids := make([]int64, len(all))
	for i, app := range all {
		ids[i] = app.ID
	}
	return ids, err
}

func (a *API) getApplication(ctx context.Context, c *Call, in getMeAPIApplicationApplicationIDIn) (authAPIApplication, error) {
	app, err := a.store.ApplicationByID(ctx, in.ApplicationID)
	if err == nil && app.AccountID != c.Caller.AccountID {
		err = noObject("applicationId", in.ApplicationID)
	}
	return newApplication(app), err
}

func noObject(what string, id any) error {
	return sms.Errorf(sms.NoObject, "The requested object (%s = %v) does not exist", what, id)
}

func newApplication(app store.Application) authAPIApplication {
	return authAPIApplication{
		ApplicationID: app.ID, ApplicationKey: app.Key, Description: app.Description, Name: app.Name, Status: authApplicationStatus(app.Status),
	}
}

// deleteApplication takes its consumer keys with it, also those of other accounts.
func (a *API) deleteApplication(ctx context.Context, c *Call, in deleteMeAPIApplicationApplicationIDIn) (void, error) {
	defer a.auth.CatchUp(ctx)
	return void{}, a.store.RemoveApplication(ctx, c.Caller.AccountID, in.ApplicationID)
}

func (a *API) listCredentials(ctx context.Context, c *Call, in getMeAPICredentialIn) ([]int64, error) {
	all, err := a.store.TokensOf(ctx, c.Caller.AccountID)
	ids := []int64{}
	for _, t := range all {
		if (in.ApplicationID == nil || *in.ApplicationID == t.ApplicationID) &&
			(in.Status == nil || string(*in.Status) == auth.StatusAt(&t.Credential, a.now())) {
			ids = append(ids, t.ID)
		}
	}
	return ids, err
}

func (a *API) getCredential(ctx context.Context, c *Call, in getMeAPICredentialCredentialIDIn) (authAPICredential, error) {
	t, err := a.store.TokenOf(ctx, c.Caller.AccountID, in.CredentialID)
	if err != nil {
		return authAPICredential{}, err
	}
	if recent := a.auth.LastUse(t.ID); recent.After(t.LastUse) {
		t.LastUse = recent
	}
	return a.newCredential(&t.Credential), nil
}

func (a *API) newCredential(c *store.Credential) authAPICredential {
	return authAPICredential{
		AllowedIPs: newBlocks(c.AllowedIPs), ApplicationID: c.ApplicationID, Creation: datetime{c.CreatedAt}, CredentialID: c.ID,
		Expiration: at(c.ExpiresAt), LastUse: at(c.LastUse), Rules: newRules(c.Rules), Status: authCredentialState(auth.StatusAt(c, a.now())),
	}
}

func (a *API) putCredential(ctx context.Context, c *Call, in putMeAPICredentialCredentialIDIn) (void, error) {
	t, err := a.store.TokenOf(ctx, c.Caller.AccountID, in.CredentialID)
	if err != nil || !in.Body.AllowedIPs.Set {
		return void{}, err
	}
	blocks, err := readBlocks("allowedIPs", deref(in.Body.AllowedIPs.Value))
	if err == nil {
		t.AllowedIPs, err = auth.CheckBlocks(blocks)
	}
	if err != nil {
		return void{}, err
	}
	defer a.auth.Forget(t.ID)
	return void{}, a.store.SetAllowedIPs(ctx, c.Caller.AccountID, t.Credential)
}

func (a *API) deleteCredential(ctx context.Context, c *Call, in deleteMeAPICredentialCredentialIDIn) (void, error) {
	defer a.auth.Forget(in.CredentialID)
	return void{}, a.store.RemoveCredential(ctx, c.Caller.AccountID, in.CredentialID)
}

// getCredentialApplication tells who has a consumer key, be the application one's own or somebody else's.
func (a *API) getCredentialApplication(ctx context.Context, c *Call, in getMeAPICredentialCredentialIDApplicationIn) (authAPIApplication, error) {
	t, err := a.store.TokenOf(ctx, c.Caller.AccountID, in.CredentialID)
	if err != nil {
		return authAPIApplication{}, err
	}
	app, err := a.store.ApplicationByID(ctx, t.ApplicationID)
	return newApplication(app), err
}
