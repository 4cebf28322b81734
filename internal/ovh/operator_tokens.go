package ovh

import (
	"context"
	"net/netip"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listTokens(ctx context.Context, _ *Call, in getOperatorTokensIn) ([]operatorToken, error) {
	all, err := a.store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	if in.Account != nil {
		if _, err := a.store.Account(ctx, *in.Account); err != nil {
			return nil, referTo(err, "account", *in.Account, "/operator/accounts")
		}
	}
	out := []operatorToken{}
	for _, t := range all {
		if in.Account != nil && t.Account.Name != *in.Account {
			continue
		}
		used := t.LastUse
		if recent := a.auth.LastUse(t.ID); recent.After(used) {
			used = recent
		}
		shown := operatorToken{
			Account: t.Account.Name, ApplicationKey: t.ApplicationKey, Creation: datetime{t.CreatedAt}, CredentialID: t.ID,
			Expiration: at(t.ExpiresAt), LastUse: at(used), Name: t.ApplicationName, Status: authCredentialState(auth.StatusAt(&t.Credential, a.now())),
			Rules: newRules(t.Rules), AllowedIPs: newBlocks(t.AllowedIPs), LastRefusal: at(t.LastRefusal), Refusal: orNull(t.Refusal),
		}
		if r := a.auth.LastRefusal(t.ID); !r.At.IsZero() {
			shown.LastRefusal, shown.Refusal = at(r.At), orNull(r.Text)
		}
		out = append(out, shown)
	}
	return out, nil
}

const maxTokenSeconds = 100 * 366 * 24 * 3600 // a century

func (a *API) addToken(ctx context.Context, c *Call, in postOperatorTokensIn) (operatorTokenSecrets, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorTokenSecrets{}, referTo(err, "account", in.Account, "/operator/accounts")
	}
	rules := readRules(in.Rules)
	// Without rules a token allows everything; that is not what a request without them means.
	if err := auth.CheckRules(rules); err != nil {
		return operatorTokenSecrets{}, err
	}
	if in.ValiditySeconds != nil {
		if err := within("validitySeconds", *in.ValiditySeconds, 1, maxTokenSeconds); err != nil {
			return operatorTokenSecrets{}, err
		}
	}
	blocks, err := readBlocks("allowedIPs", in.AllowedIPs)
	if err != nil {
		return operatorTokenSecrets{}, err
	}
	name := deref(in.Name)
	if in.Name == nil {
		name = account.Name
	}
	person := store.Person{}
	if account.ID == c.Caller.AccountID { // her own keys are bound to her as those of the web pages
		person = store.Person{ID: c.Caller.PersonID, Role: c.Caller.Role, OperatorRole: c.Caller.PersonOperatorRole}
	}
	t, err := auth.CreateTokenFor(ctx, a.store, a.now(), account, person, rules, name, deref(in.Description),
		time.Duration(deref(in.ValiditySeconds))*time.Second, blocks)
	return operatorTokenSecrets{
		ApplicationKey: t.ApplicationKey, ApplicationSecret: t.ApplicationSecret, ConsumerKey: t.ConsumerKey, CredentialID: t.CredentialID,
	}, err
}

// readBlocks reads blocks of addresses; a single address is a block of one.
func readBlocks(field string, texts []string) ([]netip.Prefix, error) {
	var blocks []netip.Prefix
	for _, text := range texts {
		block, err := sms.ParseBlock(text)
		if err != nil {
			return nil, sms.Errorf(sms.Invalid, "%s: %q is no block of addresses: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32", field, text)
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

func (a *API) removeToken(ctx context.Context, _ *Call, in deleteOperatorTokensCredentialIDIn) (void, error) {
	defer a.auth.Forget(in.CredentialID)
	return void{}, a.store.EndCredential(ctx, in.CredentialID)
}
