package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// never is the time at which what is parked in the queue is due: that of a paused batch. It is in the year 9999.
const never = 253_370_764_800_000_000

// MoveBatch saves what a step has made of a batch: its status, reason, pause and times, unless it was changed, paused or cancelled
// meanwhile; moved tells.
func (s *Store) MoveBatch(ctx context.Context, b *sms.Batch, from sms.BatchStatus) (moved bool, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, `UPDATE batch SET status = $1, reason = $2, started_at = $3, finished_at = $4, passed_at = $5, wake_at = $6, updated_at = $7
			WHERE id = $8 AND status = $9 AND next = $10 AND NOT paused`, string(b.Status), b.Reason, micros(b.StartedAt), micros(b.FinishedAt), micros(b.PassedAt),
			micros(b.WakeAt), micros(b.UpdatedAt), b.ID, string(from), b.Next)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		moved = n > 0
		return err
	})
	return moved, err
}

// WakeBatch says when somebody has to look at a batch again.
func (s *Store) WakeBatch(ctx context.Context, id int64, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE batch SET wake_at = $1 WHERE id = $2 AND wake_at > 0", micros(at), id)
		return err
	})
}

// AppraiseBatch saves what all rows of a batch cost, unless it has been changed meanwhile or that is known already.
func (s *Store) AppraiseBatch(ctx context.Context, b *sms.Batch, credits sms.Credits) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE batch SET estimate = $1, exact = TRUE WHERE id = $2 AND list_id = $3 AND next = $4 AND text = $5 AND due_at = $6 AND NOT exact",
			int64(credits), b.ID, b.ListID, b.Next, b.Order.Text, micros(b.DueAt))
		return err
	})
}

// EditBatch saves the name of a batch, and its text and time with their estimate if they differ from what it had. Error: Conflict for
// the text once its rows are being planned, for the time once a message has left, and if somebody else has changed them meanwhile.
func (s *Store) EditBatch(ctx context.Context, b sms.Batch, had sms.Batch) error {
	if b.Order.Text == had.Order.Text && b.DueAt.Equal(had.DueAt) {
		return s.write(ctx, other, func(t *tx) error {
			_, err := t.db.ExecContext(ctx, "UPDATE batch SET name = $1, updated_at = $2 WHERE id = $3", b.Name, micros(b.UpdatedAt), b.ID)
			return err
		})
	}
	if b.Order.Text != had.Order.Text && b.QuoteID != "" {
		return sms.Errorf(sms.Conflict, "The batch %s is charged by the quote %s, which is for its text: cancel it and make another", b.UUID, b.QuoteID)
	}
	if b.Order.Text == had.Order.Text && b.Status != sms.BatchPending {
		return s.redateBatch(ctx, b, had)
	}
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, `UPDATE batch SET name = $1, text = $2, due_at = $3, updated_at = $4, estimate = $5, exact = $6,
			wake_at = CASE WHEN $6 THEN wake_at ELSE $4 END WHERE id = $7 AND status = 'PENDING' AND text = $8 AND due_at = $9 AND list_id = $10`,
			b.Name, b.Order.Text, micros(b.DueAt), micros(b.UpdatedAt), int64(b.Estimate), b.Exact, b.ID, had.Order.Text, micros(had.DueAt), b.ListID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var status sms.BatchStatus
		if err := t.db.QueryRowContext(ctx, "SELECT status FROM batch WHERE id = $1", b.ID).Scan(&status); err != nil {
			return err
		}
		if status == sms.BatchPending || b.Order.Text == had.Order.Text {
			return sms.Errorf(sms.Conflict, "The batch %s was changed by another request meanwhile: look at it, and send yours again", b.UUID)
		}
		if status.Final() {
			return sms.Errorf(sms.Conflict, "The batch %s is %s: only its name can be changed", b.UUID, status)
		}
		return sms.Errorf(sms.Conflict, "The batch %s is %s: its text cannot be changed any more", b.UUID, status)
	})
}

// HideBatch takes a batch that has ended out of its owner's history. Its messages stay. Error: Conflict until it has ended.
func (s *Store) HideBatch(ctx context.Context, b *sms.Batch) error {
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "UPDATE batch SET hidden = TRUE WHERE id = $1 AND status IN ('COMPLETED', 'CANCELED', 'FAILED')", b.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return sms.Errorf(sms.Conflict, "The batch %s is %s: wait for its end, or cancel it first", b.UUID, b.Status)
	})
}

