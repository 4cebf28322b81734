package ovh

import (
	"context"

	"ramier/internal/sms"
)

func (a *API) listAccounts(ctx context.Context, _ *Call, _ getOperatorAccountsIn) ([]string, error) {
	all, err := a.store.Accounts(ctx)
	names := make([]string, len(all))
	for i, account := range all {
		names[i] = account.Name
	}
	return names, err
}

func (a *API) addAccount(ctx context.Context, _ *Call, in postOperatorAccountsIn) (operatorAccount, error) {
	account := sms.Account{
		Name: deref(in.Name), Description: deref(in.Description), Operator: deref(in.Operator), CreatedAt: a.now(),
	}
	var err error
	if account.Country, err = CheckAccount(in.Name, in.Country); err != nil {
		return operatorAccount{}, err
	}
	if err := checkText("description", account.Description); err != nil {
		return operatorAccount{}, err
	}
	err = a.store.AddAccount(ctx, &account)
	return newOperatorAccount(account), err
}

// CheckAccount checks the name of a new customer, nil for one that is made up, and gives its country in capitals.
func CheckAccount(name *string, country string) (string, error) {
	if name != nil {
		if err := checkName("name", *name, accountName, "-", "ab12345-ovh"); err != nil {
			return "", err
		}
	}
	return checkCountry("country", country)
}

func newOperatorAccount(account sms.Account) operatorAccount {
	return operatorAccount{
		Country: account.Country, Creation: datetime{account.CreatedAt}, Description: account.Description, Name: account.Name,
		Operator: account.Operator,
	}
}

func (a *API) showAccount(ctx context.Context, _ *Call, in getOperatorAccountsAccountIn) (operatorAccount, error) {
	account, err := a.store.Account(ctx, in.Account)
	return newOperatorAccount(account), err
}

func (a *API) setAccount(ctx context.Context, c *Call, in putOperatorAccountsAccountIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	if v := in.Body.Country; v != nil {
		if account.Country, err = checkCountry("country", *v); err != nil {
			return void{}, err
		}
	}
	if v := in.Body.Description; v != nil {
		if err := checkText("description", *v); err != nil {
			return void{}, err
		}
		account.Description = *v
	}
	if v := in.Body.Operator; v != nil {
		if !*v && account.ID == c.Caller.AccountID {
			return void{}, sms.Errorf(sms.Conflict, "operator = false would lock you out of /operator: let another operator do it")
		}
		account.Operator = *v
	}
	// Callers are remembered with their country and whether they are operators.
	defer a.auth.Forget()
	return void{}, a.store.UpdateAccount(ctx, account)
}
