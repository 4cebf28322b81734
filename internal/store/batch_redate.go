package store

import (
	"context"
	"time"

	"ramier/internal/sms"
)

// redateBatch saves another time, and the name, of a batch whose rows are planned, or are being planned, and has its messages leave at that
// time. What else was parked stays so. Error: Conflict once a message has left, for a batch that has ended, and if somebody else has
// changed the time.
func (s *Store) redateBatch(ctx context.Context, b, had sms.Batch) error {
	var carriers []int64
	err := s.submit(ctx, other, alone(func(t *tx) error {
		now, err := scanBatch(t.db.QueryRowContext(ctx, "SELECT "+batchColumns+" FROM batch b WHERE b.id = $1"+t.dialect.lock, b.ID))
		if err != nil {
			return err
		}
		at := b.UpdatedAt
		if err := t.mayRedate(ctx, &now, &had, at); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, "UPDATE batch SET name = $1, due_at = $2, updated_at = $3, wake_at = $3 WHERE id = $4",
			b.Name, micros(b.DueAt), micros(at), b.ID); err != nil {
			return err
		}
		if err := t.redateJobs(ctx, &now, max(micros(b.DueAt), micros(at))); err != nil {
			return err
		}
		rows, err := t.db.QueryContext(ctx, "SELECT DISTINCT carrier_id FROM queue WHERE "+runsOfBatch, b.ServiceID, b.ID)
		if err == nil {
			carriers, err = scanIDs(rows)
		}
		if err != nil {
			return err
		}
		_, err = t.db.ExecContext(ctx, `UPDATE queue SET touched = TRUE, due_at = (SELECT CASE WHEN queue.due_at < $3 THEN j.due_at ELSE j.due_at + $3 END
			FROM job j WHERE j.id = queue.job_id) WHERE due_at < $4 AND `+runsOfBatch, b.ServiceID, b.ID, int64(aside), int64(never))
		return err
	}))
	if err == nil {
		s.filled(carriers)
	}
	return err
}

// mayRedate tells whether a batch may still leave at another time.
func (t *tx) mayRedate(ctx context.Context, b, had *sms.Batch, at time.Time) error {
	switch {
	case b.Status != sms.BatchInserting && b.Status != sms.BatchInserted:
		return sms.Errorf(sms.Conflict, "The batch %s is %s: only its name can be changed", b.UUID, b.Status)
	case !b.DueAt.Equal(had.DueAt):
		return sms.Errorf(sms.Conflict, "The batch %s was changed by another request meanwhile: look at it, and send yours again", b.UUID)
	}
	left, err := t.hasLeft(ctx, b, at)
	if err == nil && left {
		err = sms.Errorf(sms.Conflict, "Messages of the batch %s have left already: its time cannot be changed any more; pause it, or cancel what still waits", b.UUID)
	}
	return err
}

// redateJobs has the jobs of a batch due at a time; those of one that is spread keep their distances.
func (t *tx) redateJobs(ctx context.Context, b *sms.Batch, due int64) error {
	set := "CAST($3 AS bigint)"
	if b.Settings.Spread > 0 {
		set = "due_at + CAST($3 AS bigint)"
		due -= max(micros(b.DueAt), micros(b.StartedAt))
	}
	_, err := t.db.ExecContext(ctx, "UPDATE job SET due_at = "+set+", deferred = CASE WHEN "+set+" > created_at THEN "+set+
		" - created_at ELSE 0 END, delay = '' WHERE service_id = $1 AND id IN (SELECT job_id FROM batch_job WHERE batch_id = $2)",
		b.ServiceID, b.ID, due)
	return err
}
