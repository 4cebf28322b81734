package campaign

import (
	"context"
	"iter"
	"slices"
	"time"

	"ramier/internal/fetch"
	"ramier/internal/phone"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// MaxSlot is the highest number of a slot; the lowest is 1.
const MaxSlot = 9

// Slots keeps lists in the slots of services.
type Slots struct {
	store *store.Store
	fetch *fetch.Client
	now   func() time.Time
}

// NewSlots makes Slots that fetch lists with c and read the time from now.
func NewSlots(s *store.Store, c *fetch.Client, now func() time.Time) *Slots {
	return &Slots{store: s, fetch: c, now: now}
}

// Source opens the file of a slot.
type Source func(ctx context.Context, o Options) (*List, error)

// At is the source of files at a URL.
func (s *Slots) At(url string) Source {
	return func(ctx context.Context, o Options) (*List, error) { return Open(ctx, s.fetch, url, o) }
}

// In is the source of a document of a customer.
func (s *Slots) In(d sms.Document) Source {
	return func(ctx context.Context, o Options) (*List, error) {
		o.Name = d.Name
		return Read(s.store.Content(ctx, d), o)
	}
}

// Load reads a list into an empty slot, whose number, user, description, URL and automatic update are given. It reads as it stores, in constant
// memory. Errors: Conflict if the slot is not empty; those of Open and Read.
func (s *Slots) Load(ctx context.Context, service sms.Service, slot store.Slot, from Source) (store.Slot, error) {
	taken, err := s.store.Slots(ctx, service.ID, slot.UserID)
	if err != nil {
		return slot, err
	}
	if slices.Contains(taken, int64(slot.Slot)) {
		return slot, store.SlotTaken(slot.Slot) // before the file is read
	}
	slot.ServiceID = service.ID
	if slot.List, err = s.read(ctx, service, from); err != nil {
		return slot, err
	}
	slot.UpdatedAt = s.now()
	return slot, s.store.AddSlot(ctx, slot)
}

// Refresh fetches the file of a slot again, for a batch of which nothing is planned unless that is 0. A slot without automatic update stays as it is.
func (s *Slots) Refresh(ctx context.Context, service sms.Service, slot store.Slot, batch int64) (store.Slot, error) {
	if !slot.AutoUpdate || slot.URL == "" {
		return slot, nil
	}
	l, err := s.read(ctx, service, s.At(slot.URL))
	if err != nil {
		return slot, err
	}
	now := s.now()
	if err := s.store.ReplaceList(ctx, slot, l, batch, now); err != nil {
		return slot, err
	}
	slot.List, slot.UpdatedAt = l, now
	return slot, nil
}

// read stores a file as a list that is not complete.
func (s *Slots) read(ctx context.Context, service sms.Service, from Source) (store.List, error) {
	list, err := from(ctx, Options{Country: service.Country})
	if err != nil {
		return store.List{}, err
	}
	defer list.Close()
	l, err := keep(ctx, s.store, list.Names(), list.Number, service.ID, list.Rows(), s.now())
	if err == nil && l.Records == 0 {
		err = list.records.fail(sms.Invalid, 0, "there are no receivers: give at least one number, like +33612345678")
	}
	return l, err
}

// Fill makes the rows of a slot of the order's user, or of the service, the receivers of an order, after its file was fetched again if it is to
// be. Errors: TooLarge past a number of rows; NoObject for a slot without a list.
func (s *Slots) Fill(ctx context.Context, service sms.Service, slot int, o sms.Order, most int) (sms.Order, error) {
	at, err := s.store.Slot(ctx, service.ID, o.User, slot)
	if err == nil {
		at, err = s.Refresh(ctx, service, at, 0)
	}
	if err != nil {
		return o, err
	}
	if most > 0 && at.List.Records > most {
		return o, sms.Errorf(sms.TooLarge, "The list in slot %d has %d rows, more than the %d that one call may have: send it with POST batches", slot, at.List.Records, most)
	}
	return fill(o, at.List.Columns, stored(ctx, s.store, at.List, 0))
}

// CSV gives the list of a slot as CSV in UTF-8 with semicolons. Error: TooLarge past 64 MiB.
func (s *Slots) CSV(ctx context.Context, slot store.Slot) (string, error) {
	return csvText(ctx, s.store, slot.List)
}

// Clean takes out of a slot's list the rows whose receiver cannot be read, cannot receive messages, or stands there before. It gives the new list,
// which has taken the place of the old one. Error: Invalid if no row were left.
func (s *Slots) Clean(ctx context.Context, service sms.Service, slot store.Slot) (store.List, error) {
	l, err := keep(ctx, s.store, slot.List.Columns, slot.List.Number, service.ID, cleaned(stored(ctx, s.store, slot.List, 0), service.Country), s.now())
	if err != nil {
		return l, err
	}
	if l.Records == 0 {
		return l, sms.Errorf(sms.Invalid, "None of the %d receivers in slot %d can be used: the list stays as it is", slot.List.Records, slot.Slot)
	}
	return l, s.store.ReplaceList(ctx, slot, l, 0, s.now())
}

// cleaned passes on the rows that are of use.
func cleaned(rows iter.Seq2[Row, error], country string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var seen numbers
		for row, err := range rows {
			if err == nil {
				number, bad := phone.Parse(row.Receiver, country)
				if bad != nil || number.CanReceive() != nil || !seen.add(number.E164) {
					continue
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
