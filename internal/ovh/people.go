package ovh

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// peopleRoutes are about who signs in to an account beside its owner.
func (a *API) peopleRoutes() map[string]handler {
	const theirs = "/operator/accounts/{account}/people"
	return map[string]handler{
		"GET " + theirs:                        endpoint(a.listPeopleAsOperator),
		"POST " + theirs:                       endpoint(a.addPersonAsOperator),
		"GET " + theirs + "/{login}":           endpoint(a.showPersonAsOperator),
		"PUT " + theirs + "/{login}":           endpoint(a.setPersonAsOperator),
		"DELETE " + theirs + "/{login}":        endpoint(a.removePersonAsOperator),
		"POST " + theirs + "/{login}/password": endpoint(a.setPersonPasswordAsOperator),
	}
}

// ownPeopleRoutes is the same for the owner.
func (a *API) ownPeopleRoutes() map[string]handler {
	const mine = "/me/people"
	return map[string]handler{
		"GET " + mine:                        endpoint(a.listPeople),
		"POST " + mine:                       endpoint(a.addPerson),
		"GET " + mine + "/{login}":           endpoint(a.getPerson),
		"PUT " + mine + "/{login}":           endpoint(a.putPerson),
		"DELETE " + mine + "/{login}":        endpoint(a.deletePerson),
		"POST " + mine + "/{login}/password": endpoint(a.renewPersonPassword),
	}
}

// personName is the form of a person's name in an account.
var personName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// signInName is what a person signs in with; login is her name in the account.
func signInName(account, login string) string { return account + "/" + login }

func loginOf(p store.Person) string {
	_, login, _ := strings.Cut(p.Name, "/")
	return login
}

// caller gives the account of a caller.
func (c *Call) account() sms.Account {
	return sms.Account{ID: c.Caller.AccountID, Name: c.Caller.Account, Country: c.Caller.Country, Operator: c.Caller.Operator}
}

func (a *API) logins(ctx context.Context, account int64) ([]string, error) {
	all, err := a.store.People(ctx, account)
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = loginOf(p)
	}
	slices.Sort(out)
	return out, err
}

func (a *API) listPeople(ctx context.Context, c *Call, _ getMePeopleIn) ([]string, error) {
	return a.logins(ctx, c.Caller.AccountID)
}

func (a *API) listPeopleAsOperator(ctx context.Context, _ *Call, in getOperatorAccountsAccountPeopleIn) ([]string, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	return a.logins(ctx, account.ID)
}

// hire lets somebody sign in to an account, and gives her password.
func (a *API) hire(ctx context.Context, account sms.Account, login string, p store.Person, password *string) (mePersonPassword, error) {
	if err := checkName("login", login, personName, ". _ -", "marie"); err != nil {
		return mePersonPassword{}, err
	}
	if err := checkText("description", p.Description); err != nil {
		return mePersonPassword{}, err
	}
	p.Name, p.CreatedAt, p.OperatorRole = signInName(account.Name, login), a.now(), cmp.Or(p.OperatorRole, sms.NoRole)
	if password != nil {
		if err := auth.CheckPassword(p.Name, *password); err != nil {
			return mePersonPassword{}, err
		}
	}
	if err := a.store.AddPerson(ctx, account, &p); err != nil {
		return mePersonPassword{}, err
	}
	return a.givePassword(ctx, p, password)
}

func (a *API) givePassword(ctx context.Context, p store.Person, password *string) (mePersonPassword, error) {
	if password != nil && *password == "" {
		return mePersonPassword{}, sms.Errorf(sms.Invalid, "password is empty: leave it out to have one made up")
	}
	given, err := a.signIns.ResetPassword(ctx, sms.Account{ID: p.ID, Name: p.Name}, deref(password), true)
	return mePersonPassword{Login: loginOf(p), SignIn: p.Name, Password: given}, err
}

func (a *API) addPerson(ctx context.Context, c *Call, in postMePeopleIn) (mePersonPassword, error) {
	return a.hire(ctx, c.account(), in.Login, store.Person{Role: sms.Role(in.Role), Description: deref(in.Description)}, in.Password)
}

func (a *API) addPersonAsOperator(ctx context.Context, _ *Call, in postOperatorAccountsAccountPeopleIn) (mePersonPassword, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return mePersonPassword{}, err
	}
	p := store.Person{Role: sms.Role(in.Role), Description: deref(in.Description), OperatorRole: sms.Role(deref(in.OperatorRole))}
	return a.hire(ctx, account, in.Login, p, in.Password)
}

func (a *API) getPerson(ctx context.Context, c *Call, in getMePeopleLoginIn) (mePerson, error) {
	p, err := a.person(ctx, c.account(), in.Login)
	return mePerson{Creation: datetime{p.CreatedAt}, Description: p.Description, Login: loginOf(p), Role: meRole(p.Role), SignIn: p.Name}, err
}

// person finds one by her name in an account.
func (a *API) person(ctx context.Context, account sms.Account, login string) (store.Person, error) {
	p, err := a.store.Person(ctx, account.ID, signInName(account.Name, login))
	if sms.CodeOf(err) == sms.NoObject {
		err = noObject("login", login)
	}
	return p, err
}

func (a *API) showPersonAsOperator(ctx context.Context, _ *Call, in getOperatorAccountsAccountPeopleLoginIn) (operatorPerson, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return operatorPerson{}, err
	}
	p, err := a.person(ctx, account, in.Login)
	return operatorPerson{
		Creation: datetime{p.CreatedAt}, Description: p.Description, Login: loginOf(p), Role: meRole(p.Role), SignIn: p.Name,
		OperatorRole: operatorRole(p.OperatorRole),
	}, err
}

