package smppc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of what an operator says is kept, in octets.
const (
	maxText = 512 // of an error or a receipt
	maxRef  = 256 // of a reference
)

// clean makes what an operator sent safe to store, show and log: valid UTF-8 in one line of at most so many octets. Control
// characters and line breaks become \xNN. Octets that are no UTF-8 become U+FFFD, as in smpp's receipts, so that a reference
// is the same in an answer and in a receipt.
func clean(s string, most int) string {
	if len(s) <= most && isPlain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		next := string(r)
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			next = fmt.Sprintf(`\x%02X`, r)
		}
		if b.Len()+len(next) > most {
			break
		}
		b.WriteString(next)
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// mask hides all but the last four characters of a number, for logs.
func mask(number string) string {
	n := utf8.RuneCountInString(number)
	if n <= 4 {
		return strings.Repeat("*", n)
	}
	runes := []rune(number)
	return strings.Repeat("*", n-4) + string(runes[n-4:])
}
