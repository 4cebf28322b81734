package smppd

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/store"
)

// maxTaken is how much is taken at once for a customer.
const maxTaken = 500

// pauses are those before the next attempt to deliver what a client did not take; the last goes on until the seven days are over.
var pauses = []time.Duration{
	5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

func pauseAfter(attempts int) time.Duration { return pauses[min(max(attempts, 1), len(pauses))-1] }

// deliver gives a customer what it is owed, while it is bound.
func (s *Server) deliver(c *customer) {
	<-s.freed
	for !c.gone(s) {
		batch, err := []store.Owed(nil), error(nil)
		if c.receiver() != nil {
			batch, err = s.cfg.Store.TakeOwed(s.alive, c.service.ID, maxTaken, s.cfg.Clock.Now())
		}
		if err != nil || len(batch) == 0 {
			select {
			case <-c.wake:
			case <-s.alive.Done():
			}
			continue
		}
		s.deliverBatch(c, batch)
	}
}

// gone tells that nothing more is to be delivered here.
func (c *customer) gone(s *Server) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || s.alive.Err() != nil {
		c.delivering = false
		return true
	}
	return false
}

// A fate is what became of something owed.
type fate int

const (
	taken   fate = iota // or nothing to tell
	refused             // or not answered in time: later
	unsent              // there was nobody: as soon as there is
)

// deliverBatch sends what was taken as fast as windows allow, and settles it when all is answered.
func (s *Server) deliverBatch(c *customer, batch []store.Owed) {
	fates := make([]fate, len(batch))
	var mu sync.Mutex
	var answers sync.WaitGroup
	var silent atomic.Bool // a client does not answer: the rest must not wait for it until the lease is over
	worse := func(i int, f fate) {
		mu.Lock()
		defer mu.Unlock()
		fates[i] = max(fates[i], f)
	}
	for i, o := range batch {
		all, err := pdus(o)
		if err != nil {
			s.cfg.Log.Error("something cannot be told over SMPP, and is dropped", "service", c.service.Name, "error", err)
			continue
		}
		for _, p := range all {
			session := c.receiver()
			if session == nil || silent.Load() {
				worse(i, unsent)
				continue
			}
			answers.Add(1)
			session.Send(s.alive, p, func(a smpp.Answer) {
				defer answers.Done()
				if errors.Is(a.Err, smpp.ErrTimeout) {
					silent.Store(true)
				}
				switch {
				case a.Err != nil && session.Err() != nil:
					worse(i, unsent)
				case a.Err != nil || a.Status != smpp.OK:
					worse(i, refused)
				}
			})
		}
	}
	answers.Wait()
	var done []int64
	again := map[int64]time.Time{}
	now := s.cfg.Clock.Now()
	for i, o := range batch {
		switch fates[i] {
		case taken:
			done = append(done, o.ID)
		case refused:
			again[o.ID] = now.Add(pauseAfter(o.Attempts))
		case unsent:
			again[o.ID] = now
		}
	}
	// If this fails, all of it is delivered again when its time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.alive), acceptTimeout)
	defer cancel()
	if err := s.cfg.Store.SettleOwed(ctx, done, again); err != nil {
		s.cfg.Log.Warn("what was told over SMPP may be told again", "service", c.service.Name, "error", err)
	}
}
