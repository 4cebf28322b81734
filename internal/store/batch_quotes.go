package store

import (
	"context"
	"encoding/json"
	"time"

	"ramier/internal/sms"
)

// maxBatchQuotes is how many living quotes of batches a service may have.
const maxBatchQuotes = 100

// batchQuoteKept is how long a quote is remembered that a batch is charged by: longer than any batch takes.
const batchQuoteKept = 90 * 24 * time.Hour

// AddBatchQuote keeps a quote. Error: TooFast when the service has too many.
func (s *Store) AddBatchQuote(ctx context.Context, q *sms.BatchQuote) error {
	content := *q
	content.Steps = nil
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	steps, err := json.Marshal(q.Steps)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		var living int
		err := t.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM batch_quote WHERE service_id = $1 AND at > $2 AND used_by = ''", q.ServiceID, micros(q.At.Add(-sms.QuoteLife))).Scan(&living)
		if err != nil {
			return err
		}
		if living >= maxBatchQuotes {
			e := sms.Errorf(sms.TooFast, "%d quotes of batches are open, and at most %d may be: wait until the oldest have expired, or use them", living, maxBatchQuotes)
			e.RetryAfter = time.Minute
			return e
		}
		_, err = t.db.ExecContext(ctx, "INSERT INTO batch_quote (id, service_id, at, request, list_id, credits, content, parts, used_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')",
			q.ID, q.ServiceID, micros(q.At), q.Request, q.ListID, int64(q.Credits), string(text), string(steps))
		return err
	})
}

// BatchQuote gives a quote of a service's batch, also one that has expired as long as it is remembered. Error: NoObject.
func (s *Store) BatchQuote(ctx context.Context, service int64, id string) (*sms.BatchQuote, error) {
	var q sms.BatchQuote
	var content, steps, used string
	err := s.reads.QueryRowContext(ctx, "SELECT content, parts, used_by FROM batch_quote WHERE id = $1 AND service_id = $2", id, service).Scan(&content, &steps, &used)
	if err != nil {
		return nil, found(err, "id", id)
	}
	if err = json.Unmarshal([]byte(content), &q); err == nil {
		err = json.Unmarshal([]byte(steps), &q.Steps)
	}
	q.Batch = used
	return &q, err
}

// useQuote notes that a batch is charged by a quote. Error: Conflict if another one is.
func (t *tx) useQuote(ctx context.Context, b *sms.Batch) error {
	if b.QuoteID == "" {
		return nil
	}
	res, err := t.db.ExecContext(ctx, "UPDATE batch_quote SET used_by = $1 WHERE id = $2 AND service_id = $3 AND used_by = ''", b.UUID, b.QuoteID, b.ServiceID)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return sms.Errorf(sms.Conflict, "The quote %s was used by another batch: ask for a new one", b.QuoteID)
}

// LeaveQuote frees a batch from its quote, which does not hold any more: what it costs is not known then.
func (s *Store) LeaveQuote(ctx context.Context, b *sms.Batch) error {
	b.QuoteID, b.Exact = "", false
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "UPDATE batch SET quote_id = '', exact = FALSE WHERE id = $1", b.ID)
		return err
	})
}

func (t *tx) dropBatchQuotes(ctx context.Context, now time.Time) error {
	_, err := t.db.ExecContext(ctx, "DELETE FROM batch_quote WHERE at < $1 AND (used_by = '' OR at < $2)", micros(now.Add(-quoteKept)), micros(now.Add(-batchQuoteKept)))
	return err
}
