package campaign

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"ramier/internal/sms"
)

const (
	zipBegin = "PK\x03\x04"
	// maxBook is the most bytes of an .xlsx file, and maxUnpacked those of each of its files that is read.
	maxBook     = 10 << 20
	maxUnpacked = 16 << 20
	maxShared   = 1_000_000 // texts that cells refer to
)

// A book is an .xlsx file: a ZIP of XML files, of which few matter here.
type book struct {
	name   string
	files  map[string]*zip.File
	shared []string
}

func (b *book) fail(code sms.Code, format string, args ...any) error {
	return sms.Errorf(code, "%s cannot be read: %s", b.name, fmt.Sprintf(format, args...))
}

// readSheet reads the first sheet of an .xlsx file.
func readSheet(r io.Reader, o Options) ([]Line, error) {
	b := &book{name: o.Name, files: map[string]*zip.File{}}
	content, err := io.ReadAll(io.LimitReader(r, maxBook+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxBook {
		return nil, b.fail(sms.TooLarge, "it has more than %d bytes: save it as CSV", maxBook)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, b.fail(sms.Invalid, "the ZIP file is damaged (%v): save the spreadsheet again, or as CSV", err)
	}
	for _, f := range archive.File {
		b.files[strings.TrimPrefix(f.Name, "/")] = f
	}
	sheet, err := b.firstSheet()
	if err == nil && b.files["xl/sharedStrings.xml"] != nil {
		err = b.readShared()
	}
	if err != nil {
		return nil, err
	}
	return b.rows(sheet, o.Limits)
}

// each calls f for the beginning of each element of a file; f may read the element by the decoder.
func (b *book) each(name string, f func(d *xml.Decoder, e xml.StartElement) error) error {
	file := b.files[name]
	if file == nil {
		return b.fail(sms.Invalid, "it is no .xlsx spreadsheet, since %s is missing: save it as CSV", name)
	}
	content, err := file.Open()
	if err != nil {
		return b.fail(sms.Invalid, "%s cannot be unpacked (%v): save it as CSV", name, err)
	}
	defer content.Close()
	limited := &io.LimitedReader{R: content, N: maxUnpacked}
	d := xml.NewDecoder(limited)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && limited.N > 0 {
			return nil
		}
		if limited.N <= 0 {
			return b.fail(sms.TooLarge, "%s has more than %d bytes when it is unpacked: save it as CSV", name, maxUnpacked)
		}
		if err != nil {
			return b.fail(sms.Invalid, "%s is damaged (%v): save it as CSV", name, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if err := f(d, e); err != nil {
			if _, known := errors.AsType[*sms.Error](err); known {
				return err
			}
			return b.fail(sms.Invalid, "%s is damaged (%v): save it as CSV", name, err)
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// firstSheet gives the name of the file that has the first sheet.
func (b *book) firstSheet() (string, error) {
	id := ""
	err := b.each("xl/workbook.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "sheet" && id == "" {
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" { // that of the relation, not of the sheet
					id = a.Value
				}
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	target := ""
	err = b.each("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" && attribute(e, "Id") == id {
			target = attribute(e, "Target")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if target == "" {
		return "", b.fail(sms.Invalid, "it has no sheet: save it as CSV")
	}
	if rooted, ok := strings.CutPrefix(target, "/"); ok {
		return rooted, nil
	}
	return path.Join("xl", target), nil
}

// rich is a text, which may be in pieces that look differently.
type rich struct {
	Text string   `xml:"t"`
	Runs []string `xml:"r>t"`
}

func (r rich) String() string { return r.Text + strings.Join(r.Runs, "") }

func (b *book) readShared() error {
	return b.each("xl/sharedStrings.xml", func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		var text rich
		if err := d.DecodeElement(&text, &e); err != nil {
			return err
		}
		if len(b.shared) >= maxShared {
			return b.fail(sms.TooLarge, "it has more than %d texts: save it as CSV", maxShared)
		}
		b.shared = append(b.shared, text.String())
		return nil
	})
}

// cell is one of a sheet.
type cell struct {
	Ref    string `xml:"r,attr"`
	Type   string `xml:"t,attr"`
	Value  string `xml:"v"`
	Inline rich   `xml:"is"`
}

type sheetRow struct {
	Number int    `xml:"r,attr"`
	Cells  []cell `xml:"c"`
}

func (b *book) rows(sheet string, l Limits) ([]Line, error) {
	var all []Line
	number := 0
	err := b.each(sheet, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "row" {
			return nil
		}
		var row sheetRow
		if err := d.DecodeElement(&row, &e); err != nil {
			return err
		}
		number++
		if row.Number > 0 {
			number = row.Number
		}
		cells, filled, err := b.cells(row, number, l)
		if err != nil || !filled {
			return err
		}
		if len(all) > l.Rows {
			return b.fail(sms.TooLarge, "there are more than %d rows: cut the file into several, on line %d", l.Rows, number)
		}
		all = append(all, Line{number, cells})
		return nil
	})
	return all, err
}

// cells gives the values of a row, and whether there are any.
func (b *book) cells(row sheetRow, number int, l Limits) (cells []string, filled bool, err error) {
	for i, c := range row.Cells {
		at := column(c.Ref)
		if at < 0 {
			at = i
		}
		if at >= l.Columns {
			return nil, false, b.fail(sms.TooLarge, "the row has more than %d cells: leave out what is not needed, on line %d", l.Columns, number)
		}
		value, err := b.value(c)
		if err == nil && len(value) > l.Cell {
			err = b.fail(sms.TooLarge, "the cell %d has %d bytes, more than %d: shorten it, on line %d", at+1, len(value), l.Cell, number)
		}
		if err != nil {
			return nil, false, err
		}
		for len(cells) <= at {
			cells = append(cells, "")
		}
		cells[at] = value
		filled = filled || value != ""
	}
	return cells, filled, nil
}

func (b *book) value(c cell) (string, error) {
	value := c.Value
	switch c.Type {
	case "s":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n >= len(b.shared) {
			return "", b.fail(sms.Invalid, "the cell %s refers to a text that is not there: save it as CSV", c.Ref)
		}
		value = b.shared[n]
	case "inlineStr":
		value = c.Inline.String()
	case "", "n":
		if n, rounded := repair(value); !rounded { // 3.3612345678E10
			value = n
		}
	}
	value = strings.TrimSpace(value)
	if strings.IndexByte(value, 0) >= 0 {
		return "", b.fail(sms.Invalid, "the cell %s holds the character U+0000", c.Ref)
	}
	return value, nil
}

// column reads the letters of a cell's place, like AB12; -1 if there are none.
func column(ref string) int {
	n := 0
	for i := range len(ref) {
		c := ref[i]
		if c < 'A' || c > 'Z' || i > 2 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}
