package campaign

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"
	"unicode/utf8"

	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// Batches sends texts to lists of any length, in steps: each plans some rows and accepts their messages in one transaction.
type Batches struct {
	slots   *Slots
	store   *store.Store
	submit  *submit.Submitter
	clock   *clock.Clock
	log     *slog.Logger
	nudged  chan struct{}
	quoting chan struct{}
	known   map[int64]*known  // by batch
	surveys map[int64]*survey // by batch
	rows    int               // of a step, at most
	exact   int               // rows whose cost is known before a batch is made, at most
}

// NewBatches makes Batches. Run works at them.
func NewBatches(s *Slots, st *store.Store, sub *submit.Submitter, c *clock.Clock, log *slog.Logger) *Batches {
	return &Batches{
		slots: s, store: st, submit: sub, clock: c, log: log, nudged: make(chan struct{}, 1), quoting: make(chan struct{}, 1), known: map[int64]*known{}, surveys: map[int64]*survey{},
		rows: ChunkRows, exact: exactRows,
	}
}

// Request is a batch to be made. Its order has no receivers.
type Request struct {
	Name     string
	Order    sms.Order
	Slot     int      // 1 to 9, or 0 and
	To       []string // the receivers
	DueAt    time.Time
	Hold     time.Duration // in which nothing is planned or charged
	Settings sms.BatchSettings
	QuoteID  string // what it is to be charged by, empty = the prices of the moment
	Key      submit.Key
}

// tolerance is how far in the past a time may be that means now: clocks differ.
const tolerance = 5 * time.Minute

// Create makes a batch, after a look whether its first rows can be sent: nobody should hear tomorrow that the sender is unknown. Errors: those of
// Plan; NoCredit if the first rows cost more than there is; NoObject for an empty slot.
func (b *Batches) Create(ctx context.Context, rules *sms.Rules, r Request) (sms.Batch, error) {
	now := b.clock.Now()
	if err := r.check(now); err != nil {
		return sms.Batch{}, err
	}
	if uuid, err := b.earlier(ctx, rules.Service.ID, r.Key, now); err != nil || uuid != "" {
		if err != nil {
			return sms.Batch{}, err
		}
		return b.store.Batch(ctx, rules.Service.ID, uuid)
	}
	list, err := b.list(ctx, rules.Service, r)
	if err != nil {
		return sms.Batch{}, err
	}
	batch := sms.Batch{
		UUID: store.NewUUID(), ServiceID: rules.Service.ID, Credential: r.Order.Credential, QueryID: r.Order.QueryID, Name: r.Name, Order: r.Order,
		Slot: r.Slot, Settings: r.Settings, Status: sms.BatchPending, Total: list.Records, CreatedAt: now, UpdatedAt: now, DueAt: r.DueAt,
		WakeAt: now,
	}
	if batch.Order.Tag == "" {
		batch.Order.Tag = rand.Text()[:16]
	}
	if r.Hold > 0 {
		batch.HoldUntil = now.Add(r.Hold)
		batch.WakeAt = batch.HoldUntil
	}
	if r.QuoteID != "" {
		err = b.bind(ctx, rules, &batch, list, r)
	} else {
		list, err = b.estimateToday(ctx, rules, &batch, list, r.To)
	}
	if err != nil {
		return batch, err
	}
	if r.Slot == 0 {
		if list, err = keep(ctx, b.store, list.Columns, 0, rules.Service.ID, given(r.To), now); err != nil {
			return batch, err
		}
	}
	batch.ListID = list.ID
	uuid, err := b.store.AddBatch(ctx, &batch, r.Slot == 0, store.BatchKey{Key: r.Key.Key, Hash: r.Key.Hash})
	if err != nil {
		return batch, err
	}
	b.Nudge()
	if uuid != batch.UUID {
		return b.store.Batch(ctx, rules.Service.ID, uuid)
	}
	return batch, nil
}

