package billing

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"ramier/internal/sms"
)

// document writes the form or the invoice of an order: text, which needs no more of PDF than its built-in fonts.
func (d *Desk) document(o sms.CreditOrder, by Seller, invoice bool) []byte {
	s := newPaper()
	title := fmt.Sprintf("Order %d", o.ID)
	if invoice {
		title = fmt.Sprintf("Invoice %d", o.Invoice)
	}
	s.text(marginLeft, bold, 20, title)
	s.down(24)
	if d.Sandbox {
		s.text(marginLeft, bold, 11, "SANDBOX - worth nothing, nothing is to be paid")
		s.down(20)
	}
	s.parties(o, by)
	s.pair("Order", fmt.Sprintf("%d of %s", o.ID, o.CreatedAt.Format("2006-01-02")))
	if invoice {
		s.pair("Paid", o.SettledAt.Format("2006-01-02"))
		s.pair("Payment", o.Reference)
	} else {
		s.pair("Payable until", o.ExpiresAt.Format("2006-01-02"))
	}
	s.down(18)
	s.row(bold, "What", "Price of one", "Price")
	s.row(regular, describe(o), o.Credit.String(), o.Net.String())
	if o.Reduction().Millionths > 0 {
		s.row(regular, "(includes a reduction by quantity of "+o.Reduction().String()+")", "", "")
	}
	tax := "No tax"
	if o.TaxName != "" {
		tax = o.TaxName + " " + percent(o.TaxRate)
	}
	s.row(regular, tax, "", o.Tax.String())
	s.row(bold, "Total", "", o.Total().String())
	if !invoice {
		s.down(18)
		s.room(30)
		s.text(marginLeft, bold, 11, "How to pay")
		s.down(16)
		s.lines(marginLeft, 11, by.PayTo)
	}
	s.down(18)
	s.lines(marginLeft, 9, "Terms: "+d.TermsURL(o))
	return s.file(title)
}

// creditDocument writes the credit note of a refund.
func (d *Desk) creditDocument(o sms.CreditOrder, by Seller, r sms.Refund) []byte {
	s := newPaper()
	title := fmt.Sprintf("Credit note %d", r.Number)
	s.text(marginLeft, bold, 20, title)
	s.down(24)
	if d.Sandbox {
		s.text(marginLeft, bold, 11, "SANDBOX - worth nothing, nothing is paid back")
		s.down(20)
	}
	s.parties(o, by)
	s.pair("Invoice", fmt.Sprintf("%d of %s, order %d", o.Invoice, o.SettledAt.Format("2006-01-02"), o.ID))
	s.pair("Paid back", r.At.Format("2006-01-02"))
	s.pair("Payment", r.Reference)
	s.down(18)
	s.row(bold, "What", "", "Amount")
	s.row(regular, fmt.Sprintf("%v SMS credits of %s given back", r.Quantity, r.Service), "", "-"+r.Net.String())
	tax := "No tax"
	if o.TaxName != "" {
		tax = o.TaxName + " " + percent(o.TaxRate)
	}
	s.row(regular, tax, "", "-"+r.Tax.String())
	s.row(bold, "Total", "", "-"+r.Total().String())
	s.down(18)
	s.lines(marginLeft, 9, "Terms: "+d.TermsURL(o))
	return s.file(title)
}

// A4 in points, and where columns stand.
const (
	pageWidth, pageHeight = 595, 842
	marginLeft            = 56
	columnUnit, columnSum = 430, 539 // right edges
	top, bottom           = 780, 56
)

type font string

const regular, bold font = "F1", "F2"

// sheet is a page that is written from top to bottom.
type sheet struct {
	content bytes.Buffer
	used    int // points from the top
}

func (s *sheet) down(points int) { s.used += points }

// text writes at the present height. What would stand below the page is left out.
func (s *sheet) text(x int, f font, size int, text string) {
	if y := top - s.used; y >= bottom {
		fmt.Fprintf(&s.content, "BT /%s %d Tf %d %d Td (%s) Tj ET\n", f, size, x, y, literal(text))
	}
}

