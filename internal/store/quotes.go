package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"ramier/internal/sms"
)

// What the living quotes of one service may hold, so that asking fills no disk.
const (
	maxQuotes        = 1000
	maxQuotedMessage = 200_000
)

// quoteKept is how long a quote is remembered, to say that it has expired.
const quoteKept = 2 * sms.QuoteLife

// AddQuote keeps a quote. Error: TooFast when the service has too many.
func (s *Store) AddQuote(ctx context.Context, q sms.Quote) error {
	content, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		var living, messages int
		err := t.db.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(messages), 0) FROM quote WHERE service_id = $1 AND at > $2",
			q.ServiceID, micros(q.At.Add(-sms.QuoteLife))).Scan(&living, &messages)
		if err != nil {
			return err
		}
		if living >= maxQuotes || messages+len(q.Lines) > maxQuotedMessage && living > 0 {
			e := sms.Errorf(sms.TooFast, "%d quotes with %d messages are open, and at most %d with %d may be: wait until the oldest have expired, or use them",
				living, messages, maxQuotes, maxQuotedMessage)
			e.RetryAfter = time.Minute
			return e
		}
		_, err = t.db.ExecContext(ctx, "INSERT INTO quote (id, service_id, at, credits, messages, hash, content, used_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
			q.ID, q.ServiceID, micros(q.At), int64(q.Credits), len(q.Lines), q.Hash, string(content))
		return err
	})
}

// Quote gives a living quote of a service. Error: NoObject.
func (s *Store) Quote(ctx context.Context, service int64, id string, now time.Time) (q sms.Quote, err error) {
	var content string
	var used int64
	err = s.reads.QueryRowContext(ctx, "SELECT content, used_by FROM quote WHERE id = $1 AND service_id = $2 AND at > $3",
		id, service, micros(now.Add(-sms.QuoteLife))).Scan(&content, &used)
	if err != nil {
		return q, found(err, "id", id)
	}
	err = json.Unmarshal([]byte(content), &q)
	q.UsedBy = used
	return q, err
}

// quotesOf reads the quotes that new jobs name, without their contents.
func quotesOf(ctx context.Context, t *tx, ops []*op) (map[string]*sms.Quote, error) {
	var ids []string
	for _, o := range ops {
		if id := o.arg.(*Acceptance).Plan.Order.QuoteID; id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	quotes := map[string]*sms.Quote{}
	err := t.query(ctx, "SELECT q.id, q.service_id, q.at, q.credits, q.hash, q.used_by FROM v JOIN quote q ON q.id = v.id"+lockOf(t.dialect, "q"), func(r *sql.Rows) error {
		var q sms.Quote
		var at int64
		err := r.Scan(&q.ID, &q.ServiceID, &at, &q.Credits, &q.Hash, &q.UsedBy)
		q.At = fromMicros(at)
		if quotes[q.ID] == nil {
			quotes[q.ID] = &q
		}
		return err
	}, texts("id", ids))
	return quotes, err
}

// bind uses the quote that an order names, if it names one. Error: NoObject, Conflict.
func (a *Acceptance) bind(quotes map[string]*sms.Quote) error {
	id := a.Plan.Order.QuoteID
	if id == "" {
		return nil
	}
	q := quotes[id]
	if q == nil || q.ServiceID != a.Plan.Service.ID {
		return sms.Errorf(sms.NoObject, "The requested object (quoteId = %s) does not exist", id)
	}
	return q.Bind(a.Plan)
}

// useQuotes notes by which jobs quotes were used.
func (t *tx) useQuotes(ctx context.Context, quotes map[string]*sms.Quote) error {
	for id, q := range quotes {
		if q.UsedBy == 0 {
			continue
		}
		if _, err := t.db.ExecContext(ctx, "UPDATE quote SET used_by = $1 WHERE id = $2", q.UsedBy, id); err != nil {
			return err
		}
	}
	return nil
}
