package ovh

import (
	"context"

	"ramier/internal/auth"
	"ramier/internal/store"
)

// showSignIn tells how a customer signs in on the web pages.
func (a *API) showSignIn(ctx context.Context, _ *Call, in getOperatorAccountsAccountSignInIn) (operatorSignIn, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorSignIn{}, err
	}
	state, err := a.signIns.Security(ctx, account)
	names := make([]string, len(state.Passkeys))
	for i, p := range state.Passkeys {
		names[i] = p.Name
	}
	return operatorSignIn{
		Account: account.Name, OneTimeCodes: state.Code, Passkeys: names, Password: state.Password, RecoveryCodes: int64(state.Recovery),
	}, err
}

// resetFactors helps a customer who has lost his phone.
func (a *API) resetFactors(ctx context.Context, _ *Call, in deleteOperatorAccountsAccountSecondFactorIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	return void{}, a.signIns.ResetFactors(ctx, account)
}

func (a *API) listIdentities(ctx context.Context, _ *Call, in getOperatorAccountsAccountIdentitiesIn) ([]operatorIdentity, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Identities(ctx, account.ID)
	out := make([]operatorIdentity, len(all))
	for i, v := range all {
		out[i] = newOperatorIdentity(v)
	}
	return out, err
}

func newOperatorIdentity(v store.Identity) operatorIdentity {
	return operatorIdentity{
		Creation: datetime{v.CreatedAt}, ID: v.ID, Issuer: v.Issuer, Label: v.Label, LastUse: at(v.UsedAt), LinkedBy: v.LinkedBy, Subject: v.Subject,
	}
}

func (a *API) linkIdentity(ctx context.Context, _ *Call, in postOperatorAccountsAccountIdentitiesIn) (operatorIdentity, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorIdentity{}, err
	}
	v, err := a.signIns.LinkIdentity(ctx, account, deref(in.Issuer), in.Subject)
	return newOperatorIdentity(v), err
}

func (a *API) unlinkIdentity(ctx context.Context, _ *Call, in deleteOperatorAccountsAccountIdentitiesIDIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	return void{}, a.signIns.UnlinkIdentity(ctx, account, in.ID, 0, auth.Visitor{})
}
