package dispatch

import (
	"context"
	"fmt"

	"ramier/internal/sms"
)

// Looker is a Carrier whose operator can be asked about a number.
type Looker interface {
	// LookUp asks about a number in the form of E.164. Errors: sms.ErrNoLookups, and others when there is no answer now.
	LookUp(ctx context.Context, number string) (sms.LookupAnswer, error)
}

// Lookers lists the carriers of this node that are connected and answer questions about numbers.
func (d *Dispatcher) Lookers() []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []int64
	for id, l := range d.lines {
		if _, can := l.port.(Looker); can && l.carrier.Settings.Lookups && l.port.Status().State == connected {
			ids = append(ids, id)
		}
	}
	return ids
}

// LookUp asks a carrier of this node about a number. Errors are those of Looker.
func (d *Dispatcher) LookUp(ctx context.Context, carrier int64, number string) (sms.LookupAnswer, error) {
	d.mu.Lock()
	l := d.lines[carrier]
	d.mu.Unlock()
	if l == nil {
		return sms.LookupAnswer{}, fmt.Errorf("the carrier %d does not run here", carrier)
	}
	looker, can := l.port.(Looker)
	if !can {
		return sms.LookupAnswer{}, sms.ErrNoLookups
	}
	return looker.LookUp(ctx, number)
}
