package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// SignatureHeader carries the time of a notice and its signature: "t=1764000000,v1=HEX", where HEX is the HMAC-SHA256 of
// "1764000000." and the body with the secret.
const SignatureHeader = "Ramier-Signature"

// The limits of a notice: how far its time may be from ours, and its size in octets. What is younger than the tolerance and was
// seen before is known by its event, which the store keeps.
const (
	tolerance  = 5 * time.Minute
	maxNotice  = 64 << 10
	maxEvent   = 255
	maxPayment = 255
)

// notice is what a payment provider, or a script beside the bank account, tells of a payment.
type notice struct {
	Event     string      `json:"event"` // the payment's own id, which counts once
	OrderID   int64       `json:"orderId"`
	Amount    json.Number `json:"amount"` // with tax
	Currency  string      `json:"currency"`
	Reference string      `json:"reference"` // shown on the invoice
}

// read takes a notice apart.
func read(body []byte) (n notice, amount int64, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&n); err != nil {
		return n, 0, sms.Errorf(sms.Invalid, "the notice cannot be read: %v", err)
	}
	f, err := n.Amount.Float64()
	switch {
	case n.Event == "" || len(n.Event) > maxEvent:
		return n, 0, sms.Errorf(sms.Invalid, "event has %d octets: give the payment's own id, of at most %d", len(n.Event), maxEvent)
	case len(n.Reference) > maxPayment:
		return n, 0, sms.Errorf(sms.Invalid, "reference has %d octets, more than %d", len(n.Reference), maxPayment)
	case err != nil || f < 0 || f > math.MaxInt64/1e7:
		return n, 0, sms.Errorf(sms.Invalid, "amount = %q is not an amount", n.Amount)
	}
	return n, int64(math.Round(f * 1e6)), nil
}

// payment settles the order that a notice is about.
func (d *Desk) payment(w http.ResponseWriter, r *http.Request) {
	o, err := d.take(w, r)
	d.answer(w, err, map[string]any{"orderId": o.ID, "status": o.Status, "serviceName": o.Service, "credits": o.Quantity.Float()})
}

// answer tells who has sent a notice what became of it.
func (d *Desk) answer(w http.ResponseWriter, err error, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		status := statusOf(err)
		if status == http.StatusInternalServerError {
			d.Log.Error("a notice of a payment cannot be taken", "error", err)
		}
		w.WriteHeader(status)
		answer = map[string]any{"message": messageOf(err)}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (d *Desk) take(w http.ResponseWriter, r *http.Request) (sms.CreditOrder, error) {
	if len(d.Secret) == 0 {
		return sms.CreditOrder{}, sms.Errorf(sms.NoRoute, "This platform takes no notices of payments: billing.secret is not set")
	}
	body, err := readNotice(w, r, maxNotice)
	if err != nil {
		return sms.CreditOrder{}, err
	}
	if err := checkSignature(SignatureHeader, r.Header.Get(SignatureHeader), d.Secret, body, d.Now()); err != nil {
		return sms.CreditOrder{}, err
	}
	n, amount, err := read(body)
	if err != nil {
		return sms.CreditOrder{}, err
	}
	o, err := d.Store.CreditOrder(r.Context(), 0, n.OrderID)
	if err != nil {
		return o, err
	}
	if o.Reseller != 0 {
		return o, sms.Errorf(sms.Conflict, "The order %d is sold by a reseller, who settles it", o.ID)
	}
	if total := o.Total(); amount != total.Millionths || n.Currency != total.Currency {
		return o, sms.Errorf(sms.Conflict, "The order %d costs %v, and the notice says %s %s: settle it by hand if that is right", o.ID, total, n.Amount, n.Currency)
	}
	by := store.Settlement{By: "payment notice", Reference: n.Reference, Event: n.Event, At: d.Now()}
	if err := d.Store.SettleOrder(r.Context(), o.ID, by); err != nil {
		return o, err
	}
	d.Log.Info("an order was paid", "order", o.ID, "account", o.Account, "event", n.Event)
	return d.Store.CreditOrder(r.Context(), 0, o.ID)
}

// statuses are the answers to notices. A provider repeats what is answered with 5xx, and gives up what is answered with 4xx.
var statuses = map[sms.Code]int{
	sms.Invalid: http.StatusBadRequest, sms.BadSignature: http.StatusForbidden, sms.StaleRequest: http.StatusBadRequest,
	sms.NoObject: http.StatusNotFound, sms.NoRoute: http.StatusNotFound, sms.Conflict: http.StatusConflict,
	sms.TooLarge: http.StatusRequestEntityTooLarge, sms.Unavailable: http.StatusServiceUnavailable,
}

func statusOf(err error) int {
	if s, ok := statuses[sms.CodeOf(err)]; ok {
		return s
	}
	return http.StatusInternalServerError
}

func messageOf(err error) string {
	if e, ok := errors.AsType[*sms.Error](err); ok && e.Code != sms.Internal {
		return e.Message
	}
	return "This went wrong here; the log has the cause."
}
