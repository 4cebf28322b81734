package ovh

import (
	"context"
	"strings"

	"ramier/internal/sms"
)

// resaleRoutes are for accounts that resell.
func (a *API) resaleRoutes() map[string]handler {
	const (
		me      = "/me/reseller"
		account = me + "/accounts/{account}"
		service = account + "/services/{serviceName}"
	)
	return map[string]handler{
		"GET " + me: endpoint(a.getReseller),
		"PUT " + me: endpoint(a.putReseller),

		"GET " + me + "/accounts":         endpoint(a.listSubAccounts),
		"POST " + me + "/accounts":        endpoint(a.addSubAccount),
		"GET " + account:                  endpoint(a.getSubAccount),
		"PUT " + account:                  endpoint(a.putSubAccount),
		"POST " + account + "/password":   endpoint(a.renewSubAccountPassword),
		"GET " + account + "/services":    endpoint(a.listSubServices),
		"POST " + account + "/services":   endpoint(a.addSubService),
		"GET " + service:                  endpoint(a.getSubService),
		"PUT " + service:                  endpoint(a.putSubService),
		"POST " + service + "/credits":    endpoint(a.resell),
		"GET " + me + "/prices":           endpoint(a.listResalePrices),
		"GET " + me + "/orders":           endpoint(a.listResaleOrders),
		"GET " + me + "/orders/{orderId}": endpoint(a.getResaleOrder),

		"PUT " + me + "/prices/{country}/{quantity}":    endpoint(a.putResalePrice),
		"DELETE " + me + "/prices/{country}/{quantity}": endpoint(a.deleteResalePrice),
		"POST " + me + "/orders/{orderId}/settle":       endpoint(a.settleResaleOrder),
		"POST " + me + "/orders/{orderId}/cancel":       endpoint(a.cancelResaleOrder),
	}
}

const maxPaper = 2000 // characters of a text on papers

// reseller lets only accounts through that resell. Error: Forbidden.
func (a *API) reseller(ctx context.Context, c *Call) (sms.Account, error) {
	account, err := a.store.AccountByID(ctx, c.Caller.AccountID)
	if err == nil && !account.Resells {
		err = sms.Errorf(sms.Forbidden, "the account %s does not resell: its operator can allow it", account.Name)
	}
	return account, err
}

// subAccount gives one of the caller's sub-accounts. Others do not exist for him.
func (a *API) subAccount(ctx context.Context, c *Call, name string) (sms.Account, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return r, err
	}
	return a.store.SubAccount(ctx, r.ID, name)
}

// subService gives an SMS account of one of the caller's sub-accounts.
func (a *API) subService(ctx context.Context, c *Call, account, name string) (sms.Service, error) {
	sub, err := a.subAccount(ctx, c, account)
	if err != nil {
		return sms.Service{}, err
	}
	s, err := a.store.Service(ctx, name)
	if err == nil && s.AccountID != sub.ID {
		err = sms.Errorf(sms.NoService, "This service does not exist")
	}
	return s, err
}

func (a *API) getReseller(ctx context.Context, c *Call, _ getMeResellerIn) (meReseller, error) {
	account, err := a.reseller(ctx, c)
	if err != nil {
		return meReseller{}, err
	}
	r, err := a.store.Resale(ctx, account.ID)
	out := meReseller{Brand: r.Brand, Seller: r.Seller, PayTo: r.PayTo, Terms: r.Terms}
	if err == nil && r.Service != 0 {
		s, err := a.store.ServiceByID(ctx, r.Service)
		if err != nil {
			return meReseller{}, err
		}
		out.ServiceName = &s.Name
	}
	return out, err
}

