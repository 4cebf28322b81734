package gsm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// A vector is a text, given as repeated pieces, and what must come of it.
type vector struct {
	Name                    string
	Text                    [][2]any
	Want, Alphabet, Culprit string
	Header                  Header
	Length, PerPart, Parts  int
	Units                   []int // in each part
	CulpritAt               *int
	Hex                     *string
}

func (v vector) text() string {
	var out strings.Builder
	for _, piece := range v.Text {
		out.WriteString(strings.Repeat(piece[0].(string), int(piece[1].(float64))))
	}
	return out.String()
}

// want fills in what the file leaves out.
func (v vector) want() Analysis {
	a := Analysis{named(v.Alphabet), v.Length, v.Parts, v.PerPart, 0, -1}
	if a.Parts == 0 {
		a.Parts = len(v.Units)
	}
	if v.CulpritAt != nil {
		a.Culprit, _ = utf8.DecodeRuneInString(v.Culprit)
		a.CulpritAt = *v.CulpritAt
	}
	return a
}

func named(alphabet string) Alphabet {
	if alphabet == UCS2.String() {
		return UCS2
	}
	return GSM7
}

func TestVectors(t *testing.T) {
	var vectors []vector
	load(t, "split.json", &vectors)
	var s Splitter
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			if got, err := Analyse(v.text(), named(v.Want)); err != nil || got != v.want() {
				t.Errorf("Analyse: %+v, %v; want %+v", got, err, v.want())
			}
			if v.Header == 0 {
				v.Header = Header8
			}
			alphabet, parts, err := s.Split(v.text(), named(v.Want), v.Header)
			if err != nil || alphabet.String() != v.Alphabet {
				t.Fatalf("Split: %v, %v; want %s", alphabet, err, v.Alphabet)
			}
			if v.Units == nil && len(parts) != v.Parts {
				t.Errorf("%d parts, want %d", len(parts), v.Parts)
			}
			if got := units(alphabet, parts); v.Units != nil && fmt.Sprint(got) != fmt.Sprint(v.Units) {
				t.Errorf("parts of %v units, want %v", got, v.Units)
			}
			if v.Hex != nil && fmt.Sprintf("%X", joined(parts)) != *v.Hex {
				t.Errorf("octets %X, want %s", joined(parts), *v.Hex)
			}
		})
	}
}

func units(a Alphabet, parts [][]byte) (n []int) {
	for _, part := range parts {
		if a == UCS2 {
			n = append(n, len(part)/2)
		} else {
			n = append(n, len(part))
		}
	}
	return n
}

