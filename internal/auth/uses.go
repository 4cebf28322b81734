package auth

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ramier/internal/store"
)

const (
	usesEvery = 30 * time.Second // how often last uses are written
	usesLast  = 5 * time.Second  // how long a stop waits for the last of them
)

// maxRefusals is how many refusals are kept until they are written, and maxRefusal how many bytes of each.
const (
	maxRefusals = 10_000
	maxRefusal  = 300
)

// uses holds when consumer keys were last used and refused, until it is written.
type uses struct {
	mu      sync.Mutex
	fresh   []*credential         // used since the write before, each once
	index   map[int64]*credential // of the first of fresh, by id; made for whoever asks
	indexed int                   // how many those are
	again   map[int64]int64       // microseconds since 1970, of a write that failed
	written map[int64]int64       // by the write before, or by one that is under way
	refused map[int64]store.Refusal
}

func (u *uses) note(c *credential, at time.Time) {
	c.used.Store(at.UnixMicro())
	if c.noted.Swap(true) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fresh = append(u.fresh, c)
}

func (u *uses) last(id int64) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.index == nil {
		u.index = map[int64]*credential{}
	}
	for ; u.indexed < len(u.fresh); u.indexed++ {
		u.index[u.fresh[u.indexed].id] = u.fresh[u.indexed]
	}
	at, ok := u.again[id]
	if !ok {
		at, ok = u.written[id]
	}
	if c := u.index[id]; c != nil {
		at, ok = c.used.Load(), true
	}
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

// take gives what is to be written.
func (u *uses) take() map[int64]int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.again
	if all == nil {
		all = make(map[int64]int64, len(u.fresh))
	}
	for _, c := range u.fresh {
		c.noted.Store(false) // before it is read: a use after that is noted anew
		all[c.id] = c.used.Load()
	}
	u.fresh, u.index, u.indexed, u.again, u.written = nil, nil, 0, nil, all
	return all
}

// giveBack keeps what could not be written for the next time.
func (u *uses) giveBack(uses map[int64]int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.again = uses
}

// LastUse tells when a consumer key was last used here, zero if that is longer ago than the store's record of it.
func (v *Verifier) LastUse(credential int64) time.Time { return v.uses.last(credential) }

// NoteRefusal remembers that a call was refused to a consumer key, to be shown to its owner.
func (v *Verifier) NoteRefusal(credential int64, call string, why error) {
	text := call + ": " + why.Error()
	for len(text) > maxRefusal {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	u := &v.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.refused == nil || len(u.refused) >= maxRefusals {
		u.refused = map[int64]store.Refusal{}
	}
	u.refused[credential] = store.Refusal{At: v.cfg.Now(), Text: strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")}
}

// LastRefusal tells which call was last refused to a consumer key here, zero if that is longer ago than the store's record of it.
func (v *Verifier) LastRefusal(credential int64) store.Refusal {
	v.uses.mu.Lock()
	defer v.uses.mu.Unlock()
	return v.uses.refused[credential]
}

// Run writes down when consumer keys were last used, now and then and once more when the context ends.
func (v *Verifier) Run(ctx context.Context) error {
	ticker := time.NewTicker(usesEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
			if err := v.writeUses(ctx); err != nil && ctx.Err() == nil {
				v.cfg.Log.WarnContext(ctx, "last uses of consumer keys were not written, trying again", slog.Any("error", err))
			}
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), usesLast)
	defer cancel()
	return v.writeUses(last)
}

func (v *Verifier) writeUses(ctx context.Context) error {
	uses := v.uses.take()
	v.uses.mu.Lock()
	refused := maps.Clone(v.uses.refused)
	v.uses.mu.Unlock()
	if len(uses)+len(refused) == 0 {
		return nil
	}
	err := v.cfg.Store.TouchCredentials(ctx, uses, refused)
	if err != nil {
		v.uses.giveBack(uses)
		return err
	}
	v.uses.mu.Lock()
	defer v.uses.mu.Unlock()
	for id, r := range refused {
		if v.uses.refused[id] == r {
			delete(v.uses.refused, id)
		}
	}
	return nil
}
