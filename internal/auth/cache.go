package auth

import (
	"sync"
	"time"
)

// What a cache may take.
const (
	cacheBytes = 24 << 20  // of what is known, for each of the three: enough for 100,000 keys, see docs/auth.md
	maxUnknown = 10_000    // keys known to be unknown
	knownFor   = time.Hour // at most: a change drops whom it is about, see follow
	unknownFor = time.Second
)

// A cache keeps what the store said, in bounded memory and for a limited time. It goes by real time, not by the platform's
// clock, which may stand still.
type cache[K comparable, V any] struct {
	bytes int // that it may take
	now   func() time.Time
	born  time.Time
	// Keeping and dropping tell what the cache takes more or less with a value. Both are called under its lock, so values may share
	// what is equal in them.
	keeping, dropping func(V) int

	mu      sync.Mutex
	known   map[K]entry[V]
	total   int // bytes of known
	unknown map[K]time.Duration
	term    int // of what is known; a look-up that began in an earlier one is not kept
}

// An entry holds a value until a time, counted from the cache's beginning.
type entry[V any] struct {
	value V
	until time.Duration
}

func newCache[K comparable, V any](bytes int, keeping, dropping func(V) int) *cache[K, V] {
	c := &cache[K, V]{bytes: bytes, keeping: keeping, dropping: dropping, now: time.Now, known: map[K]entry[V]{}, unknown: map[K]time.Duration{}}
	c.born = c.now()
	return c
}

// get gives the value of a key, from load if it is not known or not recent. What load says is kept only if it says so.
func (c *cache[K, V]) get(key K, load func() (value V, ok, keep bool, err error)) (value V, ok bool, err error) {
	now := c.now().Sub(c.born)
	c.mu.Lock()
	e, known := c.known[key]
	if known && now < e.until {
		c.mu.Unlock()
		return e.value, true, nil
	}
	until, unknown := c.unknown[key]
	term := c.term
	c.mu.Unlock()
	if unknown && now < until {
		return value, false, nil
	}
	value, ok, keep, err := load()
	if err != nil || !keep {
		return value, ok, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.term == term {
		c.keep(key, value, ok, now)
	}
	return value, ok, nil
}

// peek gives the value of a key if it is known and recent.
func (c *cache[K, V]) peek(key K) (value V, ok bool) {
	now := c.now().Sub(c.born)
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.known[key]
	return e.value, known && now < e.until
}

// keep notes what the store said at the time. A flood of unknown keys pushes out no known one.
func (c *cache[K, V]) keep(key K, value V, ok bool, now time.Duration) {
	c.remove(key)
	if !ok {
		if len(c.unknown) >= maxUnknown {
			clear(c.unknown)
		}
		c.unknown[key] = now + unknownFor
		return
	}
	delete(c.unknown, key)
	c.total += c.keeping(value)
	c.known[key] = entry[V]{value, now + knownFor}
	for other := range c.known { // in no particular order
		if c.total <= c.bytes {
			return
		}
		if other != key {
			c.remove(other)
		}
	}
}

func (c *cache[K, V]) remove(key K) {
	if e, ok := c.known[key]; ok {
		c.total -= c.dropping(e.value)
		delete(c.known, key)
	}
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
	for key := range c.known {
		c.remove(key)
	}
	c.known, c.unknown = map[K]entry[V]{}, map[K]time.Duration{} // a map that is only emptied keeps its memory
}
