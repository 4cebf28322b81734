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

// DefaultRates holds the credits for a part that a fresh installation begins with, by country; "*" stands for all others. The
// named ones are OVH's, from its FAQ and its guide on credits.
func DefaultRates() map[string]Credits {
	return map[string]Credits{"FR": 1000, "GB": 500, "IE": 800, "IN": 400, "*": 1000}
}
