package legacy

import (
	"errors"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // the charsets that mails come in

	"ramier/internal/sms"
)

// Limits of a mail beyond its size.
const (
	maxLetterHeader = 64 << 10 // bytes of the header
	maxLetterParts  = 100
	maxLetterDepth  = 8        // of parts within parts
	maxLetterText   = 64 << 10 // bytes of the part that has the text, in UTF-8
	maxContactBytes = 1 << 20  // of an attached list of receivers
	maxFieldLine    = 16 << 10 // bytes of the subject, decoded
)

// A letter is what of a mail makes a message.
type letter struct {
	header    message.Header
	subject   string
	text      string // what the SMS says
	plain     *string
	html      *string
	contacts  []byte // the attached list of receivers, nil if there is none
	listName  string
	partsLeft int
}

// readLetter reads a mail to its end. Errors are *sms.Error, Invalid or TooLarge; those of r stay as they are.
func readLetter(r io.Reader) (*letter, error) {
	from := &source{r: r}
	l := &letter{partsLeft: maxLetterParts}
	err := l.read(from)
	// Only a mail that is here to its end counts.
	if _, _ = io.Copy(io.Discard, from); from.err != nil {
		return nil, from.err
	}
	if err != nil {
		return nil, err
	}
	switch {
	case l.plain != nil:
		l.text = smsText(*l.plain)
	case l.html != nil:
		l.text = smsText(htmlText(*l.html))
	}
	return l, nil
}

// A source remembers an error of what it reads from: it is not one of the mail.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (l *letter) read(r io.Reader) error {
	e, err := message.ReadWithOptions(r, &message.ReadOptions{MaxHeaderBytes: maxLetterHeader})
	if e == nil {
		return sms.Errorf(sms.Invalid, "The header of the mail cannot be read: it may have %d bytes, and each line a name and a colon", maxLetterHeader)
	}
	l.header = e.Header
	for _, name := range []string{"From", "Subject", "Message-Id", "Auto-Submitted"} {
		if len(e.Header.Values(name)) > 1 {
			return sms.Errorf(sms.Invalid, "The mail has more than one header %s", name)
		}
	}
	subject, bad := e.Header.Text("Subject")
	if bad != nil {
		subject = e.Header.Get("Subject")
	}
	if len(subject) > maxFieldLine {
		return sms.Errorf(sms.TooLarge, "The subject has more than %d bytes: attach the receivers as a file named contact", maxFieldLine)
	}
	l.subject = strings.TrimSpace(clean(toUTF8(subject, "")))
	return l.part(e, err, 0)
}

// part takes what a part has, and the parts within it.
func (l *letter) part(e *message.Entity, odd error, depth int) error {
	if l.partsLeft--; l.partsLeft < 0 || depth > maxLetterDepth {
		return sms.Errorf(sms.TooLarge, "The mail has more than %d parts, or parts within parts more than %d deep: send plain text", maxLetterParts, maxLetterDepth)
	}
	if odd != nil && message.IsUnknownEncoding(odd) {
		return sms.Errorf(sms.Invalid, "The Content-Transfer-Encoding of a part is unknown: use 8bit, quoted-printable or base64")
	}
	if all := e.MultipartReader(); all != nil {
		for {
			inner, err := all.NextPart()
			if inner == nil {
				if errors.Is(err, io.EOF) || strings.HasSuffix(err.Error(), io.EOF.Error()) {
					return nil // some programs leave out the last boundary
				}
				return sms.Errorf(sms.Invalid, "The parts of the mail cannot be told apart: %s", clean(toUTF8(err.Error(), "")))
			}
			if err := l.part(inner, err, depth+1); err != nil {
				return err
			}
		}
	}
	return l.leaf(e)
}

// leaf takes a part if it is the text or the list of receivers; the first of each counts.
func (l *letter) leaf(e *message.Entity) (err error) {
	kind, params, _ := e.Header.ContentType()
	disposition, about, _ := e.Header.ContentDisposition()
	name := about["filename"]
	if name == "" {
		name = params["name"]
	}
	if isContacts(name) {
		if l.contacts == nil {
			l.listName = clean(toUTF8(path.Base(name), ""))
			l.contacts, err = readPart(e.Body, maxContactBytes, "The attached list of receivers")
		}
		return err
	}
	to := map[string]**string{"text/plain": &l.plain, "text/html": &l.html}[kind]
	if to == nil || *to != nil || strings.EqualFold(disposition, "attachment") {
		return nil
	}
	all, err := readPart(e.Body, maxLetterText, "The text of the mail")
	if err != nil {
		return err
	}
	text := lines(toUTF8(string(all), ""))
	if kind == "text/plain" && strings.EqualFold(params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(params["delsp"], "yes"))
	}
	*to = &text
	return nil
}

// isContacts tells whether a file is the list of receivers: contact, contact.txt, Contacts.csv.
func isContacts(name string) bool {
	name = strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	ending := path.Ext(name)
	stem := strings.TrimSuffix(name, ending)
	return (stem == "contact" || stem == "contacts") && (ending == "" || ending == ".txt" || ending == ".csv")
}

func readPart(r io.Reader, most int64, what string) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case int64(len(all)) > most:
		return nil, sms.Errorf(sms.TooLarge, "%s has more than %d bytes", what, most)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF): // what is cut off in the middle of a mail ends there
		return nil, sms.Errorf(sms.Invalid, "%s cannot be decoded: %s", what, clean(toUTF8(err.Error(), "")))
	}
	return all, nil
}

// clean takes control characters out of a line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
}

// endMark and an empty line end the text, and the line that mail programs write above a signature.
const (
	endMark       = "--end"
	signatureMark = "-- "
)

// smsText gives what of the text of a mail goes into the SMS: from its first line to the first empty one, to a signature, or to --end.
func smsText(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		if line == signatureMark {
			break
		}
		line, _, ended := strings.Cut(line, endMark)
		line = strings.TrimRightFunc(clean(line), unicode.IsSpace)
		switch {
		case strings.TrimSpace(line) != "":
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(line)
		case b.Len() > 0:
			ended = true
		}
		if ended {
			break
		}
	}
	return b.String()
}

// unflow joins lines that a mail program has broken (RFC 3676): those that end with a blank go on.
func unflow(s string, delSp bool) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimPrefix(line, " ") // stuffed
		if !strings.HasSuffix(line, " ") || line == signatureMark {
			b.WriteString(line + "\n")
			continue
		}
		if delSp {
			line = line[:len(line)-1]
		}
		b.WriteString(line)
	}
	return b.String()
}
