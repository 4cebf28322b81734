package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"ramier/internal/sms"
)

// Owed is something that a client over SMPP is still to be told: what became of a message, a reply, or a text.
type Owed struct {
	ID       int64
	Attempts int // this one included
	Until    time.Time
	// Message has ended, if its ID is not 0; ReceiptTo is its job's, Ordered when that came.
	Message   sms.Message
	ReceiptTo string
	Ordered   time.Time
	// Incoming came in, if its ID is not 0.
	Incoming sms.Incoming
	Text     string // else; beside a message it is OwedBuffered or empty
}

// TakeOwed takes at most n of what is due to a service's clients, the oldest first, and puts each off by SMPPLease: it must be settled
// within that.
func (s *Store) TakeOwed(ctx context.Context, service int64, n int, now time.Time) (all []Owed, err error) {
	if due, err := s.isOwed(ctx, service, now); err != nil || !due {
		return nil, err
	}
	err = s.write(ctx, other, func(t *tx) error {
		all = nil
		rows, err := t.db.QueryContext(ctx, `SELECT id FROM smpp_owed WHERE service_id = $1 AND due_at <= $2 AND until > $2
			ORDER BY due_at, id LIMIT $3`+t.dialect.skip, service, micros(now), n)
		if err != nil {
			return err
		}
		ids, err := scanIDs(rows)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil // another node was faster
		}
		due := make([]int64, len(ids))
		for i := range due {
			due[i] = micros(now.Add(SMPPLease))
		}
		holder := make([]string, len(ids))
		for i := range holder {
			holder[i] = s.node
		}
		if _, err := t.exec(ctx, `UPDATE smpp_owed SET due_at = v.due_at, attempts = attempts + 1, holder = v.holder FROM v WHERE smpp_owed.id = v.id`,
			ints("id", ids), ints("due_at", due), texts("holder", holder)); err != nil {
			return err
		}
		all, err = t.owed(ctx, ids)
		return err
	})
	slices.SortFunc(all, func(a, b Owed) int { return int(a.ID - b.ID) })
	return all, err
}

// isOwed asks without taking a turn of the writer.
func (s *Store) isOwed(ctx context.Context, service int64, now time.Time) (due bool, err error) {
	if err = s.reads.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM smpp_owed WHERE service_id = $1 AND due_at <= $2)`, service, micros(now)).
		Scan(&due); err != nil {
		err = unavailable(err)
	}
	return due, err
}

func (t *tx) owed(ctx context.Context, ids []int64) (all []Owed, err error) {
	err = t.query(ctx, `SELECT o.id, o.attempts, o.until, o.text, o.message_id, COALESCE(m.state, ''), COALESCE(m.ptt, 0), COALESCE(m.done_at, 0),
		COALESCE(m.error, ''), COALESCE(m.parts, 0), COALESCE(m.receiver, ''), COALESCE(j.receipt_to, ''), COALESCE(j.created_at, 0), COALESCE(i.id, 0),
		COALESCE(i.sender, ''), COALESCE(i.number, ''), COALESCE(i.text, ''), COALESCE(i.created_at, 0)
		FROM v JOIN smpp_owed o ON o.id = v.id LEFT JOIN message m ON m.id = o.message_id LEFT JOIN job j ON j.id = m.job_id
		LEFT JOIN incoming i ON i.id = o.incoming_id`, func(r *sql.Rows) error {
		var o Owed
		var until, done, ordered, at int64
		err := r.Scan(&o.ID, &o.Attempts, &until, &o.Text, &o.Message.ID, &o.Message.State, &o.Message.PTT, &done, &o.Message.Error, &o.Message.Parts, &o.Message.Receiver,
			&o.ReceiptTo, &ordered, &o.Incoming.ID, &o.Incoming.Sender, &o.Incoming.Number, &o.Incoming.Text, &at)
		o.Until, o.Message.DoneAt, o.Ordered, o.Incoming.At = fromMicros(until), fromMicros(done), fromMicros(ordered), fromMicros(at)
		all = append(all, o)
		return err
	}, ints("id", ids))
	return all, err
}

// SettleOwed forgets what was delivered, and puts off what was not until the times given by id.
func (s *Store) SettleOwed(ctx context.Context, done []int64, again map[int64]time.Time) error {
	if len(done) == 0 && len(again) == 0 {
		return nil
	}
	return s.write(ctx, other, func(t *tx) error {
		if _, err := t.exec(ctx, "DELETE FROM smpp_owed WHERE id IN (SELECT id FROM v)", ints("id", done)); err != nil {
			return err
		}
		var ids, due []int64
		for id, at := range again {
			ids, due = append(ids, id), append(due, micros(at))
		}
		_, err := t.exec(ctx, "UPDATE smpp_owed SET due_at = v.due_at, holder = '' FROM v WHERE smpp_owed.id = v.id", ints("id", ids), ints("due_at", due))
		return err
	})
}

// FreeOwed makes due at once what this node had taken and not settled when it ended: nobody else is telling it.
func (s *Store) FreeOwed(ctx context.Context, now time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE smpp_owed SET due_at = $1, holder = '' WHERE holder = $2 AND holder <> ''", micros(now), s.node)
		return err
	})
}

// DropOwed forgets what nobody came for in time, and tells how much that was.
func (s *Store) DropOwed(ctx context.Context, now time.Time) (n int64, err error) {
	err = s.write(ctx, other, func(t *tx) (err error) {
		n, err = t.DropSMPPOwed(ctx, micros(now))
		return err
	})
	return n, err
}

// Owes tells how much a service's clients are still to be told.
func (s *Store) Owes(ctx context.Context, service int64) (n int64, err error) {
	if err = s.reads.QueryRowContext(ctx, "SELECT COUNT(*) FROM smpp_owed WHERE service_id = $1", service).Scan(&n); err != nil {
		err = unavailable(err)
	}
	return n, err
}
