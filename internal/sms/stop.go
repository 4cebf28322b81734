package sms

import (
	"strings"
	"unicode"
)

// IsStop tells whether a reply asks not to be written to again: its first word is STOP, in any case.
func IsStop(reply string) bool {
	words := strings.FieldsFunc(reply, func(r rune) bool { return !unicode.IsLetter(r) })
	return len(words) > 0 && strings.EqualFold(words[0], "stop")
}
