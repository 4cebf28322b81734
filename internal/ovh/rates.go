package ovh

import (
	"context"
	"math"
	"strings"

	"ramier/internal/gsm"
	"ramier/internal/phone"
	"ramier/internal/sms"
)

// estimate counts a text as a send would: with the STOP clause of France where one applies.
func (a *API) estimate(_ context.Context, _ *Call, in postSmsEstimateIn) (smsJobEstimate, error) {
	clause := ""
	if !in.NoStopClause && in.SenderType == smsTypeSenderAlpha {
		clause = a.store.StopClause("FR")
	}
	e, err := sms.EstimateText(in.Message, clause, false)
	if err != nil {
		return smsJobEstimate{}, err
	}
	class := smsEncoding7bits
	if e.Alphabet == gsm.UCS2 {
		class = smsEncodingUnicode
	}
	return smsJobEstimate{
		Characters: int64(e.Length), CharactersClass: class, MaxCharactersPerPart: int64(e.PerPart), Parts: int64(e.Parts),
	}, nil
}

func (a *API) getPTT(_ context.Context, _ *Call, in getSmsPttsIn) (smsPttDetails, error) {
	if in.Ptt < 0 || in.Ptt > math.MaxInt16 {
		return smsPttDetails{}, noPTT(in.Ptt)
	}
	p, ok := sms.PTTByCode(int(in.Ptt))
	if !ok {
		return smsPttDetails{}, noPTT(in.Ptt)
	}
	return smsPttDetails{Comment: p.Comment, Description: p.Description, Duration: smsPttDurationType(p.Duration)}, nil
}

func noPTT(code int64) error {
	return sms.Errorf(sms.NoObject, "The requested object (ptt = %d) does not exist", code)
}

// rate gives the credits that a part to a country of the enum costs an account now, or any for 0; the enum holds "all" for the countries
// without a price of their own.
func (a *API) rate(ctx context.Context, account int64, country smsCountry) (name string, credits sms.Credits, err error) {
	all, err := a.store.Rates(ctx, 0)
	if err != nil {
		return "", 0, err
	}
	rules := sms.Rules{Tariff: sms.NewTariff(all)}
	if account != 0 {
		own, err := a.store.Rates(ctx, account)
		if err != nil {
			return "", 0, err
		}
		rules.OwnTariff = sms.NewTariff(own)
	}
	iso := strings.ToUpper(string(country))
	credits, ok := rules.RateAt(iso, a.now())
	if !ok {
		return "", 0, sms.Errorf(sms.NoObject, "The requested object (country = %s) does not exist", country).With("cause", "the country has no price")
	}
	if name = phone.CountryName(iso); name == "" || country == "all" {
		name = string(country)
	}
	return name, credits, nil
}

// tariff gives the price list and the tax of a billing country, France's by default.
func (a *API) tariff(ctx context.Context, country *smsBillingCountry) ([]sms.Price, sms.Tax, error) {
	billing := "FR"
	if country != nil {
		billing = strings.ToUpper(string(*country))
	}
	prices, err := a.store.Prices(ctx)
	if err != nil {
		return nil, sms.Tax{}, err
	}
	taxes, err := a.store.Taxes(ctx)
	if err != nil {
		return nil, sms.Tax{}, err
	}
	pack := sms.Pack(prices, billing)
	if len(pack) == 0 {
		return nil, sms.Tax{}, sms.Errorf(sms.NoObject, "The requested object (billingCountry = %s) does not exist", billing).
			With("cause", "the operator sells nothing to customers of the country")
	}
	return pack, sms.TaxOf(taxes, billing), nil
}

func newPrice(m sms.Money) orderPrice {
	return orderPrice{CurrencyCode: orderCurrencyCode(m.Currency), Text: m.String(), Value: m.Float()}
}

func (a *API) getDestinationRates(ctx context.Context, _ *Call, in getSmsRatesDestinationsIn) (smsDestinationRates, error) {
	name, credits, err := a.rate(ctx, 0, in.Country)
	if err != nil {
		return smsDestinationRates{}, err
	}
	pack, tax, err := a.tariff(ctx, in.BillingCountry)
	if err != nil {
		return smsDestinationRates{}, err
	}
	return smsDestinationRates{
		Country: name, CountryCode: in.Country, Credit: credits.Float(), Price: newPrice(pack[0].Credit.Times(credits)), VatRate: tax.Percent(),
	}, nil
}

func (a *API) getPacks(ctx context.Context, _ *Call, in getSmsRatesPacksIn) ([]smsPackDetails, error) {
	_, credits, err := a.rate(ctx, 0, in.Country)
	if err != nil {
		return nil, err
	}
	list, tax, err := a.tariff(ctx, in.BillingCountry)
	if err != nil {
		return nil, err
	}
	var packs []smsPackDetails
	for i, pack := range list {
		p := smsPackDetails{
			CountryCode: in.Country, Credit: credits.Float(), CreditPrice: newPrice(list[0].Credit), CreditQuantityMin: pack.Quantity,
			SmsPrice: newPrice(list[0].Credit.Times(credits)), SmsQuantityMin: messagesFor(pack.Quantity, credits), VatRate: tax.Percent(),
		}
		if i+1 < len(list) {
			next := list[i+1].Quantity
			p.CreditQuantityMax, p.SmsQuantityMax = new(next), new(messagesFor(next, credits))
		}
		if less := list[0].Credit.Millionths - pack.Credit.Millionths; less > 0 {
			p.DiscountPercentage = new(int64(math.Round(100 * float64(less) / float64(list[0].Credit.Millionths))))
			p.DiscountCreditPrice, p.DiscountSmsPrice = new(newPrice(pack.Credit)), new(newPrice(pack.Credit.Times(credits)))
		}
		packs = append(packs, p)
	}
	return packs, nil
}

// messagesFor gives how many messages of one part a number of credits pays for.
func messagesFor(credits int64, rate sms.Credits) int64 {
	if rate <= 0 {
		return credits
	}
	return credits * int64(sms.Credit) / int64(rate)
}
