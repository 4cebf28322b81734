package clerk

import (
	"context"
	"errors"
	"sync"
	"time"

	"ramier/internal/sms"
)

const (
	// atOnce is how many questions are open at a time.
	atOnce = 16
	// answerTime is how long one attempt may take, attempted how long nobody else begins another one.
	answerTime = 30 * time.Second
	attempted  = 2 * time.Minute
)

// doLookups puts the questions that wait for carriers of this node, and gives up those that have waited too long.
func (k *Clerk) doLookups(ctx context.Context) error {
	for _, carrier := range k.Carriers() {
		for {
			all, err := k.Store.OpenLookups(ctx, carrier, k.Clock.Now(), page)
			if err != nil {
				return err
			}
			if err := k.askAll(ctx, all); err != nil {
				return err
			}
			if len(all) < page {
				break
			}
		}
	}
	if !k.OnDuty() {
		return nil
	}
	now := k.Clock.Now()
	stale, err := k.Store.StaleLookups(ctx, now.Add(-sms.LookupPatience), now, page)
	for _, l := range stale {
		if err := k.giveUp(ctx, l, "no carrier has answered in time"); err != nil {
			return err
		}
	}
	return err
}

func (k *Clerk) askAll(ctx context.Context, all []sms.Lookup) error {
	var asking sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	errs := make(chan error, len(all))
	for _, l := range all {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			errs <- k.ask(ctx, l)
		})
	}
	asking.Wait()
	close(errs)
	var failed []error
	for err := range errs {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// ask makes one attempt.
func (k *Clerk) ask(ctx context.Context, l sms.Lookup) error {
	now := k.Clock.Now()
	if now.Sub(l.CreatedAt) > sms.LookupPatience {
		return k.giveUp(ctx, l, "no carrier has answered in time")
	}
	taken, err := k.Store.TakeLookup(ctx, &l, now.Add(attempted))
	if err != nil || !taken {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answer, err := k.LookUp(patience, l.CarrierID, l.Receiver)
	switch {
	case err == nil:
		l.Status, l.LookupAnswer, l.Error = sms.TaskDone, answer, ""
		at := k.Clock.Now()
		return k.Store.AnswerLookup(ctx, l, at, at)
	case ctx.Err() != nil:
		return ctx.Err() // it is taken up again
	case errors.Is(err, sms.ErrNoLookups) || l.Attempts >= sms.MaxLookupAttempts:
		return k.giveUp(ctx, l, err.Error())
	}
	l.Status, l.Error = sms.TaskTodo, err.Error()
	at := k.Clock.Now()
	return k.Store.AnswerLookup(ctx, l, at, at.Add(time.Duration(l.Attempts)*5*time.Second))
}

// giveUp ends a question without an answer, which costs nothing.
func (k *Clerk) giveUp(ctx context.Context, l sms.Lookup, why string) error {
	l.Status, l.Credits, l.Error = sms.TaskError, 0, why
	at := k.Clock.Now()
	return k.Store.AnswerLookup(ctx, l, at, at)
}
