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
	rev    int64
	at     time.Time // when it was asked for
	asking bool
}

// follow forgets what is known of callers if anybody has changed something since. One request asks now and then, so that however many
// keys are in use, none has to be read again because of its age. It goes by real time, as the caches do. Error: Unavailable.
func (v *Verifier) follow(ctx context.Context) error {
	c, now := &v.changes, time.Now()
	c.mu.Lock()
	if c.asking || now.Sub(c.at) < followEvery {
		c.mu.Unlock()
		return nil
	}
	c.asking = true
	c.mu.Unlock()
	rev, err := v.cfg.Store.AuthRev(ctx)
	c.mu.Lock()
	c.asking = false
	changed := err == nil && rev != c.rev
	if err == nil {
		c.rev, c.at = rev, now
	}
	c.mu.Unlock()
	if changed {
		v.Forget()
	}
	return err
}
