package sms

import (
	"math/big"
	"time"
)

// Refund is what was paid back of an order.
type Refund struct {
	Number    int64 // of its credit note; numbers have no gaps
	OrderID   int64
	Service   string
	Quantity  Credits // that it pays back for
	Owed      Credits // of them, what could not be taken from the service yet
	Net, Tax  Money
	At        time.Time
	By        string
	Reference string // of the payment, for people
}

// Total gives what was paid back with tax.
func (r Refund) Total() Money { return r.Net.plus(r.Tax) }

// Refunded adds up what was paid back of an order.
func (o CreditOrder) Refunded(all []Refund) Refund {
	sum := Refund{OrderID: o.ID, Net: Money{0, o.Net.Currency}, Tax: Money{0, o.Net.Currency}}
	for _, r := range all {
		sum.Quantity += r.Quantity
		sum.Owed += r.Owed
		sum.Net, sum.Tax = sum.Net.plus(r.Net), sum.Tax.plus(r.Tax)
	}
	return sum
}

// CardRefund is a refund whose money goes back to the card over the payment provider.
type CardRefund struct {
	Number   int64 // of the credit note
	OrderID  int64
	OrderKey string
	Payment  string // as the provider names it
	Amount   int64  // in the currency's smallest unit
	Currency string
	State    string // waiting, done or failed
	ID       string // of the provider's refund; empty until it has answered
	Error    string
	BegunAt  time.Time
}

// The states of a refund to a card.
const (
	CardWaiting = "waiting"
	CardDone    = "done"
	CardFailed  = "failed"
)

// share gives n * part / whole, rounded down.
func share(n, part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	x := new(big.Int).Mul(big.NewInt(n), big.NewInt(part))
	return x.Quo(x, big.NewInt(whole)).Int64()
}

// less gives how much more than before an amount is, at least nothing.
func less(m, before Money) Money { return Money{max(0, m.Millionths-before.Millionths), m.Currency} }

// RefundCredits gives what is paid back for a number of credits of an order, 0 = all that were not paid back yet, in proportion to its
// price, to the cent. Error: Invalid if the order has fewer.
func (o CreditOrder) RefundCredits(before []Refund, credits Credits) (Refund, error) {
	done := o.Refunded(before)
	left := o.Quantity - done.Quantity
	if credits == 0 {
		credits = left
	}
	if credits <= 0 || credits > left {
		return Refund{}, Errorf(Invalid, "credits = %v: %v of the %v credits of order %d are left to be paid back", credits, left, o.Quantity, o.ID)
	}
	upTo := func(m Money) Money {
		return Money{share(m.Millionths/cent, int64(done.Quantity+credits), int64(o.Quantity)) * cent, m.Currency}
	}
	return Refund{OrderID: o.ID, Service: o.Service, Quantity: credits, Net: less(upTo(o.Net), done.Net), Tax: less(upTo(o.Tax), done.Tax)}, nil
}

// RefundUpTo gives what is to be noted when so much of an order's price, with tax, has been paid back altogether. It is nothing when that is
// known already. Error: Conflict if it is more than the order cost.
func (o CreditOrder) RefundUpTo(before []Refund, paid Money) (Refund, error) {
	done, total := o.Refunded(before), o.Total()
	if paid.Currency != total.Currency || paid.Millionths > total.Millionths {
		return Refund{}, Errorf(Conflict, "The order %d cost %v, so %v of it cannot have been paid back", o.ID, total, paid)
	}
	if paid.Millionths <= done.Total().Millionths {
		return Refund{}, nil
	}
	tax := Money{share(o.Tax.Millionths, paid.Millionths, total.Millionths) / cent * cent, paid.Currency}
	quantity := share(int64(o.Quantity), paid.Millionths, total.Millionths)
	r := Refund{OrderID: o.ID, Service: o.Service, Quantity: max(0, Credits(quantity)-done.Quantity), Tax: less(tax, done.Tax)}
	r.Net = Money{paid.Millionths - done.Total().Millionths - r.Tax.Millionths, paid.Currency}
	return r, nil
}
