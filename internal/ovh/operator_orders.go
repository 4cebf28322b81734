package ovh

import (
	"context"
	"math"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listPrices(ctx context.Context, _ *Call, in getOperatorPricesIn) ([]operatorPrice, error) {
	all, err := a.store.Prices(ctx)
	if err != nil {
		return nil, err
	}
	key := ""
	if in.Country != nil {
		if key, err = rateKey(*in.Country); err != nil {
			return nil, err
		}
	}
	out := []operatorPrice{}
	for _, p := range all {
		if key == "" || key == p.Country {
			out = append(out, operatorPrice{Country: rateName(p.Country), Quantity: p.Quantity, Currency: p.Credit.Currency, Credit: p.Credit.Float()})
		}
	}
	return out, nil
}

func (a *API) setPrice(ctx context.Context, _ *Call, in putOperatorPricesCountryQuantityIn) (void, error) {
	p, err := readPrice(in.Country, in.Quantity, in.Body)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.SetPrice(ctx, p)
}

// readPrice reads a price of a list. Error: Invalid.
func readPrice(country string, quantity int64, b operatorPriceBody) (sms.Price, error) {
	key, err := rateKey(country)
	if err != nil {
		return sms.Price{}, err
	}
	millionths := math.Round(b.Credit * 1e6)
	if millionths == 0 && b.Credit != 0 {
		return sms.Price{}, sms.Errorf(sms.Invalid, "credit = %v is less than a millionth, and would be free: give 0 or at least 0.000001", b.Credit)
	}
	if math.IsNaN(millionths) || math.Abs(millionths) > sms.MaxCreditPrice {
		return sms.Price{}, sms.Errorf(sms.Invalid, "credit = %v is not a price: give 0 to %d", b.Credit, int64(sms.MaxCreditPrice/1e6))
	}
	p := sms.Price{Country: key, Quantity: quantity, Credit: sms.Money{Millionths: int64(millionths), Currency: b.Currency}}
	return p, sms.CheckPrice(p)
}

func (a *API) removePrice(ctx context.Context, _ *Call, in deleteOperatorPricesCountryQuantityIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeletePrice(ctx, key, in.Quantity)
}

func (a *API) listTaxes(ctx context.Context, _ *Call, _ getOperatorTaxesIn) ([]operatorTax, error) {
	all, err := a.store.Taxes(ctx)
	out := make([]operatorTax, len(all))
	for i, t := range all {
		out[i] = operatorTax{Country: rateName(t.Country), Name: t.Name, Rate: t.Percent()}
	}
	return out, err
}

func (a *API) setTax(ctx context.Context, _ *Call, in putOperatorTaxesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	if r := in.Body.Rate; !(r >= 0 && r <= 100) {
		return void{}, sms.Errorf(sms.Invalid, "rate = %v is no percentage: give 0 to 100", r)
	}
	if n := len([]rune(in.Body.Name)); n < 1 || n > 20 {
		return void{}, sms.Errorf(sms.Invalid, "name = %q has %d characters: call the tax by 1 to 20, like VAT", cut(in.Body.Name), n)
	}
	return void{}, a.store.SetTax(ctx, sms.Tax{Country: key, Name: in.Body.Name, Rate: int64(math.Round(in.Body.Rate * 1000))})
}

func (a *API) removeTax(ctx context.Context, _ *Call, in deleteOperatorTaxesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteTax(ctx, key)
}

func (a *API) listOrders(ctx context.Context, _ *Call, in getOperatorOrdersIn) ([]int64, error) {
	ids, err := a.store.CreditOrders(ctx, string(deref(in.Status)), deref(in.Account))
	return orEmpty(ids), err
}

func (a *API) showOrder(ctx context.Context, _ *Call, in getOperatorOrdersOrderIDIn) (operatorOrder, error) {
	return a.orderAsOperator(ctx, in.OrderID)
}

func (a *API) orderAsOperator(ctx context.Context, id int64) (operatorOrder, error) {
	o, err := a.store.CreditOrder(ctx, 0, id)
	if err != nil {
		return operatorOrder{}, err
	}
	out := operatorOrder{
		Account: o.Account, Cause: operatorOrderCause(o.Cause), Creation: datetime{o.CreatedAt}, Expiration: datetime{o.ExpiresAt},
		Credits: o.Quantity.Float(), OrderID: o.ID, Reference: orNull(o.Reference), ServiceName: orNull(o.Service), Settled: at(o.SettledAt),
		SettledBy: orNull(o.SettledBy), Status: operatorOrderStatus(o.Status), Currency: o.Net.Currency, WithoutTax: o.Net.Float(),
		Tax: o.Tax.Float(), WithTax: o.Total().Float(), URL: a.billing.URL(o),
	}
	if o.Channel != "" {
		out.Channel = new(smsChannel(o.Channel))
	}
	if o.Reseller != 0 {
		r, err := a.store.AccountByID(ctx, o.Reseller)
		if err != nil {
			return operatorOrder{}, err
		}
		out.Reseller = &r.Name
	}
	if o.Invoice != 0 {
		out.Invoice = &o.Invoice
	}
	return out, nil
}

func (a *API) settleOrder(ctx context.Context, c *Call, in postOperatorOrdersOrderIDSettleIn) (operatorOrder, error) {
	if err := checkText("reference", deref(in.Reference)); err != nil {
		return operatorOrder{}, err
	}
	by := store.Settlement{By: c.Caller.Account, Reference: deref(in.Reference), At: a.now()}
	if err := a.store.SettleOrder(ctx, in.OrderID, by); err != nil {
		return operatorOrder{}, err
	}
	return a.orderAsOperator(ctx, in.OrderID)
}

func (a *API) cancelOrder(ctx context.Context, c *Call, in postOperatorOrdersOrderIDCancelIn) (operatorOrder, error) {
	if err := a.store.CancelOrder(ctx, in.OrderID, c.Caller.Account, a.now()); err != nil {
		return operatorOrder{}, err
	}
	return a.orderAsOperator(ctx, in.OrderID)
}
