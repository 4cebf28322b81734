package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"ramier/internal/sms"
)

// BatchStep says that a plan is for rows of a batch. They are accepted only if the batch stands where the step begins, and it moves
// on in the same transaction: so no row is planned twice, whatever breaks and however many nodes work at it.
type BatchStep struct {
	Batch    int64
	From, To int // rows of the list: From is the first, To the one after the last
	Canary   bool
	Due      time.Time // of the batch, for which it was planned
	At       time.Time
}

// StaleStepError says that a batch is not where a step begins: another node has done it, or the batch was paused or cancelled.
type StaleStepError struct{ Batch int64 }

func (e *StaleStepError) Error() string { return "the batch has been changed meanwhile" }

// batchState is what of a batch decides whether a step may be done.
type batchState struct {
	next   int64
	due    int64
	status string
	paused bool
}

// lockBatches reads the batches of steps, so that nobody changes them until the end.
func (t *tx) lockBatches(ctx context.Context, ops []*op) (map[int64]batchState, error) {
	var ids []int64
	for _, o := range ops {
		if a := o.arg.(*Acceptance); a.Batch != nil {
			ids = append(ids, a.Batch.Batch)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	batches := map[int64]batchState{}
	err := t.query(ctx, `SELECT b.id, b.next, b.due_at, b.status, b.paused FROM batch b WHERE b.id IN (SELECT id FROM v) ORDER BY b.id`+t.dialect.lock,
		func(r *sql.Rows) error {
			var id int64
			var b batchState
			err := r.Scan(&id, &b.next, &b.due, &b.status, &b.paused)
			batches[id] = b
			return err
		}, ints("id", slices.Compact(ids)))
	return batches, err
}

// fits tells whether a step may be done.
func (s *BatchStep) fits(batches map[int64]batchState) bool {
	b, ok := batches[s.Batch]
	return ok && b.next == int64(s.From) && b.due == micros(s.Due) && b.status == string(sms.BatchInserting) && !b.paused
}

// batchRows are the rows of a group that belong to batches.
type batchRows struct {
	step struct{ id, next, messages, errors, credits, at, canary []int64 }
	job  struct{ batch, job, count []int64 }
	err  struct {
		batch, n, line            []int64
		receiver, reason, message []string
	}
}

func (r *batchRows) add(a *Acceptance, batches map[int64]batchState) {
	if a.Batch == nil {
		return
	}
	step, p := a.Batch, a.Plan
	delete(batches, step.Batch) // one step of a batch in a transaction
	s := &r.step
	s.id, s.next, s.at = append(s.id, step.Batch), append(s.next, int64(step.To)), append(s.at, micros(step.At))
	s.messages, s.errors = append(s.messages, int64(len(p.Messages))), append(s.errors, int64(len(p.Invalid)))
	s.credits = append(s.credits, int64(p.Credits))
	canary := int64(0)
	if step.Canary {
		canary = micros(step.At)
	}
	s.canary = append(s.canary, canary)
	for _, d := range a.departures {
		j := &r.job
		j.batch, j.job, j.count = append(j.batch, step.Batch), append(j.job, a.first+int64(d.First)), append(j.count, int64(len(d.Messages)))
	}
	for i, refused := range p.Invalid {
		e := &r.err
		e.batch, e.n, e.line = append(e.batch, step.Batch), append(e.n, int64(step.From+i+1)), append(e.line, int64(refused.Line))
		e.receiver, e.reason = append(e.receiver, refused.Receiver), append(e.reason, string(refused.Reason))
		e.message = append(e.message, refused.Message)
	}
}

func (r *batchRows) write(ctx context.Context, t *tx) error {
	s, j, e := &r.step, &r.job, &r.err
	if len(s.id) == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `UPDATE batch SET next = v.next, messages = batch.messages + v.messages, errors = batch.errors + v.errors,
		credits = batch.credits + v.credits, updated_at = v.at, wake_at = v.at, canary_at = batch.canary_at + v.canary,
		estimate = CASE WHEN v.next >= batch.total THEN batch.credits + v.credits ELSE batch.estimate END, exact = batch.exact OR v.next >= batch.total,
		status = CASE WHEN v.next >= batch.total THEN 'INSERTED' ELSE batch.status END FROM v WHERE batch.id = v.id`,
		ints("id", s.id), ints("next", s.next), ints("messages", s.messages), ints("errors", s.errors), ints("credits", s.credits), ints("at", s.at),
		ints("canary", s.canary)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "INSERT INTO batch_job (batch_id, job_id, count) SELECT batch_id, job_id, count FROM v",
		ints("batch_id", j.batch), ints("job_id", j.job), ints("count", j.count)); err != nil {
		return err
	}
	_, err := t.exec(ctx, "INSERT INTO batch_error (batch_id, n, line, receiver, reason, message) SELECT batch_id, n, line, receiver, reason, message FROM v",
		ints("batch_id", e.batch), ints("n", e.n), ints("line", e.line), texts("receiver", e.receiver), texts("reason", e.reason), texts("message", e.message))
	return err
}
