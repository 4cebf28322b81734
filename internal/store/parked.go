package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

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
