package ovh

import (
	"cmp"
	"context"
	"encoding/csv"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

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

// ratesAccount gives the id of the account that a rate is named for, 0 for all customers. Error: Invalid.
func (a *API) ratesAccount(ctx context.Context, name *string) (int64, error) {
	if deref(name) == "" {
		return 0, nil
	}
	account, err := a.store.Account(ctx, *name)
	if err != nil {
		return 0, referTo(err, "account", *name, "/operator/accounts")
	}
	return account.ID, nil
}

func (a *API) listRates(ctx context.Context, _ *Call, in getOperatorRatesIn) ([]string, error) {
	sheet, err := a.rateSheet(ctx, in.Account)
	names := []string{}
	for _, s := range sheet {
		if s.From.IsZero() {
			names = append(names, rateName(s.Country))
		}
	}
	return names, err
}

// rateSheet lists the rates that hold now, and those that begin later.
func (a *API) rateSheet(ctx context.Context, account *string) ([]sms.RateStep, error) {
	id, err := a.ratesAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	steps, err := a.store.Rates(ctx, id)
	return sms.UpcomingRates(steps, a.now()), err
}

func (a *API) showRate(ctx context.Context, _ *Call, in getOperatorRatesCountryIn) (operatorRate, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return operatorRate{}, err
	}
	sheet, err := a.rateSheet(ctx, in.Account)
	if err != nil {
		return operatorRate{}, err
	}
	for _, s := range sheet {
		if s.Country == key && s.From.IsZero() {
			return newRate(s, in.Account), nil
		}
	}
	return operatorRate{}, sms.Errorf(sms.NoObject, "The requested object (country = %s) does not exist", rateName(key))
}

func newRate(s sms.RateStep, account *string) operatorRate {
	return operatorRate{Country: rateName(s.Country), Credits: s.Credits.Float(), From: at(s.From), Account: account}
}

func (a *API) setRate(ctx context.Context, _ *Call, in putOperatorRatesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	credits, err := sms.CreditsFrom(in.Body.Credits)
	if err != nil || credits < 0 || credits > sms.MaxRate || math.Abs(credits.Float()-in.Body.Credits) > 1e-9 { // what is less than a thousandth would be free
		return void{}, sms.Errorf(sms.Invalid, "credits = %v is not a rate: give a number from 0 to %v with at most 3 decimals, like 0.5", in.Body.Credits, sms.MaxRate)
	}
	return void{}, a.changeRate(ctx, in.Body.Account.Value, key, in.Body.From.Value, &credits)
}

func (a *API) removeRate(ctx context.Context, _ *Call, in deleteOperatorRatesCountryIn) (void, error) {
	key, err := rateKey(in.Country)
	if err != nil {
		return void{}, err
	}
	return void{}, a.changeRate(ctx, in.Account, key, in.From, nil)
}

// maxRateSteps is how many steps the rate of a country may have.
const maxRateSteps = 100

// changeRate sets a rate, or ends it without credits, from a time on or at once. What was to come later stays unless it ends.
func (a *API) changeRate(ctx context.Context, account *string, country string, since *datetime, credits *sms.Credits) error {
	id, err := a.ratesAccount(ctx, account)
	if err != nil {
		return err
	}
	now, from := a.now(), time.Time{}
	if since != nil {
		if from = since.Truncate(time.Microsecond); !from.After(now) {
			return sms.Errorf(sms.Invalid, "from = %s is over: leave it out to begin at once", from.Format(time.RFC3339))
		}
	}
	return a.store.ChangeRates(ctx, id, now, func(steps []sms.RateStep) ([]sms.RateStep, error) {
		_, has := sms.NewTariff(steps).Rate(country, cmp.Or(from, now))
		if credits == nil && !has {
			return nil, sms.Errorf(sms.NoObject, "The requested object (country = %s) does not exist", rateName(country))
		}
		gone := func(s sms.RateStep) bool {
			replaced := s.From.Equal(from) || from.IsZero() && !s.From.After(now)
			return s.Country == country && (replaced || credits == nil && s.From.After(cmp.Or(from, now)))
		}
		steps = slices.DeleteFunc(steps, gone)
		if credits != nil {
			steps = append(steps, sms.RateStep{Country: country, From: from, Credits: *credits})
		} else if !from.IsZero() {
			steps = append(steps, sms.RateStep{Country: country, From: from, Ends: true})
		}
		if len(sms.NewTariff(steps)[country]) > maxRateSteps {
			return nil, sms.Errorf(sms.TooLarge, "The rate of %s has %d steps already: remove some", rateName(country), maxRateSteps)
		}
		return steps, nil
	})
}

func (a *API) getRateSheet(ctx context.Context, _ *Call, in getOperatorRateSheetIn) ([]operatorRate, error) {
	sheet, err := a.rateSheet(ctx, in.Account)
	out := make([]operatorRate, len(sheet))
	for i, s := range sheet {
		out[i] = newRate(s, in.Account)
	}
	return out, err
}

// rateSheetCSV writes rates as the sheet that can be sent back.
func rateSheetCSV(w *csv.Writer, rates []operatorRate) error {
	steps := make([]sms.RateStep, len(rates))
	for i, r := range rates {
		credits, err := sms.CreditsFrom(r.Credits)
		if err != nil {
			return err
		}
		steps[i] = sms.RateStep{Country: r.Country, Credits: credits}
		if r.From != nil {
			steps[i].From = r.From.Time
		}
	}
	return sms.WriteRateSheet(w, steps)
}

func (a *API) applyRateSheet(ctx context.Context, _ *Call, in postOperatorRateSheetIn) (operatorRateDiff, error) {
	id, err := a.ratesAccount(ctx, in.Account)
	if err != nil {
		return operatorRateDiff{}, err
	}
	now, from := a.now(), time.Time{}
	if in.From != nil {
		from = in.From.Truncate(time.Microsecond)
	}
	sheet, err := sms.ReadRateSheet([]byte(in.Sheet), a.zone, now)
	if err != nil {
		return operatorRateDiff{}, err
	}
	var changes []sms.RateChange
	apply := func(steps []sms.RateStep) (_ []sms.RateStep, err error) {
		steps, changes, err = sms.ApplySheet(steps, sheet, from, now)
		return steps, err
	}
	if deref(in.DryRun) {
		steps, err := a.store.Rates(ctx, id)
		if err == nil {
			_, err = apply(steps)
		}
		return newRateDiff(changes, false), err
	}
	err = a.store.ChangeRates(ctx, id, now, apply)
	return newRateDiff(changes, err == nil), err
}

func newRateDiff(changes []sms.RateChange, applied bool) operatorRateDiff {
	out := operatorRateDiff{Applied: applied, Lines: make([]operatorRateDiffLine, len(changes))}
	counts := map[string]*int64{sms.RateAdded: &out.Added, sms.RateChanged: &out.Changed, sms.RateRemoved: &out.Removed, sms.RateUnchanged: &out.Unchanged}
	for i, c := range changes {
		*counts[c.Kind]++
		line := operatorRateDiffLine{Kind: operatorRateDiffKind(c.Kind), Country: rateName(c.Country), From: at(c.From)}
		if c.Kind != sms.RateAdded {
			line.Before = new(c.Before.Float())
		}
		if c.Kind != sms.RateRemoved {
			line.After = new(c.After.Float())
		}
		out.Lines[i] = line
	}
	return out
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
