package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ramier/internal/sms"
)

// AddChatAccess makes the chat page of a virtual number; its id is filled in. Errors: Conflict if there is one, NoObject if the number is gone.
func (s *Store) AddChatAccess(ctx context.Context, c *sms.ChatAccess) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	c.ID = id
	return s.write(ctx, other, func(t *tx) error {
		if _, err := t.VirtualNumber(ctx, c.Number); err != nil {
			return found(err, "number", c.Number)
		}
		res, err := t.db.ExecContext(ctx, "INSERT INTO chat_access (number, id, secret, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			c.Number, id, s.sealer.Seal(c.Key), micros(c.CreatedAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, error(sms.Errorf(sms.Conflict, "The number %s has a chat page already: revoke it with DELETE on chatAccess first", c.Number)))
		}
		return nil
	})
}

// ChatAccess gives the chat page of a virtual number. Error: NoObject.
func (s *Store) ChatAccess(ctx context.Context, number string) (sms.ChatAccess, error) {
	c, err := s.chatAccess(ctx, "number = $1", number)
	return c, found(err, "number", number)
}

// ChatAccessByID gives a chat page. Error: NoObject.
func (s *Store) ChatAccessByID(ctx context.Context, id int64) (sms.ChatAccess, error) {
	c, err := s.chatAccess(ctx, "id = $1", id)
	return c, found(err, "id", id)
}

func (s *Store) chatAccess(ctx context.Context, condition string, value any) (c sms.ChatAccess, err error) {
	var secret []byte
	var created int64
	err = s.reads.QueryRowContext(ctx, "SELECT number, id, secret, created_at FROM chat_access WHERE "+condition, value).Scan(&c.Number, &c.ID, &secret, &created)
	if err == nil {
		c.CreatedAt = fromMicros(created)
		c.Key, err = s.sealer.Open(secret)
	}
	return c, err
}

// DeleteChatAccess revokes the chat page of a virtual number. Error: NoObject.
func (s *Store) DeleteChatAccess(ctx context.Context, number string) error {
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "DELETE FROM chat_access WHERE number = $1", number)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		return changed(n, err, "number", number)
	})
}

// Chat is a conversation of a virtual number.
type Chat struct {
	Handset string
	Text    string // the last that it wrote
	At      time.Time
}

// Chats lists the conversations that the last so many messages to a number belong to, the latest first.
func (s *Store) Chats(ctx context.Context, service int64, number string, last int) ([]Chat, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT sender, text, created_at FROM incoming WHERE service_id = $1 AND number = $2 ORDER BY id DESC LIMIT $3", service, number, last)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []Chat
	seen := map[string]bool{}
	for rows.Next() {
		var c Chat
		var at int64
		if err := rows.Scan(&c.Handset, &c.Text, &at); err != nil {
			return nil, unavailable(err)
		}
		if c.At = fromMicros(at); !seen[c.Handset] {
			seen[c.Handset] = true
			all = append(all, c)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// Line is a message of a conversation.
type Line struct {
	ID   int64
	In   bool // the handset wrote it
	Text string
	At   time.Time
	// DeliveryReceipt is OVH's code for what has come of a message to the handset.
	DeliveryReceipt int
}

// Conversation gives the last so many messages each way between a virtual number and a handset, in their order; none if the handset has
// never written to the number.
func (s *Store) Conversation(ctx context.Context, service int64, number, handset string, last int) ([]Line, error) {
	// What is added to the columns keeps SQLite at the handset's index: a number may have got far more than the handset has written.
	rows, err := s.reads.QueryContext(ctx, `SELECT id, text, created_at FROM incoming WHERE sender = $1 AND service_id + 0 = $2 AND number || '' = $3
		ORDER BY id DESC LIMIT $4`, handset, service, number, last)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []Line
	for rows.Next() {
		line := Line{In: true}
		var at int64
		if err := rows.Scan(&line.ID, &line.Text, &at); err != nil {
			return nil, unavailable(err)
		}
		line.At = fromMicros(at)
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	sent, err := s.sentTo(ctx, service, number, handset, last)
	if err != nil {
		return nil, err
	}
	all = append(all, sent...)
	slices.SortFunc(all, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// sentTo gives the last so many messages from a sender to a handset.
func (s *Store) sentTo(ctx context.Context, service int64, sender, handset string, last int) ([]Line, error) {
	f := Filter{Receiver: handset, Sender: &sender}
	ids, err := s.outgoingTo(ctx, service, f)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var spans []run
	for _, id := range ids[max(0, len(ids)-last):] {
		spans = append(spans, run{First: id, Last: id})
	}
	sent, err := s.sentIn(ctx, service, Filter{}, spans)
	all := make([]Line, len(sent))
	for i, m := range sent {
		all[i] = Line{ID: m.Message.ID, Text: m.Message.Body(*m.Job), At: m.Job.CreatedAt, DeliveryReceipt: m.Message.DeliveryReceipt()}
	}
	return all, err
}
