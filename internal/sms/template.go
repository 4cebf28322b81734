package sms

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Template is a text with places for the values of a list's columns: "#column#" as OVH's cookbook writes them, or "{column}".
// What follows a bar stands in for an empty value: "#prenom|client#".
type Template struct {
	pieces []piece
	size   int // of all literal text
}

// A piece is literal text, or the place of a column.
type piece struct {
	text   string // literal, or what stands in for an empty value
	column int    // -1 = literal
	name   string
	spare  bool // text stands in, even if it is empty
}

// ParseTemplate reads a text for a list with these columns. Names are compared as ColumnKey has them; columns without a name
// match nothing. Braces that hold no column stay as they are, and so does a # that begins no name. The error is for a name
// between two # that the list does not have, or has twice.
func ParseTemplate(text string, columns []string) (*Template, error) {
	p := templateParser{columns: make([]string, len(columns)), names: columns}
	for i, name := range columns {
		p.columns[i] = ColumnKey(name)
	}
	var t Template
	literal := 0 // where the literal text begins that is not in t yet
	for at := 0; at < len(text); {
		place, length, err := p.place(text[at:])
		switch {
		case err != nil:
			return nil, err
		case length == 0:
			at++
		default:
			t.add(text[literal:at])
			t.pieces = append(t.pieces, place)
			at += length
			literal = at
		}
	}
	t.add(text[literal:])
	return &t, nil
}

func (t *Template) add(literal string) {
	if literal != "" {
		t.pieces = append(t.pieces, piece{text: literal, column: -1})
		t.size += len(literal)
	}
}

// Merges tells whether the text has a place for a value.
func (t *Template) Merges() bool {
	return slices.ContainsFunc(t.pieces, func(p piece) bool { return p.column >= 0 })
}

// Render puts a row's values into their places, and gives the names of columns that left theirs empty. Values are text: what
// looks like a place in one stays as it is.
func (t *Template) Render(values []string) (text string, empty []string) {
	var b strings.Builder
	b.Grow(min(t.size, maxText) + 32)
	for _, p := range t.pieces {
		if b.Len() > maxText {
			break // it cannot be sent, however it goes on
		}
		value := ""
		if p.column >= 0 && p.column < len(values) {
			value = values[p.column]
		}
		switch {
		case p.column < 0:
			b.WriteString(p.text)
		case strings.TrimSpace(value) != "":
			b.WriteString(value)
		case p.spare:
			b.WriteString(p.text)
		case !slices.Contains(empty, p.name):
			empty = append(empty, p.name)
		}
	}
	return b.String(), empty
}

// ColumnKey gives the form in which the names of columns are compared: without accents, spaces and capitals, so that
// "Prénom" and "prenom " are one.
func ColumnKey(name string) string {
	plain := true
	for i := range len(name) {
		plain = plain && name[i] > ' ' && name[i] < 0x7f && (name[i] < 'A' || name[i] > 'Z')
	}
	if plain {
		return name
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
}

type templateParser struct {
	columns []string // as ColumnKey has them
	names   []string
}

// maxColumnName is the most bytes between two # that may be a misspelt name; columns of the list may be longer.
const maxColumnName = 64

// place reads the place of a column at the beginning of text; its length is 0 if there is none.
func (t *templateParser) place(text string) (p piece, length int, err error) {
	var end byte
	switch text[0] {
	case '#':
		end = '#'
	case '{':
		end = '}'
	default:
		return piece{}, 0, nil
	}
	inside, ok := between(text[1:], end)
	if !ok {
		return piece{}, 0, nil
	}
	name, spare, hasSpare := strings.Cut(inside, "|")
	column, err := t.find(name)
	if err != nil {
		return piece{}, 0, err
	}
	if column >= 0 {
		return piece{text: spare, column: column, name: strings.TrimSpace(t.names[column]), spare: hasSpare}, len(inside) + 2, nil
	}
	if end == '}' || !isName(name) {
		return piece{}, 0, nil
	}
	// In "dossier #A12#prenom#" the first # is a literal one.
	if next, ok := between(text[len(inside)+2:], '#'); ok {
		if name, _, _ := strings.Cut(next, "|"); isName(name) {
			if column, err := t.find(name); err == nil && column >= 0 {
				return piece{}, 0, nil
			}
		}
	}
	return piece{}, 0, t.unknown(name)
}

// between gives the text before the first end, if that is on the same line.
func between(text string, end byte) (string, bool) {
	at := strings.IndexAny(text, string(end)+"\r\n")
	if at < 0 || text[at] != end {
		return "", false
	}
	return text[:at], true
}

// find gives the column with a name, -1 if there is none.
func (t *templateParser) find(name string) (int, error) {
	key := ColumnKey(name)
	if key == "" {
		return -1, nil
	}
	first := slices.Index(t.columns, key)
	if first >= 0 && slices.Contains(t.columns[first+1:], key) {
		return -1, Errorf(Invalid, "message names the column %q, which the list has twice: rename one of them", name)
	}
	return first, nil
}

// isName tells what was most likely meant as the name of a column: words with at least one letter.
func isName(text string) bool {
	if text == "" || len(text) > maxColumnName || strings.TrimSpace(text) != text {
		return false
	}
	letters := false
	for i, r := range text {
		switch {
		case unicode.IsLetter(r):
			letters = true
		case unicode.IsDigit(r), r == '_', unicode.Is(unicode.Mn, r) && i > 0:
		case i > 0 && strings.ContainsRune(" -.'’°", r):
		default:
			return false
		}
	}
	return letters
}

// unknown names the column that was most likely meant, or all of them.
func (t *templateParser) unknown(name string) error {
	key := ColumnKey(name)
	near, least := "", max(2, len([]rune(key))/3)+1
	var all []string
	for i, column := range t.columns {
		if column == "" {
			continue
		}
		title := strings.TrimSpace(t.names[i])
		if d := distance([]rune(key), []rune(column), least); d < least {
			near, least = title, d
		}
		if len(all) < 20 {
			all = append(all, title)
		}
	}
	switch {
	case len(all) == 0:
		return Errorf(Invalid, "message names the column %q, but the list has no names of columns: give it a first line with them", name)
	case near != "":
		return Errorf(Invalid, "message names the column %q, which the list does not have: did you mean #%s#?", name, near)
	}
	return Errorf(Invalid, "message names the column %q, which the list does not have: write one of #%s#", name, strings.Join(all, "#, #"))
}

// distance is how many letters must be added, removed or changed to get from one word to another; most, if it is at least that.
func distance(from, to []rune, most int) int {
	if max(len(from)-len(to), len(to)-len(from)) >= most {
		return most
	}
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j := range to {
			change := diagonal
			if from[i] != to[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(to)], most)
}

// Merge fills an order's text for each of its receivers.
type Merge struct {
	Template *Template
	Values   [][]string // of each receiver, by column
}

// unsendableError is a merged text that cannot be sent, which is no fault of the others.
type unsendableError struct{ why string }

func (e *unsendableError) Error() string { return e.why }

// sendable tells with an *unsendableError why a merged text cannot be sent.
func sendable(text string, fromShort bool) error {
	var why string
	switch {
	case text == "":
		why = "the text is empty with the values of its row: fill them, or say what stands in for empty ones, as in #prenom|client#"
	case strings.ContainsRune(text, 0):
		why = "a value holds the character U+0000, which no handset shows: leave it out"
	case fromShort && contactIn(text) != "":
		why = fmt.Sprintf("cannot send contact information with shortcode, and a value holds %.60q: leave it out, or name a sender", contactIn(text))
	default:
		return nil
	}
	return &unsendableError{why}
}
