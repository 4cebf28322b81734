package campaign_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"ramier/internal/campaign"
	"ramier/internal/sms"
)

func options() campaign.Options {
	return campaign.Options{Name: "https://example.org/contacts.csv", Country: "FR"}
}

// list reads a list whole: its columns and rows, cells between bars.
func list(from io.Reader, o campaign.Options) (columns string, rows []string, err error) {
	l, err := campaign.Read(from, o)
	if err != nil {
		return "", nil, err
	}
	columns = fmt.Sprintf("%s @%d", strings.Join(l.Names(), "|"), l.Number)
	for row, err := range l.Rows() {
		if err != nil {
			return columns, rows, err
		}
		rows = append(rows, fmt.Sprintf("%d %s", row.Line, strings.Join(row.Values, "|")))
	}
	return columns, rows, nil
}

func check(t *testing.T, text, wantColumns string, wantRows ...string) {
	t.Helper()
	for _, from := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		columns, rows, err := list(from, options())
		if err != nil {
			t.Fatalf("%.100q: %v", text, err)
		}
		if got, want := strings.Join(rows, "\n"), strings.Join(wantRows, "\n"); columns != wantColumns || got != want {
			t.Fatalf("%.100q is\n%s\n%s\nnot\n%s\n%s", text, columns, got, wantColumns, want)
		}
	}
}

func encode(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryEncodingSeparatorAndLineEnd(t *testing.T) {
	encodings := map[string]func(string) string{
		"UTF-8":         func(s string) string { return s },
		"UTF-8 mark":    func(s string) string { return "\ufeff" + s },
		"Windows-1252":  func(s string) string { return encode(t, charmap.Windows1252, s) },
		"UTF-16LE mark": func(s string) string { return encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), s) },
		"UTF-16BE mark": func(s string) string { return encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), s) },
		"UTF-16LE":      func(s string) string { return encode(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), s) },
		"UTF-16BE":      func(s string) string { return encode(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), s) },
	}
	const text = "Numéro;Prénom;\"Adresse\"\n0612345678;Zoé;\"1, rue « d’Or »;\n4\"\"B\"\" € \"\n\n;;\n+33 6 12 34 56 79;Léa\n"
	for name, to := range encodings {
		for _, separator := range []string{";", ",", "\t", "|"} {
			for _, end := range []string{"\n", "\r\n", "\r"} {
				s := strings.ReplaceAll(strings.ReplaceAll(text, ";", separator), "\n", end)
				t.Run(fmt.Sprintf("%s %q %q", name, separator, end), func(t *testing.T) {
					second := strings.ReplaceAll("2 0612345678|Zoé|1, rue « d’Or »;\n4\"B\" €", ";", separator)
					check(t, to(s), "Numéro|Prénom|Adresse @0", second, "6 +33 6 12 34 56 79|Léa|")
					check(t, to(strings.TrimSuffix(s, end)), "Numéro|Prénom|Adresse @0", second, "6 +33 6 12 34 56 79|Léa|")
				})
			}
		}
	}
}

func TestTheExampleOfTheCookbook(t *testing.T) {
	check(t, "Numero ;nom ;prenom ;adresse\n0662000000 ;Durant ;Pierre ;xx rue montaigne Paris\n0662000001 ;Dupont ;Jean ;xx rue montaigne Paris\n",
		"Numero|nom|prenom|adresse @0", "2 0662000000|Durant|Pierre|xx rue montaigne Paris", "3 0662000001|Dupont|Jean|xx rue montaigne Paris")
}

