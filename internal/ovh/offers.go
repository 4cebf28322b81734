package ovh

import (
	"context"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

// languages are those of the offers, by the country that gives the currency.
var languages = map[string]string{"es": "es", "fr": "fr", "gb": "en", "ie": "en", "it": "it", "pl": "pl"}

// seeOffers prices a number of credits. Countries without a price list of their own see that of France.
func (a *API) seeOffers(ctx context.Context, c *Call, in getSmsServiceNameSeeOffersIn) ([]smsPackOffer, error) {
	if _, err := a.service(ctx, c, in.ServiceName); err != nil {
		return nil, err
	}
	name, rate, err := a.rate(ctx, c.Caller.AccountID, in.CountryDestination)
	if err != nil {
		return nil, err
	}
	country := strings.ToLower(string(in.CountryCurrencyPrice))
	if languages[country] == "" {
		country = "fr"
	}
	prices, _, err := a.store.PricesFor(ctx, c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	quantity := int64(in.Quantity)
	var credit sms.Money
	for i, p := range sms.Pack(prices, strings.ToUpper(country)) {
		if i == 0 || p.Quantity <= quantity {
			credit = p.Credit
		}
	}
	offer := smsPackOffer{
		CountryDestination: name, Language: languages[country], Price: credit.Times(sms.Credits(quantity) * sms.Credit).Float(),
		Quantity: quantity, SmsQuantity: float64(quantity),
	}
	if rate > 0 {
		offer.SmsQuantity = float64(quantity) / rate.Float()
	}
	offer.TotalPrice = new(offer.Price)
	return []smsPackOffer{offer}, nil
}

// getExceptions tells what operators do to messages towards a receiver.
func (a *API) getExceptions(ctx context.Context, c *Call, in getSmsServiceNameExceptionsIn) ([]smsException, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	written, _ := number(in.Receiver, s)
	n, err := phone.Parse(written, s.Country)
	if err != nil {
		return nil, sms.Errorf(sms.Invalid, "receiver: %v", err)
	}
	all, err := a.store.Restrictions(ctx)
	out := []smsException{}
	for _, r := range all {
		if r.Covers(n.E164, n.Country) {
			out = append(out, smsException{
				CountrySuffixe: strings.ToLower(r.Country), Messages: r.Messages, Operators: r.Operators,
				RestrictionCode: smsRestrictionCode(r.Code), Substitution: orNull(r.Substitution),
			})
		}
	}
	return out, err
}
