package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Acceptance is a plan that waits to become a job.
type Acceptance struct {
	Plan *sms.Plan
	// Key and Hash make the request idempotent when Key is not empty; Hash stands for its content.
	Key  string
	Hash []byte
	// Answer is called with the first message's id and gives what a repetition of the request is answered.
	Answer func(first int64) string
	// Batch is the step of a batch that the plan is for; nil = of none.
	Batch *BatchStep

	first, ledgerID int64           // the ledger's ids follow each other, one for each departure
	fromQuota       bool            // the quota of the SMS user pays
	departures      []sms.Departure // of the plan
	answer          string          // of Answer
	repeated        string
}

// StaleError says that the rules have changed since a plan was made. Make it again.
type StaleError struct{ Service int64 }

func (e *StaleError) Error() string {
	return fmt.Sprintf("the rules of service %d have changed", e.Service)
}

// idempotencyTime is how long a key is remembered, in microseconds: 24 hours.
const idempotencyTime = 24 * 3600 * 1_000_000

// Accept charges a plan and queues its messages, in one transaction that concurrent calls share. It gives the id of the
// first message, the others follow; or, when the key was used before with the same content, that answer. Errors:
// *StaleError; NoCredit; Conflict for a key that was used with other content; Unavailable.
func (s *Store) Accept(ctx context.Context, a *Acceptance) (first int64, repeated string, err error) {
	if n := int64(len(a.Plan.Messages)); n > 0 {
		if a.first, err = s.ids["message"].take(ctx, n); err != nil {
			return 0, "", err
		}
		a.departures = slices.Collect(a.Plan.Departures())
		if a.ledgerID, err = s.ids["object"].take(ctx, int64(len(a.departures))); err != nil {
			return 0, "", err
		}
	}
	if err := s.submit(ctx, accept, a); err != nil {
		return 0, "", err
	}
	if a.repeated != "" {
		return 0, a.repeated, nil
	}
	s.Metrics.accept(len(a.Plan.Messages))
	return a.first, "", nil
}

// acceptGroup turns plans into jobs: it reads the balances once, decides each plan against what those before it left, and
// writes all rows of one table at once.
func (s *Store) acceptGroup(ctx context.Context, t *tx, ops []*op, hungry map[int64]*claimRequest) error {
	if len(ops) == 0 {
		return nil
	}
	known, err := knownKeys(ctx, t, ops)
	if err != nil {
		return err
	}
	quotes, err := quotesOf(ctx, t, ops)
	if err != nil {
		return err
	}
	batches, err := t.lockBatches(ctx, ops)
	if err != nil {
		return err
	}
	books, err := t.balances(ctx, servicesOf(ops), mustLock(ops) || s.busyBooks.Load() > time.Now().UnixNano())
	if err != nil {
		return err
	}
	users, err := t.orderingUsers(ctx, ops)
	if err != nil {
		return err
	}
	rows := acceptRows{tags: &s.tags}
	var steps batchRows
	spent := newSpending(books, users)
	for _, o := range ops {
		a := o.arg.(*Acceptance)
		if a.Batch != nil && !a.Batch.fits(batches) {
			o.fail(&StaleStepError{a.Batch.Batch})
			continue
		}
		if err := a.decide(books, spent, known, quotes); err != nil {
			o.fail(err)
			continue
		}
		if a.repeated == "" {
			rows.add(a)
			steps.add(a, batches)
		}
	}
	if !ops[0].queue {
		if err := s.serve(ctx, t, &rows, hungry); err != nil {
			return err
		}
	}
	t.afterwards(func(committed bool) {
		if committed {
			s.queuedJobs(&rows)
		}
	})
	if err := steps.write(ctx, t); err != nil {
		return err
	}
	if err := rows.write(ctx, t, spent); err != nil {
		return err
	}
	if err := t.useQuotes(ctx, quotes); err != nil {
		return err
	}
	if err := s.oweReceipts(ctx, t, rows.refused, rows.at); err != nil {
		return err
	}
	if err := rows.tally.write(ctx, s, t, accept); err != nil {
		return err
	}
	err = spent.write(ctx, t) // the last, so that the books are locked for a short time
	if err == nil {
		err = t.flush(ctx)
	}
	if _, ok := errors.AsType[*contended](err); ok || isDeadlock(err) {
		s.busyBooks.Store(time.Now().Add(busyTime).UnixNano())
	}
	return err
}

// busyTime is for how long books are locked from the beginning after somebody else has changed them between reading and writing:
// another node accepts for the same services.
const busyTime = time.Second

// queuedJobs keeps jobs that have gone to the queue for the claims that follow soon, and wakes their carriers.
func (s *Store) queuedJobs(rows *acceptRows) {
	var last *freshJob
	carriers := map[int64]int64{}
	for _, r := range rows.runs {
		carriers[r.CarrierID] = 0
		s.offers.isFilled(r.CarrierID)
		if r.due && r.job != last {
			s.fresh.put(r.job)
			last = r.job
		}
	}
	ids, _ := sorted(carriers)
	s.wake(ids)
}

