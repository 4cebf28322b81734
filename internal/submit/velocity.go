package submit

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// velocity counts the messages of an hour to each receiver and to each range of a thousand numbers, for the services whose guards
// limit them. It lives in the memory of this node, and is filled from the store when the node has begun within the hour; other
// nodes count what they accept themselves.
type velocity struct {
	store  *store.Store
	mu     sync.Mutex
	seed   maphash.Seed
	hour   time.Time
	counts map[uint64]int64
	filled bool
}

// Bounds of the memory: how many receivers and ranges are counted in an hour, and from how many of the last messages. Those past
// them are not limited.
const (
	maxCounted = 1_000_000
	maxRecent  = 500_000
)

func newVelocity(s *store.Store) *velocity { return &velocity{store: s, seed: maphash.MakeSeed()} }

// rangeDigits is how many last digits the numbers of one range may differ in.
const rangeDigits = 3

// receiver and span give the names under which a number of a service is counted: as itself, and as part of its range.
func (v *velocity) receiver(service int64, number string) uint64 {
	return maphash.String(v.seed, number) ^ uint64(service)*spread //nolint:gosec // any number does
}

func (v *velocity) span(service int64, number string) uint64 {
	return ^v.receiver(service, number[:max(len(number)-rangeDigits, 0)])
}

// spread makes ids of services differ in all bits: 2^64 divided by the golden ratio.
const spread = 0x9E3779B97F4A7C15

// limited tells whether the guards of a service limit what is counted here.
func limited(g sms.Guards) bool { return g.ReceiverHour > 0 || g.RangeHour > 0 }

// take counts the messages of a plan, and gives the places of those whose receivers have had enough, with the reason; they are not counted.
func (v *velocity) take(ctx context.Context, p *sms.Plan) (map[int]string, error) {
	g := p.Service.Settings.Guards
	if !limited(g) {
		return nil, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.turn(ctx, p.At); err != nil {
		return nil, err
	}
	var tooMany map[int]string
	for i := range p.Messages {
		m := &p.Messages[i]
		if m.Refused {
			continue
		}
		var why string
		switch {
		case g.ReceiverHour > 0 && v.counts[v.receiver(p.Service.ID, m.Receiver)] >= g.ReceiverHour:
			why = v.reason(m.Receiver, "receiverHour", g.ReceiverHour, p.Service.Name)
		case g.RangeHour > 0 && v.counts[v.span(p.Service.ID, m.Receiver)] >= g.RangeHour:
			why = v.reason("the range of "+m.Receiver, "rangeHour", g.RangeHour, p.Service.Name)
		default:
			v.count(p.Service.ID, m.Receiver, g)
			continue
		}
		if tooMany == nil {
			tooMany = map[int]string{}
		}
		tooMany[i] = why
	}
	return tooMany, nil
}

func (v *velocity) reason(who, guard string, most int64, service string) string {
	return fmt.Sprintf("%s has got the %d messages of an hour that %s allows: again from %s on, or raise it with PUT /sms/%s/guards",
		who, most, guard, v.hour.Add(time.Hour).Format(time.RFC3339), service)
}

func (v *velocity) count(service int64, number string, g sms.Guards) {
	if len(v.counts) >= maxCounted {
		return
	}
	if g.ReceiverHour > 0 {
		v.counts[v.receiver(service, number)]++
	}
	if g.RangeHour > 0 {
		v.counts[v.span(service, number)]++
	}
}

// giveBack takes the messages of a plan that was not accepted out of the count.
func (v *velocity) giveBack(p *sms.Plan) {
	if !limited(p.Service.Settings.Guards) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.hour.Equal(hourOf(p.At)) {
		return
	}
	for i := range p.Messages {
		if m := &p.Messages[i]; !m.Refused {
			v.lower(v.receiver(p.Service.ID, m.Receiver))
			v.lower(v.span(p.Service.ID, m.Receiver))
		}
	}
}

func (v *velocity) lower(key uint64) {
	if n, counted := v.counts[key]; counted && n > 0 {
		v.counts[key] = n - 1
	}
}

func hourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }

// turn begins a new hour, and fills the first one of this process from the store.
func (v *velocity) turn(ctx context.Context, at time.Time) error {
	hour := hourOf(at)
	if v.hour.Equal(hour) {
		return nil
	}
	counts := map[uint64]int64{}
	if !v.filled {
		err := v.store.Recent(ctx, hour, maxRecent, func(service int64, number string) {
			counts[v.receiver(service, number)]++
			counts[v.span(service, number)]++
		})
		if err != nil {
			return err
		}
	}
	v.hour, v.counts, v.filled = hour, counts, true
	return nil
}
