// Package clerk does what customers have asked for and does not happen at once: it imports and exports phonebooks, exports
// histories, puts questions about numbers to carriers, and clears away what is over. It follows the platform's clock.
package clerk

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Config is what a Clerk needs.
type Config struct {
	Store *store.Store
	Clock *clock.Clock
	Log   *slog.Logger
	// OnDuty tells whether this node does what only one of them may do.
	OnDuty func() bool
	// Carriers lists the carriers of this node that answer questions about numbers now, LookUp asks one of them.
	Carriers func() []int64
	LookUp   func(ctx context.Context, carrier int64, number string) (sms.LookupAnswer, error)
	// Cleaner works at lists whose numbers are looked up, GiveUp ends one that cannot be cleaned.
	Cleaner *campaign.Cleaner
	GiveUp  func(ctx context.Context, c *store.Cleaning, why string) error
}

// Clerk works in the background.
type Clerk struct {
	Config
	nudged [4]chan struct{} // wake the loops
}

// New makes a Clerk. Run starts it.
func New(c Config) *Clerk {
	return &Clerk{Config: c, nudged: [4]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}}
}

// Nudge says that there is something to do. It does not block.
func (k *Clerk) Nudge() {
	for _, c := range k.nudged {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// look is how often it looks for work that other nodes were given.
const look = time.Second

// Run works until the context ends.
func (k *Clerk) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { k.loop(ctx, k.nudged[0], k.doTasks) })
	loops.Go(func() { k.loop(ctx, k.nudged[1], k.doLookups) })
	loops.Go(func() { k.loop(ctx, k.nudged[2], k.doCleanings) })
	loops.Go(func() { k.loop(ctx, k.nudged[3], k.doExtracts) })
	loops.Wait()
}

// loop calls round again and again, at once when there is something to do.
func (k *Clerk) loop(ctx context.Context, nudged <-chan struct{}, round func(context.Context) error) {
	for ctx.Err() == nil {
		if err := round(ctx); err != nil && ctx.Err() == nil {
			k.Log.Error("work in the background failed", "error", err)
		}
		k.wait(ctx, nudged)
	}
}

// wait returns when there may be something to do.
func (k *Clerk) wait(ctx context.Context, nudged <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-nudged:
		case <-ctx.Done():
		}
		cancel()
	})
	_ = k.Clock.Sleep(ctx, k.Clock.Now().Add(look)) // it ends either way
	cancel()
	waiting.Wait()
}

// Tidy forgets what is kept for a limited time: documents, tasks and the log of calls. It takes numbers back whose owners wanted their end.
func (k *Clerk) Tidy(ctx context.Context) error {
	now := k.Clock.Now()
	if err := k.Store.DropDocuments(ctx, now); err != nil {
		return err
	}
	const kept = 90 * 24 * time.Hour
	if err := k.Store.DropTasks(ctx, now.Add(-kept)); err != nil {
		return err
	}
	if err := k.Store.DropAPICalls(ctx, now.Add(-sms.APICallsTime)); err != nil {
		return err
	}
	numbers, err := k.Store.VirtualNumbers(ctx)
	for _, v := range numbers {
		if !v.Renewal.Ended(now) {
			continue
		}
		if err := k.Store.DeleteVirtualNumber(ctx, v.VirtualNumber); err != nil {
			return err
		}
	}
	return err
}
