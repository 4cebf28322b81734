package ovh

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// rune reads \uXXXX, or two of them that make a surrogate pair. Half a pair becomes the replacement character.
func (s *scanner) rune() (rune, bool) {
	r, ok := s.unit()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !strings.HasPrefix(s.text[s.pos:], `\u`) {
		return utf8.RuneError, true
	}
	back := s.pos
	low, ok := s.unit()
	if !ok {
		return 0, false
	}
	pair := utf16.DecodeRune(r, low)
	if pair == utf8.RuneError {
		s.pos = back
	}
	return pair, true
}

// unit reads one \uXXXX.
func (s *scanner) unit() (rune, bool) {
	if s.pos+6 > len(s.text) {
		return 0, s.fail("an escape does not end")
	}
	n, err := strconv.ParseUint(s.text[s.pos+2:s.pos+6], 16, 32)
	if err != nil {
		return 0, s.fail("%q is not an escape", s.text[s.pos:s.pos+6])
	}
	s.pos += 6
	return rune(n), true
}

// text gives a body as a string of UTF-8. The Java client signs and sends ISO-8859-1; what is not UTF-8 is read as that.
func text(body []byte) string {
	if utf8.Valid(body) {
		return strings.TrimPrefix(string(body), "\ufeff")
	}
	var b strings.Builder
	b.Grow(len(body) + len(body)/8)
	for _, c := range body {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// cut keeps values in messages short.
func cut(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
