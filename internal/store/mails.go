package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
)

// mails tells whoever sends mails that some are owed.
type mails struct {
	on   atomic.Bool // somebody sends them
	mu   sync.Mutex
	wake func()
}

// OnMail sets the function that is called after a commit that left mails to send; it must not block. Without one the platform sends no
// mails, and owes none.
func (s *Store) OnMail(wake func()) {
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	s.mails.wake = wake
	s.mails.on.Store(wake != nil)
}

// SendsMail tells whether somebody sends what mails are owed.
func (s *Store) SendsMail() bool { return s.mails.on.Load() }

func (m *mails) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wake != nil {
		m.wake()
	}
}

// AddMail owes a mail, unless one with its key is known. Error: Unavailable, also where the platform sends no mails.
func (s *Store) AddMail(ctx context.Context, m sms.Mail) error {
	if !s.SendsMail() {
		return sms.Errorf(sms.Unavailable, "this platform sends no mails: name a mail server (mail.host)")
	}
	return s.write(ctx, other, func(t *tx) error { return s.addMails(ctx, t, []sms.Mail{m}) })
}

func (w *settlement) writeMails(ctx context.Context) error {
	if len(w.mails) == 0 {
		return nil
	}
	return w.s.addMails(ctx, w.t, w.mails)
}

func (s *Store) addMails(ctx context.Context, t *tx, all []sms.Mail) error {
	for _, m := range all {
		id, err := t.id(ctx)
		if err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, `INSERT INTO mail (id, service_id, kind, key, recipient, reply_to, in_reply_to, subject, text, state, attempts,
			created_at, due_at, done_at, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', 0, $10, $10, 0, '') ON CONFLICT DO NOTHING`,
			id, m.ServiceID, m.Kind, m.Key, m.To, m.ReplyTo, m.InReplyTo, m.Subject, m.Text, micros(m.CreatedAt)); err != nil {
			return err
		}
	}
	t.afterwards(func(committed bool) {
		if committed {
			s.mails.tell()
		}
	})
	return nil
}

const mailColumns = "id, service_id, kind, key, recipient, reply_to, in_reply_to, subject, text, state, attempts, created_at, due_at, done_at, error"

func scanMails(rows *sql.Rows) (all []sms.Mail, err error) {
	defer rows.Close()
	for rows.Next() {
		var m sms.Mail
		var created, due, done int64
		if err := rows.Scan(&m.ID, &m.ServiceID, &m.Kind, &m.Key, &m.To, &m.ReplyTo, &m.InReplyTo, &m.Subject, &m.Text, &m.State, &m.Attempts,
			&created, &due, &done, &m.Error); err != nil {
			return nil, err
		}
		m.CreatedAt, m.DueAt, m.DoneAt = fromMicros(created), fromMicros(due), fromMicros(done)
		all = append(all, m)
	}
	return all, rows.Err()
}

// ClaimMails takes mails that are due, at most so many, for an attempt each, which counts from now on. Nobody else takes them before
// until.
func (s *Store) ClaimMails(ctx context.Context, now, until time.Time, most int) (all []sms.Mail, err error) {
	var waits bool
	if err := s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM mail WHERE state = 'waiting' AND due_at <= $1)", micros(now)).Scan(&waits); err != nil {
		return nil, unavailable(err)
	}
	if !waits {
		return nil, nil
	}
	err = s.write(ctx, other, func(t *tx) error {
		rows, err := t.db.QueryContext(ctx, `UPDATE mail SET due_at = $1, attempts = attempts + 1 WHERE id IN (
			SELECT id FROM mail WHERE state = 'waiting' AND due_at <= $2 ORDER BY due_at, id LIMIT $3 `+t.dialect.skip+`) RETURNING `+mailColumns,
			micros(until), micros(now), most)
		if err == nil {
			all, err = scanMails(rows)
		}
		return err
	})
	return all, err
}

// SettleMails writes what came of attempts: the state, the next time, the error. One whose attempt is not the last stays as it is.
func (s *Store) SettleMails(ctx context.Context, all []sms.Mail) error {
	n := len(all)
	id, attempts, due, done := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	state, why := make([]string, n), make([]string, n)
	for i, m := range all {
		id[i], attempts[i], due[i], done[i], state[i], why[i] = m.ID, int64(m.Attempts), micros(m.DueAt), micros(m.DoneAt), m.State, m.Error
	}
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE mail SET state = v.state, due_at = v.due, done_at = v.done, error = v.error FROM v
			WHERE mail.id = v.id AND mail.state = 'waiting' AND mail.attempts = v.attempts`,
			ints("id", id), ints("attempts", attempts), texts("state", state), ints("due", due), ints("done", done), texts("error", why))
		return err
	})
}

// Mails lists the latest mails in a state, of all for an empty one, at most so many, the newest first.
func (s *Store) Mails(ctx context.Context, state string, most int) ([]sms.Mail, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT "+mailColumns+" FROM mail WHERE state = $1 OR $1 = '' ORDER BY id DESC LIMIT $2", state, most)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanMails(rows)
}

// DropMails forgets mails that were sent or given up before a time, at most 5000.
func (s *Store) DropMails(ctx context.Context, before time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, `DELETE FROM mail WHERE id IN (SELECT m.id FROM (SELECT id, state, done_at FROM mail ORDER BY id LIMIT $1) m
			WHERE m.state <> 'waiting' AND m.done_at < $2)`, maxDropped, micros(before))
		return err
	})
}

// AddresseeOf gives whom mails about an account go to; those about a person's own sign-in go to the owner of the account she works in.
func (s *Store) AddresseeOf(ctx context.Context, account int64) (sms.Addressee, error) {
	row, err := s.read.AccountByID(ctx, account)
	if err == nil && row.Employer != 0 {
		row, err = s.read.AccountByID(ctx, row.Employer)
	}
	if err != nil {
		return sms.Addressee{}, found(err, "account", account)
	}
	p, err := s.Profile(ctx, row.ID)
	if err != nil {
		return sms.Addressee{}, err
	}
	brand := ""
	if row.Reseller != 0 {
		r, err := s.Resale(ctx, row.Reseller)
		if err != nil {
			return sms.Addressee{}, err
		}
		brand = r.Brand
	}
	return sms.AddresseeOf(accountFrom(row), p, brand), nil
}

// TellOwner owes the owner of an account a mail about an event, if the platform sends mails and knows an address.
func (s *Store) TellOwner(ctx context.Context, account int64, e sms.SafetyEvent) error {
	if !s.SendsMail() {
		return nil
	}
	to, err := s.AddresseeOf(ctx, account)
	if err != nil || to.To == "" {
		return err
	}
	return s.AddMail(ctx, sms.SafetyMail(to, e))
}
