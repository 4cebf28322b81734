package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"ramier/internal/sms"
)

// records cuts a file into rows, and these into cells, in the manner of RFC 4180. Cells come without spaces around them. It keeps
// no more than a row and what was read ahead.
type records struct {
	from    io.Reader
	name    string
	limits  Limits
	window  []byte // read and not yet cut
	start   int    // of the next row
	ended   bool   // nothing follows the window
	err     error
	line    int // of the next row
	charset charset

	separator byte

	scratch []byte // a row without its quotation marks
	cells   []string
}

// charset is what is known of the encoding of a file that is not UTF-16.
type charset uint8

const (
	ascii       charset = iota // so far; the first byte above decides
	utf8Text                   // has been seen, or a byte order mark
	windows1252                // which has ISO 8859-1 in it
)

// newline ends a line, whatever did so in the file: see lineEnds.
const newline = '\n'

// lineEnds reads CR and CRLF as line feeds, also where a file has several of them.
type lineEnds struct {
	from io.Reader
	cr   bool // the last byte was one
}

func (l *lineEnds) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	out := p[:0]
	for in := p[:n]; len(in) > 0; {
		if l.cr && in[0] == newline {
			in = in[1:] // of CRLF
		}
		l.cr = false
		at := bytes.IndexByte(in, '\r')
		if at < 0 {
			out = append(out, in...)
			break
		}
		out = append(append(out, in[:at]...), newline)
		in, l.cr = in[at+1:], true
	}
	return len(out), err
}

// sampled is how many bytes are looked at to recognise a file.
const sampled = 64 << 10

var errShort = errors.New("the row goes on")

// next gives the next row that has a value, and its line. Its cells are valid until the next call.
func (r *records) next() (line int, cells []string, err error) {
	for {
		line, cells, err = r.cut()
		if err != nil {
			return line, nil, err
		}
		for _, c := range cells {
			if c != "" {
				return line, cells, nil
			}
		}
	}
}

// cut gives the next row.
func (r *records) cut() (line int, cells []string, err error) {
	if r.err != nil {
		return 0, nil, r.err
	}
	for {
		if r.ended && r.start == len(r.window) {
			r.err = io.EOF
			break
		}
		line = r.line
		row, between, size, err := r.row(r.window[r.start:])
		if errors.Is(err, errShort) {
			err = r.more()
			if err == nil {
				continue
			}
		}
		if err == nil {
			cells, err = r.split(row, between)
		}
		if err != nil {
			r.err = err
			break
		}
		r.line += bytes.Count(r.window[r.start:r.start+size], []byte{newline})
		r.start += size
		return line, cells, nil
	}
	return 0, nil, r.err
}

// more reads further into the window.
func (r *records) more() error {
	if r.from == nil { // of a sample
		return io.EOF
	}
	if rest := len(r.window) - r.start; rest > r.limits.Row {
		return r.tooLong()
	}
	r.window = r.window[:copy(r.window, r.window[r.start:])]
	r.start = 0
	return r.fill(cap(r.window))
}