func TestTheColumnOfTheReceivers(t *testing.T) {
	for _, test := range []struct {
		name, text, columns string
		rows                []string
	}{
		{"a single column", "0612345678\n0612345679", " @0", []string{"1 0612345678", "2 0612345679"}},
		{"a single number", "+33612345678", " @0", []string{"1 +33612345678"}},
		{"a single column with a header", "contacts\r\n0612345678\r\n", "contacts @0", []string{"2 0612345678"}},
		{"a single column with a separator", "0612345678;\n0612345679;\n", "| @0", []string{"1 0612345678|", "2 0612345679|"}},
		{"several columns without a header", "Durant;0612345678\nDupont;0612345679", "| @1", []string{"1 Durant|0612345678", "2 Dupont|0612345679"}},
		{"by its name", "id,NUMÉRO DE TÉLÉPHONE\n0712345678,06 12 34 56 78\n", "id|NUMÉRO DE TÉLÉPHONE @1", []string{"2 0712345678|06 12 34 56 78"}},
		{"by the better name", "Téléphone;Mobile\n0123456789;0612345678", "Téléphone|Mobile @1", []string{"2 0123456789|0612345678"}},
		{"by the name that has numbers", "Numéro;Nom;Portable\n1;A;0612345678\n2;B;0612345679", "Numéro|Nom|Portable @2", []string{"2 1|A|0612345678", "3 2|B|0612345679"}},
		{"by its values", "client;joignable au;date\nA;0612345678;2026-01-31\nB;;2026-01-31", "client|joignable au|date @1", []string{"2 A|0612345678|2026-01-31", "3 B||2026-01-31"}},
		{"no rows", "number;nom\n", "number|nom @0", nil},
		{"no values by its name", "nom;number\nA;\nB;", "nom|number @1", []string{"2 A|", "3 B|"}},
		{"with signs", "N° de tél.;nom\n0612345678;A", "N° de tél.|nom @0", []string{"2 0612345678|A"}},
		{"a comma in an address", "nom;adresse;tel\nA;1, rue X, Paris;0612345678\nB;2, rue Y, Paris;0612345679", "nom|adresse|tel @2", []string{"2 A|1, rue X, Paris|0612345678", "3 B|2, rue Y, Paris|0612345679"}},
		{"semicolons in an address", "nom,adresse,tel\nA,1; rue X; Paris,0612345678", "nom|adresse|tel @2", []string{"2 A|1; rue X; Paris|0612345678"}},
		{"Excel's hint", "sep=|\r\nnumber|a;b;c\r\n0612345678|1;2;3", "number|a;b;c @0", []string{"3 0612345678|1;2;3"}},
		{"rounded", "a;b\nx;6,12E+08\ny;6,13E+08", "a|b @1", []string{"2 x|6,12E+08", "3 y|6,13E+08"}},
		{"spaces around marks", `number ; "nom" ;  "ville"` + "\n0612345678;\t\"A;B\" \t; \"C\"\n", "number|nom|ville @0", []string{"2 0612345678|A;B|C"}},
		{"marks inside", "number;size\n=\"0612345678\";5\" x 3\"\n", "number|size @0", []string{"2 =\"0612345678\"|5\" x 3\""}},
		{"empty cells behind the last", "number;nom\n0612345678;A;;;\n", "number|nom @0", []string{"2 0612345678|A"}},
		{"blank lines before", "\n\n  \nnumber;nom\n0612345678;A\n", "number|nom @0", []string{"5 0612345678|A"}},
	} {
		t.Run(test.name, func(t *testing.T) { check(t, test.text, test.columns, test.rows...) })
	}
}

func TestNumbersThatSpreadsheetsTouched(t *testing.T) {
	for written, want := range map[string]string{
		"0612345678": "0612345678", "+33 (0)6 12 34 56 78": "+33 (0)6 12 34 56 78", "06.12.34.56.78": "06.12.34.56.78",
		"'0612345678": "0612345678", "’0612345678": "0612345678", `="0612345678"`: "0612345678", "=0612345678": "0612345678",
		"612345678.0": "612345678", "33612345678,0": "33612345678", "06.12.34.56.0": "06.12.34.56.0", "tel:+33612345678": "+33612345678",
		"6.12345678E+08": "612345678", "6,12345678e8": "612345678", "3.3612345678E+10": "33612345678",
		"6.12E+08": "", "3,36123E+10": "", "6E+08": "", "+3.36123E+10": "",
		"E": "E", "12e": "12e", "rue": "rue", "1.2E+99999": "1.2E+99999", "12.3E+08": "12.3E+08",
	} {
		l, err := campaign.Read(strings.NewReader("number\tnom\n"+written+"\tA\n"), options())
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range l.Rows() {
			if err != nil || row.Receiver != want || row.Written != written || row.Values[0] != written || (row.Refused != nil) != (want == "") {
				t.Errorf("%s: %+v, %v", written, row, err)
			}
			if r := row.Refused; r != nil && (r.Reason != sms.Damaged || r.Line != 2 || !strings.HasSuffix(r.Message, ", on line 2") || !strings.Contains(r.Message, written)) {
				t.Errorf("refused with %+v", r)
			}
		}
	}
}

