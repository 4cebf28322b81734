package ovh

import (
	"context"
	"slices"
	"strconv"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) refundOrder(ctx context.Context, c *Call, in postOperatorOrdersOrderIDRefundIn) (operatorRefund, error) {
	if err := checkText("reference", deref(in.Reference)); err != nil {
		return operatorRefund{}, err
	}
	q := store.RefundRequest{Owe: deref(in.Owe), Card: deref(in.Card), By: c.Caller.Account, Reference: deref(in.Reference), At: a.now()}
	if in.Credits != nil {
		var err error
		if q.Credits, err = sms.CreditsFrom(*in.Credits); err != nil || q.Credits <= 0 {
			return operatorRefund{}, sms.Errorf(sms.Invalid, "credits = %v: give a number above 0, or none to pay all back", *in.Credits)
		}
	}
	r, err := a.billing.Refund(ctx, in.OrderID, q)
	if err != nil {
		return operatorRefund{}, err
	}
	o, err := a.store.CreditOrder(ctx, 0, in.OrderID)
	if err != nil {
		return operatorRefund{}, err
	}
	cards, err := a.store.CardRefundsOf(ctx, o.ID)
	return a.newRefund(o, r, cards), err
}

func (a *API) listRefunds(ctx context.Context, _ *Call, in getOperatorOrdersOrderIDRefundsIn) ([]operatorRefund, error) {
	o, err := a.store.CreditOrder(ctx, 0, in.OrderID)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Refunds(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	cards, err := a.store.CardRefundsOf(ctx, o.ID)
	out := make([]operatorRefund, len(all))
	for i, r := range all {
		out[i] = a.newRefund(o, r, cards)
	}
	return out, err
}

func (a *API) newRefund(o sms.CreditOrder, r sms.Refund, cards []sms.CardRefund) operatorRefund {
	var card sms.CardRefund
	if i := slices.IndexFunc(cards, func(c sms.CardRefund) bool { return c.Number == r.Number }); i >= 0 {
		card = cards[i]
	}
	return operatorRefund{
		Card: orNull(card.State), CardRefund: orNull(card.ID), CardError: orNull(card.Error),
		By: r.By, Credits: r.Quantity.Float(), Currency: r.Net.Currency, Date: datetime{r.At}, Number: r.Number, OrderID: r.OrderID,
		Owed: r.Owed.Float(), Reference: orNull(r.Reference), Tax: r.Tax.Float(), URL: a.billing.CreditNoteURL(o, r), WithTax: r.Total().Float(),
		WithoutTax: r.Net.Float(),
	}
}

// refundLine is added to the number of a credit note to get that of its line among the details of an order.
const refundLine = 1_000_000_000_000

func (a *API) listMyOrderDetails(ctx context.Context, c *Call, in getMeOrderOrderIDDetailsIn) ([]int64, error) {
	o, err := a.store.CreditOrder(ctx, c.Caller.AccountID, in.OrderID)
	if err != nil {
		return nil, err
	}
	refunds, err := a.store.Refunds(ctx, o.ID)
	ids := []int64{o.ID} // the line of what was ordered has the order's number
	for _, r := range refunds {
		ids = append(ids, refundLine+r.Number)
	}
	return ids, err
}

func (a *API) getMyOrderDetail(ctx context.Context, c *Call, in getMeOrderOrderIDDetailsOrderDetailIDIn) (billingOrderDetail, error) {
	o, err := a.store.CreditOrder(ctx, c.Caller.AccountID, in.OrderID)
	if err != nil {
		return billingOrderDetail{}, err
	}
	shown, err := a.newOrder(ctx, o)
	if err != nil {
		return billingOrderDetail{}, err
	}
	line := shown.Details[0]
	if in.OrderDetailID == o.ID {
		return billingOrderDetail{
			Cancelled: o.Status == sms.OrderCancelled, Description: line.Description, DetailType: line.DetailType, Domain: line.Domain,
			OrderDetailID: o.ID, Quantity: strconv.FormatInt(line.Quantity, 10), TotalPrice: line.TotalPrice, UnitPrice: line.UnitPrice,
		}, nil
	}
	refunds, err := a.store.Refunds(ctx, o.ID)
	if err != nil {
		return billingOrderDetail{}, err
	}
	for _, r := range refunds {
		if refundLine+r.Number == in.OrderDetailID {
			minus := sms.Money{Millionths: -r.Net.Millionths, Currency: r.Net.Currency}
			return billingOrderDetail{
				Description: "Paid back, credit note " + strconv.FormatInt(r.Number, 10) + ": " + a.billing.CreditNoteURL(o, r),
				DetailType:  new(orderDetailTypeREFUND), Domain: line.Domain, OrderDetailID: in.OrderDetailID, Quantity: r.Quantity.String(),
				TotalPrice: ordered(minus), UnitPrice: line.UnitPrice,
			}, nil
		}
	}
	return billingOrderDetail{}, sms.Errorf(sms.NoObject, "The requested object (orderDetailId = %d) does not exist", in.OrderDetailID)
}
