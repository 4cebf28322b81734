package phone

import "strings"

// Mask hides the middle of a number for logs: "+33612****78". At least four
// characters are hidden, of a short text all. It takes any text, so that what
// could not be read as a number can be logged too.
func Mask(number string) string {
	const head, hidden, tail = 6, 4, 2
	runes := []rune(number)
	front := min(head, len(runes)-hidden-tail)
	if front < 0 {
		return strings.Repeat("*", len(runes))
	}
	back := len(runes) - tail
	return string(runes[:front]) + strings.Repeat("*", back-front) + string(runes[back:])
}
