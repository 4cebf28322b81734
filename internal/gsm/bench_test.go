package gsm

import (
	"strings"
	"testing"
)

var benchTexts = []struct{ name, text string }{
	{"ASCII160", strings.Repeat("Rendez-vous a 9h ", 10)[:160]},
	{"GSM160", string([]rune(strings.Repeat("Été à Nice, 5 ou 6£ ", 8))[:160])},
	{"GSM306", strings.Repeat("Rendez-vous a 9h ", 18)},
	{"UCS70", string([]rune(strings.Repeat("Fête à la forêt ", 5))[:70])},
}

func BenchmarkAnalyse(b *testing.B) {
	for _, c := range benchTexts {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Analyse(c.text, GSM7); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	for _, c := range benchTexts {
		b.Run(c.name, func(b *testing.B) {
			var s Splitter
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.Split(c.text, GSM7, Header8); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	var s Splitter
	for _, c := range benchTexts {
		alphabet, parts, err := s.Split(c.text, GSM7, Header8)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decode(parts[0], alphabet.DataCoding())
			}
		})
	}
}
