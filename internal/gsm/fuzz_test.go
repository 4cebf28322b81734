package gsm

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		"", "Soldes\nSTOP:36111", "façade", "\x1b", "\xff", "😀",
		strings.Repeat("€", 160), strings.Repeat("a", 152) + "€€", strings.Repeat("ê", 66) + "😀😀",
	} {
		f.Add(text, false, 0)
		f.Add(text, true, 1)
	}
	f.Fuzz(func(t *testing.T, text string, wide bool, more int) {
		want := GSM7
		if wide {
			want = UCS2
		}
		var s Splitter
		if !utf8.ValidString(text) {
			_, _, err := s.Split(text, want, Header8)
			refused, ok := errors.AsType[*NotUTF8Error](err)
			if !ok || !utf8.ValidString(text[:refused.Offset]) {
				t.Fatalf("Split(%q): %v", text, err)
			}
			return
		}
		checkSplit(t, &s, text, want, Header8+Header(uint(more)%20))
	})
}

func FuzzDecode(f *testing.F) {
	for _, coding := range []byte{0, 1, 2, 3, 4, 6, 8, 0x18, 0xf0} {
		f.Add([]byte("STOP\x1be\x1b\xd8\x3d\xde\x00"), coding)
	}
	f.Fuzz(func(t *testing.T, octets []byte, coding byte) {
		text := Decode(octets, coding)
		if !utf8.ValidString(text) {
			t.Fatalf("Decode(%X, %d) = %q", octets, coding, text)
		}
		if len(octets) > 1 && text == "" {
			t.Fatalf("Decode(%X, %d) lost everything", octets, coding)
		}
		// Text that was read without loss is written and read as the same.
		var s Splitter
		alphabet, parts, err := s.Split(text, GSM7, Header8)
		if err == nil && Decode(joined(parts), alphabet.DataCoding()) != text {
			t.Fatalf("Decode(%X, %d) = %q does not survive", octets, coding, text)
		}
	})
}
