package limit

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Rates lets each of many callers do so many things a second, and some more at once.
type Rates[K comparable] struct {
	every time.Duration // between two things
	burst time.Duration // how far a caller may be ahead
	seed  maphash.Seed
	known atomic.Int64
	parts [32]ratesPart[K]
}

// ratesPart has its own lock, so that callers seldom wait for each other.
type ratesPart[K comparable] struct {
	mu sync.Mutex
	// paid is until when a caller's things are paid for: it moves on by every with each.
	paid  map[K]time.Time
	sweep int // at how many entries the old ones are dropped
}

// NewRates allows perSecond things, and as many as burst at once. It is nil, which allows everything, if perSecond is 0.
func NewRates[K comparable](perSecond float64, burst int) *Rates[K] {
	if perSecond <= 0 {
		return nil
	}
	every := time.Duration(float64(time.Second) / perSecond)
	return &Rates[K]{every: max(every, 1), burst: max(every, 1) * time.Duration(max(burst, 1)), seed: maphash.MakeSeed()}
}

// Take tells how long a caller has to wait before it may do one more thing at the time; 0: it does it now.
func (r *Rates[K]) Take(caller K, now time.Time) time.Duration {
	if r == nil {
		return 0
	}
	p := r.part(caller)
	p.mu.Lock()
	defer p.mu.Unlock()
	paid := p.at(caller, now, r.burst)
	if wait := paid.Add(r.every).Sub(now) - r.burst; wait > 0 {
		return wait
	}
	r.note(p, caller, paid.Add(r.every), now)
	return 0
}

// Any tells whether any caller has done something that still counts, or did not long ago.
func (r *Rates[K]) Any() bool { return r != nil && r.known.Load() > 0 }

// Full tells how long a caller would have to wait, and does nothing.
func (r *Rates[K]) Full(caller K, now time.Time) time.Duration {
	if !r.Any() {
		return 0
	}
	p := r.part(caller)
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.at(caller, now, r.burst).Add(r.every).Sub(now)-r.burst)
}

func (r *Rates[K]) part(caller K) *ratesPart[K] {
	return &r.parts[maphash.Comparable(r.seed, caller)%uint64(len(r.parts))]
}

// at gives until when things are paid for: neither in the past nor, should the clock have been set back, too far ahead.
func (p *ratesPart[K]) at(caller K, now time.Time, burst time.Duration) time.Time {
	paid, ok := p.paid[caller]
	if !ok || paid.Before(now) {
		return now
	}
	if most := now.Add(burst); paid.After(most) {
		return most
	}
	return paid
}

const firstSweep = 256

func (r *Rates[K]) note(p *ratesPart[K], caller K, paid, now time.Time) {
	if p.paid == nil {
		p.paid, p.sweep = map[K]time.Time{}, firstSweep
	}
	if len(p.paid) >= p.sweep {
		for k, until := range p.paid {
			if !until.After(now) || until.Sub(now) > 2*r.burst {
				delete(p.paid, k)
				r.known.Add(-1)
			}
		}
		p.sweep = max(firstSweep, 2*len(p.paid))
	}
	if _, ok := p.paid[caller]; !ok {
		r.known.Add(1)
	}
	p.paid[caller] = paid
}