// right writes text that ends at x.
func (s *sheet) right(x int, f font, size int, text string) {
	s.text(x-width(size, text), f, size, text)
}

// width tells how many points a text takes, about: digits of Helvetica are 0.556 of its size wide, and amounts are mostly digits.
func width(size int, text string) int {
	w := 0.0
	for _, r := range text {
		switch {
		case r == '.' || r == ',' || r == ' ':
			w += 0.278
		case r >= 'A' && r <= 'Z':
			w += 0.7
		default:
			w += 0.556
		}
	}
	return int(w * float64(size))
}

// wrap gives the lines of a text, none of them wider than so many points. A word that is wider is cut.
func wrap(size, points int, text string) (all []string) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && width(size, line+" "+word) <= points {
				line += " " + word
				continue
			}
			if line != "" {
				all = append(all, line)
			}
			for line = word; width(size, line) > points; {
				cut := []rune(line)
				n := len(cut)
				for n > 1 && width(size, string(cut[:n])) > points {
					n--
				}
				all, line = append(all, string(cut[:n])), string(cut[n:])
			}
		}
		all = append(all, line)
	}
	return all
}

// paper is a document that goes on on another page where one ends.
type paper struct {
	*sheet // that is written on

	sheets []*sheet
}

func newPaper() *paper {
	first := &sheet{}
	return &paper{first, []*sheet{first}}
}

// room goes on to another page if so many points are not left on this one.
func (p *paper) room(points int) {
	if top-p.used-points < bottom {
		p.sheet = &sheet{}
		p.sheets = append(p.sheets, p.sheet)
	}
}

// lines writes a text of several lines.
func (p *paper) lines(x, size int, text string) {
	for _, line := range wrap(size, columnSum-x, text) {
		p.room(size)
		p.text(x, regular, size, line)
		p.down(size + 3)
	}
}

// parties names who sells, and who buys.
func (p *paper) parties(o sms.CreditOrder, by Seller) {
	p.lines(marginLeft, 11, by.Name)
	p.down(14)
	p.pair("Customer", o.Account+" ("+o.Country+")")
	if o.Buyer != "" {
		p.down(-2)
		p.lines(marginLeft+pairValue, 11, o.Buyer)
		p.down(4)
	}
}

// pairValue is how far from a name its value stands.
const pairValue = 110

func (p *paper) pair(name, value string) {
	p.room(14)
	p.text(marginLeft, bold, 11, name)
	p.lines(marginLeft+pairValue, 11, value)
	p.down(2)
}

func (p *paper) row(f font, what, unit, sum string) {
	p.room(14)
	p.right(columnUnit, f, 11, unit)
	p.right(columnSum, f, 11, sum)
	for _, line := range wrap(11, columnUnit-marginLeft-90, what) {
		p.room(11)
		p.text(marginLeft, f, 11, line)
		p.down(14)
	}
	p.down(4)
}

// literal writes a text as PDF's string in WinAnsi, which has the characters of Western Europe; others become a question mark.
func literal(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '(' || r == ')' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '€':
			b.WriteString(`\200`)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r >= 0xa0 && r <= 0xff:
			fmt.Fprintf(&b, `\%03o`, r)
		case r == '\t':
			b.WriteByte(' ')
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// file gives the document.
func (p *paper) file(title string) []byte {
	var b bytes.Buffer
	_ = writeFile(&b, title, p.sheets) // memory takes everything
	return b.Bytes()
}

// writeFile writes a document of pages.
func writeFile(to io.Writer, title string, pages []*sheet) error {
	const first = 6 // the objects of pages follow the catalog, the list of pages, the fonts and the title
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", first+2*i)
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.TrimSpace(kids.String()), len(pages)),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
		"<< /Title (" + literal(title) + ") /Producer (Ramier) >>",
	}
	for i, p := range pages {
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
				pageWidth, pageHeight, first+2*i+1),
			fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", p.content.Len(), p.content.String()))
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	_, err := to.Write(b.Bytes())
	return err
}
