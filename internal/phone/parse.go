package phone

import "strings"

// maxInput is the longest text that is looked at, in bytes. The longest number
// has 15 digits; the rest is for separators of several bytes each.
const maxInput = 100

// Parse reads a number in international form ("+33 6 12 34 56 78",
// "0033612345678") or in the local form of region, an ISO 3166 alpha-2 code
// ("06 12 34 56 78" with "FR"). With an empty region local forms are refused.
// Spaces of any kind, dots, dashes, slashes and parentheses are skipped.
// Any valid number is read, also of a type that cannot receive SMS: see
// CanReceive. An error is always an *Error.
//
// The E164 of a number given in that very form is the input itself.
func Parse(input, region string) (Number, error) {
	if n, ok := lookup(input); ok {
		return n, nil
	}
	digits, err := clean(input)
	if err != nil {
		return Number{}, err
	}
	if n, ok := lookup(digits); ok {
		return n, nil
	}
	region = strings.ToUpper(region)
	if n, ok := lookupFrench(digits, region); ok {
		return n, nil
	}
	return parseSlowly(digits, input, region)
}

// clean leaves only digits, after a plus sign for the international form. An
// 00 in front is a plus in every country: no local mobile number begins so,
// and users of OVH write it wherever they are.
func clean(input string) (string, error) {
	if len(input) > maxInput {
		return "", &Error{Reason: TooLong, Input: input}
	}
	out := make([]byte, 0, maxInput)
	for _, r := range input {
		switch {
		case r >= '0' && r <= '9':
			out = append(out, byte(r))
		case r >= '０' && r <= '９': // full width, from Asian keyboards
			out = append(out, byte(r-'０')+'0')
		case (r == '+' || r == '＋') && len(out) == 0:
			out = append(out, '+')
		case !separates(r):
			return "", &Error{Reason: NotANumber, Input: input}
		}
	}
	digits := string(out)
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + rest
	}
	if strings.Trim(digits, "+") != "" {
		return digits, nil
	}
	if strings.TrimSpace(input) == "" {
		return "", &Error{Reason: Empty, Input: input}
	}
	return "", &Error{Reason: NotANumber, Input: input}
}

// separates tells what people and address books put between digits.
func separates(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '.', '-', '/', '(', ')', '[', ']':
		return true
	case '\u00a0', '\u202f', '\u3000': // no-break, narrow no-break and wide space
		return true
	case '\u2212', '\uff0d', '\uff0e', '\uff08', '\uff09': // minus; full-width dash, dot, parentheses
		return true
	case '\ufeff', '\u00ad': // byte order mark, soft hyphen
		return true
	}
	switch {
	case r >= '\u2000' && r <= '\u2015': // spaces, direction marks, dashes
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069':
		return true // more invisible marks, found around numbers copied from contacts
	}
	return false
}
