package sms

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A Price is what a credit costs, without tax, those customers of a country who order at least a quantity.
type Price struct {
	Country  string // of the customer, ISO 3166 alpha-2; OtherCountries for those without prices of their own
	Quantity int64  // credits
	Credit   Money
}

// A Tax comes on top of prices.
type Tax struct {
	Country string // as of a Price
	Name    string // like TVA
	Rate    int64  // thousandths of a percent
}

// OtherCountries stands for countries that have no prices, tax or rate of their own.
const OtherCountries = "*"

// Percent gives the rate of a tax as a number.
func (t Tax) Percent() float64 { return float64(t.Rate) / 1000 }

// MaxQuantity is the most credits that one order may have, MaxCreditPrice the most that a credit may cost, in millionths of the
// currency. Their product stays below 2^63.
const (
	MaxQuantity    = 10_000_000
	MaxCreditPrice = 100_000_000_000
)

// Offer is what a quantity of credits costs somebody.
type Offer struct {
	Quantity Credits
	Country  string // of the customer
	List     Money  // a credit in the smallest pack
	Credit   Money  // a credit in this quantity
	Original Money  // all of it at the price of the smallest pack, without tax
	Net      Money  // without tax
	Tax      Money
	TaxName  string
	TaxRate  int64 // thousandths of a percent
}

// Total gives the price with tax.
func (q Offer) Total() Money { return q.Net.plus(q.Tax) }

// Reduction gives what the quantity saves, without tax.
func (q Offer) Reduction() Money {
	return Money{q.Original.Millionths - q.Net.Millionths, q.Net.Currency}
}

func (m Money) plus(n Money) Money { return Money{m.Millionths + n.Millionths, m.Currency} }

// cent is the hundredth of a currency in millionths; amounts that are paid are whole ones.
const cent = 10_000

// cents gives n/d, in millionths of a currency, to the nearest cent.
func cents(n *big.Int, d int64) int64 {
	d *= cent
	n.Add(n, big.NewInt(d/2))
	return n.Quo(n, big.NewInt(d)).Int64() * cent
}

// Pack gives the prices that hold for a country by their quantities: its own, or else those of all others.
func Pack(prices []Price, country string) []Price {
	own := func(of string) []Price {
		found := slices.DeleteFunc(slices.Clone(prices), func(p Price) bool { return p.Country != of })
		slices.SortFunc(found, func(a, b Price) int { return cmp.Compare(a.Quantity, b.Quantity) })
		return found
	}
	if found := own(country); len(found) > 0 {
		return found
	}
	return own(OtherCountries)
}

// TaxOf gives the tax that holds for a country, none if there is none.
func TaxOf(taxes []Tax, country string) Tax {
	for _, of := range []string{country, OtherCountries} {
		if i := slices.IndexFunc(taxes, func(t Tax) bool { return t.Country == of }); i >= 0 {
			return taxes[i]
		}
	}
	return Tax{Country: country}
}

// NewOffer gives what a number of credits costs a customer of a country. Errors: Invalid for a quantity that is not sold, and
// Conflict if there are no prices for the country.
func NewOffer(quantity int64, country string, prices []Price, taxes []Tax) (Offer, error) {
	pack := Pack(prices, country)
	if len(pack) == 0 {
		return Offer{}, Errorf(Conflict, "There are no prices for customers of %s: the operator sets them with ramier price set %s QUANTITY AMOUNT", country, country)
	}
	if quantity < pack[0].Quantity || quantity > MaxQuantity {
		return Offer{}, Errorf(Invalid, "quantity = %d is not sold: order %d to %d credits", quantity, pack[0].Quantity, MaxQuantity)
	}
	q := Offer{Quantity: Credits(quantity) * Credit, Country: country, List: pack[0].Credit}
	for _, p := range pack {
		if p.Quantity <= quantity {
			q.Credit = p.Credit
		}
	}
	tax := TaxOf(taxes, country)
	q.TaxName, q.TaxRate = tax.Name, tax.Rate
	times := func(credit Money) Money {
		n := new(big.Int).Mul(big.NewInt(credit.Millionths), big.NewInt(quantity))
		return Money{cents(n, 1), credit.Currency}
	}
	q.Original, q.Net = times(q.List), times(q.Credit)
	q.Tax = Money{cents(new(big.Int).Mul(big.NewInt(q.Net.Millionths), big.NewInt(tax.Rate)), 100_000), q.Net.Currency}
	return q, nil
}

// Currencies that orders can be made out in: those of OVH's API.
var Currencies = []string{"AUD", "CAD", "CZK", "EUR", "GBP", "INR", "LTL", "MAD", "PLN", "SGD", "TND", "USD", "XOF"}

// CheckPrice tells what is wrong with a price.
func CheckPrice(p Price) error {
	switch {
	case p.Quantity < 1 || p.Quantity > MaxQuantity:
		return Errorf(Invalid, "quantity = %d is out of range: give 1 to %d credits", p.Quantity, MaxQuantity)
	case p.Credit.Millionths < 0 || p.Credit.Millionths > MaxCreditPrice:
		return Errorf(Invalid, "credit = %v is not a price: give 0 to %v", p.Credit, Money{MaxCreditPrice, p.Credit.Currency})
	case !slices.Contains(Currencies, p.Credit.Currency):
		return Errorf(Invalid, "currency = %q is none of %s", cutRunes(p.Credit.Currency, 10), strings.Join(Currencies, ", "))
	}
	return nil
}

// CreditOrder is an order of credits.
type CreditOrder struct {
	ID        int64
	AccountID int64
	Account   string
	ServiceID int64  // 0 = of a service that is made when the order is settled
	Service   string // its name, empty until then
	Channel   string // of that new service
	Offer
	Status    string // OrderOpen, OrderSettled or OrderCancelled
	Key       string // in the address of the order's page
	Cause     string // OrderedByCustomer or OrderedByThreshold
	CreatedAt time.Time
	ExpiresAt time.Time // when it can no longer be paid
	SettledAt time.Time
	SettledBy string
	Reference string // of the payment
	Invoice   int64  // its number among those of who sells, 0 = none yet
	Reseller  int64  // the account that sells, 0 = the platform
	Buyer     string // whom the invoice is made out to, in lines, as it was when the order was paid; empty until then
}

// The statuses of an order, in OVH's words, and who has made it.
const (
	OrderOpen          = "notPaid"
	OrderSettled       = "delivered"
	OrderCancelled     = "cancelled"
	OrderedByCustomer  = "customer"
	OrderedByThreshold = "recredit"
)

// OrderValidity is how long an order can be paid.
const OrderValidity = 30 * 24 * time.Hour

// Minor gives the amount in the smallest unit that card networks count a currency in, and whether it is a whole number of them.
func (m Money) Minor() (amount int64, whole bool) {
	unit := int64(cent)
	switch m.Currency {
	case "XOF":
		unit = 1_000_000
	case "TND":
		unit = 1000
	}
	return m.Millionths / unit, m.Millionths%unit == 0
}

// FromMinor is the inverse of Minor.
func FromMinor(amount int64, currency string) Money {
	one := Money{1_000_000, currency}
	units, _ := one.Minor()
	return Money{amount * (one.Millionths / units), currency}
}
