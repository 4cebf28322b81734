package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	utf16 "golang.org/x/text/encoding/unicode"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

var (
	utf8Mark  = []byte("\xef\xbb\xbf")
	utf16Mark = map[string]utf16.Endianness{"\xff\xfe": utf16.LittleEndian, "\xfe\xff": utf16.BigEndian}
)

// others are files that get sent for CSV, by how they begin.
var others = []struct{ begin, cure string }{
	{"PK\x03\x04", "it is a spreadsheet or another ZIP file: save it as CSV"},
	{OldSheet, "it is a spreadsheet of old Excel (.xls): save it as CSV"},
	{"\x1f\x8b", "it is compressed with gzip, and not said to be: send it as it is, or with Content-Encoding: gzip"},
	{"%PDF", "it is a PDF: give a CSV file"},
	{"<", "it is a web page or XML: give the address of the CSV file itself, one that can be read without signing in"},
	{"{", "it is JSON: give a CSV file"},
	{"[", "it is JSON: give a CSV file"},
}

// newRecords recognises the encoding of a file, from its beginning.
func newRecords(from io.Reader, o Options) (*records, error) {
	r := &records{name: o.Name, limits: o.Limits, line: 1, window: make([]byte, 0, o.Limits.Row+sampled)}
	ahead := bufio.NewReaderSize(from, sampled)
	r.from = ahead
	begin, err := ahead.Peek(sampled)
	if err != nil && !errors.Is(err, io.EOF) {
		r.from = failing{err}
		return nil, r.fill(1)
	}
	for _, other := range others {
		if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(begin, utf8Mark), " \t\r\n"), []byte(other.begin)) {
			return nil, r.fail(sms.Invalid, 0, "%s", other.cure)
		}
	}
	switch {
	case bytes.HasPrefix(begin, utf8Mark):
		_, _ = ahead.Discard(len(utf8Mark)) // it is in memory
		r.charset = utf8Text
	default:
		if order, ok := endianness(begin); ok {
			r.from = utf16.UTF16(order, utf16.UseBOM).NewDecoder().Reader(ahead)
			r.charset = utf8Text
		}
	}
	r.from = &lineEnds{from: r.from}
	if err := r.fill(sampled); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(r.window)) == 0 && r.ended {
		return nil, r.fail(sms.Invalid, 0, "it is empty: give at least one number, like +33612345678")
	}
	return r, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endianness recognises UTF-16 by its mark, or by the zeros in what can only be letters and digits.
func endianness(begin []byte) (order utf16.Endianness, ok bool) {
	if len(begin) < 4 {
		return order, false
	}
	if order, ok := utf16Mark[string(begin[:2])]; ok {
		return order, true
	}
	zero := [4]bool{begin[0] == 0, begin[1] == 0, begin[2] == 0, begin[3] == 0}
	switch zero {
	case [4]bool{false, true, false, true}:
		return utf16.LittleEndian, true
	case [4]bool{true, false, true, false}:
		return utf16.BigEndian, true
	}
	return order, false
}

// recognise finds the separator, the header and the column of the receivers.
func (l *List) recognise(country string) error {
	r := l.records
	s := sample{country: country}
	if !l.skipHint() {
		r.separator = s.separator(r)
	}
	rows, err := s.read(r, r.separator)
	if err != nil {
		return err
	}
	names := rows[0]
	l.Header = s.named(names) || !slices.ContainsFunc(names, s.isNumber) && !s.isBroken(rows)
	l.Columns = make([]Column, len(names))
	if l.Header {
		for i, name := range names {
			l.Columns[i] = Column{Name: name, Key: sms.ColumnKey(name)}
		}
		rows = rows[1:]
	}
	if l.Number = s.number(l.Columns, rows); l.Number < 0 {
		return r.fail(sms.Invalid, 0, "it has no column of numbers: name one %q or %q; its first row is %s", "number", "numero", quoted(names))
	}
	if l.Header {
		_, _, err = r.next()
	}
	return err
}

// skipHint takes the line "sep=;" that Excel understands before all others.
func (l *List) skipHint() bool {
	r := l.records
	end := bytes.IndexByte(r.window, newline)
	if end < 0 {
		return false
	}
	hint := bytes.TrimRight(r.window[:end], "\r")
	if len(hint) != 5 || !bytes.EqualFold(hint[:4], []byte("sep=")) || strings.IndexByte(separators, hint[4]) < 0 {
		return false
	}
	r.separator, r.start, r.line = hint[4], end+1, r.line+1
	return true
}

// quoted lists the beginning of a row.
func quoted(cells []string) string {
	var b strings.Builder
	for i, c := range cells[:min(len(cells), 10)] {
		if i > 0 {
			b.WriteString(", ")
		}
		if letters := []rune(c); len(letters) > 30 {
			c = string(letters[:30]) + "…"
		}
		b.WriteString(`"` + c + `"`)
	}
	return b.String()
}