// changePerson changes somebody; her keys follow at once here, and within 5 s on other nodes.
func (a *API) changePerson(ctx context.Context, account sms.Account, login string, change func(*store.Person) error) error {
	if _, err := a.person(ctx, account, login); err != nil {
		return err
	}
	defer a.auth.CatchUp(ctx)
	return a.store.ChangePerson(ctx, account.ID, signInName(account.Name, login), change)
}

// own finds somebody whom the caller may change. Who works for an operator with rights of her own is changed by the account itself, or
// by an admin: else a colleague could take her place. Errors: NoObject, Forbidden.
func (a *API) own(ctx context.Context, c *Call, login string) (store.Person, error) {
	p, err := a.person(ctx, c.account(), login)
	if err == nil && p.OperatorRole != sms.NoRole && p.OperatorRole != "" && c.Caller.PersonID != 0 && c.Caller.PersonOperatorRole != sms.AdminRole {
		err = sms.Errorf(sms.Forbidden, "%s has the operator role %s: only the account itself or an operator with the role %s changes her", p.Name, p.OperatorRole, sms.AdminRole)
	}
	return p, err
}

func (a *API) putPerson(ctx context.Context, c *Call, in putMePeopleLoginIn) (void, error) {
	if _, err := a.own(ctx, c, in.Login); err != nil {
		return void{}, err
	}
	if c.Caller.PersonID != 0 && c.Caller.Person == signInName(c.Caller.Account, in.Login) && in.Body.Role != nil && *in.Body.Role != meRoleOwner {
		return void{}, sms.Errorf(sms.Conflict, "role = %q would lock you out of this: let another owner do it", *in.Body.Role)
	}
	return void{}, a.changePerson(ctx, c.account(), in.Login, func(p *store.Person) error {
		return changePerson(p, (*string)(in.Body.Role), in.Body.Description)
	})
}

func changePerson(p *store.Person, role, description *string) error {
	if role != nil {
		p.Role = sms.Role(*role)
	}
	if description == nil {
		return nil
	}
	p.Description = *description
	return checkText("description", p.Description)
}

func (a *API) setPersonAsOperator(ctx context.Context, _ *Call, in putOperatorAccountsAccountPeopleLoginIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	return void{}, a.changePerson(ctx, account, in.Login, func(p *store.Person) error {
		if in.Body.OperatorRole != nil {
			p.OperatorRole = sms.Role(*in.Body.OperatorRole)
		}
		return changePerson(p, (*string)(in.Body.Role), in.Body.Description)
	})
}

func (a *API) dismiss(ctx context.Context, account sms.Account, login string) error {
	if _, err := a.person(ctx, account, login); err != nil {
		return err
	}
	defer a.auth.CatchUp(ctx)
	return a.store.RemovePerson(ctx, account.ID, signInName(account.Name, login))
}

func (a *API) deletePerson(ctx context.Context, c *Call, in deleteMePeopleLoginIn) (void, error) {
	if _, err := a.own(ctx, c, in.Login); err != nil {
		return void{}, err
	}
	return void{}, a.dismiss(ctx, c.account(), in.Login)
}

func (a *API) removePersonAsOperator(ctx context.Context, _ *Call, in deleteOperatorAccountsAccountPeopleLoginIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	return void{}, a.dismiss(ctx, account, in.Login)
}

func (a *API) renewPersonPassword(ctx context.Context, c *Call, in postMePeopleLoginPasswordIn) (mePersonPassword, error) {
	p, err := a.own(ctx, c, in.Login)
	if err != nil {
		return mePersonPassword{}, err
	}
	return a.givePassword(ctx, p, in.Password)
}

func (a *API) setPersonPasswordAsOperator(ctx context.Context, _ *Call, in postOperatorAccountsAccountPeopleLoginPasswordIn) (mePersonPassword, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return mePersonPassword{}, err
	}
	p, err := a.person(ctx, account, in.Login)
	if err != nil {
		return mePersonPassword{}, err
	}
	return a.givePassword(ctx, p, in.Password)
}

// changeStanding sets what an operator may do, whether an account resells and whether it is suspended, as far as the request names it.
func changeStanding(account *sms.Account, b operatorAccountBody, c *sms.Caller) error {
	if v := b.OperatorRole; v != nil {
		if *v != operatorRoleAdmin && account.ID == c.AccountID {
			return sms.Errorf(sms.Conflict, "operatorRole = %q would lock you out of this: let another operator do it", *v)
		}
		account.OperatorRole = sms.Role(*v)
	}
	if v := b.Resells; v != nil {
		if *v && account.Reseller != 0 {
			return sms.Errorf(sms.Conflict, "resells = true is not for sub-accounts: %s is one", account.Name)
		}
		account.Resells = *v
	}
	if b.Suspended.Set {
		account.SuspendedBy = 0
	}
	return setText(&account.Suspended, b.Suspended, "suspended", maxText)
}

// resellerName names the account that made a sub-account, null for others.
func (a *API) resellerName(ctx context.Context, account sms.Account) *string {
	if account.Reseller == 0 {
		return nil
	}
	r, err := a.store.AccountByID(ctx, account.Reseller)
	if err != nil {
		return nil
	}
	return &r.Name
}
