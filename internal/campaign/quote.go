package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Quote says exactly what a batch would cost, planning each row as the batch would, in constant memory, and keeps it. It charges and sends
// nothing. The file of a slot that is to be updated is fetched first. Errors: as Create's; TooFast when the service has too many quotes.
func (b *Batches) Quote(ctx context.Context, rules *sms.Rules, r Request) (*sms.BatchQuote, error) {
	now := b.clock.Now()
	if err := r.check(now); err != nil {
		return nil, err
	}
	// One at a time: a list of a million rows keeps a processor busy for a while.
	select {
	case b.quoting <- struct{}{}:
		defer func() { <-b.quoting }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.Slot != 0 {
		slot, err := b.store.Slot(ctx, rules.Service.ID, 0, r.Slot)
		if err == nil {
			_, err = b.slots.Refresh(ctx, rules.Service, slot, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	list, err := b.list(ctx, rules.Service, r)
	if err != nil {
		return nil, err
	}
	q := &sms.BatchQuote{Request: r.hash(), ListID: list.ID}
	q.ID = store.NewUUID()
	s := survey{batch: r.batch(rules, list.Records), rules: rules, list: list, to: r.To}
	for !s.done() {
		plan, asked, err := b.survey(ctx, &s)
		if err != nil {
			return nil, err
		}
		if err := q.Add(s.batch.Next, plan, asked); err != nil {
			return nil, err
		}
	}
	return q, b.store.AddBatchQuote(ctx, q)
}

// batch is what a request asks for, before anything is planned.
func (r *Request) batch(rules *sms.Rules, total int) sms.Batch {
	return sms.Batch{ServiceID: rules.Service.ID, Order: r.Order, Slot: r.Slot, Settings: r.Settings, Total: total, DueAt: r.DueAt}
}

// hash stands for what of a request decides what it costs, but for the rows of its slot.
func (r *Request) hash() []byte {
	text, err := json.Marshal(struct {
		Text, Sender, Tag   string
		Class               sms.Class
		ForResponse, NoStop bool
		Slot, Canary        int
		To                  []string
	}{r.Order.Text, r.Order.Sender, r.Order.Tag, r.Order.Class, r.Order.ForResponse, r.Order.NoStop, r.Slot, r.Settings.Canary, r.To})
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// look plans rows of a batch without sending them, and gives the rules that it was done by.
func (b *Batches) look(ctx context.Context, rules *sms.Rules, batch *sms.Batch, list store.List, receivers []string, to int, known func(string) bool) (*sms.Plan, *sms.Rules, error) {
	rows := given(receivers[min(batch.Next, len(receivers)):min(to, len(receivers))])
	if list.ID != 0 { // the list is stored
		rows = first(stored(ctx, b.store, list, batch.Next), to-batch.Next)
	}
	o, err := b.order(batch, list, rows, batch.Next, b.clock.Now())
	if err != nil {
		return nil, nil, err
	}
	return b.submit.LookPart(ctx, rules, o, known)
}

// bind makes a batch one that is charged by a quote, after a look whether the first step still costs that. Errors: NoObject, Conflict; NoCredit
// if it costs more than there is.
func (b *Batches) bind(ctx context.Context, rules *sms.Rules, batch *sms.Batch, list store.List, r Request) error {
	q, err := b.store.BatchQuote(ctx, batch.ServiceID, r.QuoteID)
	if sms.CodeOf(err) == sms.NoObject {
		return sms.Errorf(sms.NoObject, "The requested object (quoteId = %s) does not exist", r.QuoteID)
	}
	if err == nil {
		err = q.Usable(batch.CreatedAt)
	}
	switch {
	case err != nil:
		return err
	case string(q.Request) != string(r.hash()):
		return sms.Errorf(sms.Conflict, "The batch is not the one that was quoted as %s: its text, sender, STOP clause, tag, class, canary, slot or receivers differ; ask for a new quote", q.ID)
	case r.Slot != 0 && q.ListID != list.ID:
		return sms.Errorf(sms.Conflict, "The slot %d holds another list than the one that was quoted as %s: ask for a new quote", r.Slot, q.ID)
	}
	balance, err := b.store.Balance(ctx, batch.ServiceID)
	if err != nil {
		return err
	}
	if q.Credits > balance.Available {
		return sms.Errorf(sms.NoCredit, "Not enough credits: %v needed, %v left on %s", q.Credits, balance.Available, rules.Service.Name).
			With("needed", q.Credits.String()).With("left", balance.Available.String())
	}
	step := q.Steps[0]
	plan, _, err := b.look(ctx, rules, batch, list, r.To, step.To, func(string) bool { return false })
	if err == nil {
		err = step.Bind(plan)
	}
	batch.QuoteID, batch.Estimate, batch.Exact = q.ID, q.Credits, true
	return err
}
