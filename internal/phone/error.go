package phone

import "fmt"

// A Reason says in one word why a number was refused.
type Reason string

// The reasons of Parse and, for Landline, of CanReceive.
const (
	Empty         Reason = "empty"
	NotANumber    Reason = "not_a_number"   // letters, or a plus inside
	NoCountry     Reason = "no_country"     // local form and no country to read it with
	UnknownRegion Reason = "unknown_region" // the caller's country is none
	UnknownCode   Reason = "unknown_code"   // no country has this calling code
	TooShort      Reason = "too_short"      // for the plan of its country
	TooLong       Reason = "too_long"       // for that plan, E.164, or any number
	ShortNumber   Reason = "short_number"   // such as 36111
	NotInPlan     Reason = "not_in_plan"    // right length, no such range
	Landline      Reason = "landline"       // or another type that gets no SMS
)

// An Error is a refused number. Its text is made for the person who typed the
// number and holds it in clear; logs should write the reason instead.
type Error struct {
	Reason  Reason
	Input   string // as received
	Country string // the country whose rules refused it, or empty
	kind    Type
}

// Error names the value, what is wrong with it and what to do.
func (e *Error) Error() string {
	value, number := quote(e.Input), "a phone number"
	if e.Country != "" {
		number += " (" + CountryName(e.Country) + ")"
	}
	switch e.Reason {
	case Empty:
		return "the phone number is empty: write it as +33639981234"
	case NoCountry:
		return value + " has no country code: write it with a plus sign and the country code, as in +33639981234"
	case UnknownRegion:
		return quote(e.Country) + " is not a country whose local numbers can be read: use two letters as in FR"
	case UnknownCode:
		return value + " begins with a country code that no country has: check the digits after the plus sign or 00"
	case TooShort:
		return value + " is too short for " + number + ": digits are missing"
	case TooLong:
		return value + " is too long for " + number + ": it has extra digits, or holds two numbers"
	case ShortNumber:
		return value + " is a short number, which cannot receive SMS: use a whole phone number, as in +33639981234"
	case NotInPlan:
		return value + " is in no range of numbers (" + CountryName(e.Country) + "): check it for a typing error"
	case Landline:
		return fmt.Sprintf("%s is a %s number, which cannot receive SMS: use a mobile number", e.Input, e.kind)
	}
	return value + " is not a phone number: write digits, after a plus sign if you like, with spaces, dots, dashes or parentheses between"
}

// quote keeps hostile input short.
func quote(input string) string {
	const most = 40
	if runes := []rune(input); len(runes) > most {
		input = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", input)
}
