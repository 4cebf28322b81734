package store

import (
	"context"
	"database/sql"
	"time"

	"ramier/internal/sms"
)

// ToldLow tells which services have been told that their credits run low.
func (s *Store) ToldLow(ctx context.Context) (map[int64]bool, error) {
	told := map[int64]bool{}
	err := eachRow(ctx, s.reads, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		told[id] = true
		return err
	}, "SELECT service_id FROM low_balance")
	if err != nil {
		return nil, unavailable(err)
	}
	return told, nil
}

// ServicesToWarn lists the services that want to be told when their credits run low, and what they have.
func (s *Store) ServicesToWarn(ctx context.Context) ([]LowService, error) {
	var all []LowService
	err := eachRow(ctx, s.reads, func(r *sql.Rows) error {
		var l LowService
		err := r.Scan(&l.Service.Name, &l.Available)
		all = append(all, l)
		return err
	}, `SELECT s.name, b.available FROM service s JOIN balance b ON b.service_id = s.id
		WHERE s.status = 'enable' AND s.settings LIKE '%"AlertBelow":%' AND s.settings NOT LIKE '%"AlertBelow":0,%' ORDER BY s.id`)
	if err != nil {
		return nil, unavailable(err)
	}
	for i := range all {
		if all[i].Service, err = s.Service(ctx, all[i].Service.Name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// TellLow notes that a service has been told that its credits run low, or that it has enough again.
func (s *Store) TellLow(ctx context.Context, service sms.Service, told bool, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		if !told {
			_, err := t.db.ExecContext(ctx, "DELETE FROM low_balance WHERE service_id = $1", service.ID)
			return err
		}
		_, err := t.db.ExecContext(ctx, "INSERT INTO low_balance (service_id, at) VALUES ($1, $2) ON CONFLICT (service_id) DO NOTHING", service.ID, micros(at))
		return err
	})
}

// Rises counts how often credits have come into one of the books of a service, "available" or "quota". What is told of a fall names it: as many
// credits may be left after the next one. It reads all entries of the service.
func (s *Store) Rises(ctx context.Context, service int64, book string) (n int64, err error) {
	if err := s.reads.QueryRowContext(ctx, "SELECT COUNT(*) FROM ledger WHERE service_id = $1 AND credit = $2", service, book).Scan(&n); err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}
