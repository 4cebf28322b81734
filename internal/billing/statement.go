package billing

import (
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"ramier/internal/sms"
)

// statementColumns are those of a statement as CSV.
var statementColumns = []string{"date", "movement", "available", "held", "quota", "used"}

// StatementCSV writes a statement: the balances at the beginning, what each kind of movement changed on each day, and the balances at the
// end, which are the sum of all lines before.
func (d *Desk) StatementCSV(w *csv.Writer, s *sms.Statement) error {
	if err := w.Write(statementColumns); err != nil {
		return err
	}
	for _, l := range d.statementLines(s) {
		if err := w.Write(l); err != nil {
			return err
		}
	}
	return nil
}

// statementLines gives the lines of a statement. A month that goes on closes today.
func (d *Desk) statementLines(s *sms.Statement) [][]string {
	line := func(day time.Time, name string, b sms.Books) []string {
		return []string{day.Format(time.DateOnly), name, b.Available.String(), b.Held.String(), b.Quota.String(), b.Used.String()}
	}
	lines := [][]string{line(s.From, "opening balance", s.Opening)}
	for _, m := range s.Days {
		lines = append(lines, line(m.Day, m.Name, m.Change))
	}
	last := s.To.AddDate(0, 0, -1)
	if today := d.Now().In(s.From.Location()); today.Before(last) {
		last = today
	}
	return append(lines, line(last, "closing balance", s.Closing))
}

// Right edges of the columns of a statement, and how many lines a page has.
var statementEdges = []int{335, 403, 471, 539}

const linesOfPage = 38

// StatementPDF writes a statement as pages.
func (d *Desk) StatementPDF(to io.Writer, s *sms.Statement) error {
	title := fmt.Sprintf("Credits of %s, %s", s.Service, s.From.Format("2006-01"))
	lines := d.statementLines(s)
	var pages []*sheet
	for i, l := range lines {
		if i%linesOfPage == 0 {
			pages = append(pages, d.statementPage(title, len(pages)+1, (len(lines)+linesOfPage-1)/linesOfPage))
		}
		f := regular
		if i == 0 || i == len(lines)-1 {
			f = bold
		}
		pages[len(pages)-1].cells(f, l)
	}
	return writeFile(to, title, pages)
}

// statementPage begins a page.
func (d *Desk) statementPage(title string, number, of int) *sheet {
	s := &sheet{}
	s.text(marginLeft, bold, 16, title)
	s.right(columnSum, regular, 9, fmt.Sprintf("%d / %d", number, of))
	s.down(22)
	if d.Sandbox {
		s.text(marginLeft, bold, 9, "SANDBOX - worth nothing")
		s.down(16)
	}
	s.cells(bold, []string{"Date", "Movement", "Available", "Held", "Quota", "Used"})
	s.down(4)
	return s
}

func (s *sheet) cells(f font, fields []string) {
	s.text(marginLeft, f, 9, fields[0])
	s.text(marginLeft+62, f, 9, fields[1])
	for i, edge := range statementEdges {
		s.right(edge, f, 9, fields[2+i])
	}
	s.down(16)
}
