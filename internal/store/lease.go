package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// LeaseTime is how long a lease lasts that is not renewed. The database's clock measures it, so that the nodes' clocks need not
// agree.
const LeaseTime = 6 * time.Second

// Hold is a lease as its holder knows it: it stays true as long as nobody else has taken the lease. The term grows with each
// taking.
type Hold struct {
	Name, Holder string
	Term         int64
}

// Lease is what only one node may do at a time.
type Lease struct {
	Hold
	Since time.Time // when it was taken
	Until time.Time // when it ends, or has ended
	Live  bool      // somebody has it
}

// LostLeaseError says that a lease is no longer the holder's.
type LostLeaseError struct{ Hold Hold }

func (e *LostLeaseError) Error() string {
	return fmt.Sprintf("the lease %s of term %d is no longer held by %s", e.Hold.Name, e.Hold.Term, e.Hold.Holder)
}

// Names of leases, and how they begin.
const (
	carrierLease = "carrier/"
	nodeLease    = "node/"
	// TimersLease is for the timers that only one node runs.
	TimersLease = "timers"
)

// CarrierLease names the lease of a carrier: who has it speaks to the operator, and settles what earlier holders left.
func CarrierLease(carrier int64) string { return carrierLease + strconv.FormatInt(carrier, 10) }

// NodeLease names the lease by which a holder shows that it lives.
func NodeLease(holder string) string { return nodeLease + holder }

// Carrier gives the carrier whose lease it is.
func (h Hold) Carrier() (id int64, ok bool) {
	text, ok := strings.CutPrefix(h.Name, carrierLease)
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}

// IsNode tells whether the lease stands for a living node.
func (l Lease) IsNode() bool { return strings.HasPrefix(l.Name, nodeLease) }

// NewHolder makes a name for one life of this node, different from those of its other lives and of other nodes.
func (s *Store) NewHolder() string { return s.node + "." + rand.Text()[:10] }

// Alone tells that no other process can use the database. Leases do not run out then and need no renewal, and those of an
// earlier process can be taken at once.
func (s *Store) Alone() bool { return s.dialect.oneWriter }

// forever is how long leases last where nobody else can take them.
const forever = 100 * 365 * 24 * time.Hour

func (s *Store) leaseMicros() int64 {
	if s.Alone() {
		return forever.Microseconds()
	}
	return LeaseTime.Microseconds()
}

// Acquire takes those of the leases that nobody else has, and gives the term of each that it took. Who had a lease before takes
// it again under a new term. The time from before the call plus LeaseTime is a safe estimate of their end.
func (s *Store) Acquire(ctx context.Context, holder string, names ...string) ([]Hold, error) {
	if len(names) == 0 {
		return nil, nil
	}
	names = slices.Compact(slices.Sorted(slices.Values(names))) // two that take the same ones do not wait for each other
	holders := slices.Repeat([]string{holder}, len(names))
	var got []Hold
	now := s.dialect.now
	err := s.leases(ctx, func(t *tx) error {
		got = nil
		return t.query(ctx, fmt.Sprintf(`INSERT INTO lease (name, holder, term, since, until)
			SELECT name, holder, 1, %s, %s + %d FROM v WHERE TRUE
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = lease.term + 1, since = excluded.since, until = excluded.until
			WHERE lease.until <= %s OR lease.holder = excluded.holder OR %t RETURNING name, term`,
			now, now, s.leaseMicros(), now, s.Alone()), func(r *sql.Rows) error {
			h := Hold{Holder: holder}
			err := r.Scan(&h.Name, &h.Term)
			got = append(got, h)
			return err
		}, texts("name", names), texts("holder", holders))
	})
	return got, err
}

// Renew prolongs leases by LeaseTime from now, and names those that are still held.
func (s *Store) Renew(ctx context.Context, holds ...Hold) (kept map[string]bool, err error) {
	kept = map[string]bool{}
	if len(holds) == 0 {
		return kept, nil
	}
	err = s.leases(ctx, func(t *tx) error {
		clear(kept)
		// In the order of claims, which also lock several leases.
		return t.query(ctx, fmt.Sprintf(`, mine AS (SELECT l.name FROM lease l JOIN v ON l.name = v.name AND l.holder = v.holder AND l.term = v.term
			ORDER BY l.name%s)
			UPDATE lease SET until = %s + %d FROM mine WHERE lease.name = mine.name RETURNING lease.name`,
			lockOf(t.dialect, "l"), s.dialect.now, s.leaseMicros()), func(r *sql.Rows) error {
			var name string
			err := r.Scan(&name)
			kept[name] = true
			return err
		}, holdColumns(holds)...)
	})
	return kept, err
}

