// Plangen derives plan.txt, the table of the numbers that may receive SMS,
// from the metadata of libphonenumber. Run it with go generate after each
// update of the library; a test fails until that is done.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const header = `# Made by go generate from the metadata of libphonenumber. Do not edit.
# calling code, country, type, digits of the national number: first digits or runs of them
`

// width is the length at which a line of the table ends and another begins.
const width = 120

func main() {
	text, err := table()
	if err == nil {
		err = os.WriteFile("plan.txt", text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// table writes at least one line for each calling code, country, type and length.
func table() ([]byte, error) {
	out := bytes.NewBufferString(header)
	territories, err := byCallingCode()
	if err != nil {
		return nil, err
	}
	for code := 1; code < 1000; code++ {
		if len(territories[code]) == 0 {
			continue
		}
		for digits := 2; digits <= 15-len(strconv.Itoa(code)); digits++ {
			p, err := newPlan(digits, territories[code])
			if err != nil {
				return nil, fmt.Errorf("calling code %d: %w", code, err)
			}
			writeLines(out, code, digits, p.spans(digits))
		}
	}
	return out.Bytes(), nil
}

// byCallingCode gives the territories of each calling code in the order in
// which the library asks them.
func byCallingCode() (map[int][]*phonenumbers.PhoneMetadata, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	byCode := map[int][]*phonenumbers.PhoneMetadata{}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		for _, country := range phonenumbers.GetRegionCodesForCountryCode(code) {
			i := slices.IndexFunc(all.GetMetadata(), func(m *phonenumbers.PhoneMetadata) bool {
				return m.GetId() == country && int(m.GetCountryCode()) == code
			})
			if i < 0 {
				return nil, fmt.Errorf("no metadata for %s, calling code %d", country, code)
			}
			byCode[code] = append(byCode[code], all.GetMetadata()[i])
		}
	}
	return byCode, nil
}

func writeLines(out *bytes.Buffer, code, digits int, spans []span) {
	byVerdict := map[verdict][]string{}
	for _, s := range spans {
		byVerdict[s.verdict] = append(byVerdict[s.verdict], s.short(digits))
	}
	var lines []string
	for v, runs := range byVerdict {
		head := fmt.Sprintf("%d %s %s %d:", code, v.country, v.kind, digits)
		line := head
		for _, run := range runs {
			if len(line)+1+len(run) > width {
				lines = append(lines, line)
				line = head
			}
			line += " " + run
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}

// short writes a span by its first digits: 600000000 to 638999999 is 600-638.
func (s span) short(digits int) string {
	lo, hi := fmt.Sprintf("%0*d", digits, s.lo), fmt.Sprintf("%0*d", digits, s.hi)
	for len(lo) > 1 && strings.HasSuffix(lo, "0") && strings.HasSuffix(hi, "9") {
		lo, hi = lo[:len(lo)-1], hi[:len(hi)-1]
	}
	if lo == hi {
		return lo
	}
	return lo + "-" + hi
}
