package ovh

import (
	"context"
	"strings"
	"unicode/utf8"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/store"
)

func (a *API) listSlots(ctx context.Context, c *Call, in getSmsServiceNameReceiversIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.Slots(ctx, s.ID, 0)
}

// slot finds a slot of one of the caller's services.
func (a *API) slot(ctx context.Context, c *Call, service string, slot int64) (sms.Service, store.Slot, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, store.Slot{}, err
	}
	at, err := a.slotOf(ctx, s, sms.User{}, slot)
	return s, at, err
}

// slotOf finds a slot of a service's user, or of the service itself for a user without a name.
func (a *API) slotOf(ctx context.Context, s sms.Service, u sms.User, slot int64) (store.Slot, error) {
	if slot < 1 || slot > campaign.MaxSlot {
		return store.Slot{}, sms.Errorf(sms.NoObject, "The requested object (slotId = %d) does not exist: slots are 1 to %d", slot, campaign.MaxSlot)
	}
	return a.store.Slot(ctx, s.ID, u.ID, int(slot))
}

func (a *API) getSlot(ctx context.Context, c *Call, in getSmsServiceNameReceiversSlotIDIn) (smsReceiver, error) {
	_, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	return newReceiver(slot), err
}

func newReceiver(s store.Slot) smsReceiver {
	return smsReceiver{
		AutoUpdate: s.AutoUpdate, CanAutoUpdate: s.URL != "", Datetime: datetime{s.UpdatedAt}, Description: s.Description, Records: int64(s.List.Records),
		SlotID: int64(s.Slot),
	}
}

func (a *API) createSlot(ctx context.Context, c *Call, in postSmsServiceNameReceiversIn) (smsReceiver, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsReceiver{}, err
	}
	return a.loadSlot(ctx, c, s, sms.User{}, in)
}

// loadSlot fills a slot of a service's user, or of the service itself for a user without a name.
func (a *API) loadSlot(ctx context.Context, c *Call, s sms.Service, u sms.User, in postSmsServiceNameReceiversIn) (smsReceiver, error) {
	slot := store.Slot{UserID: u.ID, Slot: int(in.SlotID), Description: in.Description, URL: deref(in.CsvURL), AutoUpdate: deref(in.AutoUpdate)}
	err := in.check()
	if err != nil {
		return smsReceiver{}, err
	}
	from := a.slots.At(slot.URL)
	if slot.URL == "" {
		var d sms.Document
		if d, err = a.filledDocument(ctx, c, *in.DocumentID); err != nil {
			return smsReceiver{}, err
		}
		from = a.slots.In(d)
	}
	slot, err = a.slots.Load(ctx, s, slot, from)
	return newReceiver(slot), err
}

// filledDocument gives a document of the caller that has its content, named by the parameter documentId.
func (a *API) filledDocument(ctx context.Context, c *Call, id string) (sms.Document, error) {
	d, err := a.document(ctx, c, strings.ToLower(id))
	switch {
	case err != nil:
		return d, referTo(err, "documentId", id, "/me/document")
	case d.UploadedAt.IsZero():
		return d, sms.Errorf(sms.Invalid, "documentId = %q has no content yet: PUT the file to its putUrl first", cut(id))
	}
	return d, nil
}

func (in postSmsServiceNameReceiversIn) check() error {
	url, document := deref(in.CsvURL), deref(in.DocumentID)
	switch {
	case in.SlotID < 1 || in.SlotID > campaign.MaxSlot:
		return sms.Errorf(sms.Invalid, "slotId = %d is not between 1 and %d", in.SlotID, campaign.MaxSlot)
	case url != "" && document != "":
		return sms.Errorf(sms.Invalid, "csvUrl and documentId are both given: give one of them")
	case url == "" && document == "":
		return sms.Errorf(sms.Invalid, "csvUrl is missing, and documentId too: give the address of the CSV file, or the id of a /me/document that holds it")
	case url == "" && deref(in.AutoUpdate):
		return sms.Errorf(sms.Invalid, "autoUpdate = true needs a csvUrl: a document is not fetched again")
	}
	return checkSlotDescription(in.Description)
}

func checkSlotDescription(description string) error {
	if n := utf8.RuneCountInString(description); n > maxText {
		return sms.Errorf(sms.Invalid, "description has %d characters, more than %d", n, maxText)
	}
	return nil
}

func (a *API) putSlot(ctx context.Context, c *Call, in putSmsServiceNameReceiversSlotIDIn) (void, error) {
	_, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.changeSlot(ctx, slot, in.Body)
}

func (a *API) changeSlot(ctx context.Context, slot store.Slot, b smsReceiverBody) error {
	if b.Description != nil {
		slot.Description = *b.Description
	}
	if b.AutoUpdate != nil {
		slot.AutoUpdate = *b.AutoUpdate
	}
	if slot.AutoUpdate && slot.URL == "" {
		return sms.Errorf(sms.Invalid, "autoUpdate = true needs a list from a csvUrl: slot %d has none", slot.Slot)
	}
	if err := checkSlotDescription(slot.Description); err != nil {
		return err
	}
	return a.store.SetSlot(ctx, slot)
}

func (a *API) deleteSlot(ctx context.Context, c *Call, in deleteSmsServiceNameReceiversSlotIDIn) (void, error) {
	_, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteSlot(ctx, slot)
}

func (a *API) getSlotCSV(ctx context.Context, c *Call, in getSmsServiceNameReceiversSlotIDCsvIn) (string, error) {
	_, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return "", err
	}
	return a.slots.CSV(ctx, slot)
}

func (a *API) cleanSlot(ctx context.Context, c *Call, in postSmsServiceNameReceiversSlotIDCleanIn) (smsReceiversAsynchronousCleanReport, error) {
	s, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return smsReceiversAsynchronousCleanReport{}, err
	}
	return a.clean(ctx, s, slot, in.Freemium, in.PriceOnly)
}

// clean cleans a list: for free by the rules of numbers, which is done when the answer comes, and taskId is the number of the new
// list; or by questions to the operators, which a task puts.
func (a *API) clean(ctx context.Context, s sms.Service, slot store.Slot, freemium, priceOnly bool) (out smsReceiversAsynchronousCleanReport, err error) {
	switch {
	case freemium && priceOnly:
		return out, nil
	case freemium:
		list, err := a.slots.Clean(ctx, s, slot)
		out.TaskID = list.ID
		return out, err
	case priceOnly:
		n, err := a.slots.Questions(ctx, s, slot)
		out.TotalCreditsRemoved = (sms.LookupPrice * sms.Credits(n)).Float()
		return out, err
	}
	if err := canLookUp(s, a.now()); err != nil {
		return out, err
	}
	cleaning, err := a.slots.AskToClean(ctx, s, slot)
	if err != nil {
		return out, err
	}
	a.nudge()
	out.TaskID, out.TotalCreditsRemoved = cleaning.Task.ID, (sms.LookupPrice * sms.Credits(cleaning.Questions)).Float()
	return out, nil
}
