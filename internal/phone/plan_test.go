package phone

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// asked is what the library alone says of a number in E.164 form.
func asked(e164 string) (Number, bool) {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return Number{}, false
	}
	return Number{
		E164:    phonenumbers.Format(parsed, phonenumbers.E164),
		Country: phonenumbers.GetRegionCodeForNumber(parsed),
		Type:    types[phonenumbers.GetNumberType(parsed)],
	}, true
}

// The plan in its two parts.
var (
	generated = mustRead(planText)
	overrides = mustRead(overridesText)
)

// agree compares the table with the library on one number.
func agree(t rapid.TB, e164 string) {
	t.Helper()
	ours, found := lookup(e164)
	theirs, valid := asked(e164)
	receives := valid && theirs.E164 == e164 && (theirs.Type == Mobile || theirs.Type == FixedOrMobile)
	if found != receives || found && ours != theirs {
		t.Errorf("%s: table says %v %v, library %v %v", e164, found, ours, valid, theirs)
	}
}

func TestTableAgreesAtEveryEdge(t *testing.T) {
	for _, spans := range plan {
		last := uint64(0)
		for _, s := range spans {
			if s.lo > s.hi || s.lo <= last {
				t.Errorf("span %d to %d is empty or overlaps another", s.lo, s.hi)
			}
			last = s.hi
			inside := s.lo + rand.Uint64N(s.hi-s.lo+1)
			for _, n := range []uint64{s.lo - 1, s.lo, inside, s.hi, s.hi + 1} {
				if !overridden(n) {
					agree(t, fmt.Sprint("+", n))
				}
			}
		}
	}
}

// overridden tells whether a number is one of our own additions.
func overridden(n uint64) bool {
	for _, spans := range overrides {
		for _, s := range spans {
			if s.lo <= n && n <= s.hi {
				return true
			}
		}
	}
	return false
}

func TestTableAgreesWithLibrary(t *testing.T) {
	var all []span
	for _, spans := range generated {
		all = append(all, spans...)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "span")
		digits := []byte(fmt.Sprint(rapid.Uint64Range(s.lo, s.hi).Draw(t, "number")))
		// Up to three changed digits, and now and then one more or less.
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			i := rapid.IntRange(1, len(digits)-1).Draw(t, "place")
			digits[i] = byte(rapid.IntRange('0', '9').Draw(t, "digit"))
		}
		switch rapid.IntRange(0, 9).Draw(t, "length") {
		case 0:
			digits = digits[:len(digits)-1]
		case 1:
			if len(digits) < maxDigits {
				digits = append(digits, '7')
			}
		}
		if n, err := strconv.ParseUint(string(digits), 10, 64); err == nil && !overridden(n) {
			agree(t, "+"+string(digits))
		}
	})
}

// A number written by a person and the same number in E.164 are one number.
func TestLocalFormAgreesWithE164(t *testing.T) {
	regions := rapid.SampledFrom([]string{"FR", "BE", "CH", "DE", "ES", "IT", "PT", "NL", "LU", "PL", "GB", "US", "CA", "MA", "RE"})
	rapid.Check(t, func(t *rapid.T) {
		region := regions.Draw(t, "region")
		code := phonenumbers.GetCountryCodeForRegion(region)
		s := rapid.SampledFrom(generated[code]).Draw(t, "span")
		if s.country != region {
			t.Skip("another country of the calling code")
		}
		e164 := fmt.Sprint("+", rapid.Uint64Range(s.lo, s.hi).Draw(t, "number"))
		want, err := Parse(e164, "")
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := phonenumbers.Parse(e164, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []phonenumbers.PhoneNumberFormat{phonenumbers.NATIONAL, phonenumbers.INTERNATIONAL} {
			written := phonenumbers.Format(parsed, form)
			if got, err := Parse(written, region); err != nil || got != want {
				t.Errorf("Parse(%q, %q) = %v, %v; want %v", written, region, got, err, want)
			}
		}
	})
}

// Every country's own example of a mobile number takes the fast path.
func TestTableHasEveryCountry(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		e164 := phonenumbers.Format(example, phonenumbers.E164)
		if _, found := lookup(e164); !found {
			t.Errorf("%s: %s is not in the table", region, e164)
		}
	}
}

func TestOverridesAreStillNeeded(t *testing.T) {
	for _, spans := range overrides {
		for _, s := range spans {
			for _, n := range []uint64{s.lo, s.hi} {
				e164 := fmt.Sprint("+", n)
				if _, valid := asked(e164); valid {
					t.Errorf("%s is in the metadata now: take its range out of overrides.txt", e164)
				}
				if got, err := Parse(e164, ""); err != nil || got != (Number{e164, s.country, s.kind}) {
					t.Errorf("Parse(%s) = %v, %v; want it in %s", e164, got, err, s.country)
				}
			}
		}
	}
}

func TestReadLineRefuses(t *testing.T) {
	for _, line := range []string{
		"", "33 FR mobile: 6", "33 FR mobile 9 9: 6", "x FR mobile 9: 6", "33 FR mobile y: 6",
		"0 FR mobile 9: 6", "1000 FR mobile 9: 6", "33 FR fixed 9: 1",
		"33 FR mobile 9: 6a", "33 FR mobile 9: 65-64", "33 FR mobile 3: 6123",
	} {
		if err := readLine(new([1000][]span), line); err == nil {
			t.Errorf("line %q was read", line)
		}
	}
}

func TestFastPathAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Parse("+33612345678", "FR"); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
