package ovh

import (
	"cmp"
	"context"
	"strings"

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
		OperatorRole: sms.Role(deref(in.OperatorRole)), Resells: deref(in.Resells),
	}
	var err error
	if account.Country, err = CheckAccount(in.Name, in.Country); err != nil {
		return operatorAccount{}, err
	}
	if err := checkText("description", account.Description); err != nil {
		return operatorAccount{}, err
	}
	if err := checkEmail(in.Email); err != nil {
		return operatorAccount{}, err
	}
	if err := a.store.AddAccount(ctx, &account); err != nil {
		return operatorAccount{}, err
	}
	if in.Email != nil {
		err = a.setEmail(ctx, account, in.Email)
	}
	return a.newOperatorAccount(ctx, account, deref(in.Email)), err
}

// checkEmail does no more than find what cannot be one.
func checkEmail(email *string) error {
	if email == nil || *email == "" {
		return nil
	}
	if at := strings.LastIndexByte(*email, '@'); at < 1 || at == len(*email)-1 || strings.ContainsAny(*email, " \t\r\n,;<>") {
		return sms.Errorf(sms.Invalid, "email = %q is no mail address: write it like name@example.org", *email)
	}
	return checkText("email", *email)
}

func (a *API) setEmail(ctx context.Context, account sms.Account, email *string) error {
	return a.store.ChangeProfile(ctx, account.ID, func(p *sms.Profile) error {
		p.Email = deref(email)
		return nil
	})
}

// setPassword gives a customer a password for the web pages.
func (a *API) setPassword(ctx context.Context, _ *Call, in postOperatorAccountsAccountPasswordIn) (operatorPassword, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorPassword{}, err
	}
	if in.Password != nil && *in.Password == "" {
		return operatorPassword{}, sms.Errorf(sms.Invalid, "password is empty: leave it out to have one made up")
	}
	password, err := a.signIns.ResetPassword(ctx, account, deref(in.Password), !deref(in.KeepSecondFactor))
	return operatorPassword{Account: account.Name, Password: password}, err
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

func (a *API) newOperatorAccount(ctx context.Context, account sms.Account, email string) operatorAccount {
	return operatorAccount{
		OperatorRole: operatorRole(cmp.Or(account.OperatorRole, sms.AdminRole)), Resells: account.Resells, Suspended: orNull(account.Suspended),
		Reseller: a.resellerName(ctx, account),
		Email:    orNull(email),
		Country:  account.Country, Creation: datetime{account.CreatedAt}, Description: account.Description, Name: account.Name,
		Operator: account.Operator,
	}
}

func (a *API) showAccount(ctx context.Context, _ *Call, in getOperatorAccountsAccountIn) (operatorAccount, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorAccount{}, err
	}
	p, err := a.store.Profile(ctx, account.ID)
	return a.newOperatorAccount(ctx, account, p.Email), err
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
	if err := changeStanding(&account, in.Body, c.Caller); err != nil {
		return void{}, err
	}
	if v := in.Body.Email; v.Set {
		err := checkEmail(v.Value)
		if err == nil {
			err = a.setEmail(ctx, account, v.Value)
		}
		if err != nil {
			return void{}, err
		}
	}
	// Callers are remembered with their country and whether they are operators.
	defer a.auth.CatchUp(ctx)
	return void{}, a.store.UpdateAccount(ctx, account)
}