func TestListsThatAreRefused(t *testing.T) {
	limits := campaign.Limits{Rows: 3, Columns: 4, Row: 1000, Cell: 100}
	long := strings.Repeat("x", 101)
	good := "number;nom\n0612345678;A\n"
	for _, test := range []struct {
		name, text string
		code       sms.Code
		want       string
	}{
		{"empty", "", sms.Invalid, "it is empty"},
		{"blank", " \r\n\t\n", sms.Invalid, "it is empty"},
		{"a mark only", "\ufeff", sms.Invalid, "it is empty"},
		{"no numbers", "nom;ville\nA;Paris\n", sms.Invalid, `it has no column of numbers: name one "number" or "numero"; its first row is "nom", "ville"`},
		{"a web page", "\n <!DOCTYPE html><html>", sms.Invalid, "it is a web page"},
		{"a spreadsheet", "PK\x03\x04\x14\x00", sms.Invalid, "it is a spreadsheet"},
		{"old Excel", "\xd0\xcf\x11\xe0\xa1", sms.Invalid, "spreadsheet of old Excel"},
		{"gzip", "\x1f\x8b\x08\x00", sms.Invalid, "compressed with gzip"},
		{"JSON", `{"receivers":[]}`, sms.Invalid, "it is JSON"},
		{"a zero", good + "061\x0034;B\n", sms.Invalid, "U+0000, as in files that are no text: save the list as CSV in UTF-8, on line 3"},
		{"a zero in marks", good + "061;\"\x00\"\n", sms.Invalid, "U+0000, as in files that are no text: save the list as CSV in UTF-8, on line 3"},
		{"a zero beside marks", good + "\x00;\"\"\n", sms.Invalid, "U+0000, as in files that are no text: save the list as CSV in UTF-8, on line 3"},
		{"UTF-32", "\xff\xfe\x00\x00n\x00\x00\x00", sms.Invalid, "U+0000"},
		{"an open mark", good + "0612345678;\"B\n0612345679;C\n", sms.Invalid, "a quotation mark is opened and never closed: close it, on line 3"},
		{"an open mark, and much behind", good + "0612345678;\"B\n" + strings.Repeat("0612345679;C\n", 10_000), sms.TooLarge, "more than 1000 bytes: shorten it, or close a quotation mark that was opened, on line 3"},
		{"text behind a mark", good + "0612345678;\"B\"C\n", sms.Invalid, "text behind a closing quotation mark: write marks that belong to a cell twice, on line 3"},
		{"single marks inside", good + `0612345678;"Le "Grand" Hôtel"` + "\n", sms.Invalid, "on line 3"},
		{"a separator in a cell", good + "0612345678;B;C\n", sms.Invalid, `the row has 3 cells, more than the 2 of the first row: put cells that hold ";" into quotation marks, on line 3`},
		{"behind lines of a cell", "number;nom\n0612345678;\"A\nB\nC\"\n0612345678;\"x\"y\n", sms.Invalid, "on line 5"},
		{"bad UTF-8", "number;nom\n0612345678;é\n0612345679;\xe9\n", sms.Invalid, "there are bytes that are no UTF-8, which the list is in: save it as CSV in UTF-8, on line 3"},
		{"neither", "number;nom\n0612345678;\xe9\n0612345679;\x81\n", sms.Invalid, "the byte 0x81, which is neither UTF-8 nor Windows-1252: save the list as CSV in UTF-8, on line 3"},
		{"rows", good + "0612345678;\n0612345678;\n\n0612345678;\n", sms.TooLarge, "there are more than 3 rows: cut the list into several, on line 6"},
		{"columns", good + "0612345678;;;;\n", sms.TooLarge, "the row has more than 4 cells: leave out what is not needed, on line 3"},
		{"columns of the header", "number;a;b;c;d\n", sms.TooLarge, "more than 4 cells: leave out what is not needed, on line 1"},
		{"a cell", good + "0612345678;" + long + "\n", sms.TooLarge, "the cell 2 has 101 bytes, more than 100: shorten it, on line 3"},
		{"a row", good + "0612345678;" + strings.Repeat(long, 10) + "\n", sms.TooLarge, "the row has more than 1000 bytes: shorten it, on line 3"},
		{"an endless row", good + "0612345678;" + strings.Repeat(long, 10_000), sms.TooLarge, "the row has more than 1000 bytes: shorten it, on line 3"},
		{"an endless first row", strings.Repeat(long, 10_000), sms.TooLarge, "the row has more than 1000 bytes: shorten it, on line 1"},
		{"an endless cell", good + "0612345678;\"" + strings.Repeat(long, 10_000), sms.TooLarge, "on line 3"},
		{"endless spaces", good + strings.Repeat(" ", 1_000_000), sms.TooLarge, "on line 3"},
		{"endless separators", strings.Repeat(";", 1_000_000), sms.TooLarge, "on line 1"},
		{"endless marks", strings.Repeat(`"`, 1_000_000), sms.TooLarge, "on line 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			o.Limits = limits
			_, _, err := list(strings.NewReader(test.text), o)
			if sms.CodeOf(err) != test.code || !strings.HasPrefix(err.Error(), o.Name+" cannot be read: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %s %q", err, test.code, test.want)
			}
			if strings.Contains(test.want, "on line") && !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("%q does not end with %q", err, test.want)
			}
		})
	}
}

