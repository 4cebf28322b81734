// Package billing sells credits: it makes orders out, shows each on a page of its own with its order form and invoice, and takes
// the notices of payments.
package billing

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Config is what a desk is made with. Store, Submit and Now are needed.
type Config struct {
	Store  *store.Store
	Submit *submit.Submitter // for warnings
	Now    func() time.Time
	Zone   *time.Location // of the dates on pages and documents; nil = UTC
	Log    *slog.Logger
	// PublicURL is where its pages are, like "https://sms.example.org".
	PublicURL string
	// Seller, PayTo and Terms are texts of the operator, with line breaks: who sells, how to pay, and on what terms.
	Seller, PayTo, Terms string
	// Secret signs notices of payments; empty = none are taken.
	Secret []byte
	Stripe Stripe
	// Sandbox marks all pages as worth nothing.
	Sandbox bool
}

// Desk sells credits. It is also the http.Handler of its pages.
type Desk struct {
	Config
	stripe *stripeClient
}

// New makes a desk.
func New(c Config) *Desk {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Seller == "" {
		c.Seller = "The operator of this platform"
	}
	if c.PayTo == "" {
		c.PayTo = "Pay as the operator of this platform has told you, and name the order."
	}
	if c.Terms == "" {
		c.Terms = defaultTerms
	}
	return &Desk{c, newStripeClient(c.Stripe)}
}

const defaultTerms = `Credits are paid in advance and pay for messages at the rates in force when they are sent.
They arrive when the payment of the order is known. They do not expire.`

// Quote gives what a number of credits costs a customer of a country, and the reseller who sells to it, 0 for the platform. Errors: those
// of sms.NewOffer.
func (d *Desk) Quote(ctx context.Context, account, quantity int64, country string) (sms.Offer, int64, error) {
	prices, reseller, err := d.Store.PricesFor(ctx, account)
	if err != nil {
		return sms.Offer{}, 0, err
	}
	if reseller != 0 && len(sms.Pack(prices, country)) == 0 {
		return sms.Offer{}, 0, sms.Errorf(sms.Conflict, "There are no prices for customers of %s yet: ask who sells to you", country)
	}
	taxes, err := d.Store.Taxes(ctx)
	if err != nil {
		return sms.Offer{}, 0, err
	}
	offer, err := sms.NewOffer(quantity, country, prices, taxes)
	return offer, reseller, err
}

// Order makes an order out, whose account, service or channel, and cause are given. The prices are those of the account's country.
// One that a threshold causes is not made while the service has another such order; then its id stays 0.
func (d *Desk) Order(ctx context.Context, o sms.CreditOrder, quantity int64, country string) (sms.CreditOrder, error) {
	q, reseller, err := d.Quote(ctx, o.AccountID, quantity, country)
	if err != nil {
		return o, err
	}
	o.Reseller = reseller
	o.Offer, o.Status, o.Key = q, sms.OrderOpen, rand.Text()
	o.CreatedAt = d.Now().UTC().Truncate(time.Microsecond)
	o.ExpiresAt = o.CreatedAt.Add(sms.OrderValidity)
	err = d.Store.AddOrder(ctx, &o)
	return o, err
}

// The pages of the desk.
const (
	ordersPath   = "/orders/"
	termsPath    = "/orders/terms"
	paymentsPath = "/payments"
	stripePath   = "/payments/stripe"
)

// Serves tells whether a path is one of the desk's.
func Serves(path string) bool {
	return strings.HasPrefix(path, ordersPath) || path == paymentsPath || path == stripePath
}

// URL gives the address of an order's page. Whoever has it can see the order.
func (d *Desk) URL(o sms.CreditOrder) string {
	return fmt.Sprintf("%s%s%d/%s", d.PublicURL, ordersPath, o.ID, o.Key)
}

// PDF gives the address of an order's form, or of its invoice once it is settled.
func (d *Desk) PDF(o sms.CreditOrder) string {
	if o.Invoice != 0 {
		return d.URL(o) + "/invoice.pdf"
	}
	return d.URL(o) + "/order.pdf"
}

// CreditNoteURL gives the address of a refund's credit note as PDF.
func (d *Desk) CreditNoteURL(o sms.CreditOrder, r sms.Refund) string {
	return fmt.Sprintf("%s/credit-%d.pdf", d.URL(o), r.Number)
}

// TermsURL gives the address of the terms of an order or a quote.
func (d *Desk) TermsURL(o sms.CreditOrder) string {
	if o.Reseller != 0 && o.ID != 0 {
		return d.URL(o) + "/terms"
	}
	return d.PublicURL + termsPath
}

// local gives an order with its times on the platform's clocks: the day of an invoice is that of the books.
func (d *Desk) local(o sms.CreditOrder) sms.CreditOrder {
	o.CreatedAt, o.ExpiresAt, o.SettledAt = o.CreatedAt.In(d.Zone), o.ExpiresAt.In(d.Zone), o.SettledAt.In(d.Zone)
	return o
}

// refunds lists what was paid back of an order, likewise.
func (d *Desk) refunds(ctx context.Context, order int64) ([]sms.Refund, error) {
	all, err := d.Store.Refunds(ctx, order)
	for i := range all {
		all[i].At = all[i].At.In(d.Zone)
	}
	return all, err
}

// describe names what is sold.
func describe(o sms.CreditOrder) string {
	if o.Service == "" {
		return fmt.Sprintf("%v SMS credits for a new SMS account (%s)", o.Quantity, o.Channel)
	}
	return fmt.Sprintf("%v SMS credits for %s", o.Quantity, o.Service)
}

// percent gives "20 %".
func percent(thousandths int64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", float64(thousandths)/1000), "0"), ".") + " %"
}
