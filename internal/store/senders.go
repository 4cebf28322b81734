package store

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddSender adds a sender to a service. Error: Conflict if the service has it.
func (s *Store) AddSender(ctx context.Context, n sms.Sender) error {
	return s.changeSenders(ctx, n.ServiceID, func(t *tx) error {
		rows, err := t.InsertSender(ctx, query.InsertSenderParams{
			ServiceID: n.ServiceID, Sender: n.Sender, Type: n.Type, Status: n.Status, Description: n.Description, Reason: n.Reason,
			Comment: n.Comment, Referer: n.Referer, CreatedAt: micros(n.CreatedAt),
		})
		if err == nil && rows == 0 {
			return sms.Errorf(sms.Conflict, "The sender %s exists already", n.Sender)
		}
		return err
	})
}

func (s *Store) changeSenders(ctx context.Context, service int64, f func(*tx) error) error {
	defer s.forget()
	return s.write(ctx, other, func(t *tx) error {
		if err := f(t); err != nil {
			return err
		}
		return t.Bump(ctx, service)
	})
}

// Senders lists a service's senders by name.
func (s *Store) Senders(ctx context.Context, service int64) ([]sms.Sender, error) {
	rows, err := s.read.Senders(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Sender, len(rows))
	for i, row := range rows {
		all[i] = senderFrom(row)
	}
	return all, nil
}

// Sender gives a sender of a service. Error: NoObject.
func (s *Store) Sender(ctx context.Context, service int64, sender string) (sms.Sender, error) {
	row, err := s.read.Sender(ctx, query.SenderParams{ServiceID: service, Sender: sender})
	return senderFrom(row), found(err, "sender", sender)
}

// ChangeSender reads a sender, lets change work on its status, description and comment, and saves it. Error: NoObject, or the
// one of change.
func (s *Store) ChangeSender(ctx context.Context, service int64, sender string, change func(*sms.Sender) error) error {
	return s.changeSenders(ctx, service, func(t *tx) error {
		row, err := t.Sender(ctx, query.SenderParams{ServiceID: service, Sender: sender})
		if err != nil {
			return found(err, "sender", sender)
		}
		n := senderFrom(row)
		if err := change(&n); err != nil {
			return err
		}
		_, err = t.UpdateSender(ctx, query.UpdateSenderParams{
			ServiceID: service, Sender: sender, Status: n.Status, Description: n.Description, Comment: n.Comment,
		})
		return err
	})
}

// DeleteSender takes a sender from a service. Messages that wait keep it. Error: NoObject.
func (s *Store) DeleteSender(ctx context.Context, service int64, sender string) error {
	return s.changeSenders(ctx, service, func(t *tx) error {
		n, err := t.DeleteSender(ctx, query.DeleteSenderParams{ServiceID: service, Sender: sender})
		if err := changed(n, err, "sender", sender); err != nil {
			return err
		}
		if err := t.DeleteSenderCode(ctx, query.DeleteSenderCodeParams{ServiceID: service, Sender: sender}); err != nil {
			return err
		}
		return t.DeleteDocumentsOfSender(ctx, query.DeleteDocumentsOfSenderParams{ServiceID: service, Sender: sender})
	})
}

// SenderRequest is a sender with the name of its service.
type SenderRequest struct {
	sms.Sender
	Service string
}

// SendersByStatus lists the senders of all services that have the status, all if it is empty, the oldest first.
func (s *Store) SendersByStatus(ctx context.Context, status string) ([]SenderRequest, error) {
	rows, err := s.read.SendersByStatus(ctx, status)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]SenderRequest, len(rows))
	for i, row := range rows {
		all[i] = SenderRequest{Service: row.Service, Sender: senderFrom(query.Sender{
			ServiceID: row.ServiceID, Sender: row.Sender, Type: row.Type, Status: row.Status, Description: row.Description,
			Reason: row.Reason, Comment: row.Comment, Referer: row.Referer, CreatedAt: row.CreatedAt,
		})}
	}
	return all, nil
}