func (a *API) putReseller(ctx context.Context, c *Call, in putMeResellerIn) (void, error) {
	account, err := a.reseller(ctx, c)
	if err != nil {
		return void{}, err
	}
	r, err := a.store.Resale(ctx, account.ID)
	if err != nil {
		return void{}, err
	}
	for _, f := range []struct {
		name  string
		to    *string
		given *string
		most  int
	}{{"brand", &r.Brand, in.Body.Brand, 60}, {"seller", &r.Seller, in.Body.Seller, maxPaper}, {"payTo", &r.PayTo, in.Body.PayTo, maxPaper}, {"terms", &r.Terms, in.Body.Terms, maxBodyText}} {
		if f.given == nil {
			continue
		}
		if err := setText(f.to, nullable[string]{Set: true, Value: new(strings.TrimSpace(*f.given))}, f.name, f.most); err != nil {
			return void{}, err
		}
	}
	if strings.ContainsAny(r.Brand, "\r\n\t") {
		return void{}, sms.Errorf(sms.Invalid, "brand has a line break or a tab: write it in one line")
	}
	if v := in.Body.ServiceName; v.Set {
		r.Service = 0
		if v.Value != nil {
			s, err := a.service(ctx, c, *v.Value)
			if err != nil {
				return void{}, referTo(err, "serviceName", *v.Value, "/sms")
			}
			r.Service = s.ID
		}
	}
	return void{}, a.store.SetResale(ctx, account.ID, r)
}

func (a *API) listSubAccounts(ctx context.Context, c *Call, _ getMeResellerAccountsIn) ([]string, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return nil, err
	}
	all, err := a.store.SubAccounts(ctx, r.ID)
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names, err
}

func (a *API) addSubAccount(ctx context.Context, c *Call, in postMeResellerAccountsIn) (meSubAccountPassword, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return meSubAccountPassword{}, err
	}
	sub := sms.Account{Description: deref(in.Description), Reseller: r.ID, CreatedAt: a.now()}
	if sub.Country, err = checkCountry("country", in.Country); err != nil {
		return meSubAccountPassword{}, err
	}
	if err := checkText("description", sub.Description); err != nil {
		return meSubAccountPassword{}, err
	}
	if err := checkEmail(in.Email); err != nil {
		return meSubAccountPassword{}, err
	}
	if err := a.store.AddSubAccount(ctx, &sub); err != nil {
		return meSubAccountPassword{}, err
	}
	if in.Email != nil {
		if err := a.setEmail(ctx, sub, in.Email); err != nil {
			return meSubAccountPassword{}, err
		}
	}
	return a.giveSubAccountPassword(ctx, sub, in.Password)
}

func (a *API) giveSubAccountPassword(ctx context.Context, sub sms.Account, password *string) (meSubAccountPassword, error) {
	if password != nil && *password == "" {
		return meSubAccountPassword{}, sms.Errorf(sms.Invalid, "password is empty: leave it out to have one made up")
	}
	given, err := a.signIns.ResetPassword(ctx, sub, deref(password), true)
	return meSubAccountPassword{Account: sub.Name, Password: given}, err
}

func (a *API) renewSubAccountPassword(ctx context.Context, c *Call, in postMeResellerAccountsAccountPasswordIn) (meSubAccountPassword, error) {
	sub, err := a.subAccount(ctx, c, in.Account)
	if err != nil {
		return meSubAccountPassword{}, err
	}
	return a.giveSubAccountPassword(ctx, sub, in.Password)
}

func (a *API) getSubAccount(ctx context.Context, c *Call, in getMeResellerAccountsAccountIn) (meSubAccount, error) {
	sub, err := a.subAccount(ctx, c, in.Account)
	if err != nil {
		return meSubAccount{}, err
	}
	p, err := a.store.Profile(ctx, sub.ID)
	return meSubAccount{
		Country: sub.Country, Creation: datetime{sub.CreatedAt}, Description: sub.Description, Email: orNull(p.Email), Name: sub.Name,
		Suspended: orNull(sub.Suspended),
	}, err
}

