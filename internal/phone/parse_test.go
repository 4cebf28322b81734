package phone

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		input, region string
		want          Number
	}{
		// As customers write them.
		{"+33612345678", "", Number{"+33612345678", "FR", Mobile}},
		{"0033612345678", "", Number{"+33612345678", "FR", Mobile}},
		{"0033612345678", "US", Number{"+33612345678", "FR", Mobile}},
		{"01133612345678", "US", Number{"+33612345678", "FR", Mobile}},
		{"06 12 34 56 78", "FR", Number{"+33612345678", "FR", Mobile}},
		{"06.12.34.56.78", "fr", Number{"+33612345678", "FR", Mobile}},
		{"06-12-34-56-78", "FR", Number{"+33612345678", "FR", Mobile}},
		{"612345678", "FR", Number{"+33612345678", "FR", Mobile}}, // a spreadsheet ate the zero
		{"33612345678", "FR", Number{"+33612345678", "FR", Mobile}},
		{"+33 (0)6 12 34 56 78", "", Number{"+33612345678", "FR", Mobile}},
		{"(+33) 6 12 34 56 78", "", Number{"+33612345678", "FR", Mobile}},
		{" +33 6\u00a012\u202f34\u200956\t78\r\n", "", Number{"+33612345678", "FR", Mobile}},
		{"\u202a+33\u20116\u201112\u201134\u201156\u201178\u202c", "", Number{"+33612345678", "FR", Mobile}},
		{"＋３３（６）１２．３４－５６　７８", "", Number{"+33612345678", "FR", Mobile}},
		{"\ufeff+33\u00ad6\u206012345678", "", Number{"+33612345678", "FR", Mobile}},
		{"07400 123456", "GB", Number{"+447400123456", "GB", Mobile}},
		{"(212) 555-2368", "US", Number{"+12125552368", "US", FixedOrMobile}},

		// Countries that share a calling code, or a plan of local numbers.
		{"+16135550100", "", Number{"+16135550100", "CA", FixedOrMobile}},
		{"+7 701 234 5678", "", Number{"+77012345678", "KZ", Mobile}},
		{"+79161234567", "", Number{"+79161234567", "RU", Mobile}},
		{"+447781123456", "", Number{"+447781123456", "GG", Mobile}},
		{"+262692123456", "", Number{"+262692123456", "RE", Mobile}},
		{"0692 12 34 56", "FR", Number{"+262692123456", "RE", Mobile}},
		{"0639 01 23 45", "FR", Number{"+262639012345", "YT", Mobile}},
		{"0690 12 34 56", "RE", Number{"+590690123456", "GP", Mobile}},
		{"06 12 34 56 78", "MQ", Number{"+33612345678", "FR", Mobile}},
		{"+508 55 12 34", "", Number{"+508551234", "PM", Mobile}},
		{"+687751234", "", Number{"+687751234", "NC", Mobile}},
		{"+68987123456", "", Number{"+68987123456", "PF", Mobile}},

		// Zeros that belong to the number.
		{"+2250707123456", "", Number{"+2250707123456", "CI", Mobile}},
		{"+393123456789", "", Number{"+393123456789", "IT", Mobile}},
		{"02 1234 5678", "IT", Number{"+390212345678", "IT", Fixed}},

		// Kept for fiction, not in the metadata.
		{"+33639981234", "", Number{"+33639981234", "FR", Mobile}},
		{"06 39 98 12 34", "FR", Number{"+33639981234", "FR", Mobile}},

		// Valid, but no mobiles.
		{"+33123456789", "", Number{"+33123456789", "FR", Fixed}},
		{"+33800123456", "", Number{"+33800123456", "FR", TollFree}},
		{"+33899123456", "", Number{"+33899123456", "FR", Premium}},
		{"+33912345678", "", Number{"+33912345678", "FR", VoIP}},
		{"+80012345678", "", Number{"+80012345678", World, TollFree}},
		{"+881612345678", "", Number{"+881612345678", World, Mobile}},
	} {
		got, err := Parse(c.input, c.region)
		if err != nil || got != c.want {
			t.Errorf("Parse(%q, %q) = %v, %v; want %v", c.input, c.region, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		input, region string
		want          Reason
	}{
		{"", "FR", Empty},
		{" \u00a0", "FR", Empty},
		{"+", "FR", NotANumber},
		{"--", "FR", NotANumber},
		{"Ramier", "FR", NotANumber},
		{"1-800-FLOWERS", "US", NotANumber},
		{"06 12 34 56 78 x12", "FR", NotANumber},
		{"33+612345678", "FR", NotANumber},
		{"++33612345678", "FR", NotANumber},
		{"0612345678+", "FR", NotANumber},
		{"0612345678;0612345679", "FR", NotANumber},
		{"\xff0612345678", "FR", NotANumber},
		{"0612345678", "", NoCountry},
		{"0612345678", "ZZ", UnknownRegion},
		{"0612345678", "France", UnknownRegion},
		{"+999612345678", "FR", UnknownCode},
		{"+0612345678", "FR", UnknownCode},
		{"+033612345678", "FR", UnknownCode},
		{"+336123456", "", TooShort},
		{"+33", "", TooShort},
		{"06123", "FR", TooShort},
		{"0", "FR", TooShort},
		{"+336123456789", "", TooLong},
		{"06123456780612345678", "FR", TooLong},
		{strings.Repeat("1", 1000), "FR", TooLong},
		{"+" + strings.Repeat(" ", 200), "FR", TooLong},
		{"+4915112345678901", "", TooLong}, // 16 digits
		{"36111", "FR", ShortNumber},
		{"36111", "", ShortNumber},
		{"112", "FR", ShortNumber},
		{"+33639123456", "", NotInPlan},
		{"0639123456", "RE", NotInPlan},
		{"+1 555 555 5555", "", NotInPlan},
	} {
		_, err := Parse(c.input, c.region)
		refused, ok := errors.AsType[*Error](err)
		if !ok || refused.Reason != c.want || refused.Input != c.input {
			t.Errorf("Parse(%q, %q): got %#v, want reason %s", c.input, c.region, err, c.want)
		}
	}
}

func TestErrorNamesValueAndCure(t *testing.T) {
	for _, c := range []struct{ input, region, want string }{
		{"0612345678", "", `"0612345678" has no country code: write it with a plus sign and the country code, as in +33639981234`},
		{"+336123", "", `"+336123" is too short for a phone number (France): digits are missing`},
		{"+33", "", `"+33" is too short for a phone number: digits are missing`},
		{"+33639123456", "", `"+33639123456" is in no range of numbers (France): check it for a typing error`},
		{"", "", "the phone number is empty: write it as +33639981234"},
		{"Ramier", "", `"Ramier" is not a phone number: write digits, after a plus sign if you like`},
		{"0612345678", "Ramieria", `"RAMIERIA" is not a country whose local numbers can be read: use two letters as in FR`},
		{"+999612345678", "", `"+999612345678" begins with a country code that no country has: check the digits`},
		{"36111", "", `"36111" is a short number, which cannot receive SMS: use a whole phone number`},
		{"+336123456789", "", `"+336123456789" is too long for a phone number (France): it has extra digits`},
		{strings.Repeat("é", 60), "", `"` + strings.Repeat("é", 40) + `…" is too long`},
	} {
		_, err := Parse(c.input, c.region)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("Parse(%q): %v; want %s", c.input, err, c.want)
		}
	}
}

