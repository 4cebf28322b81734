package gsm_test

import (
	"testing"

	"ramier/internal/gsm"
)

func TestNationalLanguages(t *testing.T) {
	for name, c := range map[string]struct {
		octets      string
		lock, shift gsm.Language
		want        string
	}{
		"Turkish by single shift":     {"Te\x1bsekk\x7er \x1bg\x1bi", 0, gsm.Turkish, "Teşekkür ğı"},
		"Turkish by locking shift":    {"\x1d\x07\x0c \x40stanbul \x04", gsm.Turkish, 0, "şığ İstanbul €"},
		"Spanish":                     {"d\x1bias, a\x7do\x1be", 0, gsm.Spanish, "días, año€"},
		"Portuguese by locking shift": {"N\x7bo \x0a\x60", gsm.Portuguese, 0, "Não \n~"},
		"Portuguese by both":          {"cora\x1b\x09\x1b{o \x7b", gsm.Portuguese, gsm.Portuguese, "coração ã"},
		"no language":                 {"\x1be \x00\x1b", 0, 0, "€ @\uFFFD"},
		"a language without tables":   {"\x1be \x00", 9, 9, "€ @"},
		"an unknown escape":           {"\x1bA\x1b\x1b", 0, gsm.Turkish, "A "},
		"no septet":                   {"\xff\x1b\xff", gsm.Turkish, gsm.Turkish, "\uFFFD\uFFFD"},
		"the extension stays":         {"\x1b(\x1b)", gsm.Portuguese, gsm.Spanish, "{}"},
	} {
		if got := gsm.DecodeNational([]byte(c.octets), c.lock, c.shift); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for octet := range 256 {
		if got, want := gsm.DecodeNational([]byte{byte(octet)}, 0, 0), gsm.Decode([]byte{byte(octet)}, 0); got != want {
			t.Errorf("%#x without a language: %q, want %q", octet, got, want)
		}
		pair := []byte{0x1b, byte(octet)}
		if got, want := gsm.DecodeNational(pair, 0, 0), gsm.Decode(pair, 0); got != want {
			t.Errorf("%#x after an escape: %q, want %q", octet, got, want)
		}
	}
	for coding, want := range map[byte]bool{0: true, 1: false, 4: false, 8: false, 0x10: true, 0x18: false, 0xf1: true, 0xf4: false} {
		if gsm.Septets(coding) != want {
			t.Errorf("data_coding %#x: septets %v, want %v", coding, !want, want)
		}
	}
}
