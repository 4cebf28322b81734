// Package gsm knows how text travels in short messages: the 7-bit alphabet of
// 3GPP TS 23.038 (once GSM 03.38), UCS-2, and how a long text is cut into parts
// and joined again (3GPP TS 23.040).
package gsm

// An Alphabet is one of the two ways to write the text of a message.
type Alphabet uint8

const (
	// GSM7 is the default alphabet of TS 23.038 with its extension table. It is
	// counted in septets: one for a character, two for one of the extension.
	GSM7 Alphabet = iota
	// UCS2 stands for UTF-16, which today's phones take it for. It is counted
	// in 16-bit units: two for a character beyond U+FFFF, such as an emoji.
	UCS2
)

// String gives the usual name.
func (a Alphabet) String() string {
	if a == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// DataCoding is the data_coding of SMPP for a text in this alphabet.
func (a Alphabet) DataCoding() byte {
	if a == UCS2 {
		return codingUCS2
	}
	return codingDefault
}

// escape announces a character of the extension table.
const escape = 0x1b

// basic holds the default alphabet in the order of its septets, 0x00 to 0x7f.
var basic = [128]rune([]rune("@£$¥èéùìòÇ\nØø\rÅå" +
	"Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
	" !\"#¤%&'()*+,-./" +
	"0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" +
	"PQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmno" +
	"pqrstuvwxyzäöñüà"))

// extension holds the characters that follow an escape.
var extension = map[byte]rune{
	0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\',
	0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€',
}

// absent marks a character that GSM7 does not have.
const absent = 0xff

// codes gives the septet of the characters below its length, absent where
// there is none, and with the top bit set the septet after an escape. Only the
// euro sign lies beyond.
var codes = func() (t [0x400]byte) {
	for i := range t {
		t[i] = absent
	}
	for septet, r := range basic {
		if septet != escape {
			t[r] = byte(septet)
		}
	}
	for septet, r := range extension {
		if r != euro {
			t[r] = 0x80 | septet
		}
	}
	return t
}()

const (
	euro     = '€'
	euroCode = 0x80 | 0x65
)

// code gives the entry of codes for any character.
func code(r rune) byte {
	switch {
	case r < rune(len(codes)):
		return codes[r]
	case r == euro:
		return euroCode
	}
	return absent
}

// width is the number of units a character takes, given that the alphabet has it.
func (a Alphabet) width(r rune) int {
	if a == UCS2 && r > 0xffff || a == GSM7 && code(r) >= 0x80 {
		return 2
	}
	return 1
}
