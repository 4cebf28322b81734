package billing

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// StripeHeader carries the signature of Stripe's webhooks.
const StripeHeader = "Stripe-Signature"

// maxStripeEvent is how many octets a webhook of Stripe may have.
const maxStripeEvent = 1 << 20

// stripeEvent is what of a webhook matters here.
type stripeEvent struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	LiveMode bool   `json:"livemode"`
	Data     struct {
		Object stripeObject `json:"object"`
	} `json:"data"`
}

// stripeObject is a Checkout Session or a charge. Amounts are in the currency's smallest unit.
type stripeObject struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	ClientReferenceID string            `json:"client_reference_id"`
	Metadata          map[string]string `json:"metadata"`
	PaymentIntent     any               `json:"payment_intent"` // its id, or the whole of it
	PaymentStatus     string            `json:"payment_status"`
	Currency          string            `json:"currency"`
	AmountTotal       *int64            `json:"amount_total"`
	Amount            int64             `json:"amount"`
	AmountRefunded    int64             `json:"amount_refunded"`
	Paid              bool              `json:"paid"`
	FailureReason     string            `json:"failure_reason"` // of a refund
}

// payment names the payment that an object belongs to, so that it counts once.
func (o stripeObject) payment() string {
	switch p := o.PaymentIntent.(type) {
	case string:
		return p
	case map[string]any:
		id, _ := p["id"].(string)
		return id
	}
	return ""
}

// eventOf is under which event the store knows a payment.
func eventOf(payment string) string { return store.CardEvent(payment) }

// takeStripe takes a webhook. What is known already, and what is none of ours, is answered as done, so that Stripe does not send it again;
// errors are sent again for some days.
func (d *Desk) takeStripe(w http.ResponseWriter, r *http.Request) {
	done, err := d.stripeWebhook(w, r)
	d.answer(w, err, map[string]any{"received": true, "done": done})
}

func (d *Desk) stripeWebhook(w http.ResponseWriter, r *http.Request) (done string, err error) {
	if len(d.Stripe.Secret) == 0 {
		return "", sms.Errorf(sms.NoRoute, "This platform takes no webhooks of Stripe: billing.stripe_webhook_secret_file is not set")
	}
	body, err := readNotice(w, r, maxStripeEvent)
	if err != nil {
		return "", err
	}
	if err := checkSignature(StripeHeader, r.Header.Get(StripeHeader), d.Stripe.Secret, body, d.Now()); err != nil {
		return "", err
	}
	var e stripeEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return "", sms.Errorf(sms.Invalid, "the webhook cannot be read: %v", err)
	}
	if live := strings.Contains(d.Stripe.Key, "_live_"); live != e.LiveMode && d.Stripe.Key != "" {
		return "", sms.Errorf(sms.Invalid, "livemode = %v, and the key here is not of that mode: set up the webhook and the key in the same one", e.LiveMode)
	}
	done, err = d.stripeEvent(r.Context(), e)
	if err != nil {
		d.Log.Error("a webhook of Stripe cannot be taken", "event", e.ID, "type", e.Type, "error", err)
	}
	return done, err
}

// stripeEvent does what an event asks for, and says what that was.
func (d *Desk) stripeEvent(ctx context.Context, e stripeEvent) (done string, err error) {
	o := e.Data.Object
	switch e.Type {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed", "checkout.session.expired", "charge.refunded":
	case "refund.failed":
		return d.stripeRefundFailed(ctx, o)
	default:
		return "nothing: events of this type are not needed", nil
	}
	order, err := d.stripeOrder(ctx, o)
	if err != nil || order.ID == 0 {
		return "nothing: it is about no order of this platform", err
	}
	switch e.Type {
	case "checkout.session.async_payment_failed", "checkout.session.expired":
		return "the session is over", d.Store.EndCheckout(ctx, order.ID, o.ID)
	case "charge.refunded":
		return d.stripeRefund(ctx, order, o)
	}
	if o.PaymentStatus != "paid" {
		return "nothing: the payment is on its way", nil
	}
	if o.AmountTotal == nil {
		return "", sms.Errorf(sms.Invalid, "amount_total is missing")
	}
	payment := o.payment()
	if payment == "" {
		payment = o.ID
	}
	return d.stripePaid(ctx, order, payment, *o.AmountTotal, o.Currency)
}

