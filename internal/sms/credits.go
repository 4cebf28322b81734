package sms

import (
	"math"
	"strconv"
	"strings"
)

// Credits is an amount in thousandths of a credit. One credit is one part to mainland France.
type Credits int64

// Credit is one credit.
const Credit Credits = 1000

// maxCredits keeps sums of balances far from an overflow: a trillion credits.
const maxCredits = 1_000_000_000_000

// CreditsFrom rounds a number of credits to the nearest thousandth. It fails past a trillion credits, and for what is
// not a number.
func CreditsFrom(f float64) (Credits, error) {
	if math.IsNaN(f) || math.Abs(f) > maxCredits {
		return 0, Errorf(Invalid, "%v credits is not an amount: give a number between -%d and %d", f, maxCredits, maxCredits)
	}
	return Credits(math.Round(f * float64(Credit))), nil
}

// Float gives the number of credits, as OVH's API shows it.
func (c Credits) Float() float64 { return float64(c) / float64(Credit) }

// String gives "12.5".
func (c Credits) String() string {
	s := strconv.FormatFloat(c.Float(), 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
