package store

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"ramier/internal/sms"
)

const (
	// partsPatience is how long the other parts of an incoming message are waited for before it is taken as it is.
	partsPatience = 30 * time.Minute
	// partsKept is how long the parts of a message that is whole are known, so that one which its operator repeats is not taken for
	// a new one.
	partsKept = time.Hour
)

// storedPart is a row of incoming_part.
type storedPart struct {
	sms.IncomingPart
	id, incoming int64
	at           time.Time
}

// join keeps a part of a message, and makes the message of all its parts when this was the last. What it gives are messages to
// take up: none while parts are missing, and perhaps an older one that will never be whole.
func (w *settlement) join(ctx context.Context, in sms.Incoming) ([]sms.Incoming, error) {
	if in.Part.Total < 2 {
		in.Parts = 1
		return []sms.Incoming{in}, nil
	}
	known, err := w.partsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	var ready []sms.Incoming
	for _, p := range known {
		switch {
		case p.Place != in.Part.Place:
		case p.Coding == in.Part.Coding && bytes.Equal(p.Octets, in.Part.Octets):
			return nil, nil // repeated
		default:
			// The handset uses the reference for another message.
			if ready, err = w.giveUpParts(ctx, in, known); err != nil {
				return nil, err
			}
			known = nil
		}
		if known == nil {
			break
		}
	}
	if len(known) > 0 && known[0].incoming != 0 {
		known = nil // was given up; what comes now stands alone
	}
	part := storedPart{IncomingPart: in.Part, at: in.At}
	if part.id, err = w.t.id(ctx); err != nil {
		return nil, err
	}
	if _, err := w.t.db.ExecContext(ctx, `INSERT INTO incoming_part (id, carrier_id, sender, number, ref, total, place, coding, octets, incoming_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)`, part.id, in.CarrierID, in.Sender, in.Number, in.Part.Ref, in.Part.Total, in.Part.Place,
		int64(in.Part.Coding), in.Part.Octets, micros(in.At)); err != nil {
		return nil, err
	}
	known = append(known, part)
	if len(known) < in.Part.Total {
		return ready, nil
	}
	whole, err := w.whole(ctx, in, known)
	return append(ready, whole), err
}

// partsOf reads the parts that are known of a message, the latest message with the reference only.
func (w *settlement) partsOf(ctx context.Context, in sms.Incoming) ([]storedPart, error) {
	rows, err := w.t.db.QueryContext(ctx, `SELECT id, place, coding, octets, incoming_id, at FROM incoming_part
		WHERE carrier_id = $1 AND sender = $2 AND number = $3 AND ref = $4 AND total = $5 AND (incoming_id = 0 OR at > $6) ORDER BY id`,
		in.CarrierID, in.Sender, in.Number, in.Part.Ref, in.Part.Total, micros(in.At.Add(-partsKept)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []storedPart
	for rows.Next() {
		p := storedPart{IncomingPart: sms.IncomingPart{Ref: in.Part.Ref, Total: in.Part.Total}}
		var at int64
		if err := rows.Scan(&p.id, &p.Place, &p.Coding, &p.Octets, &p.incoming, &at); err != nil {
			return nil, err
		}
		p.at = fromMicros(at)
		if n := len(all); n > 0 && all[n-1].incoming != p.incoming {
			all = nil
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// whole makes a message of parts, of which some may be missing.
func (w *settlement) whole(ctx context.Context, in sms.Incoming, parts []storedPart) (sms.Incoming, error) {
	all := make([]sms.IncomingPart, len(parts))
	ids := make([]int64, len(parts))
	for i, p := range parts {
		all[i], ids[i] = p.IncomingPart, p.id
	}
	in.Text, _ = sms.JoinParts(all)
	in.Parts, in.Part = len(parts), sms.IncomingPart{}
	var err error
	if in.ID, err = w.t.id(ctx); err == nil {
		_, err = w.t.exec(ctx, "UPDATE incoming_part SET incoming_id = v.incoming FROM v WHERE incoming_part.id = v.id", ints("id", ids),
			ints("incoming", slices.Repeat([]int64{in.ID}, len(ids))))
	}
	return in, err
}

// giveUpParts forgets the parts of a message whose reference is used for another one. If it was not whole yet it is taken as it is.
func (w *settlement) giveUpParts(ctx context.Context, in sms.Incoming, parts []storedPart) (ready []sms.Incoming, err error) {
	ids := make([]int64, len(parts))
	for i, p := range parts {
		ids[i] = p.id
	}
	if parts[0].incoming == 0 {
		in.At = parts[len(parts)-1].at
		m, err := w.whole(ctx, in, parts)
		if err != nil {
			return nil, err
		}
		ready = append(ready, m)
	}
	_, err = w.t.exec(ctx, "DELETE FROM incoming_part WHERE id IN (SELECT id FROM v)", ints("id", ids))
	return ready, err
}

// FlushParts takes incoming messages as they are whose other parts have not come in half an hour.
func (s *Store) FlushParts(ctx context.Context, now time.Time) error {
	var some bool
	err := s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM incoming_part WHERE incoming_id = 0 AND at < $1)", micros(now.Add(-partsPatience))).Scan(&some)
	if err != nil {
		return unavailable(err)
	}
	if !some {
		return nil
	}
	return s.Settle(ctx, &Outcome{partsBefore: now.Add(-partsPatience), partsNow: now})
}

// overdueParts takes up messages all of whose parts came before a time.
func (w *settlement) overdueParts(ctx context.Context, before, now time.Time) (ready []sms.Incoming, err error) {
	rows, err := w.t.db.QueryContext(ctx, `SELECT carrier_id, sender, number, ref, total FROM incoming_part WHERE incoming_id = 0
		GROUP BY carrier_id, sender, number, ref, total HAVING MAX(at) < $1 LIMIT 500`, micros(before))
	if err != nil {
		return nil, err
	}
	overdue, err := scanOverdue(rows, now)
	if err != nil {
		return nil, err
	}
	for _, in := range overdue {
		parts, err := w.partsOf(ctx, in)
		if err != nil {
			return nil, err
		}
		if len(parts) == 0 || parts[0].incoming != 0 {
			continue
		}
		m, err := w.whole(ctx, in, parts)
		if err != nil {
			return nil, err
		}
		ready = append(ready, m)
	}
	return ready, nil
}

func scanOverdue(rows *sql.Rows, now time.Time) (all []sms.Incoming, err error) {
	defer rows.Close()
	for rows.Next() {
		in := sms.Incoming{At: now}
		if err := rows.Scan(&in.CarrierID, &in.Sender, &in.Number, &in.Part.Ref, &in.Part.Total); err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, rows.Err()
}
