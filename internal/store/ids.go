package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"ramier/internal/store/query"
)

// idBlock hands out ids from blocks that one transaction each reserves. What a block has left at a crash is never used.
type idBlock struct {
	s      *Store
	name   string
	size   int64
	refill sync.Mutex // held while a block is reserved
	mu     sync.Mutex
	ids    idRange
}

// idRange holds the ids from next to last.
type idRange struct{ next, last int64 }

func (r *idRange) take(n int64) (first int64, ok bool) {
	if r.last-r.next+1 < n {
		return 0, false
	}
	r.next += n
	return r.next - n, true
}

func newIDBlock(s *Store, name string, size int64) *idBlock {
	return &idBlock{s: s, name: name, size: size, ids: idRange{1, 0}}
}

func (b *idBlock) tryTake(n int64) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids.take(n)
}

// take gives the first of n consecutive ids.
func (b *idBlock) take(ctx context.Context, n int64) (int64, error) {
	if first, ok := b.tryTake(n); ok {
		return first, nil
	}
	b.refill.Lock()
	defer b.refill.Unlock()
	if first, ok := b.tryTake(n); ok {
		return first, nil
	}
	size := b.size + n
	var end int64
	err := b.s.write(ctx, other, func(t *tx) (err error) {
		end, err = t.TakeIDs(ctx, query.TakeIDsParams{Name: b.name, Next: size})
		if err == nil && b.name == "message" {
			err = t.makePartitions(ctx, end-size, end)
		}
		return err
	})
	if err != nil {
		// Whatever became of the ids, the write that they were for has not begun.
		return 0, refusal(err, 5*time.Second, "the database does not take the change; nothing was accepted")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ids = idRange{end - size, end - 1}
	first, _ := b.ids.take(n)
	return first, nil
}

// objectID gives an id for anything but a message.
func (s *Store) objectID(ctx context.Context) (int64, error) { return s.ids["object"].take(ctx, 1) }

// id gives an id for anything but a message inside of a transaction, from what its writer has reserved before it began. In the
// rare case that this does not suffice the transaction takes more itself; if it fails they go with its connection.
func (t *tx) id(ctx context.Context) (int64, error) {
	if id, ok := t.ids.take(1); ok {
		return id, nil
	}
	const more = 10_000
	end, err := t.TakeIDs(ctx, query.TakeIDsParams{Name: "object", Next: more})
	if err != nil {
		return 0, err
	}
	*t.ids = idRange{end - more, end - 1}
	if t.conn != nil {
		t.conn.clean = false
	}
	id, _ := t.ids.take(1)
	return id, nil
}

// reserve makes sure that the connection's transactions have n ids.
func (c *conn) reserve(ctx context.Context, n int64) error {
	if c.ids.last-c.ids.next+1 >= n {
		return nil
	}
	size := n + 50_000
	end, err := query.New(c.db).TakeIDs(ctx, query.TakeIDsParams{Name: "object", Next: size})
	if err == nil {
		c.ids = idRange{end - size, end - 1}
	}
	return err
}

// NewUUID draws a random UUID, version 4 of RFC 9562, in small letters: for what is shown to others under a name that nobody guesses.
func NewUUID() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
