package auth

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

const (
	usesEvery = 30 * time.Second // how often last uses are written
	usesLast  = 5 * time.Second  // how long a stop waits for the last of them
)

// uses holds when consumer keys were last used, until it is written.
type uses struct {
	mu      sync.Mutex
	fresh   map[int64]time.Time
	written map[int64]time.Time // by the write before, or by one that is under way
}

func (u *uses) note(id int64, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fresh == nil {
		u.fresh = map[int64]time.Time{}
	}
	u.fresh[id] = at
}

func (u *uses) last(id int64) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, ok := u.fresh[id]; ok {
		return at
	}
	return u.written[id]
}

// take gives what is to be written.
func (u *uses) take() map[int64]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.written, u.fresh = u.fresh, nil
	return u.written
}

// giveBack keeps what could not be written for the next time.
func (u *uses) giveBack(uses map[int64]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	again := maps.Clone(uses)
	maps.Copy(again, u.fresh)
	u.fresh = again
}

// LastUse tells when a consumer key was last used here, zero if that is longer ago than the store's record of it.
func (v *Verifier) LastUse(credential int64) time.Time { return v.uses.last(credential) }

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
	if len(uses) == 0 {
		return nil
	}
	err := v.cfg.Store.TouchCredentials(ctx, uses)
	if err != nil {
		v.uses.giveBack(uses)
	}
	return err
}
