package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramier/internal/sms"
)

// Limits of what one transaction expires: rows of the queue, and messages after which no further row is begun.
const (
	maxExpired    = 500
	enoughExpired = 2000
)

// shortestValidity is the least that an order can have.
const shortestValidity = time.Minute

// Expire ends messages of a carrier that wait although their validity has ended, with an error that says why, and releases their
// credits. There may be more, unless the outcome has no answers. It reads the carrier's whole queue, so it is for carriers that
// take nothing: in the way of the others a claim finds such messages. Those in doubt get DoubtPatience longer, since no receipt
// can come from a carrier that is away.
func (s *Store) Expire(ctx context.Context, carrier int64, why string, now time.Time) (*Outcome, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT q.carrier_id, q.lane, q.due_at, q.first_id, q.last_id, q.service_id, q.job_id, q.attempts, q.touched
		FROM queue q JOIN job j ON j.id = q.job_id
		LEFT JOIN message d ON d.id = q.first_id AND d.id = q.last_id AND d.state = 'indoubt'
		WHERE q.carrier_id = $1 AND q.due_at <= $2 AND j.due_at + j.validity <= $3 - CASE WHEN d.id IS NULL THEN 0 ELSE CAST($4 AS bigint) END LIMIT $5`,
		carrier, micros(now.Add(-shortestValidity)), micros(now), DoubtPatience.Microseconds(), maxExpired)
	if err != nil {
		return nil, unavailable(err)
	}
	runs, err := scanRuns(rows)
	if err != nil || len(runs) == 0 {
		return &Outcome{}, err
	}
	var messages int64
	for i, q := range runs {
		if messages += q.LastID - q.FirstID + 1; messages >= enoughExpired {
			runs = runs[:i+1]
			break
		}
	}
	o := &Outcome{overdue: runs, overdueWhy: why, overdueAt: now}
	err = s.submit(ctx, outcome, o)
	s.Metrics.doubts(o.Result.Doubts)
	return o, err
}

// expire takes overdue runs out of the queue, unless a claim has them, and answers for their messages.
func (w *settlement) expire(ctx context.Context, o *Outcome) error {
	for _, q := range o.overdue {
		row := w.t.db.QueryRowContext(ctx, `SELECT first_id, last_id, attempts FROM queue
			WHERE carrier_id = $1 AND lane = $2 AND due_at = $3 AND first_id = $4`+w.t.dialect.skip, q.CarrierID, q.Lane, q.DueAt, q.FirstID)
		var now run
		if err := row.Scan(&now.First, &now.Last, &now.Attempts); errors.Is(err, sql.ErrNoRows) {
			continue
		} else if err != nil {
			return err
		}
		if err := w.t.deleteRuns(ctx, []queueRun{q}); err != nil {
			return err
		}
		late, err := w.t.waitingIn(ctx, q.CarrierID, []run{now})
		if err != nil {
			return err
		}
		for _, m := range late {
			why := o.overdueWhy
			if m.State == sms.InDoubt {
				why = sms.LostInDoubt
			}
			o.Answers = append(o.Answers, sms.Answer{
				MessageID: m.ID, CarrierID: q.CarrierID, State: sms.Expired, PTT: sms.PTTExpired, Error: why, Attempt: m.Attempts,
				Rev: m.Rev, At: o.overdueAt,
			})
		}
	}
	return nil
}
