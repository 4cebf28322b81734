package billing

import (
	"cmp"
	"context"
	"strings"

	"ramier/internal/store"
)

// Seller is who sells, as its papers show it.
type Seller struct {
	Name, PayTo, Terms string // several lines each
}

// SellerOf gives a reseller with its brand, or the operator of the platform for 0. What a reseller has not said is left empty: its papers
// do not show the platform's.
func (d *Desk) SellerOf(ctx context.Context, reseller int64) (Seller, error) {
	if reseller == 0 {
		return Seller{d.Config.Seller, d.PayTo, d.Config.Terms}, nil
	}
	r, err := d.Store.Resale(ctx, reseller)
	return newSeller(r), err
}

func newSeller(r store.Resale) Seller {
	return Seller{
		Name:  strings.TrimSpace(cmp.Or(r.Brand, "Your provider") + "\n" + r.Seller),
		PayTo: cmp.Or(r.PayTo, "Pay as you were told, and name the order."), Terms: cmp.Or(r.Terms, defaultTerms),
	}
}
