package campaign

import (
	"context"
	"errors"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Run works at batches until the context ends, while mine says that it is this node's to do. Two nodes at once would do no harm.
func (b *Batches) Run(ctx context.Context, mine func() bool) {
	for ctx.Err() == nil {
		worked := false
		if mine() {
			var err error
			if worked, err = b.Step(ctx); err != nil && ctx.Err() == nil {
				b.log.Error("a batch cannot go on; it is tried again", "error", err)
				worked = false
			}
		}
		if !worked {
			b.wait(ctx)
		}
	}
}

// poll is how often batches are looked for without a reason.
const poll = time.Second

// wait returns when there may be something to do.
func (b *Batches) wait(ctx context.Context) {
	alarm, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	go func() {
		if b.clock.Sleep(alarm, b.clock.Now().Add(poll)) == nil {
			cancel()
		}
	}()
	select {
	case <-b.nudged:
	case <-alarm.Done():
	}
}

const (
	// maxLooked is how many batches a round looks at.
	maxLooked = 100
	// maxPlanned is how many of them plan rows: each keeps the numbers that have got their message in memory.
	maxPlanned = 3
)

// Step gives each batch whose time has come one step, the oldest first, and tells whether there was any. One that fails does not stop the others;
// it waits a while.
func (b *Batches) Step(ctx context.Context) (worked bool, err error) {
	batches, err := b.store.WakingBatches(ctx, b.clock.Now(), maxLooked)
	if err != nil {
		return false, err
	}
	planned, looked := map[int64]bool{}, map[int64]bool{}
	for i := range batches {
		batch := &batches[i]
		looked[batch.ID] = true
		if batch.Status == sms.BatchInserting && !batch.Paused && !batch.InCanary() {
			if len(planned) == maxPlanned {
				continue
			}
			planned[batch.ID] = true
		}
		worked = true
		one := b.step(ctx, batch)
		if one != nil && ctx.Err() == nil {
			one = errors.Join(one, b.store.WakeBatch(ctx, batch.ID, b.clock.Now().Add(retry)))
		}
		err = errors.Join(err, one)
	}
	for id := range b.known {
		if !planned[id] {
			delete(b.known, id)
		}
	}
	for id := range b.surveys {
		if !looked[id] {
			delete(b.surveys, id)
		}
	}
	return worked, err
}

// retry is when a step that failed is done again.
const retry = 5 * time.Second

func (b *Batches) step(ctx context.Context, batch *sms.Batch) error {
	now := b.clock.Now()
	switch {
	case batch.Status == sms.BatchCanceling:
		_, err := b.store.CancelBatchJob(ctx, batch, now, now.Add(poll))
		return err
	case batch.Paused:
		wake, err := b.appraise(ctx, batch, now, now.Add(later(now.Sub(batch.UpdatedAt), time.Minute)))
		return errors.Join(err, b.store.ParkBatch(ctx, batch, wake))
	case batch.Status == sms.BatchPending:
		return b.begin(ctx, batch, now)
	case batch.InCanary():
		return b.judge(ctx, batch, now)
	case batch.Status == sms.BatchInserting:
		return b.plan(ctx, batch, now)
	default:
		return b.finish(ctx, batch, now)
	}
}

// later is when to look again at what has not changed for a while.
func later(since, most time.Duration) time.Duration { return min(max(since/10, time.Second), most) }

// begin starts the planning, with the file of today if the slot is to be updated.
func (b *Batches) begin(ctx context.Context, batch *sms.Batch, now time.Time) error {
	if batch.HoldUntil.After(now) {
		wake, err := b.appraise(ctx, batch, now, batch.HoldUntil)
		return errors.Join(err, b.store.WakeBatch(ctx, batch.ID, wake))
	}
	if err := b.refresh(ctx, batch); err != nil {
		if temporary(err) && now.Sub(batch.CreatedAt) < refreshing {
			return err
		}
		return b.give(ctx, batch, err, now)
	}
	batch.Status, batch.StartedAt, batch.UpdatedAt, batch.WakeAt = sms.BatchInserting, now, now, now
	_, err := b.store.MoveBatch(ctx, batch, sms.BatchPending)
	return err
}

// refreshing is how long it is tried to fetch a file.
const refreshing = 30 * time.Minute

func (b *Batches) refresh(ctx context.Context, batch *sms.Batch) error {
	if batch.Slot == 0 || batch.QuoteID != "" {
		return nil
	}
	slot, err := b.store.Slot(ctx, batch.ServiceID, 0, batch.Slot)
	if sms.CodeOf(err) == sms.NoObject || err == nil && slot.List.ID != batch.ListID {
		return nil // the slot has another list meanwhile; the batch keeps the one it was made for
	}
	if err != nil {
		return err
	}
	service, err := b.store.ServiceByID(ctx, batch.ServiceID)
	if err != nil {
		return err
	}
	_, err = b.slots.Refresh(ctx, service, slot, batch.ID)
	return err
}

func temporary(err error) bool {
	code := sms.CodeOf(err)
	return code == sms.Unavailable || code == sms.Internal
}

// give up a batch of which nothing is sent, and pause others, so that what is wrong can be put right.
func (b *Batches) give(ctx context.Context, batch *sms.Batch, why error, now time.Time) error {
	if batch.Messages > 0 || sms.CodeOf(why) == sms.NoCredit {
		return b.store.PauseBatch(ctx, batch, why.Error(), now)
	}
	from := batch.Status
	batch.Status, batch.Reason, batch.FinishedAt, batch.UpdatedAt, batch.WakeAt = sms.BatchFailed, why.Error(), now, now, time.Time{}
	_, err := b.store.MoveBatch(ctx, batch, from)
	return err
}

// known are the numbers that have got their message from the rows before next.
type known struct {
	numbers
	next int
}

// knownOf gives the numbers of a batch, from the database after a start.
func (b *Batches) knownOf(ctx context.Context, batch *sms.Batch) (*known, error) {
	if k := b.known[batch.ID]; k != nil && k.next == batch.Next {
		return k, nil
	}
	k := &known{next: batch.Next}
	if batch.Messages > 0 {
		if err := b.store.BatchReceivers(ctx, batch.ID, func(receiver string) { k.add(receiver) }); err != nil {
			return nil, err
		}
	}
	b.known[batch.ID] = k
	return k, nil
}

// stepText is how many bytes of text a step makes, as far as the columns do not add to it.
const stepText = 16 << 20

// stepEnd gives the row before which the next step ends: that of a chunk or of the canary, or sooner if the text is very long.
func (b *Batches) stepEnd(batch *sms.Batch) int {
	rows := max(1, min(b.rows, stepText/max(1, len(batch.Order.Text))))
	return min((batch.Next/ChunkRows+1)*ChunkRows, batch.Next+rows, batch.Ready())
}

// quoted gives what the next step may cost, nil without a quote.
func (b *Batches) quoted(ctx context.Context, batch *sms.Batch, to int) (*sms.QuotedStep, error) {
	if batch.QuoteID == "" {
		return nil, nil
	}
	q, err := b.store.BatchQuote(ctx, batch.ServiceID, batch.QuoteID)
	if err != nil {
		return nil, err
	}
	return q.Step(to)
}

// plan plans the next rows and accepts their messages.
func (b *Batches) plan(ctx context.Context, batch *sms.Batch, now time.Time) error {
	to := b.stepEnd(batch)
	quoted, err := b.quoted(ctx, batch, to)
	if err != nil {
		return b.breakQuote(ctx, batch, err, now)
	}
	list, err := b.store.List(ctx, batch.ListID)
	if err != nil {
		return err
	}
	service, err := b.store.ServiceByID(ctx, batch.ServiceID)
	if err != nil {
		return err
	}
	k, err := b.knownOf(ctx, batch)
	if err != nil {
		return err
	}
	o, err := b.order(batch, list, first(stored(ctx, b.store, list, batch.Next), to-batch.Next), batch.Next, now)
	if err == nil {
		var report submit.Report
		report, err = b.submit.SubmitPart(ctx, service.AccountID, service.Name, o, submit.Part{
			Known: k.has, Quoted: quoted,
			Step: store.BatchStep{Batch: batch.ID, From: batch.Next, To: to, Canary: to < batch.Total && to == batch.Ready(), Due: batch.DueAt, At: now},
		})
		if err == nil {
			for _, receiver := range report.Valid {
				k.add(receiver)
			}
			k.next = to
			return nil
		}
	}
	delete(b.known, batch.ID) // it may have been accepted all the same
	if _, stale := errors.AsType[*store.StaleStepError](err); stale {
		return nil
	}
	if temporary(err) {
		return err
	}
	if quoted != nil && sms.CodeOf(err) == sms.Conflict {
		return b.breakQuote(ctx, batch, err, now)
	}
	return b.give(ctx, batch, err, now)
}

// breakQuote stops a batch that would be charged otherwise than it was quoted. Resuming it accepts the prices of then.
func (b *Batches) breakQuote(ctx context.Context, batch *sms.Batch, why error, now time.Time) error {
	if temporary(why) {
		return why
	}
	why = sms.Errorf(sms.Conflict, "the quote %s does not hold any more: %v", batch.QuoteID, why)
	if err := b.store.LeaveQuote(ctx, batch); err != nil {
		return err
	}
	return b.give(ctx, batch, why, now)
}

// judge stops a batch whose messages fail, or whose receivers answer STOP, and lets one go on whose canary has passed.
func (b *Batches) judge(ctx context.Context, batch *sms.Batch, now time.Time) error {
	counts, err := b.store.CountBatch(ctx, batch)
	if err != nil {
		return err
	}
	goes, reason := batch.Judge(counts, now)
	switch {
	case reason != "":
		return b.store.PauseBatch(ctx, batch, "it has stopped by itself: "+reason, now)
	case goes:
		batch.PassedAt, batch.UpdatedAt, batch.WakeAt = now, now, now
		_, err := b.store.MoveBatch(ctx, batch, batch.Status)
		return err
	}
	wake := now.Add(later(now.Sub(batch.UpdatedAt), 10*time.Second))
	if batch.InCanary() {
		wake, err = b.appraise(ctx, batch, now, wake)
	}
	return errors.Join(err, b.store.WakeBatch(ctx, batch.ID, wake))
}

// finish ends a batch of which nothing waits any more.
func (b *Batches) finish(ctx context.Context, batch *sms.Batch, now time.Time) error {
	if batch.DueAt.After(now) {
		return b.store.WakeBatch(ctx, batch.ID, batch.DueAt)
	}
	waits, err := b.store.BatchWaits(ctx, batch)
	switch {
	case err != nil:
		return err
	case waits && batch.Watched():
		return b.judge(ctx, batch, now)
	case waits:
		return b.store.WakeBatch(ctx, batch.ID, now.Add(later(now.Sub(batch.UpdatedAt), 30*time.Second)))
	}
	batch.Status, batch.FinishedAt, batch.UpdatedAt, batch.WakeAt = sms.BatchCompleted, now, now, time.Time{}
	_, err = b.store.MoveBatch(ctx, batch, sms.BatchInserted)
	return err
}
