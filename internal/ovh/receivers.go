package ovh

import (
	"context"
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
	return a.store.Slots(ctx, s.ID)
}

// slot finds a slot of one of the caller's services.
func (a *API) slot(ctx context.Context, c *Call, service string, slot int64) (sms.Service, store.Slot, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, store.Slot{}, err
	}
	if slot < 1 || slot > campaign.MaxSlot {
		return s, store.Slot{}, sms.Errorf(sms.NoObject, "The requested object (slotId = %d) does not exist: slots are 1 to %d", slot, campaign.MaxSlot)
	}
	at, err := a.store.Slot(ctx, s.ID, int(slot))
	return s, at, err
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
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return smsReceiver{}, err
	}
	slot := store.Slot{Slot: int(in.SlotID), Description: in.Description, URL: *in.CsvURL, AutoUpdate: deref(in.AutoUpdate)}
	slot, err = a.slots.Load(ctx, s, slot, a.slots.At(slot.URL))
	return newReceiver(slot), err
}

func (in postSmsServiceNameReceiversIn) check() error {
	switch {
	case in.SlotID < 1 || in.SlotID > campaign.MaxSlot:
		return sms.Errorf(sms.Invalid, "slotId = %d is not between 1 and %d", in.SlotID, campaign.MaxSlot)
	case deref(in.CsvURL) != "" && deref(in.DocumentID) != "":
		return sms.Errorf(sms.Invalid, "csvUrl and documentId are both given: give one of them")
	case deref(in.DocumentID) != "":
		return sms.Errorf(sms.Invalid, "documentId is not offered by this Ramier yet: give csvUrl, the address of the CSV file")
	case deref(in.CsvURL) == "":
		return sms.Errorf(sms.Invalid, "csvUrl is missing: give the address of the CSV file")
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
	s, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return void{}, err
	}
	if in.Body.Description != nil {
		slot.Description = *in.Body.Description
	}
	if in.Body.AutoUpdate != nil {
		slot.AutoUpdate = *in.Body.AutoUpdate
	}
	if slot.AutoUpdate && slot.URL == "" {
		return void{}, sms.Errorf(sms.Invalid, "autoUpdate = true needs a list from a csvUrl: slot %d has none", slot.Slot)
	}
	if err := checkSlotDescription(slot.Description); err != nil {
		return void{}, err
	}
	return void{}, a.store.SetSlot(ctx, s.ID, slot.Slot, slot.Description, slot.AutoUpdate)
}

func (a *API) deleteSlot(ctx context.Context, c *Call, in deleteSmsServiceNameReceiversSlotIDIn) (void, error) {
	s, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteSlot(ctx, s.ID, slot.Slot)
}

func (a *API) getSlotCSV(ctx context.Context, c *Call, in getSmsServiceNameReceiversSlotIDCsvIn) (string, error) {
	_, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	if err != nil {
		return "", err
	}
	return a.slots.CSV(ctx, slot)
}

// cleanSlot cleans a list: for free by the rules of numbers, which is done when the answer comes, and taskId is the number of the new
// list; or by questions to the operators, which a task puts.
func (a *API) cleanSlot(ctx context.Context, c *Call, in postSmsServiceNameReceiversSlotIDCleanIn) (smsReceiversAsynchronousCleanReport, error) {
	var out smsReceiversAsynchronousCleanReport
	s, slot, err := a.slot(ctx, c, in.ServiceName, in.SlotID)
	switch {
	case err != nil:
		return out, err
	case in.Freemium && in.PriceOnly:
		return out, nil
	case in.Freemium:
		list, err := a.slots.Clean(ctx, s, slot)
		out.TaskID = list.ID
		return out, err
	case in.PriceOnly:
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
