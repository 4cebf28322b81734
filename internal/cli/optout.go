package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) optOutCommand() *cobra.Command {
	a := &access{program: p}
	return a.flags(p.group("optout", "Export and import who wants no more advertising", a.optOutExport(), a.optOutImport()))
}

// optOut is an opt-out as the API has it.
type optOut struct {
	DateCreation  string `json:"dateCreation,omitempty"`
	Number        string `json:"number"`
	Scope         string `json:"scope,omitempty"`
	SmsIncomingID *int64 `json:"smsIncomingID,omitempty"`
	SmsOutgoingID *int64 `json:"smsOutgoingID,omitempty"`
	Source        string `json:"source,omitempty"`
	Words         string `json:"words,omitempty"`
}

// optOutBatch is how many opt-outs travel in one call.
const optOutBatch = 5000

func optOutsOf(service string) string {
	return "/operator/services/" + url.PathEscape(service) + "/optOuts"
}

// optOutColumns are those of the file; importing needs only the first.
var optOutColumns = []string{"number", "scope", "date", "words", "source", "message", "reply"}

func (a *access) optOutExport() *cobra.Command {
	return &cobra.Command{
		Use: "export SERVICE", Short: "Write the opt-outs of an SMS account as CSV, with their proof", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			api, err := a.open()
			if err != nil {
				return err
			}
			w := csv.NewWriter(a.out)
			if err := w.Write(optOutColumns); err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(optOutBatch)}}
			for {
				var page []optOut
				if err := api.call(c.Context(), http.MethodGet, optOutsOf(args[0])+"?"+query.Encode(), nil, &page); err != nil {
					return err
				}
				for _, o := range page {
					if err := w.Write([]string{o.Number, o.Scope, o.DateCreation, o.Words, o.Source, idText(o.SmsOutgoingID), idText(o.SmsIncomingID)}); err != nil {
						return err
					}
				}
				if len(page) < optOutBatch {
					w.Flush()
					return w.Error()
				}
				last := page[len(page)-1]
				query.Set("after", last.Number)
				query.Set("afterScope", last.Scope)
			}
		},
	}
}

func idText(id *int64) string {
	if id == nil {
		return ""
	}
	return strconv.FormatInt(*id, 10)
}

func (a *access) optOutImport() *cobra.Command {
	return &cobra.Command{
		Use: "import SERVICE FILE", Short: "Add the opt-outs of a CSV file to an SMS account", Args: takes,
		Long: "Adds the opt-outs of a CSV file, - for the standard input, to an SMS account. Its first line names the columns: number; and if you have\n" +
			"them scope (sender:NAME or tag:TAG), date (like 2026-01-31T08:30:00+01:00) and words, the proof. A file of numbers alone needs no such\n" +
			"line. Separators may be commas, semicolons or tabs. What is there already stays as it is, so an import can be repeated.",
		RunE: func(c *cobra.Command, args []string) error {
			in := a.in
			if args[1] != "-" {
				file, err := os.Open(args[1])
				if err != nil {
					return err
				}
				defer file.Close()
				in = file
			}
			rows, err := newOptOutReader(in)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			return a.importOptOuts(c, args[0], args[1], rows)
		},
	}
}

func (a *access) importOptOuts(c *cobra.Command, service, file string, rows *optOutReader) error {
	api, err := a.open()
	if err != nil {
		return err
	}
	var added, known, invalid int64
	for more := true; more; {
		var batch []optOut
		if batch, more, err = rows.next(optOutBatch); err != nil {
			return fmt.Errorf("%s: %w; the first %d are imported: correct the line and import the file again", file, err, added+known+invalid)
		}
		if len(batch) == 0 {
			break
		}
		var r struct {
			Added, Known int64
			Invalid      []struct{ Receiver, Message string }
		}
		if err := api.call(c.Context(), http.MethodPost, optOutsOf(service), object{"optOuts": batch}, &r); err != nil {
			return err
		}
		added, known, invalid = added+r.Added, known+r.Known, invalid+int64(len(r.Invalid))
		for _, i := range r.Invalid {
			fmt.Fprintf(a.errOut, "not imported: %s\n", i.Message)
		}
	}
	_, err = fmt.Fprintf(a.out, "%d added, %d were there, %d cannot be read\n", added, known, invalid)
	if err == nil && invalid > 0 {
		err = errShown
	}
	return err
}

// optOutReader reads a file row by row.
type optOutReader struct {
	csv     *csv.Reader
	columns map[string]int
	first   []string // row that was no header
}

func newOptOutReader(in io.Reader) (*optOutReader, error) {
	b := bufio.NewReader(in)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	head, err := b.Peek(b.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	line, _, _ := strings.Cut(string(head), "\n")
	r := &optOutReader{csv: csv.NewReader(b), columns: map[string]int{}}
	r.csv.Comma = ','
	for _, comma := range ";\t" {
		if strings.Count(line, string(comma)) > strings.Count(line, string(r.csv.Comma)) {
			r.csv.Comma = comma
		}
	}
	row, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	for i, name := range row {
		if name = strings.ToLower(strings.TrimSpace(name)); slices.Contains(optOutColumns, name) {
			r.columns[name] = i
		}
	}
	if _, ok := r.columns["number"]; ok {
		return r, nil
	}
	if len(row) != 1 {
		return nil, fmt.Errorf("its first line %q has no column number", strings.TrimSpace(line))
	}
	r.first, r.columns = row, map[string]int{"number": 0}
	return r, nil
}

// next gives at most so many rows, and whether there may be more.
func (r *optOutReader) next(most int) (batch []optOut, more bool, err error) {
	for len(batch) < most {
		row := r.first
		if r.first = nil; row == nil {
			row, err = r.csv.Read()
			if errors.Is(err, io.EOF) {
				return batch, false, nil
			}
			if err != nil {
				return batch, false, err
			}
		}
		column := func(name string) string {
			if i, ok := r.columns[name]; ok {
				return row[i]
			}
			return ""
		}
		batch = append(batch, optOut{
			Number: column("number"), Scope: column("scope"), DateCreation: column("date"), Words: column("words"),
		})
	}
	return batch, true, nil
}
