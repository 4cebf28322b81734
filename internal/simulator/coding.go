package simulator

import (
	"ramier/internal/gsm"
	"ramier/internal/smpp"
)

// room is how many octets of a short_message fit into a short message, 140 octets with the header.
func room(header int, c smpp.DataCoding) int {
	if septets(c) {
		return (140 - header) * 8 / 7
	}
	return 140 - header
}

// septets tells whether an octet of a coding takes 7 bits of the air. ASCII and Latin-1 are turned into that alphabet.
func septets(c smpp.DataCoding) bool {
	switch {
	case c == smpp.CodingDefault, c == smpp.CodingASCII, c == smpp.CodingLatin1:
		return true
	case c >= 0xF0:
		return c&0x04 == 0
	}
	return c >= 0x10 && c < 0x80 && c&0x0C == 0
}

// class is the message class in a coding, -1 if it has none.
func class(coding byte) int {
	if coding >= 0xF0 || coding < 0x80 && coding&0x10 != 0 {
		return int(coding & 3)
	}
	return -1
}

// A quote is the beginning of a text in a receipt: twenty characters of ASCII.
type quote struct {
	length byte
	chars  [20]byte
}

func quoted(octets []byte, coding byte) (q quote) {
	for _, r := range gsm.Decode(octets[:min(len(octets), 2*len(q.chars))], coding) {
		if int(q.length) == len(q.chars) {
			break
		}
		if r < ' ' || r > '~' {
			r = '?'
		}
		q.chars[q.length] = byte(r)
		q.length++
	}
	return q
}