func (a *API) putSubAccount(ctx context.Context, c *Call, in putMeResellerAccountsAccountIn) (void, error) {
	sub, err := a.subAccount(ctx, c, in.Account)
	if err != nil {
		return void{}, err
	}
	if v := in.Body.Description; v != nil {
		if err := checkText("description", *v); err != nil {
			return void{}, err
		}
		sub.Description = *v
	}
	if v := in.Body.Suspended; v.Set {
		if sub.Suspended != "" && sub.SuspendedBy == 0 {
			return void{}, sms.Errorf(sms.Forbidden, "the operator of the platform has suspended %s: %s", sub.Name, sub.Suspended)
		}
		sub.SuspendedBy = sub.Reseller
		if err := setText(&sub.Suspended, v, "suspended", maxText); err != nil {
			return void{}, err
		}
	}
	if v := in.Body.Email; v.Set {
		if err := checkEmail(v.Value); err != nil {
			return void{}, err
		}
		if err := a.setEmail(ctx, sub, v.Value); err != nil {
			return void{}, err
		}
	}
	return void{}, a.store.SetSubAccount(ctx, sub)
}

func (a *API) listSubServices(ctx context.Context, c *Call, in getMeResellerAccountsAccountServicesIn) ([]string, error) {
	sub, err := a.subAccount(ctx, c, in.Account)
	if err != nil {
		return nil, err
	}
	return a.store.ServicesOf(ctx, sub.ID)
}

// maxSubServices is how many SMS accounts a reseller may make for one sub-account.
const maxSubServices = 100

func (a *API) addSubService(ctx context.Context, c *Call, in postMeResellerAccountsAccountServicesIn) (meSubService, error) {
	sub, err := a.subAccount(ctx, c, in.Account)
	if err != nil {
		return meSubService{}, err
	}
	names, err := a.store.ServicesOf(ctx, sub.ID)
	if err == nil && len(names) >= maxSubServices {
		err = sms.Errorf(sms.Conflict, "The account %s has %d SMS accounts, which is the most", sub.Name, len(names))
	}
	if err != nil {
		return meSubService{}, err
	}
	channel, err := newChannel(in.Channel, nil)
	if err != nil {
		return meSubService{}, err
	}
	s := sms.Service{
		AccountID: sub.ID, Account: sub.Name, Country: sub.Country, Channel: channel, Description: deref(in.Description), Status: sms.Enabled,
		CreatedAt: a.now(), Settings: sms.Settings{Guards: sms.DefaultGuards()},
	}
	if err := checkText("description", s.Description); err != nil {
		return meSubService{}, err
	}
	err = a.store.AddService(ctx, &s)
	return newSubService(s, sms.Balance{}), err
}

func newSubService(s sms.Service, b sms.Balance) meSubService {
	return meSubService{
		Channel: smsChannel(s.Channel), Creation: datetime{s.CreatedAt}, CreditsHeld: b.Held.Float(), CreditsLeft: b.Available.Float(),
		CreditsUsed: b.Used.Float(), Description: s.Description, Name: s.Name, Status: smsStatusAccount(s.Status),
	}
}

func (a *API) getSubService(ctx context.Context, c *Call, in getMeResellerAccountsAccountServicesServiceNameIn) (meSubService, error) {
	s, err := a.subService(ctx, c, in.Account, in.ServiceName)
	if err != nil {
		return meSubService{}, err
	}
	b, err := a.store.Balance(ctx, s.ID)
	return newSubService(s, b), err
}

func (a *API) putSubService(ctx context.Context, c *Call, in putMeResellerAccountsAccountServicesServiceNameIn) (void, error) {
	s, err := a.subService(ctx, c, in.Account, in.ServiceName)
	if err != nil || in.Body.Description == nil {
		return void{}, err
	}
	return void{}, a.store.ChangeService(ctx, s.Name, func(s *sms.Service) error {
		s.Description = *in.Body.Description
		return checkText("description", s.Description)
	})
}

