package sms

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Mail is a mail that the platform owes somebody. It has plain text only.
type Mail struct {
	ID        int64
	ServiceID int64  // whom it is about; 0 = the platform
	Kind      string // one of the kinds below
	To        string // an address as CheckMailAddress lets pass
	ReplyTo   string // empty = none
	InReplyTo string // id of the mail that it answers, with its angle brackets; empty = none
	Subject   string
	Text      string
	// Key keeps the same mail from being owed twice; empty = it may be.
	Key       string
	State     string // one of the states of a delivery
	Attempts  int
	CreatedAt time.Time
	DueAt     time.Time // of the next attempt
	DoneAt    time.Time
	Error     string // of the last attempt
}

// The kinds of mails.
const (
	MailReply   = "reply"    // somebody has answered a message: trackingOptions
	MailKeyword = "keyword"  // a rule for the first word of a reply says so
	MailReport  = "report"   // what became of a mail to email2sms
	MailQuota   = "quota"    // the quota of a user runs low
	MailOrder   = "recredit" // automatic recredit has made an order
	MailSafety  = "safety"   // a sign-in, a change of the ways in, or a new key
)

// Limits of a mail's lines and text.
const (
	maxMailAddress = 254
	maxSubject     = 200    // characters
	maxMailText    = 20_000 // characters
)

// mailAddress is what SMTP carries without quotation marks or extensions: it has nothing that could end a line or a command.
var mailAddress = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$")

// IsMailAddress tells whether a text is one address, and nothing but it.
func IsMailAddress(address string) bool {
	at := strings.LastIndexByte(address, '@')
	return at >= 0 && at <= 64 && len(address) <= maxMailAddress && mailAddress.MatchString(address)
}

// CheckMailAddress tells what is wrong with an address that mails are to go to.
func CheckMailAddress(field, address string) error {
	if IsMailAddress(address) {
		return nil
	}
	return Errorf(Invalid, "%s = %q is not a mail address: write it like alice@example.org", field, cutRunes(address, 80))
}

// NoMail is the refusal of what needs mails where the platform sends none.
func NoMail(field string) error {
	return Errorf(Invalid, "%s asks for mails, and this platform sends none: its operator has to name a mail server (mail.host)", field)
}

// Fit makes the texts of a mail what can be sent: one line of subject without control characters, and neither longer than a mail
// should be.
func (m Mail) Fit() Mail {
	m.Subject = cutRunes(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, m.Subject)), " "), maxSubject)
	m.Text = cutRunes(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ReplaceAll(m.Text, "\r\n", "\n")), maxMailText)
	if !IsMailAddress(m.ReplyTo) {
		m.ReplyTo = ""
	}
	if !messageID.MatchString(m.InReplyTo) {
		m.InReplyTo = ""
	}
	return m
}

var messageID = regexp.MustCompile(`^<[^<>\s\pC\x{80}-\x{10ffff}]{1,250}>$`)

// frenchSpeaking are the countries whose customers read French.
var frenchSpeaking = map[string]bool{"FR": true, "BE": true, "CH": true, "LU": true, "MC": true}

// inLanguage chooses between French and English.
func inLanguage(country, french, english string) string {
	if frenchSpeaking[country] {
		return french
	}
	return english
}

// ReplyMail tells the owner of a service of a reply.
func ReplyMail(s *Service, kind, to, replyTo string, in Incoming, zone *time.Location) Mail {
	var b strings.Builder
	line := func(french, english, value string) {
		if value != "" && value != "0" {
			fmt.Fprintf(&b, "%s%s %s\n", inLanguage(s.Country, french, english), inLanguage(s.Country, " :", ":"), value)
		}
	}
	b.WriteString(in.Text + "\n\n-- \n")
	line("De", "From", in.Sender)
	line("Numéro", "Number", in.Number)
	line("Reçu", "Received", in.At.In(zone).Format("2006-01-02 15:04:05 -0700"))
	line("Compte SMS", "SMS account", s.Name)
	line("Tag", "Tag", in.Tag)
	line("Répond au message", "Answers message", strconv.FormatInt(in.OutgoingID, 10))
	line("Identifiant", "Id", strconv.FormatInt(in.ID, 10))
	return Mail{
		ServiceID: s.ID, Kind: kind, To: to, ReplyTo: replyTo, Text: b.String(), CreatedAt: in.At,
		Subject: fmt.Sprintf(inLanguage(s.Country, "SMS de %s", "SMS from %s"), in.Sender), Key: fmt.Sprintf("%s %d %s", kind, in.ID, to),
	}.Fit()
}

// MailReceipt is what became of a mail to email2sms.
type MailReceipt struct {
	User    string
	IDs     []int64
	Valid   []string // the receivers of IDs
	Invalid []Refusal
	Credits Credits
	Left    string // what the user may still spend
	DueAt   time.Time
}

