package store

import (
	"context"
	"encoding/json"
	"time"

	"ramier/internal/sms"
)

const batchColumns = `b.id, b.uuid, b.service_id, b.credential_id, b.query_id, b.name, b.text, b.sender, b.for_response, b.no_stop, b.class, b.tag,
	b.slot, b.list_id, b.settings, b.status, b.paused, b.reason, b.total, b.next, b.messages, b.errors, b.credits, b.estimate, b.created_at,
	b.updated_at, b.started_at, b.finished_at, b.due_at, b.hold_until, b.canary_at, b.passed_at, b.wake_at, b.counted, b.quote_id, b.exact`

func scanBatch(r interface{ Scan(...any) error }) (sms.Batch, error) {
	var b sms.Batch
	var settings string
	o := &b.Order
	var times [9]int64
	err := r.Scan(&b.ID, &b.UUID, &b.ServiceID, &b.Credential, &b.QueryID, &b.Name, &o.Text, &o.Sender, &o.ForResponse, &o.NoStop, &o.Class,
		&o.Tag, &b.Slot, &b.ListID, &settings, &b.Status, &b.Paused, &b.Reason, &b.Total, &b.Next, &b.Messages, &b.Errors, &b.Credits, &b.Estimate,
		&times[0], &times[1], &times[2], &times[3], &times[4], &times[5], &times[6], &times[7], &times[8],
		&b.Counted, &b.QuoteID, &b.Exact)
	if err != nil {
		return b, err
	}
	for i, at := range batchTimes(&b) {
		*at = fromMicros(times[i])
	}
	o.Credential, o.QueryID = b.Credential, b.QueryID
	return b, json.Unmarshal([]byte(settings), &b.Settings)
}

// batchTimes are the times of a batch in the order of the columns.
func batchTimes(b *sms.Batch) []*time.Time {
	return []*time.Time{&b.CreatedAt, &b.UpdatedAt, &b.StartedAt, &b.FinishedAt, &b.DueAt, &b.HoldUntil, &b.CanaryAt, &b.PassedAt, &b.WakeAt}
}

// BatchKey makes the request for a batch repeatable for 24 hours; an empty key does not.
type BatchKey struct {
	Key  string
	Hash []byte
}

// AddBatch adds a batch and gives its UUID, or that of the batch which the key has made earlier. Its list is completed with it if complete is set.
// Error: Conflict for a key that was used with other content.
func (s *Store) AddBatch(ctx context.Context, b *sms.Batch, complete bool, k BatchKey) (uuid string, err error) {
	id, err := s.objectID(ctx)
	if err != nil {
		return "", err
	}
	settings, err := json.Marshal(b.Settings)
	if err != nil {
		return "", err
	}
	uuid = b.UUID
	b.ID, b.Counted = id, true
	o := b.Order
	err = s.write(ctx, other, func(t *tx) error {
		if earlier, err := t.remember(ctx, b, k); err != nil || earlier != "" {
			uuid = earlier
			return err
		}
		if err := t.useQuote(ctx, b); err != nil {
			return err
		}
		if complete {
			if err := t.completeList(ctx, b.ListID, b.Total); err != nil {
				return err
			}
		}
		args := []any{
			b.ID, b.UUID, b.ServiceID, b.Credential, b.QueryID, b.Name, o.Text, o.Sender, o.ForResponse, o.NoStop, string(o.Class), o.Tag,
			b.Slot, b.ListID, string(settings), string(b.Status), b.Paused, b.Reason, b.Total, b.Next, b.Messages, b.Errors, int64(b.Credits), int64(b.Estimate),
		}
		for _, at := range batchTimes(b) {
			args = append(args, micros(*at))
		}
		_, err := t.db.ExecContext(ctx, `INSERT INTO batch (id, uuid, service_id, credential_id, query_id, name, text, sender, for_response, no_stop, class, tag,
			slot, list_id, settings, status, paused, reason, total, next, messages, errors, credits, estimate, created_at,
			updated_at, started_at, finished_at, due_at, hold_until, canary_at, passed_at, wake_at, quote_id, exact, hidden, counted)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29,
			$30, $31, $32, $33, $34, $35, FALSE, TRUE)`, append(args, b.QuoteID, b.Exact)...)
		return err
	})
	return uuid, err
}

