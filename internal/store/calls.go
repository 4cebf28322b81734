package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ramier/internal/sms"
)

// AddAPICalls writes calls of the API, and forgets the oldest of some accounts, so that they keep as many as may be.
func (s *Store) AddAPICalls(ctx context.Context, calls []sms.APICall, trim []int64) error {
	slices.SortFunc(calls, func(a, b sms.APICall) int { // as in the table, so that neighbours are written together
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), a.At.Compare(b.At))
	})
	n := len(calls)
	accounts, ids := make([]int64, n), make([]int64, n)
	methods, paths, routes, ips := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, c := range calls {
		accounts[i], ids[i], methods[i], paths[i], routes[i], ips[i] = c.AccountID, micros(c.At), c.Method, c.Path, c.Route, c.IP
	}
	return s.write(ctx, other, func(t *tx) error {
		// Two nodes may answer the same customer in the same microsecond; one of the calls is enough.
		if _, err := t.exec(ctx, `INSERT INTO api_call (account_id, id, method, path, route, ip) SELECT account_id, id, method, path, route, ip FROM v WHERE TRUE
			ON CONFLICT DO NOTHING`, ints("account_id", accounts), ints("id", ids), texts("method", methods), texts("path", paths), texts("route", routes),
			texts("ip", ips)); err != nil {
			return err
		}
		for _, account := range trim {
			if _, err := t.db.ExecContext(ctx, `DELETE FROM api_call WHERE account_id = $1 AND id <=
				(SELECT id FROM api_call WHERE account_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`, account, sms.APICallsKept); err != nil {
				return err
			}
		}
		return nil
	})
}

// APICalls lists the calls of an account that are kept, ascending.
func (s *Store) APICalls(ctx context.Context, account int64) ([]int64, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT id FROM api_call WHERE account_id = $1 ORDER BY id DESC LIMIT $2", account, sms.APICallsKept)
	if err != nil {
		return nil, unavailable(err)
	}
	ids, err := scanIDs(rows)
	if err != nil {
		return nil, unavailable(err)
	}
	slices.Reverse(ids)
	return ids, nil
}

// APICall gives a call of an account. Error: NoObject.
func (s *Store) APICall(ctx context.Context, account, id int64) (sms.APICall, error) {
	c := sms.APICall{AccountID: account, At: fromMicros(id)}
	err := s.reads.QueryRowContext(ctx, "SELECT method, path, route, ip FROM api_call WHERE account_id = $1 AND id = $2", account, id).Scan(&c.Method, &c.Path, &c.Route, &c.IP)
	return c, found(err, "logId", id)
}

// DropAPICalls forgets the calls from before a time.
func (s *Store) DropAPICalls(ctx context.Context, before time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, "DELETE FROM api_call WHERE account_id IN (SELECT id FROM account) AND id < $1", micros(before))
		return err
	})
}
