package store

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// IncomingFilter chooses incoming messages of a service; zero fields choose all.
type IncomingFilter struct {
	From, To time.Time // both included
	Sender   string    // the handset, E.164 with + unless it is a short number
	Number   string    // written to
	Tag      *string
	User     int64   // only answers to messages that this SMS user ordered
	Batch    *string // only answers to messages of the batch with this UUID
}

// Incoming lists the ids of a service's incoming messages that match the filter, ascending.
func (s *Store) Incoming(ctx context.Context, service int64, f IncomingFilter) ([]int64, error) {
	w := f.where(service)
	rows, err := s.reads.QueryContext(ctx, "SELECT id FROM incoming WHERE "+w.String()+" ORDER BY id", w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

func (f IncomingFilter) where(service int64) where {
	w := where{}
	w.add("service_id = ?", service)
	w.within("created_at", f.From, f.To)
	if f.Sender != "" {
		w.add("sender = ?", f.Sender)
	}
	if f.User != 0 {
		w.add("EXISTS (SELECT 1 FROM message m JOIN job j ON j.id = m.job_id WHERE m.id = outgoing_id AND j.user_id = ?)", f.User)
	}
	if f.Number != "" {
		w.add("number = ?", f.Number)
	}
	if f.Tag != nil {
		w.add("tag = ?", *f.Tag)
	}
	if f.Batch != nil {
		w.add(`EXISTS (SELECT 1 FROM message m JOIN batch_job j ON j.job_id = m.job_id JOIN batch b ON b.id = j.batch_id
			WHERE m.id = outgoing_id AND b.uuid = ?)`, *f.Batch)
	}
	return w
}

// IncomingMessage gives an incoming message. Error: NoObject.
func (s *Store) IncomingMessage(ctx context.Context, service, id int64) (sms.Incoming, error) {
	row, err := s.read.IncomingByID(ctx, query.IncomingByIDParams{ServiceID: service, ID: id})
	return sms.Incoming{
		ID: row.ID, ServiceID: row.ServiceID, CarrierID: row.CarrierID, Sender: row.Sender, Number: row.Number, Text: row.Text,
		Tag: row.Tag, OutgoingID: row.OutgoingID, At: fromMicros(row.CreatedAt),
		Parts: int(row.Parts), Credits: sms.Credits(row.Credits),
	}, found(err, "id", id)
}

// DeleteIncoming removes an incoming message. An opt-out that it brought stays. Error: NoObject.
func (s *Store) DeleteIncoming(ctx context.Context, service, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteIncoming(ctx, query.DeleteIncomingParams{ServiceID: service, ID: id})
		return changed(n, err, "id", id)
	})
}
