package ovh

import (
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// expectations describe the plain types to whoever sent something else.
var expectations = map[string]string{
	"string":                   `a text in quotes such as "Hello"`,
	"text":                     `a text in quotes such as "Hello"`,
	"password":                 "a text in quotes",
	"long":                     "a whole number such as 42",
	"double":                   "a number such as 1.5",
	"boolean":                  "true or false",
	"datetime":                 `a date and time such as "2026-01-31T08:30:00+01:00"`,
	"date":                     `a date such as "2026-01-31"`,
	"duration":                 `an ISO 8601 duration such as "P1M"`,
	"uuid":                     `a UUID such as "6ba7b810-9dad-41d1-80b4-00c04fd430c8"`,
	"ip":                       `an IP address such as "192.0.2.1"`,
	"ipBlock":                  `an address block such as "192.0.2.0/24"`,
	"phoneNumber":              `a phone number in quotes such as "+33600000001"`,
	"internationalPhoneNumber": `a phone number in quotes such as "+33600000001"`,
}

var (
	uuidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	durationForm = regexp.MustCompile(`^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$`)
)

// textual tells whether a plain type is a text that a JSON number cannot stand for.
func textual(name string) bool { return name != "long" && name != "double" && name != "boolean" }

// setScalar reads the text of a plain value into v, and tells whether it is one of the type.
func setScalar(name, text string, v reflect.Value, zone *time.Location) bool {
	var ok bool
	switch name {
	case "long":
		var n int64
		n, ok = parseLong(text)
		v.SetInt(n)
	case "double":
		f, err := strconv.ParseFloat(text, 64)
		if ok = err == nil && isNumber(text); ok {
			v.SetFloat(f)
		}
	case "boolean":
		yes := text == "1" || strings.EqualFold(text, "true")
		ok = yes || text == "0" || strings.EqualFold(text, "false")
		v.SetBool(yes)
	case "datetime":
		var d datetime
		d, ok = parseDatetime(text, zone)
		v.Set(reflect.ValueOf(d))
	case "uuid":
		ok = uuidForm.MatchString(text)
		v.SetString(strings.ToLower(text))
	default:
		ok = wellFormed(name, text)
		v.SetString(text)
	}
	return ok
}

// wellFormed checks the plain types that stay texts. None of them holds U+0000, which PostgreSQL cannot keep.
func wellFormed(name, text string) bool {
	if strings.IndexByte(text, 0) >= 0 {
		return false
	}
	switch name {
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "duration":
		return len(text) > 1 && !strings.HasSuffix(text, "T") && durationForm.MatchString(text)
	case "ip":
		_, err := netip.ParseAddr(text)
		return err == nil
	case "ipBlock":
		_, err := netip.ParsePrefix(text)
		return err == nil || wellFormed("ip", text)
	}
	return true
}

// parseLong reads a whole number; 2880.0 and 2.88e3 are whole too, as long as nothing is lost on the way.
func parseLong(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return n, true
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(text, 64)
	n = int64(f)
	if err != nil || !isNumber(text) || f < -exact || f > exact || float64(n) != f {
		return 0, false
	}
	return n, true
}
