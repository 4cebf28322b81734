package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Events gives what happened to a message beyond the normal way, in order.
func (s *Store) Events(ctx context.Context, message int64) ([]sms.Event, error) {
	rows, err := s.read.Events(ctx, message)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Event, len(rows))
	for i, row := range rows {
		all[i] = sms.Event{MessageID: row.MessageID, At: fromMicros(row.At), Kind: row.Kind, Text: row.Text}
	}
	return all, nil
}

// Unmatched is a receipt that belongs to no known message.
type Unmatched struct {
	ID      int64
	Carrier string
	sms.Receipt
}

// Unmatched lists receipts that match nothing, the newest first.
func (s *Store) Unmatched(ctx context.Context, most int) ([]Unmatched, error) {
	rows, err := s.read.Parked(ctx, int32(most)) //nolint:gosec // a constant of the callers
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Unmatched, len(rows))
	for i, row := range rows {
		all[i] = Unmatched{ID: row.ID, Carrier: row.Carrier, Receipt: sms.Receipt{
			Refs: strings.Split(row.Ref, "\n"), Receiver: row.Receiver, State: sms.State(row.State), PTT: int(row.Ptt), Error: row.Error,
			Raw: row.Raw, DoneAt: fromMicros(row.DoneAt), At: fromMicros(row.ReceivedAt),
		}}
	}
	return all, nil
}

// Lane is what waits in one lane of a carrier.
type Lane struct {
	Carrier  int64
	Priority sms.Priority
	Messages int64 // at most; cancelled ones count until a claim passes over them
	Oldest   time.Time
}

// Lanes lists the lanes that have something waiting.
func (s *Store) Lanes(ctx context.Context) ([]Lane, error) {
	rows, err := s.read.Lanes(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Lane, len(rows))
	for i, row := range rows {
		all[i] = Lane{row.CarrierID, sms.Priorities[row.Lane], row.Messages, fromMicros(row.Oldest)}
	}
	return all, nil
}

// OpenClaim is a claim that an ended process left behind, with those of its messages that it did not settle: they may have
// been sent or not.
type OpenClaim struct {
	ID       int64
	Carrier  int64
	At       time.Time // nothing of it was handed over before
	Messages []Claimed
	Noted    map[int64]sms.Answer // answers that were noted but not written into the messages, by message
}

// LetGo forgets what is in memory of a carrier's claims, but for those of a holder of its lease: from now on they are those of an
// ended process.
func (s *Store) LetGo(carrier int64, holder string) { s.hand.letGo(carrier, holder) }

// OpenClaims lists the claims of a carrier that earlier holders of its lease have left. The present one, h, may have claims of
// its own in hand. Error: *LostLeaseError; while the lease is held nobody else can make claims.
func (s *Store) OpenClaims(ctx context.Context, carrier int64, h Hold) ([]OpenClaim, error) {
	var all []OpenClaim
	if err := s.parked.load(ctx, s.reads); err != nil {
		return nil, unavailable(err)
	}
	err := s.write(ctx, other, func(t *tx) error {
		all = nil
		if err := t.mustHold(ctx, h); err != nil {
			return err
		}
		rows, err := t.db.QueryContext(ctx, "SELECT id, carrier_id, at, runs FROM claim WHERE carrier_id = $1 AND node <> $2 ORDER BY id", carrier, h.Holder)
		if err != nil {
			return err
		}
		runs, err := scanClaims(rows, &all)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].Noted, err = t.notesOf(ctx, all[i].ID, all[i].Carrier); err != nil {
				return err
			}
			if all[i].Messages, err = t.waitingIn(ctx, all[i].Carrier, runs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// CountClaims counts the open claims of a carrier: those of a holder, or all for "".
func (s *Store) CountClaims(ctx context.Context, carrier int64, holder string) (n int, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT COUNT(*) FROM claim WHERE carrier_id = $1 AND (node = $2 OR $2 = '')", carrier, holder).Scan(&n)
	if err != nil {
		err = unavailable(err)
	}
	return n, err
}

func scanClaims(rows *sql.Rows, claims *[]OpenClaim) ([][]run, error) {
	defer rows.Close()
	var all [][]run
	for rows.Next() {
		var c OpenClaim
		var text string
		var runs []run
		var at int64
		if err := rows.Scan(&c.ID, &c.Carrier, &at, &text); err != nil {
			return nil, err
		}
		c.At = fromMicros(at)
		if err := json.Unmarshal([]byte(text), &runs); err != nil {
			return nil, err
		}
		*claims, all = append(*claims, c), append(all, runs)
	}
	return all, rows.Err()
}

// Counts of what needs a look.
type Counts struct {
	InDoubt, Unmatched, SendersWaiting int64
}

// Count counts what needs a look.
func (s *Store) Count(ctx context.Context) (c Counts, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM message WHERE state = 'indoubt'), (SELECT COUNT(*) FROM parked),
		(SELECT COUNT(*) FROM sender WHERE status = 'waitingValidation')`).Scan(&c.InDoubt, &c.Unmatched, &c.SendersWaiting)
	if err != nil {
		err = unavailable(err)
	}
	return c, err
}

// DropOld forgets what is kept for a limited time only: the answers of requests with an Idempotency-Key, the leases of what is no more, and sign-ins that are over.
func (s *Store) DropOld(ctx context.Context, now time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		if err := t.dropLeases(ctx); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, "DELETE FROM noted WHERE claim_id NOT IN (SELECT id FROM claim)"); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, "DELETE FROM quote WHERE at < $1", micros(now.Add(-quoteKept))); err != nil {
			return err
		}
		if err := t.dropBatchQuotes(ctx, now); err != nil {
			return err
		}
		if err := t.dropOldLogins(ctx, now); err != nil {
			return err
		}
		err := t.DropIdempotency(ctx, micros(now)-idempotencyTime)
		if err == nil && t.dialect.mark != "" {
			const month = 30 * 24 * time.Hour // of connections that ended without a word
			_, err = t.db.ExecContext(ctx, "DELETE FROM commit_mark WHERE at < $1", time.Now().Add(-month).UnixMicro())
		}
		return err
	})
}
