package sms_test

import (
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

func eur(millionths int64) sms.Money { return sms.Money{Millionths: millionths, Currency: "EUR"} }

func TestWhatCreditsCost(t *testing.T) {
	prices := []sms.Price{
		{Country: "FR", Quantity: 1000, Credit: eur(57_600)},
		{Country: "FR", Quantity: 100, Credit: eur(60_000)},
		{Country: sms.OtherCountries, Quantity: 10, Credit: eur(70_005)},
	}
	taxes := []sms.Tax{{Country: "FR", Name: "TVA", Rate: 20_000}, {Country: sms.OtherCountries, Name: "VAT", Rate: 21_500}}
	for _, c := range []struct {
		quantity        int64
		country         string
		net, tax, total string
		code            sms.Code
	}{
		{100, "FR", "6.00 EUR", "1.20 EUR", "7.20 EUR", ""},
		{999, "FR", "59.94 EUR", "11.99 EUR", "71.93 EUR", ""},
		{1000, "FR", "57.60 EUR", "11.52 EUR", "69.12 EUR", ""},
		{10, "BE", "0.70 EUR", "0.15 EUR", "0.85 EUR", ""},
		{99, "FR", "", "", "", sms.Invalid},
		{-1, "FR", "", "", "", sms.Invalid},
		{sms.MaxQuantity + 1, "FR", "", "", "", sms.Invalid},
	} {
		q, err := sms.NewOffer(c.quantity, c.country, prices, taxes)
		if sms.CodeOf(err) != c.code || err == nil && (q.Net.String() != c.net || q.Tax.String() != c.tax || q.Total().String() != c.total) {
			t.Errorf("%d for %s: %v and %v = %v, %v", c.quantity, c.country, q.Net, q.Tax, q.Total(), err)
		}
	}
	if _, err := sms.NewOffer(100, "BE", prices[:2], taxes); sms.CodeOf(err) != sms.Conflict {
		t.Errorf("without prices: %v", err)
	}
}

// Whatever the prices, an amount is of whole cents, is not below zero, and differs from the exact one by less than a cent.
func TestAmountsAreWholeCents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.Int64Range(0, sms.MaxCreditPrice).Draw(t, "list")
		quantity := rapid.Int64Range(1, sms.MaxQuantity).Draw(t, "quantity")
		rate := rapid.Int64Range(0, 100_000).Draw(t, "rate")
		q, err := sms.NewOffer(quantity, "FR", []sms.Price{{Country: "FR", Quantity: 1, Credit: eur(list)}}, []sms.Tax{{Country: "FR", Name: "TVA", Rate: rate}})
		if err != nil {
			t.Fatal(err)
		}
		const cent = 10_000
		for _, m := range []sms.Money{q.Net, q.Tax, q.Total(), q.Original} {
			if m.Millionths < 0 || m.Millionths%cent != 0 {
				t.Fatalf("%v of %+v", m, q)
			}
		}
		if d := q.Net.Millionths - list*quantity; d < -cent || d > cent {
			t.Fatalf("%d credits at %v cost %v", quantity, q.List, q.Net)
		}
		if q.Tax.Millionths > q.Net.Millionths+cent || q.Reduction().Millionths != 0 {
			t.Fatalf("%+v", q)
		}
	})
}
