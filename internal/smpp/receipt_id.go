package smpp

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// IDForm is how to read an SMSC's ids before they are compared: some write an id one
// way in submit_sm_resp and another way in the receipt. A carrier has a form for
// each of the two, so that both give the same string for the same message.
type IDForm byte

// The forms.
const (
	IDAsIs    IDForm = iota // every character counts
	IDPlain                 // case and leading zeros do not
	IDHex2Dec               // hexadecimal here, compared in decimal
	IDDec2Hex               // decimal here, compared in lower-case hexadecimal
)

var idForms = []string{IDAsIs: "asis", IDPlain: "plain", IDHex2Dec: "hex2dec", IDDec2Hex: "dec2hex"}

// String is "asis", "plain", "hex2dec" or "dec2hex".
func (f IDForm) String() string { return idForms[f] }

// UnmarshalText reads what String gives.
func (f *IDForm) UnmarshalText(b []byte) error {
	i := slices.Index(idForms, string(b))
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", b, strings.Join(idForms, ", "))
	}
	*f = IDForm(i)
	return nil
}

// Apply gives the id to compare by. What is no number in the form's base stays plain.
func (f IDForm) Apply(id string) string {
	id = strings.TrimSpace(id)
	switch f {
	case IDPlain:
		return plainID(id)
	case IDHex2Dec:
		return rebase(plainID(id), 16, 10)
	case IDDec2Hex:
		return rebase(plainID(id), 10, 16)
	}
	return id
}

// IDForms gives what an id may be compared by, each once: as it is first, then plain,
// then in the other base either way.
func IDForms(id string) []string {
	var forms []string
	for _, form := range []IDForm{IDAsIs, IDPlain, IDHex2Dec, IDDec2Hex} {
		if s := form.Apply(id); !slices.Contains(forms, s) {
			forms = append(forms, s)
		}
	}
	return forms
}

// plainID is an id in lower case and, if it is a number in either base, without leading zeros.
func plainID(id string) string {
	id = strings.ToLower(id)
	if id == "" || strings.Trim(id, "0123456789abcdef") != "" {
		return id
	}
	if id = strings.TrimLeft(id, "0"); id == "" {
		return "0"
	}
	return id
}

// rebase gives a number of at most 64 digits in another base, anything else as it is.
func rebase(id string, from, to int) string {
	if len(id) > 64 || strings.Trim(id, "0123456789abcdef") != "" {
		return id
	}
	if n, err := strconv.ParseUint(id, from, 64); err == nil { // nearly all: an integer without allocations
		return strconv.FormatUint(n, to)
	}
	n, ok := new(big.Int).SetString(id, from)
	if !ok {
		return id
	}
	return n.Text(to)
}
