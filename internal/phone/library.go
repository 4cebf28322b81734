package phone

import (
	"errors"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// maxDigits is the limit of E.164; the library would allow a few more.
const maxDigits = 15

// frenchPlan lists the countries of one plan of local numbers: "0692 12 34 56"
// is the same phone from Paris and from Réunion, although the rest of the
// world reaches the two under different calling codes.
var frenchPlan = []string{"FR", "RE", "YT", "GP", "MQ", "GF"}

// frenchCodes are the calling codes of frenchPlan.
var frenchCodes = map[string]string{"FR": "+33", "RE": "+262", "YT": "+262", "GP": "+590", "MQ": "+596", "GF": "+594"}

// lookupFrench finds a local number of frenchPlan, with its zero or without, as lists have them by the million. It leaves to the library what
// belongs to another region of the plan.
func lookupFrench(digits, region string) (Number, bool) {
	national := strings.TrimPrefix(digits, "0")
	code := frenchCodes[region]
	if code == "" || len(national) != 9 || digits[0] == '+' {
		return Number{}, false
	}
	return lookup(code + national)
}

// parseSlowly asks the library about cleaned digits.
func parseSlowly(digits, input, region string) (Number, error) {
	local := digits[0] != '+'
	if local && region == "" {
		return Number{}, &Error{Reason: cutShort(NoCountry, digits), Input: input}
	}
	if local && phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return Number{}, &Error{Reason: UnknownRegion, Input: input, Country: region}
	}
	n, refused := ask(digits, region)
	if refused == nil {
		return n, nil
	}
	if digits[0] == '0' && slices.Contains(frenchPlan, region) {
		for _, other := range frenchPlan {
			if n, err := ask(digits, other); err == nil {
				return n, nil
			}
		}
	}
	if local {
		refused.Reason = cutShort(refused.Reason, digits)
	}
	refused.Input = input
	return Number{}, refused
}

// cutShort puts ShortNumber in the place of another reason for the local
// digits of a service number.
func cutShort(reason Reason, digits string) Reason {
	if len(digits) >= 3 && len(digits) <= 6 && digits[0] != '0' {
		return ShortNumber
	}
	return reason
}

// ask reads digits with the rules of one region.
func ask(digits, region string) (Number, *Error) {
	parsed, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return Number{}, &Error{Reason: reasonOf(err)}
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if len(e164) > 1+maxDigits {
		return Number{}, &Error{Reason: TooLong, Country: mainCountry(parsed)}
	}
	if n, ok := lookup(e164); ok {
		return n, nil
	}
	kind, known := types[phonenumbers.GetNumberType(parsed)]
	if !known {
		return Number{}, &Error{Reason: impossible(parsed), Country: mainCountry(parsed)}
	}
	return Number{e164, phonenumbers.GetRegionCodeForNumber(parsed), kind}, nil
}

func mainCountry(n *phonenumbers.PhoneNumber) string {
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
}

// types translates all types of a valid number.
var types = map[phonenumbers.PhoneNumberType]Type{
	phonenumbers.MOBILE:               Mobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.FIXED_LINE:           Fixed,
	phonenumbers.VOIP:                 VoIP,
	phonenumbers.PERSONAL_NUMBER:      Personal,
	phonenumbers.PAGER:                Pager,
	phonenumbers.TOLL_FREE:            TollFree,
	phonenumbers.SHARED_COST:          SharedCost,
	phonenumbers.PREMIUM_RATE:         Premium,
	phonenumbers.UAN:                  Company,
	phonenumbers.VOICEMAIL:            Voicemail,
}

// reasonOf translates the errors of reading.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return UnknownCode
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return TooLong
	}
	return TooShort // all that is left once there are only digits
}

// impossible tells what is wrong with digits that are no valid number.
func impossible(n *phonenumbers.PhoneNumber) Reason {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return TooShort
	case phonenumbers.TOO_LONG:
		return TooLong
	}
	return NotInPlan
}
