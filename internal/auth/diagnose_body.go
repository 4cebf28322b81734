package auth

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// empty looks for a body that was left out, or something that was signed for none.
func (d *diagnosis) empty() string {
	s := d.want
	if len(d.want.body) > 0 {
		if s.body = nil; d.anyBase(s) {
			return "the body was left out of what is signed"
		}
		return ""
	}
	for _, text := range []string{"{}", "null", `""`, "[]", "undefined", "None"} {
		if s.body = []byte(text); d.anyBase(s) {
			return "a body " + text + " was signed, but none was sent"
		}
	}
	return ""
}

// bodies looks for a body that was written once to be signed and again to be sent.
func (d *diagnosis) bodies() string {
	body := d.want.body
	if len(body) == 0 || len(body) > causeBodySize {
		return ""
	}
	s := d.want
	for _, c := range ends(body) {
		if s.body = c.body; d.anyBase(s) {
			return c.cause
		}
	}
	for _, layout := range layouts {
		laid := layout.write(body)
		if laid == nil {
			continue // it is not JSON, or too long
		}
		for _, spelling := range spellings {
			if d.left < 0 {
				return ""
			}
			if s.body = spelling.write(laid); !bytes.Equal(s.body, body) && d.fits(s) {
				return "the body was signed as other JSON than was sent (" + strings.Trim(layout.name+", "+spelling.name, ", ") + "): sign the very bytes that are sent"
			}
		}
	}
	return ""
}

type rewritten struct {
	body  []byte
	cause string
}

// ends gives the body with other ends, or in another character set.
func ends(body []byte) []rewritten {
	all := []rewritten{
		{append(bytes.Clone(body), '\n'), "the body was signed with a line end after it that was not sent"},
		{bytes.TrimRight(body, "\r\n"), "the body was signed without the line end after it"},
		{bytes.TrimSpace(body), "the body was signed without the white space around it"},
		{bytes.TrimPrefix(body, []byte("\ufeff")), "the body was signed without the byte order mark before it"},
	}
	if !utf8.Valid(body) {
		wide := make([]rune, len(body))
		for i, b := range body {
			wide[i] = rune(b)
		}
		return append(all, rewritten{[]byte(string(wide)), "the body was signed in UTF-8 and sent in ISO-8859-1"})
	}
	var narrow []byte
	for _, c := range string(body) {
		if c > 0xff {
			return all
		}
		narrow = append(narrow, byte(c))
	}
	return append(all, rewritten{narrow, "the body was signed in ISO-8859-1 and sent in UTF-8"})
}

// A way to write the same JSON.
type way struct {
	name  string
	write func([]byte) []byte
}

// layouts differ in white space. They give nil for what is not JSON.
var layouts = []way{
	{"", func(b []byte) []byte {
		if !json.Valid(b) {
			return nil
		}
		return b
	}},
	{"without spaces", compact},
	{"with spaces after commas and colons", spaced},
	{"indented by two", func(b []byte) []byte { return indented(b, "  ") }},
	{"indented by four", func(b []byte) []byte { return indented(b, "    ") }},
}

// spellings differ in how strings are written.
var spellings = []way{
	{"", func(b []byte) []byte { return b }},
	{`non-ASCII characters as \u`, asciiOnly},
	{`characters instead of \u`, func(b []byte) []byte { return unescaped(b, false) }},
	{`< > & as \u`, func(b []byte) []byte {
		var out bytes.Buffer
		json.HTMLEscape(&out, b)
		return out.Bytes()
	}},
	{`< > & instead of \u`, func(b []byte) []byte { return unescaped(b, true) }},
	{`slashes as \/`, func(b []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte(`\/`), []byte(`/`)), []byte(`/`), []byte(`\/`))
	}},
	{`slashes as \/, non-ASCII characters as \u`, func(b []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(asciiOnly(b), []byte(`\/`), []byte(`/`)), []byte(`/`), []byte(`\/`))
	}},
	{`slashes without \`, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`\/`), []byte(`/`)) }},
}

func compact(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return nil
	}
	return out.Bytes()
}

func indented(b []byte, indent string) []byte {
	var out bytes.Buffer
	if json.Indent(&out, b, "", indent) != nil || out.Len() > 4*causeBodySize {
		return nil
	}
	return out.Bytes()
}

// spaced writes JSON as Python does when it is not told otherwise.
func spaced(b []byte) []byte {
	var out []byte
	inside := false
	for _, c := range compact(b) {
		out = append(out, c)
		switch {
		case c == '"' && !escapedAt(out):
			inside = !inside
		case !inside && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// escapedAt tells whether the last byte has an odd number of backslashes before it.
func escapedAt(b []byte) bool {
	n := len(b) - 1
	odd := false
	for n--; n >= 0 && b[n] == '\\'; n-- {
		odd = !odd
	}
	return odd
}

// asciiOnly writes every other character as \u and four lower-case digits. JSON has such characters only in strings.
func asciiOnly(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range string(b) {
		if c < utf8.RuneSelf {
			out = append(out, byte(c))
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			out = append(out, '\\', 'u', digits[unit>>12], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
		}
	}
	return out
}

// unescaped writes characters in place of \u and four digits: non-ASCII ones, or those that HTML has a meaning for.
func unescaped(b []byte, html bool) []byte {
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		c, size := escapeAt(b[i:])
		wanted := c >= utf8.RuneSelf
		if html {
			wanted = strings.ContainsRune("<>&", c)
		}
		if size > 0 && wanted {
			out = utf8.AppendRune(out, c)
		} else {
			size = 2
			out = append(out, b[i:i+2]...)
		}
		i += size - 1
	}
	return out
}

// escapeAt reads a \u at the beginning, or two that make one character. The size is 0 if there is none.
func escapeAt(b []byte) (c rune, size int) {
	unit, ok := unitAt(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(unit) {
		return unit, 6
	}
	low, ok := unitAt(b[6:])
	if c = utf16.DecodeRune(unit, low); !ok || c == utf8.RuneError {
		return 0, 0
	}
	return c, 12
}

func unitAt(b []byte) (unit rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		i := strings.IndexByte("0123456789abcdef", c|0x20)
		if i < 0 || c < '0' {
			return 0, false
		}
		unit = unit<<4 | rune(i)
	}
	return unit, true
}
