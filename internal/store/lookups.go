package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddLookups asks about numbers and takes the credits for it, all or nothing; ids are filled in. Error: NoCredit.
func (s *Store) AddLookups(ctx context.Context, service int64, all []sms.Lookup, at time.Time) error {
	first, err := s.ids["object"].take(ctx, int64(len(all))+1)
	if err != nil {
		return err
	}
	var price sms.Credits
	for i := range all {
		all[i].ID = first + 1 + int64(i)
		price += all[i].Credits
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.spend(ctx, service, price, first, fmt.Sprintf("%d HLR look-ups from %d", len(all), first+1), at); err != nil {
			return err
		}
		for _, l := range all {
			if err := t.insertLookup(ctx, service, l, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertLookup writes one that waits, or one that has ended before it began because no carrier can be asked.
func (t *tx) insertLookup(ctx context.Context, service int64, l sms.Lookup, at time.Time) error {
	_, err := t.db.ExecContext(ctx, `INSERT INTO hlr (id, service_id, carrier_id, receiver, country, status, credits, attempts,
		valid, reachable, roaming, ported, network, error, created_at, due_at, done_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, FALSE, FALSE, FALSE, FALSE, '', $8, $9, $9, $10)`,
		l.ID, service, l.CarrierID, l.Receiver, l.Country, l.Status, int64(l.Credits), l.Error, micros(at), micros(l.DoneAt))
	return err
}

// spend takes credits that are used at once.
func (t *tx) spend(ctx context.Context, service int64, amount sms.Credits, entry int64, note string, at time.Time) error {
	if amount == 0 {
		return nil
	}
	n, err := t.Spend(ctx, query.SpendParams{ServiceID: service, Available: int64(amount)})
	if err == nil && n == 0 {
		err = t.tooFewCredits(ctx, service, amount)
	}
	if err != nil {
		return err
	}
	return t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: entry, ServiceID: service, At: micros(at), Kind: "capture", Debit: "available", Credit: "used", Amount: int64(amount), Note: note,
	})
}

func (t *tx) tooFewCredits(ctx context.Context, service int64, need sms.Credits) error {
	b, err := t.Balance(ctx, service)
	if err != nil {
		return err
	}
	return sms.Errorf(sms.NoCredit, "Not enough credits: %v needed, %v left", need, sms.Credits(b.Available))
}

// Lookups lists the ids of a service's questions about numbers.
func (s *Store) Lookups(ctx context.Context, service int64) ([]int64, error) {
	ids, err := s.read.LookupIDs(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// Lookup gives one. Error: NoObject.
func (s *Store) Lookup(ctx context.Context, service, id int64) (sms.Lookup, error) {
	row, err := s.read.Lookup(ctx, query.LookupParams{ServiceID: service, ID: id})
	return lookupFrom(row), found(err, "id", id)
}

// LatestLookup gives the last answer that a service has got about a number; ok is false if there is none.
func (s *Store) LatestLookup(ctx context.Context, service int64, receiver string) (l sms.Lookup, ok bool, err error) {
	row, err := s.read.LatestLookup(ctx, query.LatestLookupParams{ServiceID: service, Receiver: receiver})
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	if err != nil {
		return l, false, unavailable(err)
	}
	return lookupFrom(row), true, nil
}

func lookupFrom(row query.Hlr) sms.Lookup {
	return sms.Lookup{
		ID: row.ID, ServiceID: row.ServiceID, CarrierID: row.CarrierID, Receiver: row.Receiver, Country: row.Country, Status: row.Status,
		Credits: sms.Credits(row.Credits), Attempts: row.Attempts,
		LookupAnswer: sms.LookupAnswer{Valid: row.Valid, Reachable: row.Reachable, Roaming: row.Roaming, Ported: row.Ported, Network: row.Network},
		Error:        row.Error, CreatedAt: fromMicros(row.CreatedAt), DoneAt: fromMicros(row.DoneAt),
	}
}

// OpenLookups lists questions that are to be put to a carrier now.
func (s *Store) OpenLookups(ctx context.Context, carrier int64, now time.Time, most int32) ([]sms.Lookup, error) {
	rows, err := s.read.OpenLookups(ctx, query.OpenLookupsParams{CarrierID: carrier, DueAt: micros(now), Limit: most})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Lookup, len(rows))
	for i, row := range rows {
		all[i] = lookupFrom(row)
	}
	return all, nil
}

// StaleLookups lists questions that were asked before a time, have no answer and are not being put.
func (s *Store) StaleLookups(ctx context.Context, before, now time.Time, most int32) ([]sms.Lookup, error) {
	rows, err := s.read.StaleLookups(ctx, query.StaleLookupsParams{CreatedAt: micros(before), DueAt: micros(now), Limit: most})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Lookup, len(rows))
	for i, row := range rows {
		all[i] = lookupFrom(row)
	}
	return all, nil
}

// TakeLookup begins an attempt, which nobody else begins before until. It tells whether there was one to begin.
func (s *Store) TakeLookup(ctx context.Context, l *sms.Lookup, until time.Time) (bool, error) {
	var n int64
	err := s.write(ctx, other, func(t *tx) (err error) {
		n, err = t.TakeLookup(ctx, query.TakeLookupParams{ID: l.ID, Attempts: l.Attempts, DueAt: micros(until)})
		return err
	})
	if n > 0 && err == nil {
		l.Status = sms.TaskDoing
		l.Attempts++
	}
	return n > 0 && err == nil, err
}

// AnswerLookup writes what came of a question; what it did not cost after all is given back. An unanswered one that is todo again is
// put once more at again.
func (s *Store) AnswerLookup(ctx context.Context, l sms.Lookup, at, again time.Time) error {
	entry, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		old, err := t.Lookup(ctx, query.LookupParams{ServiceID: l.ServiceID, ID: l.ID})
		if err != nil {
			return found(err, "id", l.ID)
		}
		done := int64(0)
		if l.Status == sms.TaskDone || l.Status == sms.TaskError {
			done = micros(at)
		}
		n, err := t.AnswerLookup(ctx, query.AnswerLookupParams{
			ID: l.ID, Status: l.Status, Credits: int64(l.Credits), Valid: l.Valid, Reachable: l.Reachable, Roaming: l.Roaming, Ported: l.Ported,
			Network: l.Network, Error: l.Error, DueAt: micros(again), DoneAt: done,
		})
		back := old.Credits - int64(l.Credits)
		if err != nil || n == 0 || back <= 0 {
			return err
		}
		if err := t.Unspend(ctx, query.UnspendParams{ServiceID: l.ServiceID, Available: back}); err != nil {
			return err
		}
		return t.InsertLedger(ctx, query.InsertLedgerParams{
			ID: entry, ServiceID: l.ServiceID, At: micros(at), Kind: "refund", Debit: "used", Credit: "available", Amount: back,
			Note: "HLR look-up " + strconv.FormatInt(l.ID, 10) + " without answer",
		})
	})
}
