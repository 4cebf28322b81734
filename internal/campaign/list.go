// Package campaign sends to lists: it reads receivers and columns from CSV files.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"ramier/internal/fetch"
	"ramier/internal/sms"
)

// Limits bound a list. Zero stands for the default.
type Limits struct {
	Rows    int // beside the header; 1,000,000
	Columns int // 100
	Row     int // bytes of a row, with its quotation marks; 65,536
	Cell    int // bytes of a cell in UTF-8; 4,096
}

func (l Limits) withDefaults() Limits {
	for _, n := range []struct {
		at    *int
		value int
	}{{&l.Rows, 1_000_000}, {&l.Columns, 100}, {&l.Row, 1 << 16}, {&l.Cell, 1 << 12}} {
		if *n.at == 0 {
			*n.at = n.value
		}
	}
	return l
}

// Options tell how a list is read.
type Options struct {
	Name    string // of the file, for errors: its URL
	Country string // ISO 3166 alpha-2; cells that are numbers there are taken for numbers
	Limits  Limits
}

// Column is one of a list.
type Column struct {
	Name string // as given; empty when the list has no header
	Key  string // as sms.ColumnKey has it
}

// List is a file of receivers. It is read as its rows are asked for, in constant memory.
type List struct {
	Columns []Column
	Number  int  // the column of the receivers
	Header  bool // the first row has the names of the columns

	records *records
	close   func() error
}

// Row is one receiver of a list.
type Row struct {
	Line    int    // where it begins, from 1; a cell may have several lines
	Written string // the cell of the receiver
	// Receiver is the number to be read: Written without what spreadsheets do to numbers. It may still be none.
	Receiver string
	// Refused says that a spreadsheet has destroyed the number; then there is no Receiver.
	Refused *sms.Refusal
	Values  []string // by column, without spaces around; the slice is valid until the next row
}

// Open fetches a list. Whoever gets one has to close it. Errors are *sms.Error: those of fetch.Client.Get and of Read.
func Open(ctx context.Context, c *fetch.Client, address string, o Options) (*List, error) {
	d, err := c.Get(ctx, address)
	if err != nil {
		return nil, err
	}
	o.Name = d.URL
	l, err := Read(d, o)
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	l.close = d.Close
	return l, nil
}

// Close ends the reading of a list that was opened.
func (l *List) Close() {
	if l.close != nil {
		_ = l.close() // it was only read
	}
}

// Read begins to read a list: its encoding, separator, header and the column of the receivers are found in its first 64 KiB.
// Errors are *sms.Error of the code Invalid, or TooLarge past a limit; they name the file and end with "on line N" where they
// are about one. Errors of r that are *sms.Error already stay as they are.
func Read(r io.Reader, o Options) (*List, error) {
	o.Limits = o.Limits.withDefaults()
	if o.Name == "" {
		o.Name = "the list"
	}
	records, err := newRecords(r, o)
	if err != nil {
		return nil, err
	}
	l := &List{records: records}
	if err := l.recognise(o.Country); err != nil {
		return nil, err
	}
	return l, nil
}

// Names gives the names of the columns, as sms.ParseTemplate needs them.
func (l *List) Names() []string {
	names := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		names[i] = c.Name
	}
	return names
}

// Rows gives the rows in their order, once. Rows without any value are passed over. An error is the last that comes; see Read.
func (l *List) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		values := make([]string, len(l.Columns))
		for n := 1; ; n++ {
			line, cells, err := l.records.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && n > l.records.limits.Rows {
				err = l.records.fail(sms.TooLarge, line, "there are more than %d rows: cut the list into several", l.records.limits.Rows)
			}
			if err == nil {
				err = l.fits(line, cells)
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			clear(values)
			copy(values, cells)
			if !yield(newRow(line, values, l.Number), nil) {
				return
			}
		}
	}
}

// fits refuses a row with more values than columns: a separator inside of a cell would move the values of the others.
func (l *List) fits(line int, cells []string) error {
	for i := len(l.Columns); i < len(cells); i++ {
		if cells[i] != "" {
			return l.records.fail(sms.Invalid, line, "the row has %d cells, more than the %d of the first row: put cells that hold %s into quotation marks",
				len(cells), len(l.Columns), l.records.separatorName())
		}
	}
	return nil
}

func newRow(line int, values []string, number int) Row {
	r := Row{Line: line, Written: values[number], Values: values}
	var rounded bool
	if r.Receiver, rounded = repair(r.Written); rounded {
		refused := sms.Refusal{
			Receiver: r.Written, Reason: sms.Damaged,
			Message: fmt.Sprintf("%q was rounded by a spreadsheet and has lost digits: make the column one of text, and enter the number again", r.Written),
		}.On(line)
		r.Refused, r.Receiver = &refused, ""
	}
	return r
}

// Fill makes the rows of the list the receivers of an order, and its text one that is merged with them if it names columns.
func (l *List) Fill(o sms.Order) (sms.Order, error) {
	o, err := fill(o, l.Names(), l.Rows())
	if err == nil && len(o.Receivers)+len(o.Unreadable) == 0 {
		err = l.records.fail(sms.Invalid, 0, "there are no receivers: give at least one number, like +33612345678")
	}
	return o, err
}

// repair takes from a cell what spreadsheets and phone books put around a number: an apostrophe, ="...", tel:, and the ways of
// writing a large number that lose nothing. Digits that were rounded away are lost.
func repair(cell string) (number string, rounded bool) {
	number = cell
	if isPlain(number) {
		return number, false
	}
	if strings.ContainsAny(number, `'’="“:`) {
		if inner, ok := strings.CutPrefix(number, "="); ok {
			number = inner
		}
		number = strings.TrimSpace(strings.Trim(number, `'’"“”`))
		if len(number) > 4 && strings.EqualFold(number[:4], "tel:") {
			number = number[4:]
		}
	}
	for _, end := range []string{".0", ",0"} {
		if whole, ok := strings.CutSuffix(number, end); ok && len(whole) >= 8 && strings.Trim(whole, "0123456789") == "" {
			return whole, false
		}
	}
	return scientific(number)
}

// isPlain tells that there is nothing to repair.
func isPlain(number string) bool {
	for i := range len(number) {
		if c := number[i]; (c < '0' || c > '9') && c != '+' && c != ' ' {
			return false
		}
	}
	return true
}

// scientific writes out a number like 6,12345678E+08, if all of its digits are there.
func scientific(number string) (plain string, rounded bool) {
	at := strings.IndexAny(number, "eE")
	if at < 1 {
		return number, false
	}
	mantissa, exponent := strings.TrimPrefix(number[:at], "+"), strings.TrimPrefix(number[at+1:], "+")
	whole, fraction, _ := strings.Cut(strings.Replace(mantissa, ",", ".", 1), ".")
	if len(whole) != 1 || len(exponent) == 0 || len(exponent) > 2 || strings.Trim(whole+fraction+exponent, "0123456789") != "" {
		return number, false
	}
	if fmt.Sprintf("%02d", len(fraction)) == fmt.Sprintf("%02s", exponent) {
		return whole + fraction, false
	}
	return number, true
}
