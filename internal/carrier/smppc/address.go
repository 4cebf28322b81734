package smppc

import (
	"strings"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// maxShort is the most digits of a short number.
const maxShort = 8

// source is the sender. Type and plan follow from what it is, unless the settings fix them: 5/0 for a name, 1/1 for a number,
// which loses its +, and 3/0 for a short number, which has no plan.
func source(c sms.CarrierSettings, sender string) smpp.Address {
	digits := strings.TrimPrefix(sender, "+")
	a := smpp.Address{TON: smpp.TONAlphanumeric, NPI: smpp.NPIUnknown, Addr: sender}
	switch {
	case !isNumber(digits):
	case digits == sender && len(digits) <= maxShort:
		a = smpp.Address{TON: smpp.TONNetworkSpecific, NPI: smpp.NPIUnknown, Addr: digits}
	default:
		a = smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: digits}
	}
	return fixed(a, c.SourceTON, c.SourceNPI)
}

// destination is the receiver, an international number.
func destination(c sms.CarrierSettings, receiver string) smpp.Address {
	a := smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: receiver}
	if !c.AddressPlus {
		a.Addr = strings.TrimPrefix(receiver, "+")
	}
	return fixed(a, c.DestTON, c.DestNPI)
}

// fixed puts the type and plan of the settings in place; -1 leaves them.
func fixed(a smpp.Address, ton, npi int) smpp.Address {
	if ton >= 0 {
		a.TON = smpp.TON(ton)
	}
	if npi >= 0 {
		a.NPI = smpp.NPI(npi)
	}
	return a
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// international gives an address that the operator sent as +E.164, if that is what it is: by its type, its +, or its length.
// A shorter number without either may be a national one.
func international(a smpp.Address) (number string, ok bool) {
	const shortest, surely, longest = 7, 11, 15
	digits, plus := strings.CutPrefix(a.Addr, "+")
	if !plus && len(digits) > surely {
		digits = strings.TrimPrefix(digits, "00")
	}
	if !isNumber(digits) || digits[0] == '0' || len(digits) < shortest || len(digits) > longest {
		return "", false
	}
	if a.TON != smpp.TONInternational && !plus && (a.TON != smpp.TONUnknown || len(digits) < surely) {
		return "", false
	}
	return "+" + digits, true
}

// shown is an address as +E.164 or else as it came.
func shown(a smpp.Address) string {
	if number, ok := international(a); ok {
		return number
	}
	return clean(a.Addr, maxRef)
}
