package campaign

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"ramier/internal/sms"
)

// OldSheet is how the files of old Excel (.xls) begin, which nothing here reads.
const OldSheet = "\xd0\xcf\x11\xe0"

// Line is a row of a table.
type Line struct {
	Number int // where it begins, from 1
	Cells  []string
}

// ReadTable reads a whole CSV file in whatever encoding and with whatever separator, as Read does, or an .xlsx file. It needs no column
// of receivers. Rows without any value are passed over. Errors are those of Read.
func ReadTable(r io.Reader, o Options) ([]Line, error) {
	o.Limits = o.Limits.withDefaults()
	if o.Name == "" {
		o.Name = "the file"
	}
	begin := make([]byte, len(zipBegin))
	n, err := io.ReadFull(r, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(begin[:n]), r)
	switch string(begin[:n]) {
	case zipBegin:
		return readSheet(r, o)
	case OldSheet:
		return nil, sms.Errorf(sms.Invalid, "%s cannot be read: it is a spreadsheet of old Excel (.xls): save it as .xlsx or as CSV", o.Name)
	}
	records, err := newRecords(r, o)
	if err != nil {
		return nil, err
	}
	l := &List{records: records}
	if !l.skipHint() {
		records.separator = sample{country: o.Country}.separator(records)
	}
	var all []Line
	for {
		line, cells, err := records.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil && len(all) > o.Limits.Rows {
			err = records.fail(sms.TooLarge, line, "there are more than %d rows: cut the file into several", o.Limits.Rows)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Line{line, slices.Clone(cells)})
	}
}

// Repair takes from a cell what spreadsheets put around a number. One that they have destroyed stays as it is, and is no number.
func Repair(cell string) string {
	if number, rounded := repair(cell); !rounded {
		return number
	}
	return cell
}