// PauseBatch stops the planning of a batch and parks what it has in the queue. What a carrier has in hand leaves. Error: Conflict for
// one that has ended or is being cancelled.
func (s *Store) PauseBatch(ctx context.Context, b *sms.Batch, reason string, at time.Time) error {
	return s.submit(ctx, other, alone(func(t *tx) error {
		res, err := t.db.ExecContext(ctx, `UPDATE batch SET paused = TRUE, reason = $1, updated_at = $2, wake_at = $2
			WHERE id = $3 AND status IN ('PENDING', 'INSERTING', 'INSERTED')`, reason, micros(at), b.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			if err == nil {
				_, err = t.park(ctx, b)
			}
			return err
		}
		return sms.Errorf(sms.Conflict, "The batch %s is %s and cannot be paused any more", b.UUID, b.Status)
	}))
}

// runsOfBatch is the condition for the runs of a batch in the queue; its arguments are the service and the batch.
const runsOfBatch = `service_id = $1 AND first_id >= (SELECT MIN(job_id) FROM batch_job WHERE batch_id = $2)
	AND first_id <= (SELECT MAX(job_id + count) FROM batch_job WHERE batch_id = $2) AND job_id IN (SELECT job_id FROM batch_job WHERE batch_id = $2)`

// park keeps what a batch has in the queue from being due.
func (t *tx) park(ctx context.Context, b *sms.Batch) (parked int64, err error) {
	res, err := t.db.ExecContext(ctx, "UPDATE queue SET due_at = $3 WHERE due_at < $3 AND "+runsOfBatch, b.ServiceID, b.ID, int64(never))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ParkBatch parks what has come back into the queue of a paused batch.
func (s *Store) ParkBatch(ctx context.Context, b *sms.Batch, wake time.Time) error {
	return s.submit(ctx, other, alone(func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "UPDATE batch SET wake_at = $1 WHERE id = $2 AND paused", micros(wake), b.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = t.park(ctx, b)
		return err
	}))
}

// ResumeBatch goes on with a paused batch, under the settings and with the canary as given. What was due meanwhile is due now, and its validity
// begins anew. Error: Conflict for one that is not paused.
func (s *Store) ResumeBatch(ctx context.Context, b *sms.Batch, at time.Time) error {
	settings, err := json.Marshal(b.Settings)
	if err != nil {
		return err
	}
	var carriers []int64
	err = s.submit(ctx, other, alone(func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "UPDATE batch SET paused = FALSE, reason = '', updated_at = $1, wake_at = $1, passed_at = $2, settings = $3 WHERE id = $4 AND paused",
			micros(at), micros(b.PassedAt), string(settings), b.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = sms.Errorf(sms.Conflict, "The batch %s is not paused", b.UUID)
			}
			return err
		}
		carriers, err = t.unpark(ctx, b, at)
		return err
	}))
	if err == nil {
		s.filled(carriers)
	}
	return err
}

// unpark makes what was parked due at its time, or now if that has passed, and gives its carriers.
func (t *tx) unpark(ctx context.Context, b *sms.Batch, at time.Time) ([]int64, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT DISTINCT carrier_id FROM queue WHERE due_at = $3 AND "+runsOfBatch, b.ServiceID, b.ID, int64(never))
	if err != nil {
		return nil, err
	}
	carriers, err := scanIDs(rows)
	if err != nil || len(carriers) == 0 {
		return nil, err
	}
	for _, statement := range []string{
		`UPDATE job SET due_at = $4, delay = '` + sms.DelayPaused + `' WHERE due_at < $4 AND id IN
			(SELECT q.job_id FROM queue q WHERE q.due_at = $3 AND q.` + runsOfBatch + `)`,
		`UPDATE queue SET touched = TRUE, due_at = (SELECT CASE WHEN j.due_at < $4 THEN $4 ELSE j.due_at END FROM job j WHERE j.id = queue.job_id)
			WHERE due_at = $3 AND ` + runsOfBatch,
	} {
		if _, err := t.db.ExecContext(ctx, statement, b.ServiceID, b.ID, int64(never), micros(at)); err != nil {
			return nil, err
		}
	}
	return carriers, nil
}

