package legacy

import (
	"regexp"
	"strings"
)

// named finds fields with their names in a subject: Account=...; Login=...
var named = regexp.MustCompile(`(?i)(?:^|[:;])\s*(account|login|password|from|to|deferred|class|smscoding|smsencoding|nostop|tag|senderforresponse)\s*=`)

// places are the fields of a subject without names, in their order.
var places = []string{"account", "login", "password", "from", "to", "deferred", "class", "smscoding", "nostop"}

// credentialPlaces are those of places that say who is sending: they have no names but where all have.
const credentialPlaces = 3

// readSubject takes the fields of a subject: with names in any order, or in the order of places. They stand between colons or
// semicolons: without names whichever of the two comes first, so that a password may have the other.
func readSubject(subject string) fields {
	f := fields{}
	if at := named.FindStringIndex(subject); len(at) > 0 && at[0] == 0 {
		f.readNamed(subject)
	} else {
		f.readPlaces(subject)
	}
	const short = "senderForResponse=1"
	if strings.EqualFold(f["from"], short) {
		f["from"], f["senderforresponse"] = "", "1"
	}
	return f
}

func (f fields) readNamed(s string) {
	all := named.FindAllStringSubmatchIndex(s, -1)
	for i, m := range all {
		if i+1 < len(all) {
			f.put(s[m[2]:m[3]], s[m[1]:all[i+1][0]])
			continue
		}
		f.put(s[m[2]:m[3]], strings.TrimRight(strings.TrimSpace(s[m[1]:]), ":;"))
	}
}

func (f fields) readPlaces(s string) {
	between := ":"
	if at := strings.IndexAny(s, ":;"); at >= 0 {
		between = s[at : at+1]
	}
	for i, value := range strings.Split(s, between) {
		if m := named.FindStringSubmatchIndex(value); len(m) > 0 && m[0] == 0 && i >= credentialPlaces {
			f.put(value[m[2]:m[3]], value[m[1]:])
		} else if i < len(places) {
			f.put(places[i], value)
		}
	}
}

// put sets a field unless it is set.
func (f fields) put(name, value string) {
	name = strings.ToLower(name)
	if _, set := f[name]; !set {
		f[name] = strings.TrimSpace(value)
	}
}
