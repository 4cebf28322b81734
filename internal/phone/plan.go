package phone

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed plan.txt
var planText string

// overridesText adds ranges that the metadata does not have, in the form of
// plan.txt, each with a comment that says why.
//
//go:embed overrides.txt
var overridesText string

// A span is a run of numbers of equal length, all digits of E.164 read as one
// integer, that share a country and a type.
type span struct {
	lo, hi  uint64
	country string
	kind    Type
}

// plan holds, by calling code, the spans of numbers that may receive SMS, in
// rising order.
var plan = mustRead(planText, overridesText)

// lookup finds a number in plain E.164 form among the spans. No allocation.
func lookup(e164 string) (Number, bool) {
	if len(e164) < 4 || len(e164) > 1+maxDigits || e164[0] != '+' || e164[1] == '0' {
		return Number{}, false
	}
	var spans []span
	var value uint64
	for i := 1; i < len(e164); i++ {
		digit := e164[i] - '0'
		if digit > 9 {
			return Number{}, false
		}
		value = value*10 + uint64(digit)
		// No calling code is the beginning of another.
		if i <= 3 && spans == nil {
			spans = plan[value]
		}
	}
	lo, hi := 0, len(spans)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); spans[mid].hi < value {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(spans) || spans[lo].lo > value {
		return Number{}, false
	}
	return Number{e164, spans[lo].country, spans[lo].kind}, true
}

// mustRead reads tables that are part of the program: a wrong one is a bug.
func mustRead(tables ...string) *[1000][]span {
	var byCode [1000][]span
	for _, table := range tables {
		for line := range strings.Lines(table) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if err := readLine(&byCode, line); err != nil {
				panic(fmt.Sprintf("phone: table line %q: %v", line, err))
			}
		}
	}
	for _, spans := range byCode {
		slices.SortFunc(spans, func(a, b span) int {
			return cmp.Compare(a.lo, b.lo)
		})
	}
	return &byCode
}

// readLine reads "33 FR mobile 9: 600-638 695".
func readLine(byCode *[1000][]span, line string) error {
	head, runs, _ := strings.Cut(line, ":")
	columns := strings.Fields(head)
	if len(columns) != 4 {
		return fmt.Errorf("%d columns before the colon", len(columns))
	}
	s := span{country: columns[1], kind: Mobile}
	code, err1 := strconv.Atoi(columns[0])
	digits, err2 := strconv.Atoi(columns[3])
	switch {
	case err1 != nil || err2 != nil || code < 1 || code > 999:
		return fmt.Errorf("calling code or length")
	case columns[2] == "mixed":
		s.kind = FixedOrMobile
	case columns[2] != "mobile":
		return fmt.Errorf("type %q", columns[2])
	}
	for run := range strings.FieldsSeq(runs) {
		from, to, both := strings.Cut(run, "-")
		if !both {
			to = from
		}
		s.lo, err1 = fill(code, from, digits, 0)
		s.hi, err2 = fill(code, to, digits, 9)
		if err1 != nil || err2 != nil || s.lo > s.hi {
			return fmt.Errorf("run %q", run)
		}
		byCode[code] = append(byCode[code], s)
	}
	return nil
}

// fill makes a whole number of the first digits of its national part, with a
// digit for those that are missing.
func fill(code int, first string, digits int, with uint64) (uint64, error) {
	if len(first) > digits {
		return 0, fmt.Errorf("%s has more than %d digits", first, digits)
	}
	number, err := strconv.ParseUint(first, 10, 64)
	unit := uint64(1)
	for i := range digits {
		if i >= len(first) {
			number = number*10 + with
		}
		unit *= 10
	}
	return uint64(code)*unit + number, err
}
