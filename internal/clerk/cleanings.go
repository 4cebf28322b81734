package clerk

import (
	"context"
	"errors"
	"time"

	"ramier/internal/sms"
)

// cleaningPatience is how long a cleaning is tried that fails by no fault of the customer's, from when it was asked for.
const cleaningPatience = 24 * time.Hour

// doCleanings works at the lists whose numbers are looked up, a step each in turn.
func (k *Clerk) doCleanings(ctx context.Context) error {
	for worked := true; worked && k.OnDuty() && ctx.Err() == nil; {
		worked = false
		all, err := k.Store.OpenTasks(ctx, sms.CleanReceivers, k.Clock.Now(), page)
		if err != nil {
			return err
		}
		for _, t := range all {
			more, err := k.clean(ctx, t)
			if err != nil {
				return err
			}
			worked = worked || more
		}
	}
	return nil
}

// clean does one step of a cleaning. An error is one of writing down what came of it.
func (k *Clerk) clean(ctx context.Context, t sms.Task) (worked bool, err error) {
	c, err := k.Store.Cleaning(ctx, t)
	if err != nil {
		return false, err
	}
	if step := stepOf(c.Next, c.Asked, c.Questions); t.Status != sms.TaskDoing || t.Step != step {
		c.Task.Status, c.Task.Step = sms.TaskDoing, step
		if err := k.Store.UpdateTask(ctx, c.Task); err != nil {
			return false, err
		}
	}
	worked, err = k.Cleaner.Step(ctx, &c)
	known, ok := errors.AsType[*sms.Error](err)
	now := k.Clock.Now()
	switch {
	case err == nil:
		if worked {
			k.Nudge() // there are questions to put
		}
		return worked, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case ok && known.Code != sms.Unavailable && known.Code != sms.Internal:
		k.Cleaner.Forget(t.ID)
		return true, k.GiveUp(ctx, &c, known.Message)
	}
	k.Log.Error("cleaning a list failed", "task", t.ID, "error", err)
	if now.Sub(t.CreatedAt) > cleaningPatience {
		k.Cleaner.Forget(t.ID)
		return true, k.GiveUp(ctx, &c, "it failed again and again by no fault of yours: "+err.Error())
	}
	c.Task.DueAt = now.Add(pause)
	return false, k.Store.UpdateTask(ctx, c.Task)
}

// stepOf tells how far a cleaning is, in OVH's words.
func stepOf(next, asked, questions int) string {
	switch {
	case next == 0:
		return sms.StepStarting
	case asked < questions:
		return sms.StepCreateHlrs
	}
	return sms.StepWaitForHlrs
}
