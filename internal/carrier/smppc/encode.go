package smppc

import (
	"ramier/internal/gsm"
	"ramier/internal/sms"
)

// A text is a message as the operator wants it, cut into parts.
type text struct {
	alphabet gsm.Alphabet
	header   gsm.Header // the room that each part leaves
	parts    [][]byte
}

// encode cuts a text into parts and writes them in the carrier's alphabet.
//
// A text of the default alphabet is cut by its septets, whatever the operator takes: that is what it becomes on the air, and
// what it is billed by. If it has a character that the operator's Latin-1 or ASCII lacks, it goes in UCS-2: that may take more
// parts, but arrives as it was written.
func encode(c sms.CarrierSettings, m sms.Outbound) (text, error) {
	want := gsm.GSM7
	if m.Unicode {
		want = gsm.UCS2
	}
	t, err := split(c, m.Text, want)
	if err != nil || t.alphabet == gsm.UCS2 {
		return t, err
	}
	most, ok := map[string]rune{"latin1": 0xff, "ascii": 0x7f}[c.Charset]
	if !ok || transcode(t.parts, most) {
		return t, nil
	}
	return split(c, m.Text, gsm.UCS2)
}

// split cuts a text. The longer header is used only if it makes no part more than is billed.
func split(c sms.CarrierSettings, s string, want gsm.Alphabet) (text, error) {
	var short, long gsm.Splitter
	t := text{header: gsm.Header8}
	var err error
	if t.alphabet, t.parts, err = short.Split(s, want, gsm.Header8); err != nil || c.Concatenation != "udh16" {
		return t, err
	}
	if _, parts, err := long.Split(s, want, gsm.Header16); err == nil && len(parts) == len(t.parts) {
		t.header, t.parts = gsm.Header16, parts
	}
	return t, nil
}

// transcode writes parts in septets anew, with one octet for each character up to most. It is false, and the parts are
// spoilt, if there are others.
func transcode(parts [][]byte, most rune) bool {
	for i, part := range parts {
		var octets []byte
		for _, r := range gsm.Decode(part, gsm.GSM7.DataCoding()) {
			if r > most {
				return false
			}
			octets = append(octets, byte(r))
		}
		parts[i] = octets
	}
	return true
}
