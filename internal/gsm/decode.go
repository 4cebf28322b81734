package gsm

import (
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Values of SMPP's data_coding (SMPP 3.4, 5.2.19).
const (
	codingDefault = 0
	codingASCII   = 1
	codingBinary2 = 2
	codingLatin1  = 3
	codingBinary4 = 4
	codingUCS2    = 8
)

// Decode turns the octets of a received message, without header, into text by
// its data_coding: 0 septets, one to an octet; 1 and 3 Latin-1, of which ASCII
// is a part; 8 UTF-16; 2 and 4 binary, shown in hexadecimal. From 0x10 on the
// value is read as the data coding scheme of TS 23.038, which operators use
// for flash messages. Others are taken for UTF-8 or else Latin-1.
//
// What has no meaning becomes U+FFFD: the text is always valid UTF-8.
func Decode(octets []byte, coding byte) string {
	switch coding {
	case codingDefault:
		return DecodeNational(octets, 0, 0)
	case codingASCII, codingLatin1:
		return decodeLatin1(octets)
	case codingBinary2, codingBinary4:
		return strings.ToUpper(hex.EncodeToString(octets))
	case codingUCS2:
		return decodeUTF16(octets)
	}
	if coding >= 0x10 {
		return Decode(octets, codingOfScheme(coding))
	}
	if utf8.Valid(octets) {
		return string(octets)
	}
	return decodeLatin1(octets)
}

// codingOfScheme reads a data coding scheme (TS 23.038, section 4).
func codingOfScheme(scheme byte) byte {
	binary, wide := false, false
	switch group := scheme >> 4; {
	case group < 0x8: // general, with or without a class
		binary, wide = scheme&0x0c == 0x04, scheme&0x0c == 0x08
	case group == 0xe: // a message waits, text in UCS-2
		wide = true
	case group == 0xf: // class
		binary = scheme&0x04 != 0
	}
	switch {
	case binary:
		return codingBinary4
	case wide:
		return codingUCS2
	}
	return codingDefault
}

func decodeLatin1(octets []byte) string {
	var text strings.Builder
	text.Grow(len(octets))
	for _, octet := range octets {
		text.WriteRune(rune(octet))
	}
	return text.String()
}

// decodeUTF16 replaces lone surrogates and a last octet without a partner.
func decodeUTF16(octets []byte) string {
	units := make([]uint16, 0, len(octets)/2+1)
	for i := 0; i+1 < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	if len(octets)%2 == 1 {
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units))
}