// estimateToday is estimate, with the file of today if the list of a slot that is to be updated is refused. It gives the list that it is for.
func (b *Batches) estimateToday(ctx context.Context, rules *sms.Rules, batch *sms.Batch, list store.List, to []string) (store.List, error) {
	refused := b.estimate(ctx, rules, batch, list, to)
	if code := sms.CodeOf(refused); batch.Slot == 0 || code != sms.Invalid && code != sms.NoCredit {
		return list, refused
	}
	slot, err := b.store.Slot(ctx, batch.ServiceID, 0, batch.Slot)
	if err != nil || !slot.AutoUpdate {
		return list, refused
	}
	if slot, err = b.slots.Refresh(ctx, rules.Service, slot, 0); err != nil {
		return list, err
	}
	batch.Total = slot.List.Records
	return slot.List, b.estimate(ctx, rules, batch, slot.List, to)
}

func (r *Request) check(now time.Time) error {
	if r.Slot != 0 && len(r.To) > 0 {
		return sms.Errorf(sms.Invalid, "to and slotID are both given: give one of them")
	}
	if r.Slot == 0 && len(r.To) == 0 {
		return sms.Errorf(sms.Invalid, "to is empty, and slotID is not given: list the numbers in to, or name a slot that holds a list")
	}
	if r.Hold < 0 || r.Hold > sms.MaxBatchHold {
		return sms.Errorf(sms.Invalid, "holdMinutes = %d is not between 0 and %d", r.Hold/time.Minute, sms.MaxBatchHold/time.Minute)
	}
	if err := checkName(r.Name); err != nil {
		return err
	}
	if err := checkDue(r.DueAt, now); err != nil {
		return err
	}
	return r.Settings.Check()
}

// checkDue refuses times at which no batch can leave; zero is at once.
func checkDue(at, now time.Time) error {
	switch {
	case at.IsZero():
		return nil
	case at.Before(now.Add(-tolerance)):
		return sms.Errorf(sms.Invalid, "deferred = %s is in the past: give a time to come, or leave it out", at.Format(time.RFC3339))
	case at.After(now.Add(sms.MaxBatchDeferred)):
		return sms.Errorf(sms.Invalid, "deferred = %s is later than %d days from now", at.Format(time.RFC3339), sms.MaxBatchDeferred/(24*time.Hour))
	}
	return nil
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n > sms.MaxBatchName {
		return sms.Errorf(sms.Invalid, "name has %d characters, more than %d", n, sms.MaxBatchName)
	}
	return nil
}

// earlier gives the batch that an earlier request with the key has made.
func (b *Batches) earlier(ctx context.Context, service int64, k submit.Key, now time.Time) (string, error) {
	if k.Key == "" {
		return "", nil
	}
	if err := k.Check(); err != nil {
		return "", err
	}
	return b.store.Remembered(ctx, service, k.Key, k.Hash, now)
}

// list finds the list of a batch; that of given receivers is not stored yet.
func (b *Batches) list(ctx context.Context, service sms.Service, r Request) (store.List, error) {
	if r.Slot == 0 {
		return store.List{ServiceID: service.ID, Columns: []string{""}, Records: len(r.To)}, nil
	}
	slot, err := b.store.Slot(ctx, service.ID, 0, r.Slot)
	return slot.List, err
}

// given makes rows of receivers. Their place among them stands for the line.
func given(to []string) func(func(Row, error) bool) {
	return func(yield func(Row, error) bool) {
		for i, receiver := range to {
			if !yield(newRow(i+1, []string{receiver}, 0), nil) {
				return
			}
		}
	}
}

// order makes rows of a batch an order; from is the place of the first.
func (b *Batches) order(batch *sms.Batch, list store.List, rows func(func(Row, error) bool), from int, now time.Time) (sms.Order, error) {
	o := batch.Order
	o.Priority, o.Validity = sms.Medium, sms.MaxValidity
	if batch.DueAt.After(now) {
		o.Deferred = batch.DueAt.Sub(now)
	}
	if over := batch.Settings.Spread; over > 0 {
		begin := batch.StartedAt
		if begin.IsZero() {
			begin = now
		}
		if batch.DueAt.After(begin) {
			begin = batch.DueAt
		}
		o.Spread = &sms.Spread{From: begin, Over: over, First: from, Of: batch.Total}
	}
	if batch.Slot != 0 {
		return fill(o, list.Columns, rows)
	}
	for row, err := range rows {
		if err != nil {
			return o, err
		}
		if row.Refused != nil {
			o.Unreadable = append(o.Unreadable, *row.Refused)
			continue
		}
		o.Receivers, o.Lines = append(o.Receivers, row.Receiver), append(o.Lines, row.Line)
	}
	return o, nil
}

