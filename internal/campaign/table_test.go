package campaign

import (
	"archive/zip"
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

const (
	workbook = `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>`
	rels     = `<Relationships><Relationship Id="r1" Target="/xl/worksheets/a.xml"/></Relationships>`
)

// xlsx makes a spreadsheet of files.
func xlsx(tb testing.TB, files map[string]string) string {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func sheet(tb testing.TB, rows string) string {
	tb.Helper()
	return xlsx(tb, map[string]string{
		"xl/workbook.xml": workbook, "xl/_rels/workbook.xml.rels": rels, "xl/worksheets/a.xml": "<worksheet><sheetData>" + rows + "</sheetData></worksheet>",
	})
}

func TestTables(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"semicolons":   {"a;b\n\n1;2\n", `1["a" "b"] 3["1" "2"] `},
		"commas":       {"name,phone\r\n\"x, y\",+33639980001\r\n", `1["name" "phone"] 2["x, y" "+33639980001"] `},
		"UTF-16":       {"\xff\xfea\x00;\x00\xe9\x00\n\x00", `1["a" "é"] `},
		"Windows-1252": {"nom;pr\xe9nom\n", `1["nom" "prénom"] `},
		"one column":   {"x\ny", `1["x"] 2["y"] `},
		"spreadsheet": {
			sheet(t, `<row><c t="inlineStr"><is><t> a </t></is></c><c r="C1"><v>1.5</v></c></row><row r="7"><c r="B7" t="b"><v>1</v></c></row><row r="8"><c r="A8"/></row>`),
			`1["a" "" "1.5"] 7["" "1"] `,
		},
		"rounded": {sheet(t, `<row r="1"><c r="A1"><v>3.36E+10</v></c></row>`), `1["3.36E+10"] `},
	} {
		lines, err := ReadTable(strings.NewReader(c.file), Options{Country: "FR"})
		got := ""
		for _, l := range lines {
			got += fmt.Sprintf("%d%q ", l.Number, l.Cells)
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestBrokenTablesAreRefused(t *testing.T) {
	bomb := strings.Repeat(" ", maxUnpacked)
	for name, c := range map[string]struct {
		file, words string
		code        sms.Code
	}{
		"empty":          {"", "is empty", sms.Invalid},
		"old Excel":      {"\xd0\xcf\x11\xe0xxxxxxx", "old Excel (.xls): save it as .xlsx or as CSV", sms.Invalid},
		"too many":       {"a\nb\nc\nd\n", "more than 2 rows", sms.TooLarge},
		"no ZIP":         {"PK\x03\x04rubbish", "damaged", sms.Invalid},
		"other ZIP":      {xlsx(t, map[string]string{"word/document.xml": "<x/>"}), "no .xlsx", sms.Invalid},
		"no sheet":       {xlsx(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/_rels/workbook.xml.rels": "<R/>"}), "no sheet", sms.Invalid},
		"broken XML":     {sheet(t, `<row><c>`), "damaged", sms.Invalid},
		"missing text":   {sheet(t, `<row><c t="s"><v>7</v></c></row>`), "refers to a text", sms.Invalid},
		"far column":     {sheet(t, `<row><c r="ZZZ1"><v>7</v></c></row>`), "more than 100 cells", sms.TooLarge},
		"unpacks":        {sheet(t, bomb), "when it is unpacked", sms.TooLarge},
		"too many there": {sheet(t, strings.Repeat(`<row><c><v>1</v></c></row>`, 4)), "more than 2 rows", sms.TooLarge},
	} {
		_, err := ReadTable(strings.NewReader(c.file), Options{Limits: Limits{Rows: 2}})
		if sms.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is written as a spreadsheet is read again, every cell as it was.
func TestSheetsAreReadAgain(t *testing.T) {
	cells := rapid.OneOf(rapid.SampledFrom([]string{"+33612345678", "0033", "=1+1", "<b>&amp;\"]]>", "1.50", "6,12E+08", "\u2028é\U0001f600", "a\nb", "TRUE"}), rapid.StringMatching(`[ -~éß漢]{0,20}`))
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Map(cells, strings.TrimSpace), 1, 40), 1, 20).Draw(t, "rows")
		var want []Line
		for i, row := range rows {
			if last := len(row) - 1; row[last] == "" {
				row[last] = "x" // cells without a value at the end of a row are not written
			}
			want = append(want, Line{i + 1, row})
		}
		var file bytes.Buffer
		if err := WriteSheet(&file, rows); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTable(&file, Options{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\n%v\n%v", err, got, want)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"))
	f.Add([]byte(sheet(f, `<row><c r="B2" t="inlineStr"><is><t>a</t></is></c></row>`)))
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, err := ReadTable(bytes.NewReader(file), Options{Country: "FR", Limits: Limits{Rows: 100}})
		if err != nil {
			if code := sms.CodeOf(err); code != sms.Invalid && code != sms.TooLarge {
				t.Fatalf("%v (%s)", err, code)
			}
			return
		}
		for _, l := range lines {
			if len(l.Cells) > 100 || strings.Join(l.Cells, "") == "" {
				t.Fatalf("%+v", l)
			}
		}
	})
}
