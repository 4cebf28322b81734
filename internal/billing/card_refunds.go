package billing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// stripeRepeats is how long the same key is sure to mean the same refund: Stripe keeps keys for 24 hours.
const stripeRepeats = 23 * time.Hour

// stripeRefunded is a refund of Stripe.
type stripeRefunded struct {
	ID            string `json:"id"`
	Status        string `json:"status"` // pending, requires_action, succeeded, failed or canceled
	FailureReason string `json:"failure_reason"`
}

// Refund takes credits of an order back as store.RefundOrder does. With q.Card the money goes back to the card: it is owed in the same
// transaction and sent at once, or when Stripe answers again. Error: Conflict where no payments by card are set up.
func (d *Desk) Refund(ctx context.Context, order int64, q store.RefundRequest) (sms.Refund, error) {
	if q.Card && d.Stripe.Key == "" {
		return sms.Refund{}, sms.Errorf(sms.Conflict, "No payments by card are set up here (billing.stripe_key_file): pay back the way it was paid, without card")
	}
	r, err := d.Store.RefundOrder(ctx, order, q)
	if err != nil || !q.Card {
		return r, err
	}
	all, err := d.Store.CardRefundsOf(ctx, order)
	if err != nil {
		return r, err
	}
	for _, c := range all {
		if c.Number == r.Number {
			err = d.payCard(ctx, c)
		}
	}
	return r, err
}

// payCards sends what is owed to cards.
func (d *Desk) payCards(ctx context.Context) error {
	if d.Stripe.Key == "" {
		return nil
	}
	all, err := d.Store.WaitingCardRefunds(ctx)
	errs := []error{err}
	for _, c := range all {
		errs = append(errs, d.payCard(ctx, c))
	}
	return errors.Join(errs...)
}

// payCard asks Stripe for a refund and notes what it says. Without an answer the same is asked later. An error is one of noting it.
func (d *Desk) payCard(ctx context.Context, c sms.CardRefund) error {
	if d.Now().Sub(c.BegunAt) > stripeRepeats {
		c.State, c.Error = sms.CardFailed, "Stripe has not answered for a day: look there whether the money has left, and send it if not"
		d.Log.Error("a refund to a card was given up", "credit note", c.Number, "order", c.OrderID, "payment", c.Payment)
		return d.Store.SettleCardRefund(ctx, c)
	}
	form := url.Values{"payment_intent": {c.Payment}, "amount": {strconv.FormatInt(c.Amount, 10)}}
	form.Set("metadata["+stripeOrder+"]", strconv.FormatInt(c.OrderID, 10))
	form.Set("metadata["+stripePlatform+"]", d.PublicURL)
	form.Set("metadata[credit_note]", strconv.FormatInt(c.Number, 10))
	var said stripeRefunded
	err := d.stripe.post(ctx, "/v1/refunds", form, fmt.Sprintf("ramier-refund-%d-%d-%s", c.OrderID, c.Number, c.OrderKey), &said)
	switch {
	case sms.CodeOf(err) == sms.Conflict:
		c.State, c.Error = sms.CardFailed, err.Error()
	case err != nil || said.ID == "" || len(said.ID) > maxEvent:
		d.Log.Warn("a refund could not be sent to Stripe, and will be tried again", "credit note", c.Number, "order", c.OrderID, "error", err)
		return nil
	case said.Status == "failed" || said.Status == "canceled":
		c.State, c.ID, c.Error = sms.CardFailed, said.ID, "Stripe could not pay it back: "+said.FailureReason
	default:
		c.State, c.ID = sms.CardDone, said.ID
	}
	if c.State == sms.CardFailed {
		d.Log.Error("a refund to a card has failed: pay it back in another way", "credit note", c.Number, "order", c.OrderID, "error", c.Error)
	}
	return d.Store.SettleCardRefund(context.WithoutCancel(ctx), c)
}

// stripeRefundFailed notes that a bank has sent a refund back.
func (d *Desk) stripeRefundFailed(ctx context.Context, o stripeObject) (done string, err error) {
	known, err := d.Store.FailCardRefund(ctx, o.ID, "The bank has sent it back: "+o.FailureReason)
	if err != nil || !known {
		return "nothing: it is no refund of this platform", err
	}
	d.Log.Error("a refund to a card has failed: pay it back in another way", "refund", o.ID, "reason", o.FailureReason)
	return "the failure is noted", nil
}