// CancelBatch takes a batch back. One of which nothing is planned has not cost anything and ends at once; of others the waiting messages
// are parked, and CancelBatchJob takes them back. Unless rest is set it is refused when a message has left. Error: Conflict.
func (s *Store) CancelBatch(ctx context.Context, b *sms.Batch, rest bool, at time.Time) error {
	return s.submit(ctx, other, alone(func(t *tx) error {
		now, err := scanBatch(t.db.QueryRowContext(ctx, "SELECT "+batchColumns+" FROM batch b WHERE b.id = $1"+t.dialect.lock, b.ID))
		if err != nil {
			return err
		}
		*b = now
		switch {
		case b.Status == sms.BatchCanceled || b.Status == sms.BatchCanceling:
			return nil
		case b.Status.Final():
			return sms.Errorf(sms.Conflict, "The batch %s is %s and cannot be cancelled any more", b.UUID, b.Status)
		}
		if !rest {
			if left, err := t.hasLeft(ctx, b, at); err != nil || left {
				if err == nil {
					err = sms.Errorf(sms.Conflict, "Messages of the batch %s have left already: pause it, or cancel what still waits with \"rest\": true", b.UUID)
				}
				return err
			}
		}
		b.Status, b.Paused, b.UpdatedAt, b.WakeAt = sms.BatchCanceling, false, at, at
		if b.Messages == 0 {
			b.Status, b.FinishedAt, b.WakeAt = sms.BatchCanceled, at, time.Time{}
		}
		_, err = t.db.ExecContext(ctx, "UPDATE batch SET status = $1, paused = FALSE, updated_at = $2, finished_at = $3, wake_at = $4 WHERE id = $5",
			string(b.Status), micros(at), micros(b.FinishedAt), micros(b.WakeAt), b.ID)
		if err == nil {
			_, err = t.park(ctx, b)
		}
		return err
	}))
}

// hasLeft tells whether a message of a batch was handed to a carrier, or may be just now.
func (t *tx) hasLeft(ctx context.Context, b *sms.Batch, at time.Time) (bool, error) {
	var left bool
	err := t.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM batch_job j JOIN job o ON o.id = j.job_id
		JOIN message m ON m.id BETWEEN j.job_id AND j.job_id + j.count - 1
		WHERE j.batch_id = $1 AND o.due_at <= $2 AND m.state NOT IN `+unsent+`)`, b.ID, micros(at)).Scan(&left)
	if err != nil || left {
		return left, err
	}
	claims, err := runsOf(t.db.QueryContext(ctx, "SELECT runs FROM claim WHERE last_id >= (SELECT MIN(job_id) FROM batch_job WHERE batch_id = $1)", b.ID))
	if err != nil || len(claims) == 0 {
		return false, err
	}
	err = t.query(ctx, `SELECT COUNT(*) > 0 FROM v JOIN batch_job j ON v.first_id < j.job_id + j.count AND v.last_id >= j.job_id WHERE j.batch_id = `+fmt.Sprint(b.ID),
		func(r *sql.Rows) error {
			var one bool
			err := r.Scan(&one)
			left = left || one
			return err
		}, runColumns(claims)...)
	return left, err
}

// CancelBatchJob takes the waiting messages of one job of a batch back and releases their credits. It gives how many jobs still have
// some: what is just being sent is looked at again later. The last ends the batch.
func (s *Store) CancelBatchJob(ctx context.Context, b *sms.Batch, at, again time.Time) (left int, err error) {
	jobs, err := s.waitingJobs(ctx, b.ID)
	if err != nil {
		return 0, err
	}
	if len(jobs) == 0 {
		b.Status, b.FinishedAt, b.WakeAt, b.UpdatedAt = sms.BatchCanceled, at, time.Time{}, at
		_, err = s.MoveBatch(ctx, b, sms.BatchCanceling)
		return 0, err
	}
	progress := false
	for _, job := range jobs {
		var taken int
		var carriers []int64
		err := s.submit(ctx, other, alone(func(t *tx) (err error) {
			taken, carriers, err = s.cancelJob(ctx, t, b, job, at)
			return err
		}))
		if err != nil {
			return len(jobs), err
		}
		s.wake(carriers)
		progress = progress || taken > 0
	}
	if !progress {
		err = s.WakeBatch(ctx, b.ID, again)
	}
	return len(jobs), err
}

// waitingJobs lists the first jobs of a batch with waiting messages.
func (s *Store) waitingJobs(ctx context.Context, batch int64) ([]int64, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT j.job_id FROM batch_job j WHERE j.batch_id = $1 AND EXISTS (SELECT 1 FROM message m
		WHERE m.id BETWEEN j.job_id AND j.job_id + j.count - 1 AND m.state IN ('held', 'scheduled', 'queued')) ORDER BY j.job_id DESC LIMIT 20`, batch)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

// BatchWaits tells whether a message of a batch still waits.
func (s *Store) BatchWaits(ctx context.Context, b *sms.Batch) (bool, error) {
	if b.Counted {
		c, err := s.CountBatch(ctx, b)
		return c.Waiting > 0, err
	}
	jobs, err := s.waitingJobs(ctx, b.ID)
	return len(jobs) > 0, err
}