// decide says whether a plan can be accepted, and takes its price from the balance if so.
func (a *Acceptance) decide(books map[int64]query.Balance, spent *spending, known map[idempotencyKey]remembered, quotes map[string]*sms.Quote) error {
	p := a.Plan
	a.repeated = "" // of a group that failed
	key := idempotencyKey{p.Service.ID, a.Key}
	if old, ok := known[key]; ok && a.Key != "" && old.inForce(p.At) {
		var err error
		a.repeated, err = old.repeat(a.Key, a.Hash)
		return err
	}
	b := books[p.Service.ID]
	if b.Rev != p.Rev || books[0].Rev != p.PlatformRev {
		return &StaleError{p.Service.ID}
	}
	if err := a.bind(quotes); err != nil {
		return err
	}
	var err error
	if a.fromQuota, err = spent.take(p); err != nil {
		return err
	}
	if q := quotes[p.Order.QuoteID]; q != nil {
		q.UsedBy = a.first
	}
	if a.Key != "" {
		a.answer = a.Answer(a.first)
		known[key] = remembered{a.Hash, a.answer, micros(p.At)}
	}
	return nil
}

// remembered is the answer to an earlier request.
type remembered struct {
	hash   []byte
	answer string
	at     int64
}

func (r remembered) inForce(now time.Time) bool { return r.at > micros(now)-idempotencyTime }

// repeat gives the answer again if the request is the same.
func (r remembered) repeat(key string, hash []byte) (string, error) {
	if !bytes.Equal(r.hash, hash) {
		return "", sms.Errorf(sms.Conflict, "The Idempotency-Key %q was used for another request in the last 24 hours: choose a new one", key)
	}
	return r.answer, nil
}

// Remembered gives the answer to an earlier request with the key, empty when there was none. Error: Conflict for a key that
// was used with other content.
func (s *Store) Remembered(ctx context.Context, service int64, key string, hash []byte, now time.Time) (string, error) {
	r, err := s.remembered(ctx, service, key, now)
	if err != nil || r.answer == "" {
		return "", err
	}
	return r.repeat(key, hash)
}

// Answered gives the answer to an earlier request with the key, whatever its content; empty when there was none.
func (s *Store) Answered(ctx context.Context, service int64, key string, now time.Time) (string, error) {
	r, err := s.remembered(ctx, service, key, now)
	return r.answer, err
}

func (s *Store) remembered(ctx context.Context, service int64, key string, now time.Time) (r remembered, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT hash, answer, at FROM idempotency WHERE service_id = $1 AND key = $2", service, key).
		Scan(&r.hash, &r.answer, &r.at)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !r.inForce(now) {
		return remembered{}, nil
	}
	if err != nil {
		return r, unavailable(err)
	}
	return r, nil
}

type idempotencyKey struct {
	service int64
	key     string
}

func knownKeys(ctx context.Context, t *tx, ops []*op) (map[idempotencyKey]remembered, error) {
	var services []int64
	var keys []string
	for _, o := range ops {
		if a := o.arg.(*Acceptance); a.Key != "" {
			services, keys = append(services, a.Plan.Service.ID), append(keys, a.Key)
		}
	}
	known := map[idempotencyKey]remembered{}
	if len(keys) == 0 {
		return known, nil
	}
	err := t.query(ctx, `SELECT i.service_id, i.key, i.hash, i.answer, i.at FROM v
		JOIN idempotency i ON i.service_id = v.service_id AND i.key = v.key`, func(r *sql.Rows) error {
		var k idempotencyKey
		var i remembered
		err := r.Scan(&k.service, &k.key, &i.hash, &i.answer, &i.at)
		known[k] = i
		return err
	}, ints("service_id", services), texts("key", keys))
	return known, err
}

func servicesOf(ops []*op) []int64 {
	var ids []int64
	for _, o := range ops {
		ids = append(ids, o.arg.(*Acceptance).Plan.Service.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lockBalances reads the books of services, in the order of their ids so that two transactions cannot wait for each other,
// and the platform's revision under 0.
func (t *tx) lockBalances(ctx context.Context, services []int64) (map[int64]query.Balance, error) {
	return t.balances(ctx, services, true)
}

// balances reads books as lockBalances does, or without a lock.
func (t *tx) balances(ctx context.Context, services []int64, lock bool) (map[int64]query.Balance, error) {
	if !lock {
		return t.readBalances(ctx, append([]int64{0}, services...), "")
	}
	books, err := t.readBalances(ctx, services, t.dialect.lock)
	if err == nil {
		books[0], err = t.platformBalance(ctx)
	}
	return books, err
}

func (t *tx) readBalances(ctx context.Context, services []int64, lock string) (map[int64]query.Balance, error) {
	books := make(map[int64]query.Balance, len(services)+1)
	scan := func(r *sql.Rows) error {
		var b query.Balance
		err := r.Scan(balanceFields(&b)...)
		books[b.ServiceID] = b
		return err
	}
	err := t.query(ctx, `SELECT b.* FROM balance b WHERE b.service_id IN (SELECT id FROM v) ORDER BY b.service_id`+lock,
		scan, ints("id", services))
	return books, err
}

// platformBalance reads the row of service 0, and keeps its revision as it is until the plans that were made under it are
// charged.
func (t *tx) platformBalance(ctx context.Context) (query.Balance, error) {
	var b query.Balance
	err := t.db.QueryRowContext(ctx, "SELECT * FROM balance WHERE service_id = 0"+t.dialect.keep).
		Scan(balanceFields(&b)...)
	return b, err
}

// balanceFields gives the fields of a row of the table balance.
func balanceFields(b *query.Balance) []any {
	return []any{
		&b.ServiceID, &b.Available, &b.Held, &b.Quota, &b.Used, &b.Issued, &b.Rev, &b.Hour, &b.HourSpent, &b.Day, &b.DaySpent,
	}
}
