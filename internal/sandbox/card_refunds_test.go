package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

type cardRefund struct {
	Number, OrderID             int64
	Credits, Owed, WithTax      float64
	Card, CardRefund, CardError string
}

// A refund goes back to the card once, whether Stripe is away, its answer is lost, it tells of it by a webhook, or it refuses.
func TestRefundsToTheCard(t *testing.T) {
	eachWithStripe(t, func(t *testing.T, p *sandboxtest.Platform, s *peer) {
		p.Send("x", []string{handset})
		id, page := orderOf(t, p, 1000)
		at := fmt.Sprintf("/operator/orders/%d/refund", id)
		refund := func(body object) (r cardRefund, err error) {
			err = p.Operator.Post(at, body, &r)
			return r, err
		}
		set := func(change func()) {
			s.mu.Lock()
			defer s.mu.Unlock()
			change()
		}
		sent := func() (amounts []string) {
			set(func() {
				for _, key := range s.keys {
					if form := s.sessions[key]; form.Get("payment_intent") == "pi_1" {
						amounts = append(amounts, form.Get("amount"))
					}
				}
			})
			return amounts
		}
		last := func() cardRefund {
			var all []cardRefund
			check(t, p.Operator.Get(at+"s", &all))
			return all[len(all)-1]
		}
		click(t, page)
		tell(t, p, stripeEvent("checkout.session.completed", paidSession(id, 6912, "pi_1")))

		if r, err := refund(object{"card": true, "credits": 250}); err != nil || r.Card != "done" || r.WithTax != 17.28 || r.CardRefund == "" {
			t.Errorf("%+v, %v", r, err)
		}
		tell(t, p, stripeEvent("charge.refunded", refundedCharge(id, 6912, 1728, "pi_1"))) // its own echo

		set(func() { s.fail = 500 })
		if r, err := refund(object{"card": true, "credits": 250}); err != nil || r.Card != "waiting" {
			t.Errorf("%+v, %v", r, err)
		}
		set(func() { s.fail, s.lose = 0, true })
		for range 3 { // a lost answer is asked for again, at once or the next time
			check(t, p.App.Billing().Watch(t.Context()))
		}
		if r := last(); r.Card != "done" || r.CardRefund == "" {
			t.Errorf("%+v", r)
		}

		set(func() { s.fail = 402 })
		r, err := refund(object{"card": true, "credits": 100})
		if err != nil || r.Card != "failed" || !strings.Contains(r.CardError, "not today") {
			t.Errorf("%+v, %v", r, err)
		}
		set(func() { s.fail = 500 })
		if r, err = refund(object{"card": true, "credits": 100}); err != nil || r.Card != "waiting" {
			t.Errorf("%+v, %v", r, err)
		}
		set(func() { s.fail = 0 })
		p.Clock.Advance(25 * time.Hour) // Stripe may know the key no more
		check(t, p.App.Billing().Watch(t.Context()))
		if r := last(); r.Card != "failed" || !strings.Contains(r.CardError, "look there") {
			t.Errorf("%+v", r)
		}
		if got := sent(); !slices.Equal(got, []string{"1728", "1728"}) {
			t.Errorf("Stripe was asked for %v", got)
		}

		byHand, _ := orderOf(t, p, 100)
		check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", byHand), object{"reference": "cash"}, nil))
		refusedWith(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/refund", byHand), object{"card": true}, nil), 409, "not paid by card")
		check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/refund", byHand), nil, nil))
		tell(t, p, stripeEvent("refund.failed", object{"id": "re_2", "object": "refund", "failure_reason": "expired_or_canceled_card"}))
		p.Audit()
	})
}
