package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
)

// parkedForms knows under which references receipts are parked, so that an answer asks the database only where there may be one.
// It may name a form that is gone, and never lacks one that this node parked.
type parkedForms struct {
	mu    sync.Mutex
	forms map[reference]int // how many receipts
	more  bool              // there are more than it holds
}

// maxParkedForms is how many forms are known; beyond them every answer asks.
const maxParkedForms = 200_000

// load adds the forms that are in the database, where another node may have parked receipts.
func (p *parkedForms) load(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT carrier_id, ref FROM parked_form LIMIT $1", maxParkedForms)
	if err != nil {
		return err
	}
	defer rows.Close()
	stored := map[reference]int{}
	for rows.Next() {
		var r reference
		if err := rows.Scan(&r.carrier, &r.ref); err != nil {
			return err
		}
		stored[r]++
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for r, n := range stored {
		p.put(r, max(n, p.forms[r]))
	}
	return rows.Err()
}

func (p *parkedForms) put(r reference, n int) {
	if p.forms == nil {
		p.forms = map[reference]int{}
	}
	p.forms[r] = n
	p.more = p.more || len(p.forms) >= maxParkedForms
}

// add notes the forms of a receipt before it is parked.
func (p *parkedForms) add(r sms.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, form := range forms(r) {
		k := reference{r.CarrierID, form}
		if p.more && p.forms[k] == 0 {
			continue
		}
		p.put(k, p.forms[k]+1)
	}
}

// remove forgets the forms of receipts that are parked no longer.
func (p *parkedForms) remove(all []sms.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range all {
		for _, form := range forms(r) {
			k := reference{r.CarrierID, form}
			if p.forms[k]--; p.forms[k] <= 0 {
				delete(p.forms, k)
			}
		}
	}
}

// may tells whether a receipt may be parked under a reference.
func (p *parkedForms) may(r reference) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.more || p.forms[r] > 0
}

// forms gives each form of a receipt's reference once.
func forms(r sms.Receipt) []string {
	if len(r.Refs) < 2 {
		return r.Refs
	}
	return slices.Compact(slices.Sorted(slices.Values(r.Refs)))
}

// forgetParked removes receipts, by their ids, that are parked no longer.
func (t *tx) forgetParked(ctx context.Context, parked map[int64]sms.Receipt) error {
	ids := slices.Sorted(maps.Keys(parked))
	if len(ids) == 0 {
		return nil
	}
	var carrier, id []int64
	var ref []string
	for _, n := range ids {
		r := parked[n]
		for _, form := range forms(r) {
			carrier, ref, id = append(carrier, r.CarrierID), append(ref, form), append(id, n)
		}
	}
	_, err := t.exec(ctx, `DELETE FROM parked_form WHERE (carrier_id, ref, parked_id) IN (SELECT carrier_id, ref, id FROM v)`,
		ints("carrier_id", carrier), texts("ref", ref), ints("id", id))
	if err == nil {
		_, err = t.exec(ctx, `DELETE FROM parked WHERE id IN (SELECT id FROM v)`, ints("id", ids))
	}
	return err
}

const (
	// parkedKept is how long a receipt that matches nothing is kept. An answer, or a decision about a doubt, that comes later still has no receipt.
	parkedKept = 30 * 24 * time.Hour
	// parkedDropped is how many receipts a transaction forgets.
	parkedDropped = 1_000
)

// DropParked forgets receipts that have matched nothing for 30 days, some at a time. It tells whether there may be more.
func (s *Store) DropParked(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		old := map[int64]sms.Receipt{}
		err := eachRow(ctx, t.db, scanParked(old), "SELECT "+parkedFields+" FROM (SELECT * FROM parked ORDER BY id LIMIT $1) p WHERE p.received_at < $2",
			parkedDropped, micros(now.Add(-parkedKept)))
		if err != nil {
			return err
		}
		more = len(old) == parkedDropped
		t.afterwards(func(committed bool) {
			if committed {
				s.parked.remove(slices.Collect(maps.Values(old)))
			}
		})
		return t.forgetParked(ctx, old)
	})
	return more && err == nil, err
}
