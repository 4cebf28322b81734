package ovh

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON may nest; the deepest model needs four levels.
const maxDepth = 32

// A scanner walks over JSON text. The strings it gives share the text's memory, so that a thousand receivers cost no
// allocation each. The first syntax error stays in err, and everything stops.
type scanner struct {
	text  string
	pos   int
	depth int
	err   error
}

func (s *scanner) fail(format string, args ...any) bool {
	if s.err == nil {
		s.err = fmt.Errorf(format+" at byte %d", append(args, s.pos)...)
	}
	return false
}

// peek gives the next byte that is not white space, 0 at the end; done tells the end from a zero byte.
func (s *scanner) peek() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// done tells whether nothing but white space is left.
func (s *scanner) done() bool {
	s.peek()
	return s.pos == len(s.text)
}

// found describes the next byte for an error message.
func (s *scanner) found() string {
	if s.pos >= len(s.text) {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.pos:])
	return fmt.Sprintf("%q", r)
}

// word reads a literal such as null.
func (s *scanner) word(literal string) bool {
	if !strings.HasPrefix(s.text[s.pos:], literal) {
		return s.fail("unexpected %s", s.found())
	}
	s.pos += len(literal)
	return true
}

// object calls each with the name of every member; each reads its value.
func (s *scanner) object(each func(name string) bool) bool {
	if !s.open() {
		return false
	}
	for first := true; ; first = false {
		switch c := s.peek(); {
		case c == '}':
			return s.shut()
		case first:
		case c != ',':
			return s.fail("expected , or } and found %s", s.found())
		default:
			s.pos++
			s.peek()
		}
		if s.peek() != '"' {
			return s.fail("expected a name in quotes and found %s", s.found())
		}
		name, ok := s.str()
		if !ok {
			return false
		}
		if s.peek() != ':' {
			return s.fail("expected : and found %s", s.found())
		}
		s.pos++
		if !each(name) {
			return false
		}
	}
}

// array calls each before every element; each reads it.
func (s *scanner) array(each func(i int) bool) bool {
	if !s.open() {
		return false
	}
	for i := 0; ; i++ {
		switch c := s.peek(); {
		case c == ']' && i == 0:
			return s.shut()
		case i == 0:
		case c == ']':
			return s.shut()
		case c != ',':
			return s.fail("expected , or ] and found %s", s.found())
		default:
			s.pos++
		}
		if !each(i) {
			return false
		}
	}
}

func (s *scanner) open() bool {
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested deeper than %d levels", maxDepth)
	}
	s.pos++
	return true
}

func (s *scanner) shut() bool {
	s.depth--
	s.pos++
	return true
}

// skip reads any value.
func (s *scanner) skip() bool {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func(string) bool { return s.skip() })
	case c == '[':
		return s.array(func(int) bool { return s.skip() })
	case c == '"':
		_, ok := s.str()
		return ok
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		_, ok := s.number()
		return ok
	}
	return s.fail("unexpected %s", s.found())
}

// number reads one and gives it as it is written.
func (s *scanner) number() (string, bool) {
	start := s.pos
	for s.pos < len(s.text) && strings.IndexByte("+-.eE0123456789", s.text[s.pos]) >= 0 {
		s.pos++
	}
	text := s.text[start:s.pos]
	if !isNumber(text) {
		s.pos = start
		return "", s.fail("%q is not a number", cut(text))
	}
	return text, true
}

// isNumber tells whether text is a number in JSON's grammar.
func isNumber(text string) bool {
	digits := func() bool {
		n := 0
		for n < len(text) && text[n] >= '0' && text[n] <= '9' {
			n++
		}
		text = text[n:]
		return n > 0
	}
	text = strings.TrimPrefix(text, "-")
	if strings.HasPrefix(text, "0") {
		text = text[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(text, ".") {
		if text = text[1:]; !digits() {
			return false
		}
	}
	if text != "" && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if text != "" && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		if !digits() {
			return false
		}
	}
	return text == ""
}

// str reads a string.
func (s *scanner) str() (string, bool) {
	s.pos++
	start := s.pos
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return s.text[start:i], true
		case c == '\\':
			s.pos = i
			return s.escaped(s.text[start:i])
		case c < ' ':
			s.pos = i
			return "", s.fail("control character %q in a string", c)
		}
	}
	s.pos = len(s.text)
	return "", s.fail("a string does not end")
}

// escapes are those of one letter.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads the rest of a string from its first backslash on.
func (s *scanner) escaped(begin string) (string, bool) {
	out := append(make([]byte, 0, len(begin)+32), begin...)
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == '"':
			s.pos++
			return string(out), true
		case c < ' ':
			return "", s.fail("control character %q in a string", c)
		case c != '\\':
			out = append(out, c)
			s.pos++
		case strings.HasPrefix(s.text[s.pos:], `\u`):
			r, ok := s.rune()
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
		default:
			if s.pos++; s.pos == len(s.text) || escapes[s.text[s.pos]] == 0 {
				return "", s.fail("unknown escape \\%s", s.found())
			}
			out = append(out, escapes[s.text[s.pos]])
			s.pos++
		}
	}
	return "", s.fail("a string does not end")
}
