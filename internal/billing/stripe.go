package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// StripeURL is where Stripe's API is.
const StripeURL = "https://api.stripe.com"

// Stripe is how payments by card are taken over Stripe Checkout.
type Stripe struct {
	Key     string // secret or restricted key; empty = no payments by card
	Secret  []byte // signs Stripe's webhooks; empty = none are taken
	BaseURL string // of the API; empty = StripeURL
}

// Limits of calls to Stripe: the time of one, and the octets of its answer.
const (
	stripeTimeout = 20 * time.Second
	maxStripe     = 1 << 20
)

// stripeClient calls Stripe's API, as form-encoded requests over plain HTTP. It follows no redirection: the key must not travel on.
type stripeClient struct {
	Stripe
	http *http.Client
}

func newStripeClient(s Stripe) *stripeClient {
	if s.BaseURL == "" {
		s.BaseURL = StripeURL
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	return &stripeClient{s, &http.Client{
		Timeout:       stripeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// stripeSession is a Checkout Session.
type stripeSession struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	ExpiresAt int64  `json:"expires_at"`
}

// stripeFault is the body of Stripe's errors.
type stripeFault struct {
	Error struct {
		Type    string `json:"type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// createSession makes a Checkout Session. Whoever repeats it with the same key gets the same session. Errors: Unavailable when Stripe does
// not answer as it should, Conflict when it refuses.
func (c *stripeClient) createSession(ctx context.Context, form url.Values, key string) (s stripeSession, err error) {
	if err := c.post(ctx, "/v1/checkout/sessions", form, key, &s); err != nil {
		return s, err
	}
	return s, c.check(s)
}

// post sends a form and reads the answer. Errors: Unavailable when Stripe does not answer as it should, Conflict when it refuses.
func (c *stripeClient) post(ctx context.Context, path string, form url.Values, key string, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Idempotency-Key", key)
	answer, err := c.http.Do(r)
	if err != nil {
		return sms.Wrap(sms.Unavailable, err, "Stripe does not answer")
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxStripe))
	if err != nil {
		return sms.Wrap(sms.Unavailable, err, "Stripe's answer breaks off")
	}
	if answer.StatusCode != http.StatusOK {
		var fault stripeFault
		_ = json.Unmarshal(body, &fault) // what is no error of Stripe's has no words
		err := fmt.Errorf("status %d, %s %s: %s", answer.StatusCode, fault.Error.Type, fault.Error.Code, fault.Error.Message)
		if answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusConflict { // 409: the same is under way
			return sms.Wrap(sms.Unavailable, err, "Stripe cannot do this now")
		}
		return sms.Wrap(sms.Conflict, err, "Stripe refuses: %s", cmp.Or(fault.Error.Message, answer.Status))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return sms.Wrap(sms.Unavailable, err, "Stripe's answer cannot be read")
	}
	return nil
}

// check looks at where a customer would be sent to: over TLS, but for a Stripe on this machine that tests have.
func (c *stripeClient) check(s stripeSession) error {
	u, err := url.Parse(s.URL)
	ok := err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(c.BaseURL, "http://"))
	if !ok || s.ID == "" || len(s.ID) > maxEvent || len(s.URL) > 4096 {
		return sms.Errorf(sms.Unavailable, "Stripe's answer names no page to pay on")
	}
	return nil
}

// byCard tells whether an order can be paid by card.
func (d *Desk) byCard(o sms.CreditOrder) bool {
	amount, whole := o.Total().Minor()
	return d.Stripe.Key != "" && o.Reseller == 0 && o.Status == sms.OrderOpen && whole && amount > 0 && !d.Now().After(o.ExpiresAt)
}

// Names of what an order's payment carries at Stripe. The platform tells apart those who share one Stripe account.
const (
	stripeOrder    = "order_id"
	stripePlatform = "platform"
)

// checkout gives the address where an order is paid by card: that of the session that is open, or of a new one. An order has one
// open session at a time, so that it is not paid twice.
func (d *Desk) checkout(ctx context.Context, o sms.CreditOrder) (string, error) {
	address, made, err := d.Store.Checkout(ctx, o.ID, d.Now())
	if err != nil || address != "" {
		return address, err
	}
	amount, _ := o.Total().Minor()
	id := strconv.FormatInt(o.ID, 10)
	form := url.Values{
		"mode": {"payment"}, "client_reference_id": {id}, "success_url": {d.URL(o) + "?paid=1"}, "cancel_url": {d.URL(o)},
		"line_items[0][quantity]":                       {"1"},
		"line_items[0][price_data][currency]":           {strings.ToLower(o.Net.Currency)},
		"line_items[0][price_data][unit_amount]":        {strconv.FormatInt(amount, 10)},
		"line_items[0][price_data][product_data][name]": {describe(o)},
	}
	for _, at := range []string{"metadata", "payment_intent_data[metadata]"} {
		form.Set(at+"["+stripeOrder+"]", id)
		form.Set(at+"["+stripePlatform+"]", d.PublicURL)
	}
	s, err := d.stripe.createSession(ctx, form, fmt.Sprintf("ramier-order-%d-%d-%s", o.ID, made+1, o.Key))
	if err != nil {
		return "", err
	}
	return s.URL, d.Store.AddCheckout(ctx, o.ID, made+1, s.ID, s.URL, time.Unix(s.ExpiresAt, 0))
}