// first gives at most so many rows.
func first(rows func(func(Row, error) bool), most int) func(func(Row, error) bool) {
	return func(yield func(Row, error) bool) {
		n := 0
		rows(func(r Row, err error) bool {
			if n++; n > most {
				return false
			}
			return yield(r, err) && n < most
		})
	}
}

// Receivers gives the receivers of a batch that were given as they were written, nil if there are more than most, or none were given.
func (b *Batches) Receivers(ctx context.Context, batch *sms.Batch, most int) ([]string, error) {
	if batch.Slot != 0 || batch.Total > min(most, ChunkRows) {
		return nil, nil
	}
	list, err := b.store.List(ctx, batch.ListID)
	if err != nil {
		return nil, err
	}
	receivers := []string{}
	for row, err := range stored(ctx, b.store, list, 0) {
		if err != nil {
			return nil, err
		}
		receivers = append(receivers, row.Written)
	}
	return receivers, nil
}

// Edit saves the name of a batch, and its text and time if they differ from what it had. Errors: those of sms.NewPlan; Conflict for the
// text once its rows are being planned, and for the time once a message has left.
func (b *Batches) Edit(ctx context.Context, batch, had sms.Batch) error {
	now := b.clock.Now()
	if err := checkName(batch.Name); err != nil {
		return err
	}
	if batch.Order.Text != had.Order.Text || !batch.DueAt.Equal(had.DueAt) {
		if err := b.checkEdit(ctx, &batch, now); err != nil {
			return err
		}
	}
	batch.UpdatedAt = now
	return b.store.EditBatch(ctx, batch, had)
}

// checkEdit looks whether the first rows can be sent with another text or at another time, and what all would cost.
func (b *Batches) checkEdit(ctx context.Context, batch *sms.Batch, now time.Time) error {
	if err := checkDue(batch.DueAt, now); err != nil {
		return err
	}
	if batch.Status != sms.BatchPending {
		return nil // its rows are planned and charged
	}
	rules, err := b.rules(ctx, batch)
	if err != nil {
		return err
	}
	list, err := b.store.List(ctx, batch.ListID)
	if err != nil {
		return err
	}
	if batch.QuoteID != "" {
		_, _, err := b.survey(ctx, &survey{batch: *batch, rules: rules, list: list})
		return err
	}
	_, err = b.appraiseFirst(ctx, rules, batch, list, nil)
	return err
}

// Pause stops a batch until Resume: nothing more is planned, and what is in the queue stays there. Error: Conflict.
func (b *Batches) Pause(ctx context.Context, batch *sms.Batch) error {
	return b.store.PauseBatch(ctx, batch, "", b.clock.Now())
}

// Resume goes on with a paused batch. One that had stopped by itself does not do so again for the same reason, and its canary has passed.
func (b *Batches) Resume(ctx context.Context, batch *sms.Batch) error {
	now := b.clock.Now()
	if batch.Paused && batch.Reason != "" && batch.Watched() {
		batch.Settings.MaxFailures, batch.Settings.MaxStops = nil, nil
		if batch.InCanary() {
			batch.PassedAt = now
		}
	}
	err := b.store.ResumeBatch(ctx, batch, now)
	b.Nudge()
	return err
}

// Cancel takes a batch back: see store.CancelBatch. The batch is as it is then.
func (b *Batches) Cancel(ctx context.Context, batch *sms.Batch, rest bool) error {
	err := b.store.CancelBatch(ctx, batch, rest, b.clock.Now())
	b.Nudge()
	return err
}

// Nudge has Run look at once.
func (b *Batches) Nudge() {
	select {
	case b.nudged <- struct{}{}:
	default:
	}
}
