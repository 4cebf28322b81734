package ovh

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ramier/internal/sms"
)

// The rate of all countries that have none of their own: in the API, and in the rules.
const (
	allCountries = "all"
	otherRates   = "*"
)

func rateKey(country string) (string, error) {
	if strings.EqualFold(country, allCountries) || country == otherRates {
		return otherRates, nil
	}
	return checkCountry("country", country)
}

func rateName(key string) string {
	if key == otherRates {
		return allCountries
	}
	return key
}

func (a *API) listRates(ctx context.Context, _ *Call, _ getOperatorRatesIn) ([]string, error) {
	all, err := a.store.Rates(ctx)
	names := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		names = append(names, rateName(key))
	}
	return names, err
}

func (a *API) showRate(ctx context.Context, _ *Call, in getOperatorRatesCountryIn) (operatorRate, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return operatorRate{}, err
	}
	all, err := a.store.Rates(ctx)
	if err != nil {
		return operatorRate{}, err
	}
	credits, ok := all[key]
	if !ok {
		return operatorRate{}, sms.Errorf(sms.NoObject, "The requested object (country = %s) does not exist", rateName(key))
	}
	return operatorRate{Country: rateName(key), Credits: credits.Float()}, nil
}

const maxRate = 1_000_000 // credits for a part; keeps the price of a campaign far from an overflow

func (a *API) setRate(ctx context.Context, _ *Call, in putOperatorRatesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	credits, err := sms.CreditsFrom(in.Body.Credits)
	if err != nil || credits < 0 || credits > maxRate*sms.Credit {
		return void{}, sms.Errorf(sms.Invalid, "credits = %v is not a rate: give a number from 0 to %d", in.Body.Credits, maxRate)
	}
	return void{}, a.store.SetRate(ctx, key, credits)
}

func (a *API) removeRate(ctx context.Context, _ *Call, in deleteOperatorRatesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteRate(ctx, key)
}

func (a *API) listShortNumbers(ctx context.Context, _ *Call, _ getOperatorShortNumbersIn) ([]operatorShortNumber, error) {
	all, err := a.store.ShortNumbers(ctx)
	if err != nil {
		return nil, err
	}
	names, err := a.carrierNames(ctx)
	out := make([]operatorShortNumber, len(all))
	for i, n := range all {
		out[i] = operatorShortNumber{Carrier: names[n.CarrierID], Country: n.Country, Number: n.Number}
	}
	return out, err
}

var shortNumber = regexp.MustCompile(`^[0-9]{3,15}$`)

func (a *API) addShortNumber(ctx context.Context, _ *Call, in postOperatorShortNumbersIn) (operatorShortNumber, error) {
	if !shortNumber.MatchString(in.Number) {
		return operatorShortNumber{}, sms.Errorf(sms.Invalid, "number = %q is not a short number: write 3 to 15 digits and nothing else, like 38000", in.Number)
	}
	country, err := checkCountry("country", in.Country)
	if err != nil {
		return operatorShortNumber{}, err
	}
	carrier, err := a.store.Carrier(ctx, in.Carrier)
	if err != nil {
		return operatorShortNumber{}, referTo(err, "carrier", in.Carrier, "/operator/carriers")
	}
	err = a.store.AddShortNumber(ctx, sms.ShortNumber{Number: in.Number, Country: country, CarrierID: carrier.ID})
	return operatorShortNumber{Carrier: carrier.Name, Country: country, Number: in.Number}, err
}

func (a *API) removeShortNumber(ctx context.Context, _ *Call, in deleteOperatorShortNumbersNumberIn) (void, error) {
	return void{}, a.store.DeleteShortNumber(ctx, in.Number)
}
