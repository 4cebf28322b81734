package mail

import (
	"bytes"
	"context"
	"sync"
	"time"

	"ramier/internal/sms"
)

// mailboxSize is how many mails a Mailbox keeps.
const mailboxSize = 1000

// Mailbox keeps mails instead of sending them: those of a sandbox stay on its machine.
type Mailbox struct {
	From string // as Server has it

	mu  sync.Mutex
	all []Kept
}

// Kept is a mail in a Mailbox, also in the form in which it would have been sent.
type Kept struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	To      string    `json:"to"`
	ReplyTo string    `json:"replyTo,omitempty"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	Date    time.Time `json:"date"`
	Source  string    `json:"source"`
}

// Deliver keeps mails; the oldest make room.
func (b *Mailbox) Deliver(_ context.Context, all []sms.Mail) []error {
	errs := make([]error, len(all))
	for i, m := range all {
		var source bytes.Buffer
		msg, err := newMessage(m, b.From)
		if err == nil {
			_, err = msg.WriteTo(&source)
		}
		if err != nil {
			errs[i] = &FinalError{err}
			continue
		}
		b.mu.Lock()
		b.all = append(b.all, Kept{m.ID, m.Kind, m.To, m.ReplyTo, m.Subject, m.Text, m.CreatedAt, source.String()})
		b.all = b.all[max(0, len(b.all)-mailboxSize):]
		b.mu.Unlock()
	}
	return errs
}

// Mails gives those to a receiver, all for an empty one, the oldest first.
func (b *Mailbox) Mails(to string) []Kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Kept{}
	for _, m := range b.all {
		if to == "" || m.To == to {
			found = append(found, m)
		}
	}
	return found
}

// Clear forgets all mails.
func (b *Mailbox) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = nil
}