// fill reads until the window has so many bytes or the file has ended.
func (r *records) fill(size int) error {
	for len(r.window) < size && !r.ended {
		n, err := r.from.Read(r.window[len(r.window):size])
		r.window = r.window[:len(r.window)+n]
		switch {
		case errors.Is(err, io.EOF):
			r.ended = true
		case err != nil:
			if known, ok := errors.AsType[*sms.Error](err); ok {
				return known
			}
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

func (r *records) tooLong() error {
	if bytes.IndexByte(r.window[r.start:], '"') >= 0 {
		return r.fail(sms.TooLarge, r.line, "the row has more than %d bytes: shorten it, or close a quotation mark that was opened", r.limits.Row)
	}
	return r.fail(sms.TooLarge, r.line, "the row has more than %d bytes: shorten it", r.limits.Row)
}

// row finds the row at the beginning of text: its cells, what is between them, and its size with the line's end. Where it has
// quotation marks these are gone, and U+0000 is between the cells.
func (r *records) row(text []byte) (row []byte, between byte, size int, err error) {
	end := bytes.IndexByte(text, newline)
	size = end + 1
	if end < 0 {
		if !r.ended {
			return nil, 0, 0, errShort
		}
		end, size = len(text), len(text)
	}
	if bytes.IndexByte(text[:end], '"') >= 0 {
		row, size, err = r.quoted(text)
		return row, 0, size, err
	}
	switch {
	case size > r.limits.Row:
		err = r.tooLong()
	case bytes.IndexByte(text[:end], 0) >= 0:
		err = r.noText()
	}
	return text[:end], r.separator, size, err
}

func (r *records) noText() error {
	return r.fail(sms.Invalid, r.line, "there is the character U+0000, as in files that are no text: save the list as CSV in UTF-8")
}

// quoted is row where quotation marks are. They enclose a cell only if they begin it.
func (r *records) quoted(text []byte) (row []byte, size int, err error) {
	out := r.scratch[:0]
	defer func() { r.scratch = out }()
	for at := 0; ; {
		begin := at
		for at < len(text) && (text[at] == ' ' || text[at] == '\t' && r.separator != '\t') {
			at++
		}
		if at < len(text) && text[at] == '"' {
			out, at, err = r.enclosed(out, text, at+1)
			if err != nil {
				return nil, 0, err
			}
		} else {
			at = begin
			for at < len(text) && text[at] != r.separator && text[at] != newline {
				at++
			}
			if bytes.IndexByte(text[begin:at], 0) >= 0 {
				return nil, 0, r.noText()
			}
			out = append(out, text[begin:at]...)
		}
		switch {
		case at == len(text) && !r.ended:
			return nil, 0, errShort
		case at == len(text):
			size = at
		case text[at] == newline:
			size = at + 1
		default:
			out = append(out, 0)
			at++
			continue
		}
		if size > r.limits.Row {
			return nil, 0, r.tooLong()
		}
		return out, size, nil
	}
}

// enclosed reads a cell after its opening quotation mark, and gives where the separator or the line's end is.
func (r *records) enclosed(out, text []byte, at int) ([]byte, int, error) {
	for {
		end := bytes.IndexByte(text[at:], '"')
		if end < 0 {
			if r.ended {
				return out, 0, r.fail(sms.Invalid, r.line, "a quotation mark is opened and never closed: close it")
			}
			return out, 0, errShort
		}
		if bytes.IndexByte(text[at:at+end], 0) >= 0 {
			return out, 0, r.noText()
		}
		out = append(out, text[at:at+end]...)
		at += end + 1
		if at < len(text) && text[at] == '"' { // two stand for one
			out = append(out, '"')
			at++
			continue
		}
		for at < len(text) && (text[at] == ' ' || text[at] == '\r' || text[at] == '\t') && text[at] != r.separator && text[at] != newline {
			at++
		}
		if at < len(text) && text[at] != r.separator && text[at] != newline {
			return out, 0, r.fail(sms.Invalid, r.line, "there is text behind a closing quotation mark: write marks that belong to a cell twice")
		}
		return out, at, nil
	}
}

// newlines are written by a cell's program as its lines' ends.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// split decodes a row and cuts it into its cells.
func (r *records) split(row []byte, between byte) ([]string, error) {
	text, err := r.decode(row)
	if err != nil {
		return nil, err
	}
	r.cells = r.cells[:0]
	for more := true; more; {
		if len(r.cells) == r.limits.Columns {
			return nil, r.fail(sms.TooLarge, r.line, "the row has more than %d cells: leave out what is not needed", r.limits.Columns)
		}
		var cell string
		at := strings.IndexByte(text, between)
		if more = at >= 0; more {
			cell, text = text[:at], text[at+1:]
		} else {
			cell = text
		}
		cell = strings.TrimSpace(cell)
		if len(cell) > r.limits.Cell {
			return nil, r.fail(sms.TooLarge, r.line, "the cell %d has %d bytes, more than %d: shorten it", len(r.cells)+1, len(cell), r.limits.Cell)
		}
		if strings.IndexByte(cell, '\r') >= 0 {
			cell = newlines.Replace(cell)
		}
		r.cells = append(r.cells, cell)
	}
	return r.cells, nil
}

// decode gives a row in UTF-8.
func (r *records) decode(row []byte) (string, error) {
	if r.charset != windows1252 {
		if utf8.Valid(row) {
			text := string(row)
			if r.charset == ascii && !isASCII(text) {
				r.charset = utf8Text
			}
			return text, nil
		}
		if r.charset == utf8Text {
			return "", r.fail(sms.Invalid, r.line, "there are bytes that are no UTF-8, which the list is in: save it as CSV in UTF-8")
		}
		r.charset = windows1252
	}
	var b strings.Builder
	b.Grow(len(row) + 8)
	for _, octet := range row {
		if octet < utf8.RuneSelf {
			b.WriteByte(octet)
			continue
		}
		decoded := charmap.Windows1252.DecodeByte(octet)
		if decoded == utf8.RuneError {
			return "", r.fail(sms.Invalid, r.line, "there is the byte %#x, which is neither UTF-8 nor Windows-1252: save the list as CSV in UTF-8", octet)
		}
		b.WriteRune(decoded)
	}
	return b.String(), nil
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fail makes an error about a line, 0 = about the file. The words at the end are those that OVH's control panel looks for.
func (r *records) fail(code sms.Code, line int, format string, args ...any) error {
	where := ""
	if line > 0 {
		where = fmt.Sprintf(", on line %d", line)
	}
	return sms.Errorf(code, "%s cannot be read: %s%s", r.name, fmt.Sprintf(format, args...), where)
}

func (r *records) separatorName() string {
	if r.separator == '\t' {
		return "tabs"
	}
	return `"` + string(r.separator) + `"`
}
