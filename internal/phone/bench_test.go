package phone

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, input string }{
		{"E164", "+33612345678"},
		{"E164India", "+919876543210"},
		{"Separators", "+33 6 12 34 56 78"},
		{"Zeros", "0033612345678"},
		{"Local", "06 12 34 56 78"},
		{"Landline", "+33123456789"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.input, "FR"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The cost of the table at the start of the program.
func BenchmarkReadPlan(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustRead(planText, overridesText)
	}
}
