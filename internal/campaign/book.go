package campaign

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"io"
	"strconv"
)

// The files of a spreadsheet beside its sheet.
var bookFiles = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="Contacts" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
}

// WriteSheet writes rows as an .xlsx file with one sheet. All cells are texts: a number keeps its plus and its zeros, and nothing is a formula.
// Characters that XML cannot hold become U+FFFD.
func WriteSheet(to io.Writer, rows [][]string) error {
	archive := zip.NewWriter(to)
	for _, f := range bookFiles {
		w, err := archive.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, xml.Header+f.content)
		}
		if err != nil {
			return err
		}
	}
	sheet, err := archive.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(sheet) // it keeps its first error
	_, _ = w.WriteString(xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i, row := range rows {
		_, _ = w.WriteString(`<row r="` + strconv.Itoa(i+1) + `">`)
		for j, cell := range row {
			if cell == "" {
				continue
			}
			_, _ = w.WriteString(`<c r="` + letters(j) + strconv.Itoa(i+1) + `" t="inlineStr"><is><t xml:space="preserve">`)
			if err := xml.EscapeText(w, []byte(cell)); err != nil {
				return err
			}
			_, _ = w.WriteString(`</t></is></c>`)
		}
		_, _ = w.WriteString(`</row>`)
	}
	_, _ = w.WriteString(`</sheetData></worksheet>`)
	if err := w.Flush(); err != nil {
		return err
	}
	return archive.Close()
}

// letters names a column, from 0: A to Z, AA and so on.
func letters(column int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
