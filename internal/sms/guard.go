package sms

import (
	"slices"
	"strings"
	"time"

	"ramier/internal/phone"
)

// Guards bound what a service can be made to spend. They are in force from its first minute.
type Guards struct {
	// Countries that its messages may go to, ISO 3166 alpha-2; empty = that of the customer only, AllCountries = every one.
	Countries []string
	// The most credits that may be ordered for in an hour and in a day, by UTC; 0 = no limit.
	HourCap, DayCap Credits
	// The most messages in an hour to one receiver, and to one range of a thousand numbers (those that differ in their last three
	// digits); 0 = no limit.
	ReceiverHour, RangeHour int64
	// When this many credits or fewer are left, AlertNumber gets an SMS, once until there are more again; 0 = never.
	AlertBelow  Credits
	AlertNumber string // E.164
}

// AllCountries stands for every country among Guards.Countries.
const AllCountries = "*"

// DefaultGuards are those of a new service of the operator API: they stop a runaway loop, and hinder no ordinary use.
func DefaultGuards() Guards { return Guards{ReceiverHour: 100} }

// Allows tells whether messages may go to a country, when the customer is at home in another.
func (g Guards) Allows(country, home string) bool {
	if len(g.Countries) == 0 {
		return country == home
	}
	return slices.Contains(g.Countries, country) || slices.Contains(g.Countries, AllCountries)
}

// refuseCountry says why a receiver's country is not allowed, and what to do.
func (g Guards) refuseCountry(number, country string, s Service) string {
	allowed := "only to " + s.Country + ", its home country"
	if len(g.Countries) > 0 {
		allowed = "only to " + strings.Join(g.Countries, ", ")
	}
	return number + " is in " + phone.CountryName(country) + ", and " + s.Name + " sends " + allowed +
		": add " + country + " to countries with PUT /sms/" + s.Name + "/guards"
}

// CheckCaps tells whether a price is within the caps of a service, after what was spent in the hour and the day of a time. The
// error is Guarded and says when there is room again.
func (g Guards) CheckCaps(hour, day, price Credits, at time.Time, service string) error {
	if price == 0 {
		return nil
	}
	check := func(spent, most Credits, name string, unit time.Duration) error {
		if most == 0 || spent+price <= most {
			return nil
		}
		next := at.UTC().Truncate(unit).Add(unit)
		e := Errorf(Guarded, "%s = %v is reached: %v credits were ordered for since %s, and this needs %v. It begins anew at %s; to raise it, PUT /sms/%s/guards",
			name, most, spent, next.Add(-unit).Format(time.RFC3339), price, next.Format(time.RFC3339), service).
			With("guard", name).With("needed", price.String()).With("left", max(most-spent, 0).String())
		e.RetryAfter = next.Sub(at)
		return e
	}
	if err := check(hour, g.HourCap, "hourCap", time.Hour); err != nil {
		return err
	}
	return check(day, g.DayCap, "dayCap", 24*time.Hour)
}
