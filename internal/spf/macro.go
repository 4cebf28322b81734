package spf

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// macro is one of RFC 7208, section 7.1, at the beginning of a text.
var macro = regexp.MustCompile(`^%\{([slodiphvSLODIPHV])([0-9]*)([rR]?)([.\-+,/_=]*)\}`)

// expand puts values in the place of macros, and gives a name that can be asked.
func (k *check) expand(text, domain string) (string, error) {
	var b strings.Builder
	for text != "" {
		if text[0] != '%' {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		if len(text) > 1 && strings.IndexByte("%_-", text[1]) >= 0 {
			b.WriteString(map[byte]string{'%': "%", '_': " ", '-': "%20"}[text[1]])
			text = text[2:]
			continue
		}
		m := macro.FindStringSubmatch(text)
		if m == nil {
			return "", errPerm
		}
		value, err := transform(k.value(m[1], domain), m[2], m[3] != "", m[4])
		if err != nil {
			return "", err
		}
		if m[1] == strings.ToUpper(m[1]) {
			value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		}
		b.WriteString(value)
		text = text[len(m[0]):]
	}
	name := strings.ToLower(strings.TrimSuffix(b.String(), "."))
	for len(name) > 253 { // labels on the left go
		_, rest, more := strings.Cut(name, ".")
		if !more {
			break
		}
		name = rest
	}
	if !isName(name) {
		return "", errPerm
	}
	return name, nil
}

// value gives what a letter stands for.
func (k *check) value(letter, domain string) string {
	c := &k.client
	at := strings.LastIndexByte(c.Sender, '@')
	local := "postmaster"
	if at > 0 {
		local = c.Sender[:at]
	}
	switch strings.ToLower(letter) {
	case "s":
		return local + "@" + c.Sender[at+1:]
	case "l":
		return local
	case "o":
		return c.Sender[at+1:]
	case "d":
		return domain
	case "i":
		return dotted(c.IP)
	case "h":
		return c.HELO
	case "v":
		if c.IP.Is6() {
			return "ip6"
		}
		return "in-addr"
	}
	return "unknown" // p
}

// dotted writes an address with points between its parts, in IPv6 between all its digits.
func dotted(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	var digits []string
	for _, octet := range a.As16() {
		digits = append(digits, fmt.Sprintf("%x.%x", octet>>4, octet&15))
	}
	return strings.Join(digits, ".")
}

// transform cuts a value at the delimiters, a point if there are none, turns the parts round, and keeps so many on the right.
func transform(value, keep string, reverse bool, delimiters string) (string, error) {
	if delimiters == "" {
		delimiters = "."
	}
	parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(delimiters, r) })
	if reverse {
		slices.Reverse(parts)
	}
	if keep != "" {
		n, err := strconv.Atoi(keep)
		if err != nil || n < 1 {
			return "", errPerm
		}
		parts = parts[max(0, len(parts)-n):]
	}
	return strings.Join(parts, "."), nil
}
