package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// slot is the span of time that the database adds entries up by: zones differ from UTC by multiples of it.
const slot = 15 * time.Minute

// afterwards stands for all slots after a statement.
const afterwards = 1 << 40

// Statement tells what happened to the credits of a service between two midnights: its entries are added up by the database, so that it
// takes the same memory however many there are. It reads all entries of the service. Error: Internal if they do not add up to the books.
func (s *Store) Statement(ctx context.Context, service sms.Service, from, to time.Time) (*sms.Statement, error) {
	out := &sms.Statement{Service: service.Name, From: from, To: to}
	err := s.snapshot(ctx, func(q *query.Queries, db query.DBTX) error {
		b, err := q.Balance(ctx, service.ID)
		if err != nil {
			return err
		}
		// Everything until now, to compare with the books: what came after the month is subtracted again.
		after := sms.Statement{From: to, To: to.AddDate(1000, 0, 0)}
		err = eachRow(ctx, db, func(rows *sql.Rows) error {
			var e sms.Entry
			var n int64
			err := rows.Scan(&n, &e.Kind, &e.Debit, &e.Credit, &e.Amount)
			if e.At = to; n < afterwards {
				e.At = from.Add(time.Duration(n) * slot)
			}
			out.Add(e)
			after.Add(e)
			return err
		}, `SELECT CASE WHEN at < $2 THEN -1 WHEN at >= $3 THEN $5 ELSE (at - $2) / $4 END AS slot, kind, debit, credit,
			CAST(SUM(amount) AS bigint) FROM ledger WHERE service_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
			service.ID, micros(from), micros(to), slot.Microseconds(), int64(afterwards))
		if err != nil {
			return err
		}
		if have := (sms.Books{Available: sms.Credits(b.Available), Held: sms.Credits(b.Held), Quota: sms.Credits(b.Quota), Used: sms.Credits(b.Used)}); after.Closing != have {
			return sms.Errorf(sms.Internal, "the entries of %s add up to %+v, and its books hold %+v: see ramier audit", service.Name, after.Closing, have)
		}
		if after.Opening != out.Closing {
			return fmt.Errorf("the statement of %s closes with %+v instead of %+v", service.Name, out.Closing, after.Opening)
		}
		return nil
	})
	out.Sort()
	return out, err
}
