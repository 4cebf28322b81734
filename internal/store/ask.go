package store

import (
	"context"
	"time"

	"ramier/internal/sms"
)

// AwaitedPart is a part of a message whose final receipt has not come.
type AwaitedPart struct {
	Message  int64
	Part     int
	Ref      string
	Receiver string
	Source   string // as it was handed over
	State    sms.State
	SentAt   time.Time
	Expires  time.Time // when the validity of the message ends
}

// Awaited lists parts whose receipts a carrier owes, behind one part or from the first on, in the order of their references. It
// reads at most most of them; fewer than that are the last.
func (s *Store) Awaited(ctx context.Context, carrier int64, behind AwaitedPart, most int) ([]AwaitedPart, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT a.message_id, a.part, a.ref, m.receiver, m.source, j.sender, m.state, m.sent_at, j.due_at + j.validity
		FROM (SELECT ref, message_id, part FROM awaiting WHERE carrier_id = $1 AND (ref, message_id, part) > ($2, $3, $4)
			ORDER BY ref, message_id, part LIMIT $5) a
		JOIN message m ON m.id = a.message_id JOIN job j ON j.id = m.job_id ORDER BY a.ref, a.message_id, a.part`,
		carrier, behind.Ref, behind.Message, behind.Part, most)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []AwaitedPart
	for rows.Next() {
		var p AwaitedPart
		var sender string
		var sent, expires int64
		if err := rows.Scan(&p.Message, &p.Part, &p.Ref, &p.Receiver, &p.Source, &sender, &p.State, &sent, &expires); err != nil {
			return nil, unavailable(err)
		}
		if p.Source == "" {
			p.Source = sender
		}
		p.SentAt, p.Expires = fromMicros(sent), fromMicros(expires)
		all = append(all, p)
	}
	return all, rows.Err()
}
