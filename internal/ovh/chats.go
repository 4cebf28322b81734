package ovh

import (
	"context"
	"crypto/rand"
	"strconv"

	"ramier/internal/sms"
)

// ChatPrefix is where the chat pages of virtual numbers are, outside of the API: their addresses carry a key of their own.
const ChatPrefix = "/chat/"

func (a *API) getChatAccess(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberChatAccessIn) (smsChatAccess, error) {
	_, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return smsChatAccess{}, err
	}
	access, err := a.store.ChatAccess(ctx, v.Number)
	return a.showChatAccess(c, access), err
}

func (a *API) createChatAccess(ctx context.Context, c *Call, in postSmsServiceNameVirtualNumbersNumberChatAccessIn) (smsChatAccess, error) {
	_, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return smsChatAccess{}, err
	}
	access := sms.ChatAccess{Number: v.Number, Key: rand.Text(), CreatedAt: a.now()}
	err = a.store.AddChatAccess(ctx, &access)
	return a.showChatAccess(c, access), err
}

func (a *API) showChatAccess(c *Call, access sms.ChatAccess) smsChatAccess {
	return smsChatAccess{
		CreationDate: datetime{access.CreatedAt}, ID: access.ID, URL: a.base(c) + ChatPrefix + strconv.FormatInt(access.ID, 10) + "/" + access.Key,
	}
}

func (a *API) deleteChatAccess(ctx context.Context, c *Call, in deleteSmsServiceNameVirtualNumbersNumberChatAccessIn) (void, error) {
	_, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteChatAccess(ctx, v.Number)
}