// Release gives leases up, so that others can take them at once.
func (s *Store) Release(ctx context.Context, holds ...Hold) error {
	if len(holds) == 0 {
		return nil
	}
	slices.SortFunc(holds, func(a, b Hold) int { return strings.Compare(a.Name, b.Name) })
	err := s.leases(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE lease SET holder = '', until = `+s.dialect.now+` FROM v
			WHERE lease.name = v.name AND lease.holder = v.holder AND lease.term = v.term`, holdColumns(holds)...)
		return err
	})
	s.Tell(Signal{Carriers: true})
	return err
}

func holdColumns(holds []Hold) []column {
	n := len(holds)
	name, holder, term := make([]string, n), make([]string, n), make([]int64, n)
	for i, h := range holds {
		name[i], holder[i], term[i] = h.Name, h.Holder, h.Term
	}
	return []column{texts("name", name), texts("holder", holder), ints("term", term)}
}

// Leases lists the leases by name.
func (s *Store) Leases(ctx context.Context) ([]Lease, error) {
	rows, err := s.reads.QueryContext(ctx, fmt.Sprintf(`SELECT name, holder, term, since, until, holder <> '' AND until > %s FROM lease ORDER BY name`,
		s.dialect.now))
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []Lease
	for rows.Next() {
		var l Lease
		var since, until int64
		if err := rows.Scan(&l.Name, &l.Holder, &l.Term, &since, &until, &l.Live); err != nil {
			return nil, unavailable(err)
		}
		l.Since, l.Until = fromMicros(since), fromMicros(until)
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// leases changes leases by one statement, apart from the writers: their queue may be long when a lease has to be renewed in time.
func (s *Store) leases(ctx context.Context, f func(*tx) error) error {
	if s.aside == nil {
		return s.write(ctx, other, f)
	}
	if err := f(&tx{db: s.aside, dialect: &s.dialect}); err != nil {
		return sms.Wrap(sms.Unavailable, err, "the database does not take leases")
	}
	return nil
}

// heldLeases reads who has leases, and keeps it so until the transaction ends.
func (t *tx) heldLeases(ctx context.Context, names []string) (map[Hold]bool, error) {
	held := map[Hold]bool{}
	err := t.query(ctx, `SELECT l.name, l.holder, l.term FROM lease l WHERE l.name IN (SELECT name FROM v) ORDER BY l.name`+t.dialect.keep,
		func(r *sql.Rows) error {
			var h Hold
			err := r.Scan(&h.Name, &h.Holder, &h.Term)
			held[h] = true
			return err
		}, texts("name", names))
	return held, err
}

// mustHold refuses what only the holder of a lease may do. Error: *LostLeaseError.
func (t *tx) mustHold(ctx context.Context, h Hold) error {
	held, err := t.heldLeases(ctx, []string{h.Name})
	if err == nil && !held[h] {
		err = &LostLeaseError{h}
	}
	return err
}

// IsLost tells whether an error says that a lease is lost.
func IsLost(err error) bool {
	_, lost := errors.AsType[*LostLeaseError](err)
	return lost
}

// oldLease is how long the traces of ended nodes are kept.
const oldLease = time.Hour

// dropLeases forgets nodes that ended a while ago, and the leases of carriers that were deleted.
func (t *tx) dropLeases(ctx context.Context) error {
	_, err := t.db.ExecContext(ctx, fmt.Sprintf(`DELETE FROM lease WHERE until < %s - %d AND (name LIKE '%s%%'
		OR (name LIKE '%s%%' AND NOT EXISTS (SELECT 1 FROM carrier c WHERE '%s' || c.id = lease.name)))`,
		t.dialect.now, oldLease.Microseconds(), nodeLease, carrierLease, carrierLease))
	return err
}
