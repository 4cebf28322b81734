package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"ramier/internal/sms"
)

// List is a stored list of receivers. It never changes.
type List struct {
	ID        int64
	ServiceID int64
	Columns   []string // names, empty where the file had none
	Number    int      // the column of the receivers
	Records   int
	CreatedAt time.Time
}

// Slot is a place of a service, or of one of its SMS users, for a list.
type Slot struct {
	ServiceID   int64
	UserID      int64 // 0 = the service's own
	Slot        int   // 1 to 9
	Description string
	URL         string // where the list can be fetched again, empty if nowhere
	AutoUpdate  bool
	List        List
	UpdatedAt   time.Time
}

// NewList begins a list, whose chunks follow. Until CompleteList it belongs to nobody, and goes in time.
func (s *Store) NewList(ctx context.Context, l *List) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	columns, err := json.Marshal(l.Columns)
	if err != nil {
		return err
	}
	l.ID = id
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "INSERT INTO list (id, service_id, columns, number, records, complete, created_at) VALUES ($1, $2, $3, $4, 0, $5, $6)",
			id, l.ServiceID, string(columns), l.Number, false, micros(l.CreatedAt))
		return err
	})
}

// AddChunk adds rows to a list that is not complete.
func (s *Store) AddChunk(ctx context.Context, list int64, n int, rows []byte) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "INSERT INTO list_chunk (list_id, n, rows) VALUES ($1, $2, $3)", list, n, rows)
		return err
	})
}

// CompleteList ends a list.
func (s *Store) CompleteList(ctx context.Context, list int64, records int) error {
	return s.write(ctx, other, func(t *tx) error { return t.completeList(ctx, list, records) })
}

func (t *tx) completeList(ctx context.Context, list int64, records int) error {
	res, err := t.db.ExecContext(ctx, "UPDATE list SET complete = $1, records = $2 WHERE id = $3", true, records, list)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	return changed(n, err, "list", list) // one that took too long has gone
}

// Chunk gives the rows of a part of a list. Error: NoObject.
func (s *Store) Chunk(ctx context.Context, list int64, n int) (rows []byte, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT rows FROM list_chunk WHERE list_id = $1 AND n = $2", list, n).Scan(&rows)
	return rows, found(err, "chunk", n)
}

const listColumns = "l.id, l.service_id, l.columns, l.number, l.records, l.created_at"

// listRow takes the columns of listColumns.
type listRow struct {
	list    List
	columns string
	created int64
}

func (r *listRow) to() []any {
	l := &r.list
	return []any{&l.ID, &l.ServiceID, &r.columns, &l.Number, &l.Records, &r.created}
}

func (r *listRow) read() (List, error) {
	r.list.CreatedAt = fromMicros(r.created)
	return r.list, json.Unmarshal([]byte(r.columns), &r.list.Columns)
}

// List gives what is known of a list. Error: NoObject.
func (s *Store) List(ctx context.Context, id int64) (List, error) {
	var r listRow
	if err := s.reads.QueryRowContext(ctx, "SELECT "+listColumns+" FROM list l WHERE l.id = $1", id).Scan(r.to()...); err != nil {
		return List{}, found(err, "list", id)
	}
	return r.read()
}