func TestCanReceive(t *testing.T) {
	for kind, want := range map[Type]bool{
		Mobile: true, FixedOrMobile: true, VoIP: true, Personal: true, Pager: true,
		Fixed: false, TollFree: false, SharedCost: false, Premium: false, Company: false, Voicemail: false,
	} {
		err := Number{"+33123456789", "FR", kind}.CanReceive()
		refused, _ := errors.AsType[*Error](err)
		switch {
		case want && err != nil:
			t.Errorf("%s: %v", kind, err)
		case !want && (refused == nil || refused.Reason != Landline):
			t.Errorf("%s: got %v, want reason landline", kind, err)
		}
	}
	err := Number{"+33123456789", "FR", Fixed}.CanReceive()
	if want := "+33123456789 is a fixed-line number, which cannot receive SMS: use a mobile number"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestFrenchNumbersAreReadQuicklyAsTheLibraryReadsThem(t *testing.T) {
	found := 0
	for region := range frenchCodes {
		for begin := 1; begin < 10_000; begin += 3 {
			for _, zero := range []string{"", "0"} {
				digits := fmt.Sprintf("%s%04d%05d", zero, begin, begin*13%100_000)
				quick, ok := lookupFrench(digits, region)
				if !ok {
					continue
				}
				found++
				if slow, err := parseSlowly(digits, digits, region); err != nil || slow != quick {
					t.Errorf("%s in %s: %v, by the library %v, %v", digits, region, quick, slow, err)
				}
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d numbers were found", found)
	}
}
