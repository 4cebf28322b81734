package legacy

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

// A session is one client of email2sms.
type session struct {
	e      *Email2SMS
	conn   *smtp.Conn
	line   *line
	secure bool
	misses int // receivers that there are not

	from    string
	null    bool     // no sender: a mail about a mail
	numbers []string // that it was addressed to
}

// session begins one, anew after STARTTLS.
func (e *Email2SMS) session(c *smtp.Conn) (smtp.Session, error) {
	raw := c.Conn()
	_, secure := raw.(*tls.Conn)
	if wrapped, ok := raw.(interface{ NetConn() net.Conn }); ok {
		raw = wrapped.NetConn()
	}
	l, ok := raw.(*line)
	if !ok {
		return nil, errors.New("the connection did not come through the door")
	}
	return &session{e: e, conn: c, line: l, secure: secure}, nil
}

// Reset forgets the mail.
func (s *session) Reset() { s.from, s.null, s.numbers = "", false, nil }

// Logout ends the session.
func (s *session) Logout() error { return nil }

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	switch {
	case s.e.closing.Load():
		return goingDown
	case s.e.cfg.NeedTLS && !s.secure:
		return reply(530, [3]int{5, 7, 0}, "Say STARTTLS first: a password is in the mail")
	case !s.e.crowd.mayMail(s.line.ip, s.e.cfg.Now()):
		return reply(451, [3]int{4, 7, 1}, fmt.Sprintf("More than %d mails a minute from this address: come again", s.e.cfg.Rate))
	}
	if s.misses < maxMisses {
		s.line.limit(-1)
	}
	s.Reset()
	s.from, s.null = from, from == ""
	return nil
}

// number is the part before the @ of an address that is a phone number.
var number = regexp.MustCompile(`^\+?[0-9]{4,20}$`)

// Rcpt takes an address: ours, or none.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	at := strings.LastIndexByte(to, '@')
	local, domain := to[:max(at, 0)], strings.ToLower(strings.TrimSuffix(to[at+1:], "."))
	var err error
	switch {
	case at < 0 || !slices.Contains(s.e.cfg.Domains, domain):
		err = reply(550, [3]int{5, 7, 1}, "This server takes mails to "+strings.Join(s.e.cfg.Domains[:min(len(s.e.cfg.Domains), 5)], ", ")+" only, and relays none")
	case s.null:
		return reply(550, [3]int{5, 7, 1}, "This address takes no mails about mails")
	case strings.EqualFold(local, WholeAddress):
		return nil
	case number.MatchString(local):
		s.numbers = append(s.numbers, local)
		return nil
	default:
		err = reply(550, [3]int{5, 1, 1}, "Write to "+WholeAddress+"@"+domain+", or to a number like +33612345678@"+domain)
	}
	if s.misses++; s.misses >= maxMisses {
		s.line.limit(0) // the answer is the last
	}
	return err
}

// Data takes the mail. Its answer is written when all that follows from it is on disk.
func (s *session) Data(r io.Reader) error {
	if !s.line.begin() {
		return goingDown
	}
	defer s.line.judge()
	answer := s.answer(s.take(r))
	s.e.cfg.Observe(answer.Code)
	return answer
}

// answer makes the reply to a mail.
func (s *session) answer(done string, err error) *smtp.SMTPError {
	if err == nil {
		return reply(250, [3]int{2, 0, 0}, replyLine(done))
	}
	if known, ok := errors.AsType[*smtp.SMTPError](err); ok {
		if known == smtp.ErrDataTooLarge {
			s.line.limit(s.e.cfg.Size) // whoever does not stop by then is cut off
		}
		return known
	}
	if errors.Is(err, smtp.ErrTooLongLine) {
		return reply(500, [3]int{5, 6, 0}, fmt.Sprintf("A line has more than %d bytes: encode the mail as quoted-printable or base64", maxMailLine))
	}
	if missed, ok := errors.AsType[*missingError](err); ok {
		return reply(554, [3]int{5, 6, 0}, replyLine(missed.Error()))
	}
	e, ok := errors.AsType[*sms.Error](err)
	if !ok || e.Code == sms.Internal || replies[e.Code].Code == 0 {
		if s.e.ctx.Err() == nil && !s.line.isEnded() {
			s.e.cfg.Log.Error("email2sms: a mail could not be taken", "error", err)
		}
		return reply(451, [3]int{4, 3, 0}, "Internal error: try again")
	}
	if cause := errors.Unwrap(err); e.Code == sms.Unavailable && cause != nil {
		s.e.cfg.Log.Warn("email2sms: a mail was put off", "error", err, "cause", cause)
	}
	known := replies[e.Code]
	known.Message = replyLine(e.Message)
	return &known
}

