package sms

import (
	"fmt"
	"math"
	"strings"
)

// Money is an amount in millionths of its currency.
type Money struct {
	Millionths int64
	Currency   string // ISO 4217
}

// Float gives the amount.
func (m Money) Float() float64 { return float64(m.Millionths) / 1e6 }

// String gives "0.048 EUR".
func (m Money) String() string {
	s := strings.TrimRight(fmt.Sprintf("%.6f", m.Float()), "0")
	if cents := len(s) - strings.IndexByte(s, '.') - 1; cents < 2 {
		s += strings.Repeat("0", 2-cents)
	}
	return s + " " + m.Currency
}

// Times gives the amount for a number of credits.
func (m Money) Times(c Credits) Money {
	return Money{int64(math.Round(float64(m.Millionths) * c.Float())), m.Currency}
}

// Less gives the amount reduced by percent.
func (m Money) Less(percent int64) Money {
	return Money{m.Millionths * (100 - percent) / 100, m.Currency}
}

// Tariff is what a credit costs those who are billed in a country.
type Tariff struct {
	Credit Money
	VAT    float64 // percent
}

// Tariffs holds the default price lists by billing country. The prices of Ireland and Great Britain are those of OVH's
// smallest packs, from its guide on credits; the others are this platform's own.
var Tariffs = map[string]Tariff{
	"es": {Money{60_000, "EUR"}, 21},
	"fr": {Money{60_000, "EUR"}, 20},
	"gb": {Money{30_000, "GBP"}, 20},
	"ie": {Money{48_000, "EUR"}, 23},
	"it": {Money{60_000, "EUR"}, 22},
	"pl": {Money{250_000, "PLN"}, 23},
}

// Packs holds the smallest number of credits of each pack and its reduction in percent, ascending.
var Packs = []struct{ From, Percent int64 }{
	{100, 0}, {500, 2}, {1_000, 4}, {2_500, 6}, {5_000, 8}, {10_000, 10}, {50_000, 12}, {100_000, 15},
}

// DefaultRates holds the credits for a part that a fresh installation begins with, by country; "*" stands for all others. The
// named ones are OVH's, from its FAQ and its guide on credits.
func DefaultRates() map[string]Credits {
	return map[string]Credits{"FR": 1000, "GB": 500, "IE": 800, "IN": 400, "*": 1000}
}