// shownReceivers is how many lines of receivers a report has.
const shownReceivers = 200

// ReportMail answers a mail to email2sms.
func ReportMail(s *Service, to string, r MailReceipt, zone *time.Location) Mail {
	french := func(f, e string) string { return inLanguage(s.Country, f, e) }
	var b strings.Builder
	fmt.Fprintf(&b, french("%d message(s) accepté(s), %d destinataire(s) refusé(s).\n\n", "%d message(s) accepted, %d receiver(s) refused.\n\n"), len(r.IDs), len(r.Invalid))
	fmt.Fprintf(&b, french("Compte SMS : %s\nUtilisateur : %s\n", "SMS account: %s\nUser: %s\n"), s.Name, r.User)
	fmt.Fprintf(&b, french("Crédits utilisés : %v\nCrédits restants : %s\n", "Credits used: %v\nCredits left: %s\n"), r.Credits, r.Left)
	fmt.Fprintf(&b, french("Envoi : %s\n", "Sent at: %s\n"), r.DueAt.In(zone).Format("2006-01-02 15:04:05 -0700"))
	for i := range min(len(r.IDs), len(r.Valid), shownReceivers) {
		if i == 0 {
			b.WriteString(french("\nAcceptés (destinataire, identifiant) :\n", "\nAccepted (receiver, id):\n"))
		}
		fmt.Fprintf(&b, "%s  %d\n", r.Valid[i], r.IDs[i])
	}
	for i := range min(len(r.Invalid), shownReceivers) {
		if i == 0 {
			b.WriteString(french("\nRefusés :\n", "\nRefused:\n"))
		}
		fmt.Fprintf(&b, "%s  %s\n", r.Invalid[i].Receiver, r.Invalid[i].Message)
	}
	if max(len(r.Valid), len(r.Invalid)) > shownReceivers {
		fmt.Fprintf(&b, french("\nSeuls les %d premiers sont montrés.\n", "\nOnly the first %d are shown.\n"), shownReceivers)
	}
	return Mail{
		ServiceID: s.ID, Kind: MailReport, To: to, Text: b.String(),
		Subject: fmt.Sprintf(french("email2sms : %d SMS accepté(s)", "email2sms: %d SMS accepted"), len(r.IDs)),
	}.Fit()
}

// QuotaMail warns that the quota of a user runs low, in the words of the service's templates if it has any.
func QuotaMail(s *Service, u User, left Credits) Mail {
	set := s.Settings
	subject := inLanguage(s.Country, "Quota SMS de |USER| bientôt épuisé", "SMS quota of |USER| runs low")
	text := inLanguage(s.Country,
		"Il reste |REMAINING| crédits dans le quota de l'utilisateur SMS |USER| (seuil d'alerte : |ALERTTHRESHOLD|).\nCrédits du compte : |CREDITSLEFT|.\n",
		"|REMAINING| credits are left in the quota of the SMS user |USER| (alert threshold: |ALERTTHRESHOLD|).\nCredits of the account: |CREDITSLEFT|.\n")
	m := Mail{ServiceID: s.ID, Kind: MailQuota, To: u.Alert.Email}
	if set.CustomizedEmail {
		m.ReplyTo = set.EmailFrom
		if set.EmailSubject != "" {
			subject = set.EmailSubject
		}
		if set.EmailBody != "" {
			text = set.EmailBody
		}
	}
	m.Subject, m.Text = AlertText(subject, u, left), AlertText(text, u, left)
	return m.Fit()
}

// AlertText fills in the variables of a template.
func AlertText(template string, u User, left Credits) string {
	return strings.NewReplacer(
		"|USER|", u.Login, "|REMAINING|", u.QuotaLeft.String(), "|ALERTTHRESHOLD|", strconv.FormatInt(u.Alert.Threshold, 10),
		"|CREDITSLEFT|", left.String(),
	).Replace(template)
}

// RecreditMail tells the owner of a service that automatic recredit has made an order.
func RecreditMail(s *Service, to string, o CreditOrder, left Credits, url string) Mail {
	return Mail{
		ServiceID: s.ID, Kind: MailOrder, To: to, Key: fmt.Sprintf("%s %d", MailOrder, o.ID),
		Subject: fmt.Sprintf(inLanguage(s.Country, "%s : crédits SMS bientôt épuisés", "%s: SMS credits run low"), s.Name),
		Text: fmt.Sprintf(inLanguage(s.Country,
			"Il reste %v crédits au compte SMS %s. La recharge automatique a passé la commande %d de %v crédits, qui attend son paiement :\n%s\n",
			"%v credits are left in the SMS account %s. Automatic recredit has made order %d of %v credits, which waits for its payment:\n%s\n"),
			left, s.Name, o.ID, o.Quantity, url),
	}.Fit()
}
