package ovh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listClients(ctx context.Context, c *Call, _ getMeAPIOauth2ClientIn) ([]string, error) {
	all, err := a.store.ServiceAccounts(ctx, c.Caller.AccountID)
	ids := make([]string, len(all))
	for i, v := range all {
		ids[i] = v.ClientID
	}
	return ids, err
}

// createClient makes a service account. As OVH's it may do nothing until it is given actions.
func (a *API) createClient(ctx context.Context, c *Call, in postMeAPIOauth2ClientIn) (oauth2ClientSecret, error) {
	b := in.Body
	if b.Flow != oauth2ClientFlowCLIENTCREDENTIALS {
		return oauth2ClientSecret{}, sms.Errorf(sms.Invalid, "flow = %s is not offered here: take CLIENT_CREDENTIALS", b.Flow)
	}
	v := store.ServiceAccount{
		Account: sms.Account{ID: c.Caller.AccountID}, Name: b.Name, Description: b.Description, CallbackURLs: b.CallbackURLs, Actions: b.Actions,
		Services: b.Services, Person: store.Person{ID: c.Caller.PersonID},
	}
	if err := a.ownServices(ctx, c, v.Services); err != nil {
		return oauth2ClientSecret{}, err
	}
	secret, err := auth.NewServiceAccount(ctx, a.store, a.now(), &v)
	return oauth2ClientSecret{ClientID: v.ClientID, ClientSecret: secret}, err
}

// ownServices checks that these are services of the caller, so that a mistake is seen at once. No services are all of them, which who sees
// some only cannot give.
func (a *API) ownServices(ctx context.Context, c *Call, names []string) error {
	if len(names) == 0 && len(c.Caller.Services) > 0 {
		return sms.Errorf(sms.Forbidden, "services is empty, which means all of the account, and %s sees only some: name those that it sees", c.Caller.ServiceAccount)
	}
	for _, name := range names {
		if _, err := a.service(ctx, c, name); err != nil {
			return referTo(err, "services", name, "/sms")
		}
	}
	return nil
}

func (a *API) getClient(ctx context.Context, c *Call, in getMeAPIOauth2ClientClientIDIn) (oauth2Client, error) {
	v, err := a.store.ServiceAccount(ctx, in.ClientID)
	if err == nil && v.Account.ID != c.Caller.AccountID {
		err = noObject("clientId", in.ClientID)
	}
	if err != nil {
		return oauth2Client{}, err
	}
	urls := some(v.CallbackURLs)
	return oauth2Client{
		Actions: some(v.Actions), CallbackURLs: &urls, ClientID: v.ClientID, CreatedAt: datetime{v.CreatedAt}, Description: v.Description,
		Flow: oauth2ClientFlowCLIENTCREDENTIALS, Identity: new(identityOf(c.Caller.Account, v.ClientID)), Name: v.Name, Services: some(v.Services),
	}, nil
}

// some shows no list as an empty one.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func identityOf(account, clientID string) string {
	return "urn:v1:eu:identity:credential:" + strings.ToLower(account) + "/oauth2-" + clientID
}

func (a *API) putClient(ctx context.Context, c *Call, in putMeAPIOauth2ClientClientIDIn) (void, error) {
	b := in.Body
	if b.Services != nil {
		if err := a.ownServices(ctx, c, b.Services); err != nil {
			return void{}, err
		}
	}
	defer a.auth.ForgetClient(in.ClientID)
	return void{}, a.store.ChangeServiceAccount(ctx, c.Caller.AccountID, in.ClientID, func(v *store.ServiceAccount) error {
		if b.CallbackURLs.Set {
			v.CallbackURLs = deref(b.CallbackURLs.Value)
		}
		if b.Name != nil {
			v.Name = *b.Name
		}
		if b.Description != nil {
			v.Description = *b.Description
		}
		if b.Actions != nil {
			v.Actions = b.Actions
		}
		if b.Services != nil {
			v.Services = b.Services
		}
		return auth.CheckServiceAccount(v)
	})
}

func (a *API) deleteClient(ctx context.Context, c *Call, in deleteMeAPIOauth2ClientClientIDIn) (void, error) {
	defer a.auth.ForgetClient(in.ClientID)
	return void{}, a.store.RemoveServiceAccount(ctx, c.Caller.AccountID, in.ClientID)
}

