package store

import (
	"context"
	"math"
	"time"

	"ramier/internal/store/query"
)

// OperatorLog is one thing that an operator did or tried to.
type OperatorLog struct {
	ID         int64
	At         time.Time
	Account    string // of the caller; empty = it could not be proven
	Person     string // who made the caller's key; empty = the account itself
	Client     string // of OAuth2; empty = the caller had keys
	Credential int64  // 0 = none
	Address    string
	QueryID    string
	Operation  string // of the schema, "PUT /operator/rates/{country}"
	Path       string // as it was called
	Parameters string // JSON, without secrets
	Outcome    string // LogBegun, LogDone, LogFailed or LogRefused
	Status     int64  // of HTTP, 0 = none yet
	Result     string
}

// The outcomes. What has begun and has no other outcome was interrupted: it may be done or not.
const (
	LogBegun   = "begun"
	LogDone    = "done"
	LogFailed  = "failed"
	LogRefused = "refused"
)

// AddOperatorLog writes an entry. Its id is filled in.
func (s *Store) AddOperatorLog(ctx context.Context, l *OperatorLog) (err error) {
	if l.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		return t.InsertOperatorLog(ctx, query.InsertOperatorLogParams{
			ID: l.ID, At: micros(l.At), Account: l.Account, Person: l.Person, Client: l.Client, CredentialID: l.Credential, Address: l.Address,
			QueryID: l.QueryID, Operation: l.Operation, Path: l.Path, Parameters: l.Parameters, Outcome: l.Outcome, Status: l.Status, Result: l.Result,
		})
	})
}

// EndOperatorLog writes what came of an entry that has begun.
func (s *Store) EndOperatorLog(ctx context.Context, l *OperatorLog) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.EndOperatorLog(ctx, query.EndOperatorLogParams{ID: l.ID, Outcome: l.Outcome, Status: l.Status, Result: l.Result})
	})
}

// OperatorLogFilter says which entries are meant; what is zero does not matter.
type OperatorLogFilter struct {
	Account, Person, Operation, Outcome string
	Credential                          int64
	From, To                            time.Time // both included
	Before                              int64     // the id of an entry: only older ones
	Limit                               int
}

// OperatorLogs gives entries, the newest first. Error: NoObject if the one named by Before is gone.
func (s *Store) OperatorLogs(ctx context.Context, f OperatorLogFilter) ([]OperatorLog, error) {
	to, below := int64(math.MaxInt64), int64(math.MaxInt64)
	if !f.To.IsZero() {
		to = micros(f.To)
	}
	if f.Before != 0 {
		row, err := s.read.OperatorLogByID(ctx, f.Before)
		if err != nil {
			return nil, found(err, "before", f.Before)
		}
		below = row.At
	}
	rows, err := s.read.OperatorLogs(ctx, query.OperatorLogsParams{
		Account: f.Account, Person: f.Person, Operation: f.Operation, Outcome: f.Outcome, CredentialID: f.Credential, At: micros(f.From), At_2: to,
		At_3: below, ID: f.Before, Limit: int32(min(f.Limit, math.MaxInt32)), //nolint:gosec // bounded
	})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]OperatorLog, len(rows))
	for i, row := range rows {
		all[i] = OperatorLog{
			ID: row.ID, At: fromMicros(row.At), Account: row.Account, Person: row.Person, Client: row.Client, Credential: row.CredentialID,
			Address: row.Address, QueryID: row.QueryID, Operation: row.Operation, Path: row.Path, Parameters: row.Parameters,
			Outcome: row.Outcome, Status: row.Status, Result: row.Result,
		}
	}
	return all, nil
}

// DropOperatorLogs forgets the entries from before a time.
func (s *Store) DropOperatorLogs(ctx context.Context, before time.Time) error {
	return s.write(ctx, other, func(t *tx) error { return t.DropOperatorLogs(ctx, micros(before)) })
}