// separators are tried in this order.
const separators = ";,\t|"

// A sample knows what a number is where a list comes from.
type sample struct{ country string }

const sampledRows = 50

// read gives the first rows, as far as they are in the window. There is at least one if there is no error.
func (s sample) read(r *records, separator byte) (rows [][]string, err error) {
	probe := *r
	probe.from, probe.separator, probe.scratch, probe.cells = nil, separator, nil, nil
	for len(rows) < sampledRows {
		_, cells, err := probe.next()
		if err != nil && len(rows) > 0 {
			break // it comes again when it is its turn
		}
		if errors.Is(err, io.EOF) {
			return nil, probe.tooLong()
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, slices.Clone(cells))
	}
	return rows, nil
}

// separator chooses the one that finds a column of numbers, cuts most rows into as many cells as the first, and finds the most.
func (s sample) separator(r *records) byte {
	best, most := separators[0], [3]int{}
	for i := range len(separators) {
		rows, err := s.read(r, separators[i])
		if err != nil || len(rows[0]) < 2 {
			continue
		}
		var score [3]int
		if s.named(rows[0]) || s.number(make([]Column, len(rows[0])), rows) >= 0 {
			score[0] = 1
		}
		for _, row := range rows {
			if len(row) == len(rows[0]) {
				score[1] += 100
			}
		}
		score[1] /= len(rows)
		score[2] = len(rows[0])
		if slices.Compare(score[:], most[:]) > 0 {
			best, most = separators[i], score
		}
	}
	return best
}

// named tells whether a row has a name of a column of numbers.
func (s sample) named(row []string) bool {
	return slices.ContainsFunc(row, func(cell string) bool { return rank(sms.ColumnKey(cell)) >= 0 })
}

func (s sample) isNumber(cell string) bool {
	if len(cell) < 6 { // also what may be a short number or a place in a list
		return false
	}
	number, rounded := repair(cell)
	if rounded {
		return true
	}
	_, err := phone.Parse(number, s.country)
	return err == nil
}

// isBroken tells that the first row is no header, although it has no number: where the others have theirs it has digits and signs only, like
// a number of which a digit is missing.
func (s sample) isBroken(rows [][]string) bool {
	column := s.number(make([]Column, len(rows[0])), rows[1:])
	if column < 0 || strings.ContainsFunc(rows[0][column], unicode.IsLetter) {
		return false
	}
	digits := 0
	for _, r := range rows[0][column] {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= fewDigits
}

// fewDigits are more than the numbers of columns have, which some files have in the place of names.
const fewDigits = 3

// number finds the column of the receivers, -1 if there is none: the one with the best name among those with numbers, else
// the one with the best name, else the first with numbers.
func (s sample) number(columns []Column, rows [][]string) int {
	type find struct{ column, rank int }
	named, both, numbers := find{-1, 0}, find{-1, 0}, -1
	for i, c := range columns {
		isNumbers := s.numbers(rows, i)
		if isNumbers && numbers < 0 {
			numbers = i
		}
		n := rank(c.Key)
		if n < 0 {
			continue
		}
		if named.column < 0 || n < named.rank {
			named = find{i, n}
		}
		if isNumbers && (both.column < 0 || n < both.rank) {
			both = find{i, n}
		}
	}
	switch {
	case both.column >= 0:
		return both.column
	case named.column >= 0:
		return named.column
	}
	return numbers
}

// numbers tells whether at least half of a column's values are numbers.
func (s sample) numbers(rows [][]string, column int) bool {
	values, numbers := 0, 0
	for _, row := range rows {
		if column < len(row) && row[column] != "" {
			values++
			if s.isNumber(row[column]) {
				numbers++
			}
		}
	}
	return numbers > 0 && numbers*2 >= values
}

// numberNames are the names of columns of numbers, the surest first; without accents, spaces, capitals and signs.
var numberNames = strings.Fields(`
	number numero receiver receivers recipient recipients destinataire destinataires msisdn
	mobile portable gsm mobilenumber mobilephone mobilephonenumber cellphone cellphonenumber cell smsnumber
	numeromobile numeroportable numerogsm numerodemobile numerodeportable numerodegsm nmobile nportable ngsm ndemobile ndeportable
	telmobile telportable telephonemobile telephoneportable mobiletelephone phonemobile homemobile
	movil celular cellulare komorka telefonkomorkowy handy natel
	phone phonenumber phoneno numbers numeros telephone telephonenumber tel telno telnumber
	numerodetelephone numerotelephone numerodetel numerotel numtel ndetelephone ntelephone ndetel ntel
	telefono numerodetelefono numeroditelefono telefon numertelefonu numer
`)

// rank gives the place of a column's key among the names of columns of numbers, -1 if it is none.
func rank(key string) int {
	if key == "" || len(key) > 30 {
		return -1
	}
	return slices.Index(numberNames, strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, key))
}
