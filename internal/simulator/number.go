package simulator

import (
	"strings"

	"ramier/internal/smpp"
)

// number gives an address the form by which handsets are known: +33639980000, or the digits of a short number. It is
// false for what nobody can dial.
func (s *Simulator) number(a smpp.Address) (string, bool) {
	digits := a.Addr
	switch {
	case strings.HasPrefix(digits, "+"):
		digits = digits[1:]
	case a.TON == smpp.TONInternational:
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	case strings.HasPrefix(digits, "0"):
		digits = s.options.Country + digits[1:]
	case a.TON == smpp.TONNational && len(digits) > longestShort: // some clients call short numbers national
		digits = s.options.Country + digits
	}
	if a.TON == smpp.TONAlphanumeric || len(digits) < 3 || len(digits) > 15 {
		return "", false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
	}
	if len(digits) <= longestShort && len(digits) == len(a.Addr) {
		return digits, true
	}
	return "+" + digits, true
}

// longestShort is how many digits a short number has at most.
const longestShort = 6

// sender is how the handset shows who wrote: a number like number gives it, or a name as it came.
func (s *Simulator) sender(a smpp.Address) string {
	if n, ok := s.number(a); ok {
		return n
	}
	return a.Addr
}

// address is how a number that is written like number gives it goes into a PDU.
func address(number string) smpp.Address {
	if digits, ok := strings.CutPrefix(number, "+"); ok {
		return smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: digits}
	}
	return smpp.Address{TON: smpp.TONAbbreviated, NPI: smpp.NPIUnknown, Addr: number}
}
