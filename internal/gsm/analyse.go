package gsm

import (
	"fmt"
	"unicode/utf8"
)

// MaxParts is the most parts a message can have: their number is one octet.
const MaxParts = 255

// Analysis is what a text costs.
type Analysis struct {
	Alphabet Alphabet
	Length   int // septets or 16-bit units, extension characters and emojis counting two
	Parts    int // 1 to MaxParts; an empty text is one part
	PerPart  int // units that fit into each part: 160 or 70 for a single one, 153 or 67

	// The first character that GSM7 does not have and the number of characters
	// before it; 0 and -1 for a text that fits in GSM7.
	Culprit   rune
	CulpritAt int
}

// Analyse counts a text as it is billed: a part of several holds 153 or 67
// units, whatever way it takes to the operator. The alphabet is GSM7 when the
// text fits and want is not UCS2. An error is a *NotUTF8Error or *TooLongError.
func Analyse(text string, want Alphabet) (Analysis, error) {
	a, doubles, err := measure(text, want)
	if err != nil {
		return a, err
	}
	a.Parts, a.PerPart = 1, a.Alphabet.single()
	if a.Length <= a.PerPart {
		return a, nil
	}
	a.PerPart = a.Alphabet.perPart(Header8)
	if doubles == 0 { // all parts but the last are full
		a.Parts = (a.Length + a.PerPart - 1) / a.PerPart
	} else {
		a.Parts = a.Alphabet.countParts(text, a.PerPart)
	}
	if a.Parts > MaxParts {
		return a, &TooLongError{a.Alphabet, a.Length, MaxParts * a.PerPart}
	}
	return a, nil
}

// countParts goes through the split without making it.
func (a Alphabet) countParts(text string, perPart int) int {
	parts, used := 1, 0
	for _, r := range text {
		width := a.width(r)
		if used += width; used > perPart {
			parts, used = parts+1, width
		}
	}
	return parts
}

// measure finds the alphabet and the length, and how many characters count
// double in it. Plain ASCII only moves i: this runs for every text of a
// campaign with merged fields.
func measure(text string, want Alphabet) (a Analysis, doubles int, err error) {
	a = Analysis{Alphabet: want, CulpritAt: -1}
	continued := 0           // bytes beyond the first of each character
	extended, astral := 0, 0 // characters of two septets, of two 16-bit units
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r < utf8.RuneSelf && codes[r] < 0x80 {
			i++
			continue
		}
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				return a, 0, &NotUTF8Error{Offset: i}
			}
		}
		switch c := code(r); {
		case c < 0x80:
		case c != absent:
			extended++
		case a.CulpritAt < 0:
			a.Culprit, a.CulpritAt = r, i-continued
		}
		if r > 0xffff {
			astral++
		}
		continued += size - 1
		i += size
	}
	if a.CulpritAt >= 0 {
		a.Alphabet = UCS2
	}
	if doubles = extended; a.Alphabet == UCS2 {
		doubles = astral
	}
	a.Length = len(text) - continued + doubles
	return a, doubles, nil
}

// A NotUTF8Error refuses text that is not UTF-8: guessing another encoding
// would send something nobody wrote.
type NotUTF8Error struct {
	Offset int // bytes before the first wrong one
}

func (e *NotUTF8Error) Error() string {
	return fmt.Sprintf("the text is not valid UTF-8: look at byte %d", e.Offset+1)
}

// A TooLongError refuses text that needs more than MaxParts parts.
type TooLongError struct {
	Alphabet Alphabet
	Length   int // in units of the alphabet
	Limit    int // units that fit, less when characters of two units fall on the borders of parts
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the text of %d characters in %v needs more than %d parts, which hold %d at most: shorten it",
		e.Length, e.Alphabet, MaxParts, e.Limit)
}
