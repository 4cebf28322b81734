package ovh

import (
	"context"
	"time"

	"ramier/internal/sms"
)

func (a *API) listOrderable(ctx context.Context, c *Call, _ getOrderSmsIn) ([]string, error) {
	return a.listServices(ctx, c, getSmsIn{})
}

func (a *API) listOrderOptions(ctx context.Context, c *Call, in getOrderSmsServiceNameIn) ([]string, error) {
	_, err := a.service(ctx, c, in.ServiceName)
	return []string{"credits"}, err
}

func (a *API) quoteCredits(ctx context.Context, c *Call, in getOrderSmsServiceNameCreditsIn) (orderOrder, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return orderOrder{}, err
	}
	q, reseller, err := a.billing.Quote(ctx, s.AccountID, in.Quantity, s.Country)
	if err != nil {
		return orderOrder{}, err
	}
	return a.newOrder(ctx, sms.CreditOrder{Service: s.Name, Offer: q, Reseller: reseller})
}

func (a *API) orderCredits(ctx context.Context, c *Call, in postOrderSmsServiceNameCreditsIn) (orderOrder, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return orderOrder{}, err
	}
	o := sms.CreditOrder{AccountID: s.AccountID, Account: s.Account, ServiceID: s.ID, Service: s.Name, Cause: sms.OrderedByCustomer}
	if o, err = a.billing.Order(ctx, o, in.Quantity, s.Country); err != nil {
		return orderOrder{}, err
	}
	return a.newOrder(ctx, o)
}

func (a *API) quoteService(ctx context.Context, c *Call, in getOrderSmsNewIn) (orderOrder, error) {
	channel, err := newChannel(in.Channel, in.Smpp)
	if err != nil {
		return orderOrder{}, err
	}
	q, reseller, err := a.billing.Quote(ctx, c.Caller.AccountID, in.Quantity, c.Caller.Country)
	if err != nil {
		return orderOrder{}, err
	}
	return a.newOrder(ctx, sms.CreditOrder{Channel: channel, Offer: q, Reseller: reseller})
}

func (a *API) orderService(ctx context.Context, c *Call, in postOrderSmsNewIn) (orderOrder, error) {
	channel, err := newChannel(in.Channel, in.Smpp)
	if err != nil {
		return orderOrder{}, err
	}
	o := sms.CreditOrder{AccountID: c.Caller.AccountID, Account: c.Caller.Account, Channel: channel, Cause: sms.OrderedByCustomer}
	if o, err = a.billing.Order(ctx, o, in.Quantity, c.Caller.Country); err != nil {
		return orderOrder{}, err
	}
	return a.newOrder(ctx, o)
}

// newChannel gives the channel that a new service is ordered for.
func newChannel(channel *smsChannel, smpp *bool) (string, error) {
	if deref(smpp) {
		return "", sms.Errorf(sms.Invalid, "smpp = true: SMPP accounts are made by the operator of this platform")
	}
	switch {
	case channel == nil:
		return string(smsChannelTransactional), nil
	case *channel == smsChannelBoth:
		return "", sms.Errorf(sms.Invalid, "channel = %q is for OVH's own accounts: give transactional or marketing", *channel)
	}
	return string(*channel), nil
}

// ordered gives an amount as orders show it.
func ordered(m sms.Money) orderPrice {
	p := newPrice(m)
	p.PriceInUcents = new(m.Millionths * 100) // millionths of a cent
	return p
}

// newOrder shows an order, or a quote if it has no id.
func (a *API) newOrder(ctx context.Context, o sms.CreditOrder) (orderOrder, error) {
	seller, err := a.billing.SellerOf(ctx, o.Reseller)
	if err != nil {
		return orderOrder{}, err
	}
	q := o.Offer
	detail := orderDetail{
		Description: "SMS credits", DetailType: new(orderDetailTypeQUANTITY), Domain: o.Service, OriginalTotalPrice: ordered(q.Original),
		Quantity: int64(q.Quantity / sms.Credit), ReductionTotalPrice: ordered(q.Reduction()), Reductions: []orderReduction{},
		TotalPrice: ordered(q.Net), UnitPrice: ordered(q.Credit),
	}
	if o.Service == "" {
		detail.Domain, detail.Description = "sms", "SMS account with credits"
	}
	if q.Reduction().Millionths > 0 {
		detail.Reductions = append(detail.Reductions, orderReduction{
			Context: orderReductionContextPromotion, Description: "Price by quantity", ReductionDescription: "Price by quantity",
			Type: orderReductionTypeFixedAmount, Price: ordered(q.Net), Value: ordered(q.Reduction()),
		})
	}
	out := orderOrder{
		Contracts: []orderContract{{Name: "Terms of sale of credits", URL: a.billing.TermsURL(o), Content: seller.Terms}},
		Details:   []orderDetail{detail},
		Prices: orderPrices{
			OriginalWithoutTax: new(ordered(q.Original)), Reduction: new(ordered(q.Reduction())), Tax: ordered(q.Tax),
			WithTax: ordered(q.Total()), WithoutTax: ordered(q.Net),
		},
	}
	if o.ID != 0 {
		out.OrderID, out.URL = new(o.ID), new(a.billing.URL(o))
	}
	return out, nil
}

func (a *API) listMyOrders(ctx context.Context, c *Call, in getMeOrderIn) ([]int64, error) {
	var from, to time.Time
	if in.DateFrom != nil {
		from = in.DateFrom.Time
	}
	if in.DateTo != nil {
		to = in.DateTo.Time
	}
	ids, err := a.store.OrdersOf(ctx, c.Caller.AccountID, from, to)
	return orEmpty(ids), err
}

// orEmpty gives an empty list where there is none.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func (a *API) getMyOrder(ctx context.Context, c *Call, in getMeOrderOrderIDIn) (billingOrder, error) {
	o, err := a.store.CreditOrder(ctx, c.Caller.AccountID, in.OrderID)
	if err != nil {
		return billingOrder{}, err
	}
	return billingOrder{
		Date: at(o.CreatedAt), ExpirationDate: at(o.ExpiresAt), OrderID: o.ID, Password: o.Key, PdfURL: a.billing.PDF(o),
		PriceWithTax: ordered(o.Total()), PriceWithoutTax: ordered(o.Net), Tax: ordered(o.Tax), URL: a.billing.URL(o),
	}, nil
}

func (a *API) getMyOrderStatus(ctx context.Context, c *Call, in getMeOrderOrderIDStatusIn) (billingOrderStatus, error) {
	o, err := a.store.CreditOrder(ctx, c.Caller.AccountID, in.OrderID)
	return billingOrderStatus(o.Status), err
}