// mayDo checks the actions of a service account for an operation. A service that it does not see does not exist for it.
func mayDo(c *sms.Caller, op *schema.Operation, segments []string) error {
	if op == nil {
		return nil // there is no such call, whoever asks
	}
	for i, part := range strings.Split(strings.Trim(op.Path, "/"), "/") {
		if part == "{serviceName}" && !c.Sees(segments[i]) {
			return sms.Errorf(sms.NoService, "This service does not exist")
		}
	}
	for _, name := range actionsOf(op) {
		if !c.MayDo(name) {
			return sms.Errorf(sms.Forbidden, "the service account %s may not do %s: PUT /me/api/oauth2/client/%s gives it actions",
				c.ServiceAccount, name, c.ServiceAccount).With("unauthorizedActionsByIAM", name)
		}
	}
	return nil
}

// actionsOf names what an operation does. OVH has no names for ours: they get some of the same kind.
func actionsOf(op *schema.Operation) []string {
	var names []string
	for _, a := range op.IAMActions {
		if a.Required {
			names = append(names, a.Name)
		}
	}
	if len(names) > 0 || !op.Extension {
		return names
	}
	verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "edit", http.MethodDelete: "delete"}[op.HTTPMethod]
	var path []string
	for part := range strings.SplitSeq(strings.Trim(op.Path, "/"), "/") {
		if !strings.HasPrefix(part, "{") {
			path = append(path, part)
		}
	}
	return []string{path[0] + ":apiovh:" + strings.Join(append(path[1:], verb), "/")}
}

// maxTokenRequest is how many bytes a request for a token may have.
const maxTokenRequest = 8 << 10

// TokenEndpoint is where service accounts get their tokens: RFC 6749, the flow of client credentials.
func (a *API) TokenEndpoint(from func(*http.Request) auth.Visitor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patienceOfAll)
		defer cancel()
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxTokenRequest)
		token, lasts, err := a.grant(ctx, r, from(r))
		if err != nil {
			refuseToken(w, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": token, "token_type": "Bearer", "expires_in": int64(lasts/time.Second) - 1, "scope": "all",
		})
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client went away
}

// A tokenError is a refusal in the words of RFC 6749.
type tokenError struct {
	status      int
	code, words string
}

func (e *tokenError) Error() string { return e.words }

func (a *API) grant(ctx context.Context, r *http.Request, who auth.Visitor) (string, time.Duration, error) {
	if r.Method != http.MethodPost {
		return "", 0, &tokenError{http.StatusMethodNotAllowed, "invalid_request", "ask by POST, not by " + r.Method}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return "", 0, &tokenError{http.StatusBadRequest, "invalid_request", "the body must be a form: Content-Type: application/x-www-form-urlencoded"}
	}
	if err := r.ParseForm(); err != nil {
		return "", 0, &tokenError{http.StatusBadRequest, "invalid_request", "the form cannot be read, or is too long"}
	}
	if flow := r.PostForm.Get("grant_type"); flow != "client_credentials" {
		return "", 0, &tokenError{http.StatusBadRequest, "unsupported_grant_type", fmt.Sprintf("grant_type = %q is not offered, only client_credentials", flow)}
	}
	if scope := r.PostForm.Get("scope"); scope != "" && scope != "all" {
		return "", 0, &tokenError{http.StatusBadRequest, "invalid_scope", fmt.Sprintf("scope = %q is not offered, only all", scope)}
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id == "" || secret == "" {
		return "", 0, &tokenError{http.StatusUnauthorized, "invalid_client", "client_id and client_secret are missing: send them in the form or as HTTP Basic"}
	}
	return a.auth.Grant(ctx, id, secret, who.Address)
}

func refuseToken(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*tokenError](err)
	if !ok {
		switch r := refuse(err); sms.CodeOf(err) {
		case sms.UnknownKey:
			e = &tokenError{http.StatusUnauthorized, "invalid_client", err.Error()}
		case sms.TooFast, sms.Unavailable:
			w.Header().Set("Retry-After", strconv.Itoa(max(1, int(r.retryAfter/time.Second))))
			e = &tokenError{r.status, "temporarily_unavailable", err.Error()}
		default:
			e = &tokenError{http.StatusInternalServerError, "server_error", "Internal server error"}
		}
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="ramier", charset="UTF-8"`)
	}
	writeJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.words})
}
