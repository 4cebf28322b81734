package auth

import (
	"sync"
	"time"
)

const (
	cacheSize  = 10_000      // entries of a cache, counted by weight; and as many keys known to be unknown
	weightUnit = 1024        // bytes past which an entry counts more than once
	knownFor   = time.Minute // at most: a change empties the cache, see follow
	unknownFor = time.Second
)

// A cache keeps what the store said, in bounded memory and for a short time. It goes by real time, not by the platform's
// clock, which may stand still.
type cache[K comparable, V any] struct {
	size   int
	weight func(V) int
	now    func() time.Time

	mu      sync.Mutex
	known   map[K]entry[V]
	total   int // weight of known
	unknown map[K]time.Time
	term    int // of what is known; a look-up that began in an earlier one is not kept
}

type entry[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](size int, weight func(V) int) *cache[K, V] {
	return &cache[K, V]{size: size, weight: weight, now: time.Now, known: map[K]entry[V]{}, unknown: map[K]time.Time{}}
}

// get gives the value of a key, from load if it is not known or not recent. Load gets what was known, else zero.
func (c *cache[K, V]) get(key K, load func(old V) (V, bool, error)) (value V, ok bool, err error) {
	now := c.now()
	c.mu.Lock()
	e, known := c.known[key]
	until, unknown := c.unknown[key]
	term := c.term
	c.mu.Unlock()
	switch {
	case known && now.Before(e.until):
		return e.value, true, nil
	case unknown && now.Before(until):
		return value, false, nil
	}
	if value, ok, err = load(e.value); err != nil {
		return value, ok, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.term == term {
		c.keep(key, value, ok, now)
	}
	return value, ok, nil
}

// keep notes what the store said at the time. A flood of unknown keys pushes out no known one.
func (c *cache[K, V]) keep(key K, value V, ok bool, now time.Time) {
	c.remove(key)
	if !ok {
		if len(c.unknown) >= c.size {
			clear(c.unknown)
		}
		c.unknown[key] = now.Add(unknownFor)
		return
	}
	delete(c.unknown, key)
	c.known[key] = entry[V]{value, now.Add(knownFor)}
	c.total += c.weight(value)
	for other := range c.known { // in no particular order
		if c.total <= c.size {
			return
		}
		if other != key {
			c.remove(other)
		}
	}
}

func (c *cache[K, V]) remove(key K) {
	if e, ok := c.known[key]; ok {
		c.total -= c.weight(e.value)
		delete(c.known, key)
	}
}

// find gives a value that fits.
func (c *cache[K, V]) find(fits func(V) bool) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.known {
		if fits(e.value) {
			return e.value, true
		}
	}
	return value, false
}

// drop forgets the values that fit.
func (c *cache[K, V]) drop(fits func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.term++
	for key, e := range c.known {
		if fits(e.value) {
			c.remove(key)
		}
	}
}

// clear forgets everything.
func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.term++
	clear(c.known)
	clear(c.unknown)
	c.total = 0
}