func TestAnEncodingThatShowsLate(t *testing.T) {
	text := "number;nom\n" + strings.Repeat("0612345678;Durant\n", 10_000) + "0612345678;Zoé\n"
	for _, s := range []string{text, encode(t, charmap.Windows1252, text)} {
		_, rows, err := list(strings.NewReader(s), options())
		if err != nil || len(rows) != 10_001 || rows[10_000] != "10002 0612345678|Zoé" {
			t.Errorf("%d rows, %v", len(rows), err)
		}
	}
}

func TestErrorsOfTheSourceComeThrough(t *testing.T) {
	slow := sms.Errorf(sms.Unavailable, "https://example.org/contacts.csv cannot be read: slow")
	for _, begin := range []string{"", "number\n0612345678\n", strings.Repeat("0612345678\n", 100_000)} {
		_, _, err := list(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(slow)), options())
		if !errors.Is(err, slow) {
			t.Errorf("%.20q: %v", begin, err)
		}
	}
	broken := errors.New("broken")
	if _, _, err := list(iotest.ErrReader(broken), options()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "contacts.csv") {
		t.Error(err)
	}
}

func TestAListFillsAnOrder(t *testing.T) {
	fill := func(text, message string) (sms.Order, error) {
		l, err := campaign.Read(strings.NewReader(text), options())
		if err != nil {
			t.Fatal(err)
		}
		return l.Fill(sms.Order{Text: message, Tag: "tag"})
	}
	const text = "Numero ;nom ;prenom\n0662000000 ;Durant ;Pierre\n6,62E+08;x;y\n'0662000001;Dupont;\n"
	o, err := fill(text, "Bonjour #prenom|client# {nom}")
	if err != nil || fmt.Sprint(o.Receivers, o.Lines, o.Unreadable[0].Line, o.Tag) != "[0662000000 0662000001] [2 4] 3tag" {
		t.Fatalf("%+v, %v", o, err)
	}
	for i, want := range []string{"Bonjour Pierre Durant", "Bonjour client Dupont"} {
		if got, _ := o.Merge.Template.Render(o.Merge.Values[i]); got != want {
			t.Errorf("%q", got)
		}
	}
	if o, err = fill(text, "Bonjour"); err != nil || o.Merge != nil || len(o.Receivers) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err = fill(text, "Bonjour #prnom#"); sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), "did you mean #prenom#") {
		t.Error(err)
	}
	if _, err = fill("0662000000", "Bonjour #prenom#"); sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), "no names of columns") {
		t.Error(err)
	}
	if _, err = fill("number;nom\n", "Bonjour"); sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), "there are no receivers") {
		t.Error(err)
	}
}

// endless repeats a line, which nobody has to keep.
type endless struct {
	line string
	at   int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.line[e.at:])
		e.at, n = (e.at+k)%len(e.line), n+k
	}
	return n, nil
}

const (
	header = "Numero ;nom ;prenom ;adresse\r\n"
	plain  = "0662000000 ;Durant ;Pierre ;xx rue montaigne Paris\r\n"
	marked = "0662000000 ;Durant ;\"Pierre, \"\"fils\"\"\" ;xx rue montaigne Paris\r\n"
)

func TestAMillionRowsTakeNoMemory(t *testing.T) {
	million := io.LimitReader(&endless{line: plain + marked}, 500_000*int64(len(plain+marked)))
	l, err := campaign.Read(io.MultiReader(strings.NewReader(header), million), options())
	if err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	n, before, most := 0, heap(), int64(0)
	for row, err := range l.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; row.Line != n+1 || len(row.Receiver) != 10 || n%2 == 0 && row.Values[2] != `Pierre, "fils"` {
			t.Fatalf("row %d is %+v", n, row)
		}
		if n%200_000 == 0 {
			most = max(most, heap()-before)
		}
	}
	if n != 1_000_000 || most > 1<<20 {
		t.Errorf("%d rows, and %d bytes more than before the first", n, most)
	}
	runtime.KeepAlive(l)
}