// remember notes the key of a batch, or gives the batch that it has made.
func (t *tx) remember(ctx context.Context, b *sms.Batch, k BatchKey) (earlier string, err error) {
	if k.Key == "" {
		return "", nil
	}
	res, err := t.db.ExecContext(ctx, `INSERT INTO idempotency (service_id, key, hash, answer, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (service_id, key)
		DO UPDATE SET hash = excluded.hash, answer = excluded.answer, at = excluded.at WHERE idempotency.at <= $6`,
		b.ServiceID, k.Key, k.Hash, b.UUID, micros(b.CreatedAt), micros(b.CreatedAt)-idempotencyTime)
	if err != nil {
		return "", err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return "", err
	}
	var r remembered
	err = t.db.QueryRowContext(ctx, "SELECT hash, answer, at FROM idempotency WHERE service_id = $1 AND key = $2", b.ServiceID, k.Key).Scan(&r.hash, &r.answer, &r.at)
	if err != nil {
		return "", err
	}
	return r.repeat(k.Key, k.Hash)
}

// Batches lists the batches of a service, the oldest first.
func (s *Store) Batches(ctx context.Context, service int64) ([]sms.Batch, error) {
	return s.batches(ctx, "b.service_id = $1 AND NOT b.hidden ORDER BY b.id", service)
}

// WakingBatches lists batches that somebody has to look at now, the oldest first, at most so many.
func (s *Store) WakingBatches(ctx context.Context, now time.Time, most int) ([]sms.Batch, error) {
	return s.batches(ctx, "b.wake_at > 0 AND b.wake_at <= $1 ORDER BY b.id LIMIT $2", micros(now), most)
}

func (s *Store) batches(ctx context.Context, where string, args ...any) ([]sms.Batch, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT "+batchColumns+" FROM batch b WHERE "+where, args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []sms.Batch
	for rows.Next() {
		b, err := scanBatch(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		all = append(all, b)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// Batch gives a batch of a service. Error: NoObject.
func (s *Store) Batch(ctx context.Context, service int64, uuid string) (sms.Batch, error) {
	b, err := scanBatch(s.reads.QueryRowContext(ctx, "SELECT "+batchColumns+" FROM batch b WHERE b.uuid = $1 AND b.service_id = $2 AND NOT b.hidden", uuid, service))
	return b, found(err, "id", uuid)
}

// OptOutsOfBatch lists the receivers who have opted out by a reply to a batch.
func (s *Store) OptOutsOfBatch(ctx context.Context, service int64, uuid string) ([]string, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT DISTINCT o.receiver FROM optout o JOIN message m ON m.id = o.outgoing_id JOIN batch_job j ON j.job_id = m.job_id
		JOIN batch b ON b.id = j.batch_id WHERE o.service_id = $1 AND o.outgoing_id > 0 AND b.uuid = $2 ORDER BY o.receiver`, service, uuid)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var receiver string
		if err := rows.Scan(&receiver); err != nil {
			return nil, unavailable(err)
		}
		all = append(all, receiver)
	}
	return all, rows.Err()
}

// BatchOf gives the UUID of the batch that a message belongs to, empty if to none.
func (s *Store) BatchOf(ctx context.Context, message int64) (uuid string, err error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT b.uuid FROM message m JOIN batch_job j ON j.job_id = m.job_id JOIN batch b ON b.id = j.batch_id
		WHERE m.id = $1`, message)
	if err != nil {
		return "", unavailable(err)
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&uuid); err != nil {
			return "", unavailable(err)
		}
	}
	if err := rows.Err(); err != nil {
		return "", unavailable(err)
	}
	return uuid, nil
}

// BatchErrors lists receivers of a batch that get no message, those after number after, at most so many. Each has its number.
func (s *Store) BatchErrors(ctx context.Context, batch, after int64, most int) (errors []sms.Refusal, numbers []int64, err error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT n, line, receiver, reason, message FROM batch_error WHERE batch_id = $1 AND n > $2 ORDER BY n LIMIT $3", batch, after, most)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r sms.Refusal
		var n int64
		if err := rows.Scan(&n, &r.Line, &r.Receiver, &r.Reason, &r.Message); err != nil {
			return nil, nil, unavailable(err)
		}
		errors, numbers = append(errors, r), append(numbers, n)
	}
	return errors, numbers, rows.Err()
}

