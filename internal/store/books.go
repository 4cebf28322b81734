package store

import (
	"context"
	"maps"
	"slices"
)

// writeBooks moves the credits of the group's messages: from held to used for what carriers accepted, and back to
// available, or to the quota that paid, for what was not sent. It takes what replies cost, too. A service gets one entry of each kind.
func (w *settlement) writeBooks(ctx context.Context) error {
	var service, captured, released, refilled, replied []int64
	var id, entryService, at, amount []int64
	var kind, debit, credit []string
	services := slices.Concat(w.bumped, slices.Collect(maps.Keys(w.captured)), slices.Collect(maps.Keys(w.replied)))
	for s := range w.released {
		services = append(services, s)
	}
	slices.Sort(services)
	services = slices.DeleteFunc(slices.Compact(services), func(s int64) bool {
		return w.captured[s] == 0 && w.released[s] == 0 && w.replied[s] == 0 && !slices.Contains(w.bumped, s)
	})
	if len(services) == 0 {
		return nil
	}
	var quota map[int64]int64
	if len(w.givenUp) > 0 || len(w.bumped) > 0 {
		if _, err := w.t.lockBalances(ctx, services); err != nil {
			return err
		}
		var err error
		if quota, err = w.refill(ctx); err != nil {
			return err
		}
	}
	enter := func(s, sum int64, name, from, to string) error {
		if sum == 0 {
			return nil
		}
		n, err := w.t.id(ctx)
		id, entryService, at = append(id, n), append(entryService, s), append(at, micros(w.at))
		amount, kind, debit, credit = append(amount, sum), append(kind, name), append(debit, from), append(credit, to)
		return err
	}
	for _, s := range services {
		back := quota[s]
		service, captured, released = append(service, s), append(captured, w.captured[s]), append(released, w.released[s]-back)
		refilled, replied = append(refilled, back), append(replied, w.replied[s])
		for _, e := range []struct {
			sum            int64
			name, from, to string
		}{
			{w.captured[s], "capture", "held", "used"},
			{w.released[s] - back, "release", "held", "available"},
			{back, "release", "held", "quota"},
			{w.replied[s], "capture", "available", "used"},
		} {
			if err := enter(s, e.sum, e.name, e.from, e.to); err != nil {
				return err
			}
		}
	}
	if err := w.t.later(ctx, nil, `INSERT INTO ledger (id, service_id, at, kind, debit, credit, amount, job_id, note)
		SELECT id, service_id, at, kind, debit, credit, amount, 0, '' FROM v`,
		ints("id", id), ints("service_id", entryService), ints("at", at), texts("kind", kind), texts("debit", debit), texts("credit", credit),
		ints("amount", amount)); err != nil {
		return err
	}
	// The last, so that the books are locked for a short time.
	if err := w.t.later(ctx, nil, `UPDATE balance SET held = held - v.captured - v.released - v.refilled, used = used + v.captured + v.replied,
		available = available + v.released - v.replied, quota = quota + v.refilled FROM v WHERE balance.service_id = v.service_id`,
		ints("service_id", service), ints("captured", captured), ints("released", released), ints("refilled", refilled),
		ints("replied", replied)); err != nil {
		return err
	}
	for _, s := range w.bumped {
		if err := w.t.Bump(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
