package gsm

import (
	"strings"
	"unicode/utf8"
)

// Language is a national language of TS 23.038 (6.2.1.2.4), by its identifier. Its tables change what septets mean.
type Language byte

// The languages whose tables are known here. Septets of others are read by the default tables.
const (
	Turkish    Language = 1
	Spanish    Language = 2
	Portuguese Language = 3
)

// locking has what differs from the basic table (annex A.3); Spanish has none.
var locking = map[Language]map[byte]rune{
	Turkish: {0x04: '€', 0x07: 'ı', 0x0b: 'Ğ', 0x0c: 'ğ', 0x1c: 'Ş', 0x1d: 'ş', 0x40: 'İ', 0x60: 'ç'},
	Portuguese: {
		0x04: 'ê', 0x06: 'ú', 0x07: 'í', 0x08: 'ó', 0x09: 'ç', 0x0b: 'Ô', 0x0c: 'ô', 0x0e: 'Á', 0x0f: 'á', 0x12: 'ª', 0x13: 'Ç', 0x14: 'À', 0x15: '∞',
		0x16: '^', 0x17: '\\', 0x18: '€', 0x19: 'Ó', 0x1a: '|', 0x1c: 'Â', 0x1d: 'â', 0x1e: 'Ê', 0x24: 'º', 0x40: 'Í', 0x5b: 'Ã', 0x5c: 'Õ',
		0x5d: 'Ú', 0x5f: '§', 0x60: '~', 0x7b: 'ã', 0x7c: 'õ', 0x7d: '`',
	},
}

// single has what a septet after an escape means beyond the extension table (annex A.2).
var single = map[Language]map[byte]rune{
	Turkish: {0x47: 'Ğ', 0x49: 'İ', 0x53: 'Ş', 0x63: 'ç', 0x67: 'ğ', 0x69: 'ı', 0x73: 'ş'},
	Spanish: {0x09: 'ç', 0x41: 'Á', 0x49: 'Í', 0x4f: 'Ó', 0x55: 'Ú', 0x61: 'á', 0x69: 'í', 0x6f: 'ó', 0x75: 'ú'},
	Portuguese: {
		0x05: 'ê', 0x09: 'ç', 0x0b: 'Ô', 0x0c: 'ô', 0x0e: 'Á', 0x0f: 'á', 0x12: 'Φ', 0x13: 'Γ', 0x15: 'Ω', 0x16: 'Π', 0x17: 'Ψ', 0x18: 'Σ', 0x19: 'Θ',
		0x1f: 'Ê', 0x41: 'À', 0x49: 'Í', 0x4f: 'Ó', 0x55: 'Ú', 0x5b: 'Ã', 0x5c: 'Õ', 0x61: 'Â', 0x69: 'í', 0x6f: 'ó', 0x75: 'ú', 0x7b: 'ã',
		0x7c: 'õ', 0x7f: 'â',
	},
}

// Septets tells whether octets with a data_coding are septets, as Decode reads it.
func Septets(coding byte) bool {
	return coding == codingDefault || coding >= 0x10 && codingOfScheme(coding) == codingDefault
}

// DecodeNational is Decode for septets whose header names the languages of a locking shift table (element 0x25) and of a single shift table (0x24); 0 is none.
// It follows TS 23.038 (6.2.1.1): an unknown character of an extension is shown as that of the locking table, a second escape as a space.
func DecodeNational(octets []byte, lock, shift Language) string {
	locked, shifted := locking[lock], single[shift]
	var text strings.Builder
	text.Grow(len(octets))
	for i := 0; i < len(octets); i++ {
		septet := octets[i]
		if septet != escape || i+1 == len(octets) {
			writeLocked(&text, septet, locked)
			continue
		}
		i++
		septet = octets[i]
		if r, ok := shifted[septet]; ok {
			text.WriteRune(r)
		} else if r, ok := extension[septet]; ok {
			text.WriteRune(r)
		} else if septet == escape {
			text.WriteByte(' ')
		} else {
			writeLocked(&text, septet, locked)
		}
	}
	return text.String()
}

// writeLocked writes the character of a septet in the basic table, or in the one that takes its place.
func writeLocked(text *strings.Builder, septet byte, locked map[byte]rune) {
	if len(locked) > 0 {
		if r, ok := locked[septet]; ok {
			text.WriteRune(r)
			return
		}
	}
	switch {
	case septet >= 0x80 || septet == escape:
		text.WriteRune(utf8.RuneError)
	case basic[septet] < utf8.RuneSelf:
		text.WriteByte(byte(basic[septet]))
	default:
		text.WriteRune(basic[septet])
	}
}