// take sends what the mail asks for.
func (s *session) take(r io.Reader) (done string, err error) {
	ctx, cancel := context.WithTimeout(s.e.ctx, s.e.cfg.Timeout+mailTime)
	defer cancel()
	l, signed, err := s.read(ctx, r)
	if err != nil {
		return "", err
	}
	// A chunk that the connection's end cuts off looks like a whole one.
	if _, chunks := r.(*io.PipeReader); chunks && s.line.isEnded() {
		return "", errors.New("the connection has ended before the mail")
	}
	if why := automaticSign(&l.header); why != "" {
		return "", sms.Errorf(sms.NotGranted, "Mails that programs write by themselves are not sent on: this one has %s", why)
	}
	back := s.sender(l, signed)
	if s.e.cfg.Senders == Verified && back == "" {
		if back, err = s.bySPF(ctx); err != nil {
			return "", err
		}
		if back == "" {
			return "", sms.Errorf(sms.NotGranted, "Neither SPF nor DKIM proves that the mail is from its sender")
		}
	}
	return s.submit(ctx, l, back)
}

// submit lets the user in, sends what the mail asks for, and answers it.
func (s *session) submit(ctx context.Context, l *letter, back string) (string, error) {
	cfg := &s.e.cfg
	f := readSubject(l.subject)
	q, err := f.credentials()
	if err != nil {
		return "", err
	}
	rules, user, err := s.e.gate.user(ctx, q, s.line.ip)
	if err != nil {
		return "", err
	}
	service := &rules.Service
	place, err := s.e.gate.enter(ctx, service.AccountID, user.ID)
	if err != nil {
		return "", err
	}
	defer place.Leave()
	f["message"] = l.text
	f["to"] = strings.Join(append(slices.DeleteFunc([]string{f["to"]}, func(to string) bool { return to == "" }), s.numbers...), ",")
	if f["from"] == "" && f["senderforresponse"] == "" && len(s.numbers) > 0 {
		f["from"], f["senderforresponse"] = onlySender(rules)
	}
	key := s.key(l, f)
	report, known, err := cfg.Submit.Repeat(ctx, service.ID, key)
	if err == nil && !known {
		report, err = s.send(ctx, l, q, f, rules, user, key)
	}
	if err != nil {
		return "", err
	}
	if len(report.IDs) == 0 {
		return "", sms.Errorf(sms.Invalid, "No receiver can be sent to: %s: %s", report.Invalid[0].Receiver, report.Invalid[0].Message)
	}
	s.report(ctx, l, back, service, user, report, key.Key)
	done := fmt.Sprintf("%d message(s) accepted, the first has the id %d", len(report.IDs), report.IDs[0])
	if len(report.Invalid) > 0 {
		done += fmt.Sprintf("; %d receiver(s) refused, the first is %s: %s", len(report.Invalid), report.Invalid[0].Receiver, report.Invalid[0].Message)
	}
	return done, nil
}

// send submits the order.
func (s *session) send(ctx context.Context, l *letter, q request, f fields, rules *sms.Rules, user sms.User, key submit.Key) (submit.Report, error) {
	q.listed = l.contacts != nil
	if err := q.read(f, s.e.cfg.Now(), s.e.cfg.Zone); err != nil {
		return submit.Report{}, err
	}
	if q.listed {
		if err := q.fill(l, rules.Service.Country); err != nil {
			return submit.Report{}, err
		}
	}
	q.order.User = user.ID
	q.order.QueryID = fmt.Sprintf("email2sms.%s.%016x", user.Login, rand.Uint64())
	return s.e.cfg.Submit.Submit(ctx, rules.Service.AccountID, rules.Service.Name, q.order, key)
}

// fill adds the receivers of the attached list; its columns are merged into the text.
func (q *request) fill(l *letter, country string) error {
	list, err := campaign.Read(strings.NewReader(string(l.contacts)), campaign.Options{Name: l.listName, Country: country})
	if err != nil {
		return err
	}
	direct := q.order.Receivers
	if q.order, err = list.Fill(q.order); err != nil || len(direct) == 0 {
		return err
	}
	if q.order.Merge != nil {
		return sms.Errorf(sms.Invalid, "The text names columns of %s, which the receivers of the address or subject do not have: put them into the list", l.listName)
	}
	q.order.Receivers = append(q.order.Receivers, direct...)
	q.order.Lines = append(q.order.Lines, make([]int, len(direct))...)
	return nil
}

// onlySender is who sends where nobody says: the service's accepted sender if it has exactly one, else a short number.
func onlySender(rules *sms.Rules) (from, forResponse string) {
	for name, sender := range rules.Senders {
		if sender.Status != sms.Enabled {
			continue
		}
		if from != "" {
			return "", "1"
		}
		from = name
	}
	if from == "" {
		return "", "1"
	}
	return from, ""
}

// key is what a mail that comes again has in common with the first time: its id, or else its date, and what it asks for. A mail
// with neither id nor date is a new one each time.
func (s *session) key(l *letter, f fields) submit.Key {
	id := l.header.Get("Message-Id")
	if id == "" {
		id = l.header.Get("Date")
	}
	if id == "" {
		return submit.Key{}
	}
	h := sha256.New()
	add := func(text string) { fmt.Fprintf(h, "%d:%s", len(text), text) }
	add(id)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != "password" {
			add(name)
			add(f[name])
		}
	}
	add(string(l.contacts))
	sum := h.Sum(nil)
	return submit.Key{Key: "email2sms " + hex.EncodeToString(sum), Hash: sum}
}