func joined(parts [][]byte) (all []byte) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestTooLong(t *testing.T) {
	var s Splitter
	for _, c := range []struct {
		text string
		want TooLongError
	}{
		{strings.Repeat("a", 255*153+1), TooLongError{GSM7, 39016, 39015}},
		{strings.Repeat("ê", 255*67+1), TooLongError{UCS2, 17086, 17085}},
		{strings.Repeat("€", 255*76+1), TooLongError{GSM7, 38762, 39015}}, // 76 in a part
		{strings.Repeat("😀", 255*33+1), TooLongError{UCS2, 16832, 17085}}, // 33 in a part
	} {
		_, err := Analyse(c.text, GSM7)
		if refused, ok := errors.AsType[*TooLongError](err); !ok || *refused != c.want {
			t.Errorf("Analyse: %#v, want %#v", err, c.want)
		}
		_, _, err = s.Split(c.text, GSM7, Header8)
		if refused, ok := errors.AsType[*TooLongError](err); !ok || *refused != c.want {
			t.Errorf("Split: %#v, want %#v", err, c.want)
		}
	}
	want := "the text of 39016 characters in GSM-7 needs more than 255 parts, which hold 39015 at most: shorten it"
	if got := (&TooLongError{GSM7, 39016, 39015}).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotUTF8(t *testing.T) {
	var s Splitter
	for text, offset := range map[string]int{"\xe9t\xe9": 0, "été\xff": 5, "a\xc3": 1, "\xed\xa0\x80": 0} {
		_, err := Analyse(text, GSM7)
		if refused, ok := errors.AsType[*NotUTF8Error](err); !ok || refused.Offset != offset {
			t.Errorf("Analyse(%q): %v, want offset %d", text, err, offset)
		}
		_, _, err = s.Split(text, UCS2, Header8)
		if refused, ok := errors.AsType[*NotUTF8Error](err); !ok || refused.Offset != offset {
			t.Errorf("Split(%q): %v, want offset %d", text, err, offset)
		}
	}
	if got := (&NotUTF8Error{5}).Error(); got != "the text is not valid UTF-8: look at byte 6" {
		t.Error(got)
	}
}

func TestReplacementCharacterIsText(t *testing.T) {
	if a, err := Analyse("a\ufffd", GSM7); err != nil || a.Culprit != '\ufffd' {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestSplitKeepsEverything(t *testing.T) {
	var s Splitter
	rapid.Check(t, func(t *rapid.T) {
		checkSplit(t, &s, texts().Draw(t, "text"), alphabets().Draw(t, "want"),
			rapid.SampledFrom([]Header{Header8, Header16, 12}).Draw(t, "header"))
	})
}

// checkSplit holds what is true of every split of a valid text.
func checkSplit(t rapid.TB, s *Splitter, text string, want Alphabet, h Header) {
	t.Helper()
	alphabet, parts, err := s.Split(text, want, h)
	if err != nil {
		if _, tooLong := errors.AsType[*TooLongError](err); !tooLong || len(text) < MaxParts*60 {
			t.Fatalf("Split(%q): %v", text, err)
		}
		return
	}
	a, err := Analyse(text, want)
	if err != nil || a.Alphabet != alphabet || want == UCS2 && alphabet != UCS2 {
		t.Fatalf("Analyse says %+v, %v; Split %v", a, err, alphabet)
	}
	limit, wholes, sum := alphabet.single(), "", 0
	if len(parts) > 1 {
		limit = alphabet.perPart(h)
	}
	sizes := units(alphabet, parts)
	for i, part := range parts {
		// A part alone is whole text: no escape or surrogate was parted.
		wholes += Decode(part, alphabet.DataCoding())
		sum += sizes[i]
		if sizes[i] > limit || i < len(parts)-1 && sizes[i] < limit-1 || i > 0 && sizes[i] == 0 {
			t.Fatalf("part %d of %d has %d of %d units", i+1, len(parts), sizes[i], limit)
		}
	}
	if wholes != text || sum != a.Length {
		t.Fatalf("%q came back as %q with %d units, Analyse says %d", text, wholes, sum, a.Length)
	}
	if h == Header8 && a.Parts != len(parts) || h > Header8 && a.Parts > len(parts) {
		t.Fatalf("billed %d parts, sent %d", a.Parts, len(parts))
	}
	if len(parts) > 1 && a.Length <= alphabet.single() {
		t.Fatalf("%d units in %d parts", a.Length, len(parts))
	}
}

// The alphabet is UCS-2 when asked for or when a character needs it, and the
// culprit is the first such character.
func TestCulprit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		a, err := Analyse(text, GSM7)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range []rune(text) {
			if code(r) == absent {
				if a.Alphabet != UCS2 || a.Culprit != r || a.CulpritAt != i {
					t.Fatalf("%+v, want %q at %d", a, r, i)
				}
				return
			}
		}
		if a.Alphabet != GSM7 || a.Culprit != 0 || a.CulpritAt != -1 {
			t.Fatalf("%+v for a text that fits", a)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	var s Splitter
	text := strings.Repeat("Été à 5€ ", 40)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Analyse(text, GSM7); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Split(text, UCS2, Header8); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
