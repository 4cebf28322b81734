package auth

import (
	"context"
	"sync"
	"time"
)

// followEvery is how long a change that another node has made may go unseen here.
const followEvery = 5 * time.Second

// changes is how far the changes of keys are known here.
type changes struct {
	mu     sync.Mutex
	at     time.Time // when they were asked for
	asking bool

	reading sync.Mutex // held while they are read and acted on
	rev     int64      // of the last that is known
}

// follow forgets what is known of callers about whom somebody has changed something since. One request asks now and then, so that however
// many keys are in use, none has to be read again because of its age or of what others do. It goes by real time, as the caches do. Error:
// Unavailable.
func (v *Verifier) follow(ctx context.Context) error {
	c, now := &v.changes, time.Now()
	c.mu.Lock()
	if c.asking || now.Sub(c.at) < followEvery {
		c.mu.Unlock()
		return nil
	}
	c.asking = true
	c.mu.Unlock()
	err := v.catchUp(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
	if err == nil {
		c.at = now
	}
	return err
}

// catchUp forgets whom the changes since the last time are about.
func (v *Verifier) catchUp(ctx context.Context) error {
	c := &v.changes
	c.reading.Lock()
	defer c.reading.Unlock()
	rev, accounts, all, err := v.cfg.Store.AuthChanges(ctx, c.rev)
	if err != nil || rev == c.rev {
		return err
	}
	c.rev = rev
	if all {
		v.forgetAll()
		return nil
	}
	v.applications.drop(func(a *application) bool { return accounts[a.account] })
	v.credentials.drop(func(c *credential) bool { return accounts[c.holder.Value().id] })
	v.bearers.drop(func(b *bearer) bool { return accounts[b.Account.ID] })
	return nil
}

// CatchUp has changes of keys, applications, people and accounts count at once on this node.
func (v *Verifier) CatchUp(ctx context.Context) {
	if err := v.catchUp(context.WithoutCancel(ctx)); err != nil {
		v.forgetAll()
	}
}

func (v *Verifier) forgetAll() {
	v.bearers.clear()
	v.applications.clear()
	v.credentials.clear()
}