// ofBatch joins the messages m of a batch, whose number is the argument 1.
const ofBatch = " FROM batch_job j JOIN message m ON m.id BETWEEN j.job_id AND j.job_id + j.count - 1 WHERE j.batch_id = $1"

// CountBatch counts the messages of a batch by what became of them: by its counters, whatever its size. Of a batch from before there
// were any it reads all messages.
func (s *Store) CountBatch(ctx context.Context, b *sms.Batch) (c sms.BatchCounts, err error) {
	if !b.Counted {
		return s.readBatch(ctx, b)
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT measure, value, CAST(SUM(n) AS bigint), CAST(SUM(credits) AS bigint) FROM batch_tally
		WHERE batch_id = $1 GROUP BY measure, value`, b.ID)
	if err != nil {
		return c, unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var measure sms.Measure
		var ptt, n int
		var credits sms.Credits
		if err := rows.Scan(&measure, &ptt, &n, &credits); err != nil {
			return c, unavailable(err)
		}
		switch measure {
		case sms.MeasureHanded:
			c.Sent = n
		case sms.MeasureOptOut:
			c.OptedOut = n
		case sms.MeasureWaiting:
			countBatch(&c, sms.Queued, ptt, n, false, credits)
		default:
			countBatch(&c, sms.State(measure), ptt, n, false, credits)
		}
	}
	if err := rows.Err(); err != nil {
		return c, unavailable(err)
	}
	return c, nil
}

func (s *Store) readBatch(ctx context.Context, b *sms.Batch) (sms.BatchCounts, error) {
	c := sms.BatchCounts{Credits: 0}
	rows, err := s.reads.QueryContext(ctx, `SELECT m.state, m.ptt, m.sent_at <> 0, COUNT(*), CAST(COALESCE(SUM(m.credits), 0) AS bigint)`+ofBatch+
		` GROUP BY m.state, m.ptt, m.sent_at <> 0`, b.ID)
	if err != nil {
		return c, unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var state sms.State
		var ptt, n int
		var sent bool
		var credits sms.Credits
		if err := rows.Scan(&state, &ptt, &sent, &n, &credits); err != nil {
			return c, unavailable(err)
		}
		countBatch(&c, state, ptt, n, sent, credits)
	}
	if err := rows.Err(); err != nil {
		return c, unavailable(err)
	}
	err = s.reads.QueryRowContext(ctx, `SELECT COUNT(*) FROM optout o JOIN message m ON m.id = o.outgoing_id JOIN batch_job j ON j.job_id = m.job_id
		WHERE o.service_id = $1 AND o.outgoing_id > 0 AND j.batch_id = $2`, b.ServiceID, b.ID).Scan(&c.OptedOut)
	if err != nil {
		return c, unavailable(err)
	}
	return c, nil
}

// countBatch adds n messages of one kind.
func countBatch(c *sms.BatchCounts, state sms.State, ptt, n int, sent bool, credits sms.Credits) {
	c.Messages += n
	if sent {
		c.Sent += n
	}
	switch {
	case state == sms.Cancelled:
		c.Cancelled += n
		return // their credits were given back
	case state.Waiting():
		c.Waiting += n
	case state == sms.Delivered:
		c.Delivered += n
	case state == sms.Refused && ptt == sms.PTTOptedOut:
		c.StopListed += n
	case state.Final():
		c.Failed += n
	}
	c.Credits += credits
}

// BatchReceivers calls f with the receiver of each message of a batch.
func (s *Store) BatchReceivers(ctx context.Context, batch int64, f func(receiver string)) error {
	rows, err := s.reads.QueryContext(ctx, "SELECT m.receiver"+ofBatch, batch)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	var receiver string
	for rows.Next() {
		if err := rows.Scan(&receiver); err != nil {
			return unavailable(err)
		}
		f(receiver)
	}
	return rows.Err()
}