// resell gives a sub-account credits out of the reseller's own, or takes some back.
func (a *API) resell(ctx context.Context, c *Call, in postMeResellerAccountsAccountServicesServiceNameCreditsIn) (float64, error) {
	to, err := a.subService(ctx, c, in.Account, in.ServiceName)
	if err != nil {
		return 0, err
	}
	credits, err := moved(in.Credits, in.Reason, "the ledgers of both")
	if err != nil {
		return 0, err
	}
	r, err := a.store.Resale(ctx, c.Caller.AccountID)
	if err != nil {
		return 0, err
	}
	if r.Service == 0 {
		return 0, sms.Errorf(sms.Conflict, "It is not said which of your services the credits come from: PUT /me/reseller serviceName")
	}
	from, err := a.store.ServiceByID(ctx, r.Service)
	if err != nil {
		return 0, err
	}
	if err := a.store.Resell(ctx, from, to, credits, in.Reason, a.now()); err != nil {
		return 0, err
	}
	b, err := a.store.Balance(ctx, to.ID)
	return b.Available.Float(), err
}

func (a *API) listResalePrices(ctx context.Context, c *Call, _ getMeResellerPricesIn) ([]operatorPrice, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return nil, err
	}
	all, err := a.store.ResalePrices(ctx, r.ID)
	out := make([]operatorPrice, len(all))
	for i, p := range all {
		out[i] = operatorPrice{Country: rateName(p.Country), Quantity: p.Quantity, Currency: p.Credit.Currency, Credit: p.Credit.Float()}
	}
	return out, err
}

func (a *API) putResalePrice(ctx context.Context, c *Call, in putMeResellerPricesCountryQuantityIn) (void, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return void{}, err
	}
	p, err := readPrice(in.Country, in.Quantity, in.Body)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.SetResalePrice(ctx, r.ID, p)
}

func (a *API) deleteResalePrice(ctx context.Context, c *Call, in deleteMeResellerPricesCountryQuantityIn) (void, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return void{}, err
	}
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteResalePrice(ctx, r.ID, key, in.Quantity)
}

func (a *API) listResaleOrders(ctx context.Context, c *Call, in getMeResellerOrdersIn) ([]int64, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return nil, err
	}
	ids, err := a.store.OrdersOfReseller(ctx, r.ID, string(deref(in.Status)), deref(in.Account))
	return orEmpty(ids), err
}

// resaleOrder shows an order of one of the caller's sub-accounts. Others do not exist for him.
func (a *API) resaleOrder(ctx context.Context, c *Call, id int64) (operatorOrder, error) {
	r, err := a.reseller(ctx, c)
	if err != nil {
		return operatorOrder{}, err
	}
	o, err := a.store.CreditOrder(ctx, 0, id)
	if err == nil && o.Reseller != r.ID {
		err = noObject("orderId", id)
	}
	if err != nil {
		return operatorOrder{}, err
	}
	return a.orderAsOperator(ctx, id)
}

func (a *API) getResaleOrder(ctx context.Context, c *Call, in getMeResellerOrdersOrderIDIn) (operatorOrder, error) {
	return a.resaleOrder(ctx, c, in.OrderID)
}

func (a *API) settleResaleOrder(ctx context.Context, c *Call, in postMeResellerOrdersOrderIDSettleIn) (operatorOrder, error) {
	if _, err := a.resaleOrder(ctx, c, in.OrderID); err != nil {
		return operatorOrder{}, err
	}
	return a.settleOrder(ctx, c, postOperatorOrdersOrderIDSettleIn(in))
}

func (a *API) cancelResaleOrder(ctx context.Context, c *Call, in postMeResellerOrdersOrderIDCancelIn) (operatorOrder, error) {
	if _, err := a.resaleOrder(ctx, c, in.OrderID); err != nil {
		return operatorOrder{}, err
	}
	if err := a.store.CancelOrder(ctx, in.OrderID, c.Caller.Account, a.now()); err != nil {
		return operatorOrder{}, err
	}
	return a.orderAsOperator(ctx, in.OrderID)
}