// stripeOrder finds the order that a session or charge is about: the one that its payment has settled, or else the one that it names. An
// order without an id means that it is none of ours.
func (d *Desk) stripeOrder(ctx context.Context, o stripeObject) (sms.CreditOrder, error) {
	if platform := o.Metadata[stripePlatform]; platform != "" && platform != d.PublicURL {
		return sms.CreditOrder{}, nil
	}
	named := o.Metadata[stripeOrder]
	if named == "" {
		named = o.ClientReferenceID
	}
	id, err := strconv.ParseInt(named, 10, 64)
	if payment := o.payment(); payment != "" {
		paid, failed := d.Store.PaidBy(ctx, eventOf(payment))
		if failed != nil {
			return sms.CreditOrder{}, failed
		}
		if paid != 0 {
			id, err = paid, nil
		}
	}
	if err != nil {
		return sms.CreditOrder{}, nil //nolint:nilerr // another use of the same Stripe account
	}
	return d.Store.CreditOrder(ctx, 0, id)
}

// stripePaid settles an order that was paid. Whoever tells of the same payment again is told so. Error: Conflict for an amount that is not
// the order's, and for a second payment.
func (d *Desk) stripePaid(ctx context.Context, o sms.CreditOrder, payment string, amount int64, currency string) (done string, err error) {
	want, whole := o.Total().Minor()
	if !whole || amount != want || !strings.EqualFold(currency, o.Net.Currency) {
		return "", sms.Errorf(sms.Conflict, "The order %d costs %v, and the payment %s is of %d %s in the smallest unit: settle or refund it by hand",
			o.ID, o.Total(), payment, amount, currency)
	}
	by := store.Settlement{By: "Stripe", Reference: payment, Event: eventOf(payment), At: d.Now()}
	err = d.Store.SettleOrder(ctx, o.ID, by)
	if err == nil {
		d.Log.Info("an order was paid by card", "order", o.ID, "account", o.Account, "payment", payment)
		return "the order is settled", nil
	}
	if sms.CodeOf(err) != sms.Conflict {
		return "", err
	}
	paid, failed := d.Store.PaidBy(ctx, by.Event)
	if failed != nil {
		return "", failed
	}
	if paid == o.ID {
		return "nothing: the order is settled already", nil
	}
	return "", sms.Errorf(sms.Conflict, "The payment %s is for the order %d, which is not open: %v; refund the payment in Stripe if it was paid twice", payment, o.ID, err)
}

// stripeRefund notes what was paid back of an order's payment. Stripe tells the sum of all refunds, so that events may come in any order,
// and again. A refund that overtakes the news of its payment settles the order first.
func (d *Desk) stripeRefund(ctx context.Context, o sms.CreditOrder, charge stripeObject) (done string, err error) {
	payment := charge.payment()
	if payment == "" {
		return "nothing: the charge belongs to no payment intent", nil
	}
	if o.Status == sms.OrderOpen && charge.Paid {
		if _, err := d.stripePaid(ctx, o, payment, charge.Amount, charge.Currency); err != nil {
			return "", err
		}
	}
	paid, err := d.Store.PaidBy(ctx, eventOf(payment))
	if err != nil {
		return "", err
	}
	if paid != o.ID {
		return "nothing: the order was not settled by this payment", nil
	}
	currency := strings.ToUpper(charge.Currency)
	most, _ := o.Total().Minor()
	if charge.AmountRefunded <= 0 || charge.AmountRefunded > most || currency != o.Net.Currency {
		return "", sms.Errorf(sms.Conflict, "The order %d costs %v, and %d %s of it cannot have been refunded", o.ID, o.Total(), charge.AmountRefunded, currency)
	}
	upTo := sms.FromMinor(charge.AmountRefunded, currency)
	// The money has left already, so what the service has spent is owed.
	r, err := d.Store.RefundOrder(ctx, o.ID, store.RefundRequest{UpTo: &upTo, Owe: true, By: "Stripe", Reference: charge.ID, At: d.Now()})
	if err != nil || r.Number == 0 {
		return "nothing: the refund is known already", err
	}
	d.Log.Info("an order was refunded", "order", o.ID, "account", o.Account, "credit note", r.Number, "credits", r.Quantity, "owed", r.Owed)
	return "the refund is noted", nil
}
