package spf

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// A record is what a domain says.
type record struct {
	mechanisms []mechanism
	redirect   string // asked when none matches
}

// A mechanism matches some clients.
type mechanism struct {
	result       Result // for those
	name         string
	domain       string       // empty = that of the record
	block        netip.Prefix // of ip4 and ip6
	bits4, bits6 int          // of a and mx
}

var qualifiers = map[byte]Result{'+': Pass, '-': Fail, '~': SoftFail, '?': Neutral}

// modifier is name=value.
var modifier = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9._-]*)=(.*)$`)

// parse reads a record. An error anywhere makes all of it wrong.
func parse(text string) (record, error) {
	var rec record
	seen := map[string]bool{}
	for _, term := range strings.Fields(text)[1:] {
		if m := modifier.FindStringSubmatch(term); m != nil {
			name := strings.ToLower(m[1])
			if name != "redirect" && name != "exp" {
				continue // of another version
			}
			if seen[name] || m[2] == "" {
				return rec, errPerm
			}
			seen[name] = true
			if name == "redirect" {
				rec.redirect = m[2]
			}
			continue
		}
		m, err := parseMechanism(term)
		if err != nil {
			return rec, err
		}
		rec.mechanisms = append(rec.mechanisms, m)
	}
	return rec, nil
}

func parseMechanism(term string) (m mechanism, err error) {
	m = mechanism{result: Pass, bits4: 32, bits6: 128}
	if r, ok := qualifiers[term[0]]; ok {
		m.result, term = r, term[1:]
	}
	end := strings.IndexAny(term, ":/")
	if end < 0 {
		end = len(term)
	}
	m.name = strings.ToLower(term[:end])
	rest := term[end:]
	value, given := strings.CutPrefix(rest, ":")
	switch m.name {
	case "all":
		if rest != "" {
			return m, errPerm
		}
	case "ip4", "ip6":
		m.block, err = parseBlock(value, m.name == "ip6")
	case "a", "mx":
		err = m.readBits(rest)
	case "include", "exists":
		if m.domain = value; value == "" {
			return m, errPerm
		}
	case "ptr":
		if rest != "" && value == "" {
			return m, errPerm
		}
	default:
		return m, errPerm
	}
	if given && value == "" {
		return m, errPerm
	}
	return m, err
}

func parseBlock(text string, six bool) (netip.Prefix, error) {
	address, bits, cut := strings.Cut(text, "/")
	at, err := netip.ParseAddr(address)
	if err != nil || at.Is6() != six || at.Zone() != "" {
		return netip.Prefix{}, errPerm
	}
	n := at.BitLen()
	if cut {
		if n, err = bitsOf(bits, n); err != nil {
			return netip.Prefix{}, err
		}
	}
	return netip.PrefixFrom(at, n).Masked(), nil
}

func bitsOf(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most || text != strconv.Itoa(n) {
		return 0, errPerm
	}
	return n, nil
}

// braces hold a macro, which may have a slash.
var braces = regexp.MustCompile(`%\{[^}]*\}`)

// lengths are those of blocks behind a domain: "/24", "//64", or both.
var lengths = regexp.MustCompile(`^(.*?)(?:/([0-9]+))?(?://([0-9]+))?$`)

// readBits reads what follows a or mx.
func (m *mechanism) readBits(rest string) (err error) {
	parts := lengths.FindStringSubmatch(rest)
	if parts == nil {
		return errPerm
	}
	domain, given := strings.CutPrefix(parts[1], ":")
	if given == (domain == "") || strings.Contains(braces.ReplaceAllString(domain, ""), "/") {
		return errPerm
	}
	m.domain = domain
	if parts[2] != "" {
		if m.bits4, err = bitsOf(parts[2], 32); err != nil {
			return err
		}
	}
	if parts[3] != "" {
		m.bits6, err = bitsOf(parts[3], 128)
	}
	return err
}
