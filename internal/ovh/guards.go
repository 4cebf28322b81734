package ovh

import (
	"context"
	"slices"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

func (a *API) getGuards(ctx context.Context, c *Call, in getSmsServiceNameGuardsIn) (smsGuards, error) {
	if _, err := a.service(ctx, c, in.ServiceName); err != nil {
		return smsGuards{}, err
	}
	return a.guards(ctx, in.ServiceName)
}

func (a *API) putGuards(ctx context.Context, c *Call, in putSmsServiceNameGuardsIn) (void, error) {
	if _, err := a.service(ctx, c, in.ServiceName); err != nil {
		return void{}, err
	}
	return void{}, a.setGuards(ctx, in.ServiceName, in.Body)
}

func (a *API) showGuards(ctx context.Context, _ *Call, in getOperatorServicesServiceNameGuardsIn) (smsGuards, error) {
	return a.guards(ctx, in.ServiceName)
}

func (a *API) changeGuards(ctx context.Context, _ *Call, in putOperatorServicesServiceNameGuardsIn) (void, error) {
	return void{}, a.setGuards(ctx, in.ServiceName, in.Body)
}

func (a *API) guards(ctx context.Context, service string) (smsGuards, error) {
	s, err := a.store.Service(ctx, service)
	if err != nil {
		return smsGuards{}, err
	}
	hour, day, err := a.store.Spent(ctx, s.ID, a.now())
	g := s.Settings.Guards
	out := smsGuards{Countries: orEmpty(g.Countries), HomeCountry: s.Country, HourSpent: hour.Float(), DaySpent: day.Float()}
	orNone := func(c sms.Credits) *float64 {
		if c == 0 {
			return nil
		}
		return new(c.Float())
	}
	out.HourCap, out.DayCap = orNone(g.HourCap), orNone(g.DayCap)
	out.AlertBelow, out.AlertNumber = orNone(g.AlertBelow), orNull(g.AlertNumber)
	if g.ReceiverHour > 0 {
		out.ReceiverHour = &g.ReceiverHour
	}
	if g.RangeHour > 0 {
		out.RangeHour = &g.RangeHour
	}
	return out, err
}

func (a *API) setGuards(ctx context.Context, service string, b smsGuardsBody) error {
	return a.store.ChangeService(ctx, service, func(s *sms.Service) error {
		g := &s.Settings.Guards
		if b.Countries != nil {
			countries, err := guardCountries(b.Countries)
			if err != nil {
				return err
			}
			g.Countries = countries
		}
		for field, c := range map[string]struct {
			v  nullable[float64]
			to *sms.Credits
		}{"hourCap": {b.HourCap, &g.HourCap}, "dayCap": {b.DayCap, &g.DayCap}, "alertBelow": {b.AlertBelow, &g.AlertBelow}} {
			if err := setCap(c.to, c.v, field); err != nil {
				return err
			}
		}
		if err := setAlertNumber(s, b.AlertNumber); err != nil {
			return err
		}
		if err := setMost(&g.ReceiverHour, b.ReceiverHour, "receiverHour"); err != nil {
			return err
		}
		return setMost(&g.RangeHour, b.RangeHour, "rangeHour")
	})
}

// setAlertNumber sets where a service is told that its credits run low. Without a number nothing can be told.
func setAlertNumber(s *sms.Service, v nullable[string]) error {
	g := &s.Settings.Guards
	if v.Set {
		g.AlertNumber = ""
		if v.Value != nil && *v.Value != "" {
			n, err := phone.Parse(*v.Value, s.Country)
			if err != nil {
				return sms.Errorf(sms.Invalid, "alertNumber: %v", err)
			}
			g.AlertNumber = n.E164
		}
	}
	if g.AlertBelow > 0 && g.AlertNumber == "" {
		return sms.Errorf(sms.Invalid, "alertBelow = %v, and alertNumber is missing: say who gets the SMS", g.AlertBelow)
	}
	return nil
}

// guardCountries reads the countries that messages may go to.
func guardCountries(written []string) ([]string, error) {
	var all []string
	for _, w := range written {
		country := strings.TrimSpace(w)
		if country != sms.AllCountries {
			var err error
			if country, err = checkCountry("countries", country); err != nil {
				return nil, err
			}
		}
		all = append(all, country)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func setCap(to *sms.Credits, v nullable[float64], field string) error {
	if !v.Set {
		return nil
	}
	most, err := sms.CreditsFrom(deref(v.Value))
	if err != nil {
		return err
	}
	if most < 0 || v.Value != nil && most == 0 {
		return sms.Errorf(sms.Invalid, "%s = %v lets nothing through: give a number of credits, or null for no limit", field, *v.Value)
	}
	*to = most
	return nil
}

func setMost(to *int64, v nullable[int64], field string) error {
	if !v.Set {
		return nil
	}
	if v.Value == nil {
		*to = 0
		return nil
	}
	if err := within(field, *v.Value, 1, maxVelocity); err != nil {
		return err
	}
	*to = *v.Value
	return nil
}

// maxVelocity is the highest limit of messages in an hour; past it there may as well be none.
const maxVelocity = 1_000_000
