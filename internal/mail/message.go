package mail

import (
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"

	"ramier/internal/sms"
)

// automatic marks mails as ones that no program should answer (RFC 3834).
const automatic = "auto-generated"

// newMessage puts a mail into the form of RFC 5322. from is an address, with or without a name before it. A mail that is sent again
// has the same Message-ID.
func newMessage(m sms.Mail, from string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP))
	if err := msg.From(from); err != nil {
		return nil, fmt.Errorf("mail.from = %q: %w", from, err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, err
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, err
		}
	}
	if m.InReplyTo != "" {
		msg.SetGenHeaderPreformatted(mail.HeaderInReplyTo, m.InReplyTo)
		msg.SetGenHeaderPreformatted(mail.HeaderReferences, m.InReplyTo)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(fmt.Sprintf("%d.%d.ramier@%s", m.ID, m.CreatedAt.UnixMicro(), domain(from)))
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetGenHeader("Auto-Submitted", automatic)
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, nil
}

// domain gives what follows the @ of an address.
func domain(address string) string {
	return strings.TrimRight(address[strings.LastIndexByte(address, '@')+1:], "> ")
}
