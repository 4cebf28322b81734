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

// rate gives the credits for a part to a country of the enum, which holds "all" for the countries without a price of their own.
func (a *API) rate(ctx context.Context, country smsCountry) (name string, credits sms.Credits, err error) {
	rates, err := a.store.Rates(ctx)
	if err != nil {
		return "", 0, err
	}
	iso := strings.ToUpper(string(country))
	credits, ok := rates[iso]
	if !ok {
		credits, ok = rates["*"]
	}
	if !ok {
		return "", 0, sms.Errorf(sms.NoObject, "The requested object (country = %s) does not exist", country).With("cause", "the country has no price")
	}
	if name = phone.CountryName(iso); name == "" || country == "all" {
		name = string(country)
	}
	return name, credits, nil
}

// tariff gives the price list of a billing country, France's by default.
func tariff(country *smsBillingCountry) sms.Tariff {
	if country == nil {
		return sms.Tariffs["fr"]
	}
	return sms.Tariffs[string(*country)]
}

func newPrice(m sms.Money) orderPrice {
	return orderPrice{CurrencyCode: orderCurrencyCode(m.Currency), Text: m.String(), Value: m.Float()}
}

func (a *API) getDestinationRates(ctx context.Context, _ *Call, in getSmsRatesDestinationsIn) (smsDestinationRates, error) {
	name, credits, err := a.rate(ctx, in.Country)
	t := tariff(in.BillingCountry)
	return smsDestinationRates{
		Country: name, CountryCode: in.Country, Credit: credits.Float(), Price: newPrice(t.Credit.Times(credits)), VatRate: t.VAT,
	}, err
}

func (a *API) getPacks(ctx context.Context, _ *Call, in getSmsRatesPacksIn) ([]smsPackDetails, error) {
	_, credits, err := a.rate(ctx, in.Country)
	if err != nil {
		return nil, err
	}
	t := tariff(in.BillingCountry)
	var packs []smsPackDetails
	for i, pack := range sms.Packs {
		p := smsPackDetails{
			CountryCode: in.Country, Credit: credits.Float(), CreditPrice: newPrice(t.Credit), CreditQuantityMin: pack.From,
			SmsPrice: newPrice(t.Credit.Times(credits)), SmsQuantityMin: messagesFor(pack.From, credits), VatRate: t.VAT,
		}
		if i+1 < len(sms.Packs) {
			next := sms.Packs[i+1].From
			p.CreditQuantityMax, p.SmsQuantityMax = new(next), new(messagesFor(next, credits))
		}
		if pack.Percent > 0 {
			reduced := t.Credit.Less(pack.Percent)
			p.DiscountPercentage = new(pack.Percent)
			p.DiscountCreditPrice, p.DiscountSmsPrice = new(newPrice(reduced)), new(newPrice(reduced.Times(credits)))
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