// Slots lists the slots of a service's user that hold a list; user 0 stands for the service itself, as below.
func (s *Store) Slots(ctx context.Context, service, user int64) ([]int64, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT slot FROM slot WHERE service_id = $1 AND user_id = $2 ORDER BY slot", service, user)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

// Slot gives a slot with its list. Error: NoObject.
func (s *Store) Slot(ctx context.Context, service, user int64, slot int) (Slot, error) {
	out := Slot{ServiceID: service, UserID: user, Slot: slot}
	var r listRow
	var updated int64
	err := s.reads.QueryRowContext(ctx, "SELECT s.description, s.url, s.auto_update, s.updated_at, "+listColumns+` FROM slot s JOIN list l ON l.id = s.list_id
		WHERE s.service_id = $1 AND s.user_id = $2 AND s.slot = $3`, service, user, slot).Scan(append([]any{&out.Description, &out.URL, &out.AutoUpdate, &updated}, r.to()...)...)
	if err != nil {
		return out, found(err, "slotId", slot)
	}
	out.UpdatedAt = fromMicros(updated)
	out.List, err = r.read()
	return out, err
}

// AddSlot completes a list and puts it into an empty slot. Error: Conflict if the slot is not empty.
func (s *Store) AddSlot(ctx context.Context, slot Slot) error {
	return s.write(ctx, other, func(t *tx) error {
		if err := t.completeList(ctx, slot.List.ID, slot.List.Records); err != nil {
			return err
		}
		res, err := t.db.ExecContext(ctx, `INSERT INTO slot (service_id, user_id, slot, description, url, auto_update, list_id, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
			slot.ServiceID, slot.UserID, slot.Slot, slot.Description, slot.URL, slot.AutoUpdate, slot.List.ID, micros(slot.UpdatedAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, SlotTaken(slot.Slot))
		}
		return nil
	})
}

// SlotTaken is the error of a slot that holds a list already.
func SlotTaken(slot int) *sms.Error {
	return sms.Errorf(sms.Conflict, "The slot %d holds a list already: empty it with DELETE on receivers/%d, or choose another of 1 to 9", slot, slot)
}

// SetSlot changes the description of a slot and whether it is updated. Error: NoObject.
func (s *Store) SetSlot(ctx context.Context, slot Slot) error {
	return s.changeSlot(ctx, slot.Slot, "UPDATE slot SET description = $1, auto_update = $2 WHERE service_id = $3 AND user_id = $4 AND slot = $5",
		slot.Description, slot.AutoUpdate, slot.ServiceID, slot.UserID, slot.Slot)
}

// DeleteSlot empties a slot. Batches that use its list keep it. Error: NoObject.
func (s *Store) DeleteSlot(ctx context.Context, slot Slot) error {
	return s.changeSlot(ctx, slot.Slot, "DELETE FROM slot WHERE service_id = $1 AND user_id = $2 AND slot = $3", slot.ServiceID, slot.UserID, slot.Slot)
}

func (s *Store) changeSlot(ctx context.Context, slot int, statement string, args ...any) error {
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		return changed(n, err, "slotId", slot)
	})
}

// ReplaceList completes a list and puts it into a slot in the place of another, unless that has gone meanwhile; and into the batch,
// of which nothing may be planned, unless it is 0.
func (s *Store) ReplaceList(ctx context.Context, slot Slot, l List, batch int64, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		if err := t.completeList(ctx, l.ID, l.Records); err != nil {
			return err
		}
		_, err := t.db.ExecContext(ctx, "UPDATE slot SET list_id = $1, updated_at = $2 WHERE service_id = $3 AND user_id = $4 AND slot = $5 AND list_id = $6",
			l.ID, micros(at), slot.ServiceID, slot.UserID, slot.Slot, slot.List.ID)
		if err == nil && batch != 0 {
			_, err = t.db.ExecContext(ctx, "UPDATE batch SET list_id = $1, total = $2, exact = FALSE WHERE id = $3 AND next = 0 AND status = 'PENDING'", l.ID, l.Records, batch)
		}
		return err
	})
}

// oldList is how long a list may take to become complete, and stay when nothing uses it.
const oldList = time.Hour

// DropLists forgets lists that nothing uses: neither a slot nor a batch that still plans, nor one whose receivers were given. Of the
// others the rows go, a list at a time.
func (s *Store) DropLists(ctx context.Context, now time.Time) error {
	var id int64
	for {
		err := s.reads.QueryRowContext(ctx, `SELECT l.id FROM list l WHERE l.created_at < $1 AND EXISTS (SELECT 1 FROM list_chunk c WHERE c.list_id = l.id)
			AND NOT EXISTS (SELECT 1 FROM slot s WHERE s.list_id = l.id)
			AND NOT EXISTS (SELECT 1 FROM cleaning c WHERE c.list_id = l.id)
			AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.list_id = l.id AND (b.status NOT IN ('COMPLETED', 'CANCELED', 'FAILED') OR b.slot = 0 AND b.total <= 5000))
			LIMIT 1`, micros(now.Add(-oldList))).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return unavailable(err)
		}
		if err := s.write(ctx, other, func(t *tx) error {
			_, err := t.db.ExecContext(ctx, `DELETE FROM list_chunk WHERE list_id = $1 AND NOT EXISTS (SELECT 1 FROM slot s WHERE s.list_id = $1) AND NOT EXISTS (SELECT 1 FROM cleaning c WHERE c.list_id = $1)
				AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.list_id = $1 AND b.status NOT IN ('COMPLETED', 'CANCELED', 'FAILED'))`, id)
			return err
		}); err != nil {
			return err
		}
	}
}
