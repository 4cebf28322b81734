package store

import (
	"context"
	"slices"
	"time"

	"ramier/internal/sms"
)

// RedateJob has the messages that a service has ordered together with one, and that one, leave at another time. Errors: NoObject if the
// service has no such waiting message; Conflict if it belongs to a batch, and once one of them has left or is being sent.
func (s *Store) RedateJob(ctx context.Context, service, id int64, due, at time.Time) error {
	m, _, err := s.Message(ctx, service, id)
	if err != nil {
		return err
	}
	leaves := max(micros(due), micros(at))
	var carriers []int64
	err = s.submit(ctx, other, alone(func(t *tx) error {
		if err := t.mayRedateJob(ctx, m); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, `UPDATE job SET due_at = $1, deferred = CASE WHEN $1 > created_at THEN $1 - created_at ELSE 0 END, delay = '' WHERE id = $2`,
			leaves, m.JobID); err != nil {
			return err
		}
		rows, err := t.db.QueryContext(ctx, `UPDATE queue SET touched = TRUE, due_at = CASE WHEN due_at < $1 THEN $2 ELSE $2 + $1 END
			WHERE service_id = $3 AND job_id = $4 AND first_id >= $4 RETURNING carrier_id`, int64(aside), leaves, m.ServiceID, m.JobID)
		if err == nil {
			carriers, err = scanIDs(rows)
		}
		slices.Sort(carriers) // one for each run of the queue
		carriers = slices.Compact(carriers)
		return err
	}))
	if err == nil {
		s.filled(carriers)
	}
	return err
}

// mayRedateJob tells whether the job of a message may still leave at another time.
func (t *tx) mayRedateJob(ctx context.Context, m sms.Message) error {
	now, err := scanMessage(t.db.QueryRowContext(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.id = $1", m.ID))
	if err != nil {
		return found(err, "id", m.ID)
	}
	if !now.State.Waiting() {
		return noObject("id", m.ID)
	}
	var last, batch int64
	var left bool
	if err := t.db.QueryRowContext(ctx, `SELECT j.id + j.count - 1, j.batch_id, EXISTS (SELECT 1 FROM message o WHERE o.id BETWEEN j.id AND j.id + j.count - 1
		AND o.state NOT IN `+unsent+`) FROM job j WHERE j.id = $1`, m.JobID).Scan(&last, &batch, &left); err != nil {
		return err
	}
	if batch != 0 {
		return sms.Errorf(sms.Conflict, "The message %d belongs to a batch: change the time of that", m.ID)
	}
	claims, err := runsOf(t.db.QueryContext(ctx, "SELECT runs FROM claim WHERE first_id <= $1 AND last_id >= $2", last, m.JobID))
	if err != nil {
		return err
	}
	for _, r := range claims {
		left = left || r.First <= last && r.Last >= m.JobID
	}
	if left {
		return sms.Errorf(sms.Conflict, "The message %d, or one that was ordered with it, has left or is being sent: its time cannot be changed any more", m.ID)
	}
	return nil
}
