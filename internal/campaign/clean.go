package campaign

import (
	"context"
	"fmt"
	"time"

	"ramier/internal/phone"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Questions counts the numbers of a slot's list that a look-up is of use for: those that can be read, once each.
func (s *Slots) Questions(ctx context.Context, service sms.Service, slot store.Slot) (n int, err error) {
	for _, err := range cleaned(stored(ctx, s.store, slot.List, 0), service.Country) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// AskToClean has the numbers of a slot's list looked up, and those taken out that do not exist, are absent, cannot be used or repeated. It
// takes the credits for it; a Cleaner does the work. Errors: Unavailable when no carrier answers look-ups; NoCredit; Conflict while the
// slot is being cleaned; Invalid for a list without any usable number.
func (s *Slots) AskToClean(ctx context.Context, service sms.Service, slot store.Slot) (store.Cleaning, error) {
	c := store.Cleaning{Task: sms.Task{ServiceID: service.ID}, User: slot.UserID, Slot: slot.Slot, ListID: slot.List.ID}
	carriers, err := s.store.Carriers(ctx)
	if err == nil {
		_, err = sms.NewLookers(carriers)
	}
	if err != nil {
		return c, err
	}
	if c.Questions, err = s.Questions(ctx, service, slot); err != nil {
		return c, err
	}
	if c.Questions == 0 {
		return c, noneUsable(slot.Slot, slot.List.Records)
	}
	err = s.store.AddCleaning(ctx, &c, s.now())
	return c, err
}

func noneUsable(slot, records int) *sms.Error {
	return sms.Errorf(sms.Invalid, "None of the %d receivers in slot %d can be used: the list stays as it is", records, slot)
}

// Cleaner works at cleanings, in steps. It is not for concurrent use.
type Cleaner struct {
	slots *Slots
	known map[int64]*known // by task
}

// NewCleaner makes a Cleaner.
func NewCleaner(s *Slots) *Cleaner { return &Cleaner{slots: s, known: map[int64]*known{}} }

const (
	// askedRows is how many rows are asked for in a step, and askedOpen how many questions may be open before the next: they are
	// given up when they wait too long.
	askedRows, askedOpen = 1000, 200
)

// Step does a piece of a cleaning and tells whether there was anything to do now. Errors that are not Unavailable or Internal end it.
func (k *Cleaner) Step(ctx context.Context, c *store.Cleaning) (worked bool, err error) {
	list, err := k.slots.store.List(ctx, c.ListID)
	if err != nil {
		return false, err
	}
	service, err := k.slots.store.ServiceByID(ctx, c.Task.ServiceID)
	if err != nil {
		return false, err
	}
	open, err := k.slots.store.OpenQuestions(ctx, c)
	switch {
	case err != nil:
		return false, err
	case c.Next < list.Records && open <= askedOpen:
		return true, k.ask(ctx, c, list, service)
	case c.Next < list.Records || open > 0:
		return false, nil
	}
	delete(k.known, c.Task.ID)
	return true, k.slots.finishCleaning(ctx, c, list, service)
}

// Forget gives up what is known of a cleaning that has ended.
func (k *Cleaner) Forget(task int64) { delete(k.known, task) }

// ask puts the questions about the next rows.
func (k *Cleaner) ask(ctx context.Context, c *store.Cleaning, list store.List, service sms.Service) error {
	rules, err := k.slots.store.Rules(ctx, service.Name)
	if err != nil {
		return err
	}
	carriers, err := k.slots.store.Carriers(ctx)
	if err != nil {
		return err
	}
	lookers, err := sms.NewLookers(carriers)
	if err != nil {
		return err
	}
	seen, err := k.seen(ctx, c, list, service)
	if err != nil {
		return err
	}
	next := min(c.Next+askedRows, list.Records)
	var all []sms.Lookup
	for row, err := range first(stored(ctx, k.slots.store, list, c.Next), next-c.Next) {
		if err != nil {
			return err
		}
		if n, ok := usable(row, service.Country); ok && seen.add(n.E164) {
			all = append(all, sms.Lookup{
				CarrierID: lookers.For(rules, n), Receiver: n.E164, Country: n.Country, Status: sms.TaskTodo, Credits: sms.LookupPrice,
			})
		}
	}
	delete(k.known, c.Task.ID) // until it is written
	if err := k.slots.store.AskCleaning(ctx, c, next, all, k.slots.now()); err != nil {
		return err
	}
	seen.next = next
	k.known[c.Task.ID] = seen
	return nil
}

// seen gives the numbers of the rows before the next, from the list after a start.
func (k *Cleaner) seen(ctx context.Context, c *store.Cleaning, list store.List, service sms.Service) (*known, error) {
	if seen := k.known[c.Task.ID]; seen != nil && seen.next == c.Next {
		return seen, nil
	}
	seen := &known{next: c.Next}
	if c.Next == 0 {
		return seen, nil
	}
	for row, err := range first(stored(ctx, k.slots.store, list, 0), c.Next) {
		if err != nil {
			return nil, err
		}
		if n, ok := usable(row, service.Country); ok {
			seen.add(n.E164)
		}
	}
	return seen, nil
}

// finishCleaning makes the list without the numbers that are of no use.
func (s *Slots) finishCleaning(ctx context.Context, c *store.Cleaning, list store.List, service sms.Service) error {
	var gone numbers
	missing, absent, silent := 0, 0, 0
	if err := s.store.CleaningAnswers(ctx, c, func(l sms.Lookup) {
		switch {
		case l.Status == sms.TaskError:
			silent++
			return
		case !l.Valid:
			missing++
		default:
			absent++
		}
		gone.add(l.Receiver)
	}); err != nil {
		return err
	}
	left := func(yield func(Row, error) bool) {
		for row, err := range cleaned(stored(ctx, s.store, list, 0), service.Country) {
			if n, ok := usable(row, service.Country); err == nil && (!ok || gone.has(n.E164)) {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
	now := s.now()
	l, err := keep(ctx, s.store, list.Columns, list.Number, service.ID, left, now)
	if err != nil {
		return err
	}
	if l.Records == 0 {
		return noneUsable(c.Slot, list.Records)
	}
	end(c, sms.TaskDone, fmt.Sprintf("%d of %d receivers are left: %d could not be read, be reached by SMS or were repeated, %d numbers do not exist, %d are absent, %d got no answer and stay",
		l.Records, list.Records, list.Records-l.Records-missing-absent, missing, absent, silent), now)
	return s.store.EndCleaning(ctx, c, &l, now)
}

// GiveUp ends a cleaning and leaves the list as it is.
func (s *Slots) GiveUp(ctx context.Context, c *store.Cleaning, why string) error {
	now := s.now()
	end(c, sms.TaskError, why, now)
	return s.store.EndCleaning(ctx, c, nil, now)
}

func end(c *store.Cleaning, status, message string, at time.Time) {
	c.Task.Status, c.Task.Step, c.Task.Message, c.Task.DoneAt = status, sms.StepFinishing, message, at
}

// usable reads the receiver of a row.
func usable(row Row, country string) (phone.Number, bool) {
	n, err := phone.Parse(row.Receiver, country)
	return n, err == nil && n.CanReceive() == nil
}