func (s *Store) cancelJob(ctx context.Context, t *tx, b *sms.Batch, job int64, at time.Time) (taken int, carriers []int64, err error) {
	var first, last int64
	if err := t.db.QueryRowContext(ctx, "SELECT job_id, job_id + count - 1 FROM batch_job WHERE batch_id = $1 AND job_id = $2", b.ID, job).Scan(&first, &last); err != nil {
		return 0, nil, err
	}
	claims, err := runsOf(t.db.QueryContext(ctx, "SELECT runs FROM claim WHERE first_id <= $1 AND last_id >= $2", last, first))
	if err != nil {
		return 0, nil, err
	}
	var w where
	w.add("id >= ?", first)
	w.add("id <= ?", last)
	for _, r := range claims {
		if r.First <= last && r.Last >= first {
			w.conditions = append(w.conditions, fmt.Sprintf("NOT (id BETWEEN %s AND %s AND attempts = %s)", w.arg(r.First), w.arg(r.Last), w.arg(r.Attempts)))
		}
	}
	rows, err := t.db.QueryContext(ctx, "UPDATE message SET state = 'cancelled', done_at = "+w.arg(micros(at))+
		" WHERE state IN ('held', 'scheduled', 'queued') AND accepted = 0 AND "+w.String()+" RETURNING service_id, receiver, country, carrier_id, parts, credits", w.args...)
	if err != nil {
		return 0, nil, err
	}
	cancelled, err := scanCancelled(rows)
	if err != nil {
		return 0, nil, err
	}
	if err := s.countCancelled(ctx, t, job, cancelled); err != nil {
		return 0, nil, err
	}
	if err := t.releaseBatch(ctx, b, job, cancelled, at); err != nil {
		return 0, nil, err
	}
	carriers, err = t.emptyRuns(ctx, b, job, at)
	return len(cancelled), carriers, err
}

func scanCancelled(rows *sql.Rows) ([]sms.Message, error) {
	defer rows.Close()
	var all []sms.Message
	for rows.Next() {
		m := sms.Message{State: sms.Cancelled}
		if err := rows.Scan(&m.ServiceID, &m.Receiver, &m.Country, &m.CarrierID, &m.Parts, &m.Credits); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// countCancelled moves messages of a job from those that wait to the cancelled ones in the counters.
func (s *Store) countCancelled(ctx context.Context, t *tx, job int64, cancelled []sms.Message) error {
	jobs := map[int64]*sms.Job{job: {ID: job}}
	if err := t.loadJobs(ctx, jobs); err != nil {
		return err
	}
	of := tallyOf(jobs[job])
	var counted tallies
	for i := range cancelled {
		counted.move(&cancelled[i], &of, sms.Queued, cancelled[i].Credits)
	}
	return counted.write(ctx, s, t, other)
}

// releaseBatch gives back what the cancelled messages of a job would have cost.
func (t *tx) releaseBatch(ctx context.Context, b *sms.Batch, job int64, cancelled []sms.Message, at time.Time) error {
	var sum int64
	for _, m := range cancelled {
		sum += int64(m.Credits)
	}
	if sum == 0 {
		return nil
	}
	entry, err := t.id(ctx)
	if err != nil {
		return err
	}
	if err := t.ReleaseHeld(ctx, query.ReleaseHeldParams{ServiceID: b.ServiceID, Held: sum}); err != nil {
		return err
	}
	return t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: entry, ServiceID: b.ServiceID, At: micros(at), Kind: "release", Debit: "held", Credit: "available", Amount: sum,
		JobID: job, Note: "cancelled batch " + b.UUID,
	})
}

// emptyRuns takes the runs of a job without waiting messages out of the queue. What has been sent in part, or is in doubt, has to come to
// its end.
func (t *tx) emptyRuns(ctx context.Context, b *sms.Batch, job int64, at time.Time) ([]int64, error) {
	_, err := t.db.ExecContext(ctx, `DELETE FROM queue WHERE service_id = $1 AND job_id = $2 AND first_id BETWEEN $2 AND
		(SELECT j.job_id + j.count FROM batch_job j WHERE j.job_id = $2) AND NOT EXISTS (SELECT 1 FROM message m
		WHERE m.id BETWEEN queue.first_id AND queue.last_id AND m.carrier_id = queue.carrier_id AND m.attempts = queue.attempts
		AND m.state IN ('held', 'scheduled', 'queued', 'indoubt'))`, b.ServiceID, job)
	if err != nil {
		return nil, err
	}
	rows, err := t.db.QueryContext(ctx, "UPDATE queue SET due_at = $1, touched = TRUE WHERE service_id = $2 AND job_id = $3 AND first_id >= $3 AND due_at = $4 RETURNING carrier_id",
		micros(at), b.ServiceID, job, int64(never))
	if err != nil {
		return nil, err
	}
	carriers, err := scanIDs(rows)
	slices.Sort(carriers)
	return slices.Compact(carriers), err
}