// Whatever comes: rows of as many cells as there are columns, in UTF-8 and within the limits, or an error for people.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"Numero ;nom ;prenom ;adresse\n0662000000 ;Durant ;Pierre ;xx rue montaigne Paris\n", "0612345678\r+33612345678", "sep=,\nnumber,a\n1,\"\n\"",
		"\xff\xfen\x00\n\x001\x00", "\ufeffnumber\t\"a\"\"b\"\n", "number\n\xe9\n\x81", "\"\"\"\"", "number;a\n6,1E+08;\"x\"y", "a|b\r\n|0612345678\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	o := options()
	o.Limits = campaign.Limits{Rows: 100, Columns: 10, Row: 500, Cell: 50}
	f.Fuzz(func(t *testing.T, text []byte) {
		columns, rows, err := list(bytes.NewReader(text), o)
		again, sameRows, sameErr := list(iotest.HalfReader(bytes.NewReader(text)), o)
		if columns != again || strings.Join(rows, "\n") != strings.Join(sameRows, "\n") || fmt.Sprint(err) != fmt.Sprint(sameErr) {
			t.Fatalf("read in pieces it is another: %q %q %v, %q %q %v", columns, rows, err, again, sameRows, sameErr)
		}
		if err != nil {
			if code := sms.CodeOf(err); code != sms.Invalid && code != sms.TooLarge || !utf8.ValidString(err.Error()) || len(err.Error()) > 2000 {
				t.Fatalf("error %q", err)
			}
		}
		l, err := campaign.Read(bytes.NewReader(text), o)
		if err != nil {
			return
		}
		n, line := 0, 0
		for row, err := range l.Rows() {
			if err != nil {
				return
			}
			if n++; n > 100 || row.Line <= line || len(row.Values) != len(l.Columns) || row.Written != row.Values[l.Number] {
				t.Fatalf("row %+v behind line %d", row, line)
			}
			line = row.Line
			for _, v := range row.Values {
				if !utf8.ValidString(v) || strings.TrimSpace(v) != v || strings.ContainsAny(v, "\x00\r") || len(v) > 50 {
					t.Fatalf("cell %q", v)
				}
			}
		}
	})
}

func BenchmarkRows(b *testing.B) {
	for name, line := range map[string]string{"plain": plain, "marked": marked} {
		b.Run(name, func(b *testing.B) {
			o := options()
			o.Limits.Rows = 1 << 30
			l, err := campaign.Read(io.MultiReader(strings.NewReader(header), &endless{line: line}), o)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := 0
			for _, err := range l.Rows() {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n == b.N {
					break
				}
			}
		})
	}
}

// Files are put together from several, and some programs end lines with CR alone.
func TestLineEndsMayDiffer(t *testing.T) {
	const columns = "number|nom @0"
	check(t, "number;nom\r0612345678;Zoé\n0612345679;\"a\rb\"\r\n\r\n0612345670;Léa\r", columns, "2 0612345678|Zoé", "3 0612345679|a\nb", "6 0612345670|Léa")
	check(t, "number;nom\r\n0612345678;Zoé\n0612345679;Léa\r\n", columns, "2 0612345678|Zoé", "3 0612345679|Léa")
	check(t, "+33612345678\r\r\n+33612345679\r\r\n", " @0", "1 +33612345678", "3 +33612345679")
}

// A first row whose number lacks a digit is a receiver that gets nothing, and not a header that nobody hears of.
func TestABrokenNumberIsNoHeader(t *testing.T) {
	check(t, "061234567\n0612345679\n", " @0", "1 061234567", "2 0612345679")
	check(t, "+336 12-34;Zoé\n+33612345679;Léa\n", "| @0", "1 +336 12-34|Zoé", "2 +33612345679|Léa")
	check(t, "Zoé;12345\nLéa;0612345679\n", "| @1", "1 Zoé|12345", "2 Léa|0612345679")
	for _, header := range []string{"contact", "1", "abonnés 2026"} {
		check(t, header+"\n0612345679\n", header+" @0", "2 0612345679")
	}
}
