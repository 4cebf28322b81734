package ovh

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// The slots of an SMS user are his own: neither the service nor another user sees them, and receiversSlotId in his jobs means them.

func (a *API) listUserSlots(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginReceiversIn) ([]int64, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return nil, err
	}
	return a.store.Slots(ctx, s.ID, u.ID)
}

func (a *API) userSlot(ctx context.Context, c *Call, service, login string, slot int64) (sms.Service, store.Slot, error) {
	s, u, err := a.user(ctx, c, service, login)
	if err != nil {
		return s, store.Slot{}, err
	}
	at, err := a.slotOf(ctx, s, u, slot)
	return s, at, err
}

func (a *API) getUserSlot(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginReceiversSlotIDIn) (smsReceiver, error) {
	_, slot, err := a.userSlot(ctx, c, in.ServiceName, in.Login, in.SlotID)
	return newReceiver(slot), err
}

func (a *API) createUserSlot(ctx context.Context, c *Call, in postSmsServiceNameUsersLoginReceiversIn) (smsReceiver, error) {
	s, u, err := a.user(ctx, c, in.ServiceName, in.Login)
	if err != nil {
		return smsReceiver{}, err
	}
	return a.loadSlot(ctx, c, s, u, postSmsServiceNameReceiversIn{
		ServiceName: in.ServiceName, AutoUpdate: in.AutoUpdate, Description: in.Description, SlotID: in.SlotID, CsvURL: in.CsvURL, DocumentID: in.DocumentID,
	})
}

func (a *API) putUserSlot(ctx context.Context, c *Call, in putSmsServiceNameUsersLoginReceiversSlotIDIn) (void, error) {
	_, slot, err := a.userSlot(ctx, c, in.ServiceName, in.Login, in.SlotID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.changeSlot(ctx, slot, in.Body)
}

func (a *API) deleteUserSlot(ctx context.Context, c *Call, in deleteSmsServiceNameUsersLoginReceiversSlotIDIn) (void, error) {
	_, slot, err := a.userSlot(ctx, c, in.ServiceName, in.Login, in.SlotID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteSlot(ctx, slot)
}

func (a *API) getUserSlotCSV(ctx context.Context, c *Call, in getSmsServiceNameUsersLoginReceiversSlotIDCsvIn) (string, error) {
	_, slot, err := a.userSlot(ctx, c, in.ServiceName, in.Login, in.SlotID)
	if err != nil {
		return "", err
	}
	return a.slots.CSV(ctx, slot)
}

func (a *API) cleanUserSlot(ctx context.Context, c *Call, in postSmsServiceNameUsersLoginReceiversSlotIDCleanIn) (smsReceiversAsynchronousCleanReport, error) {
	s, slot, err := a.userSlot(ctx, c, in.ServiceName, in.Login, in.SlotID)
	if err != nil {
		return smsReceiversAsynchronousCleanReport{}, err
	}
	return a.clean(ctx, s, slot, in.Freemium, in.PriceOnly)
}
