package smppc

import (
	"slices"
	"strings"

	"ramier/internal/smpp"
)

// candidates gives what the reference in an answer may have been, from the id in a receipt; the likeliest first. References
// are kept as they came in the answer, so each form is one that an answer may have: both ends of an operator often disagree
// on base, case and leading zeros.
//
// The setting says how the receipts' ids are to be read: hexToDecimal is for hexadecimal ids of messages that were answered
// with decimal ones.
func candidates(setting, id string) []string {
	id = strings.TrimSpace(id)
	if id == "" {
		return []string{}
	}
	var forms []string
	switch setting {
	case "asIs":
		forms = []string{id}
	case "hexToDecimal":
		forms = append(decimal(smpp.IDHex2Dec.Apply(id)), id)
	case "decimalToHex":
		forms = append(hexadecimal(smpp.IDDec2Hex.Apply(id)), id)
	default:
		forms = append(forms, id)
		forms = append(forms, sameBase(id)...)
		if isNumber(id) {
			forms = append(forms, hexadecimal(smpp.IDDec2Hex.Apply(id))...)
		}
		if isHex(id) {
			forms = append(forms, decimal(smpp.IDHex2Dec.Apply(id))...)
		}
	}
	var once []string
	for _, form := range forms {
		if form = clean(form, maxRef); !slices.Contains(once, form) {
			once = append(once, form)
		}
	}
	return once
}

// sameBase gives the other ways to write an id.
func sameBase(id string) []string {
	plain := smpp.IDPlain.Apply(id)
	switch {
	case isNumber(id):
		return decimal(plain)
	case isHex(id):
		return append([]string{strings.ToUpper(id), strings.ToLower(id)}, hexadecimal(plain)...)
	}
	return []string{strings.ToLower(id), strings.ToUpper(id)}
}

// decimal gives the ways to write a decimal number: operators pad it to ten digits, if at all.
func decimal(n string) []string { return []string{n, padded(n, 10)} }

// hexadecimal gives the ways to write a hexadecimal one: in either case, padded to 32 bits, if at all.
func hexadecimal(n string) []string {
	upper, lower := strings.ToUpper(n), strings.ToLower(n)
	return []string{upper, lower, padded(upper, 8), padded(lower, 8)}
}

func padded(n string, width int) string {
	if !isHex(n) {
		return n
	}
	return strings.Repeat("0", max(0, width-len(n))) + n
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == "" }
