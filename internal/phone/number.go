// Package phone reads phone numbers by the rules of libphonenumber.
//
// Numbers that may receive SMS and are written as plain E.164 ("+33612345678"),
// or as local numbers of France, are looked up in plan.txt, a table of ranges
// derived from the metadata of the library by go generate; everything else is
// left to the library, which is several hundred times slower. Both give the
// same answers.
package phone

//go:generate go run ./plangen

// A Number is a phone number that exists in the numbering plan of a country.
// Whether somebody has it is another question.
type Number struct {
	E164    string // plus sign and up to 15 digits: "+33612345678"
	Country string // ISO 3166 alpha-2, capital letters; World for +870 and the like
	Type    Type
}

// World stands for the country of numbers that belong to none, such as those
// of satellite phones. Libphonenumber and UN M.49 write it so.
const World = "001"

// A Type tells what a number is for, as far as its digits say.
type Type uint8

// The types of libphonenumber, with its "unknown" left out: a number of
// unknown type is not valid.
const (
	Mobile        Type = iota + 1
	FixedOrMobile      // the plan does not tell them apart, as in +1
	Fixed
	VoIP
	Personal // follows its owner from phone to phone
	Pager
	TollFree
	SharedCost
	Premium
	Company // one number for a whole company
	Voicemail
)

var typeNames = [...]string{
	Mobile:        "mobile",
	FixedOrMobile: "fixed-line or mobile",
	Fixed:         "fixed-line",
	VoIP:          "voice over IP",
	Personal:      "personal",
	Pager:         "pager",
	TollFree:      "toll-free",
	SharedCost:    "shared-cost",
	Premium:       "premium-rate",
	Company:       "company",
	Voicemail:     "voicemail",
}

// String names the type as in "a ... number".
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return "unknown"
}

// CanReceive tells with nil that an SMS may reach the number, and otherwise
// with an *Error of reason Landline why it cannot. Numbers over IP, personal
// numbers and pagers pass: some networks do deliver to them.
func (n Number) CanReceive() error {
	switch n.Type {
	case Fixed, TollFree, SharedCost, Premium, Company, Voicemail:
		return &Error{Reason: Landline, Input: n.E164, Country: n.Country, kind: n.Type}
	}
	return nil
}
