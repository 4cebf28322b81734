package ovh

import (
	"context"
	"net/http"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// maxSenderDocuments is how many supporting documents a sender may have.
const maxSenderDocuments = 20

func (a *API) listSenderDocuments(ctx context.Context, c *Call, in getSmsServiceNameSendersSenderDocumentsIn) ([]string, error) {
	s, n, err := a.senderOf(ctx, c, in.ServiceName, in.Sender)
	if err != nil {
		return nil, err
	}
	return a.store.Documents(ctx, s.AccountID, s.ID, sms.DocumentOfSender, n.Sender, a.now())
}

// senderOf gives a sender of one of the caller's services.
func (a *API) senderOf(ctx context.Context, c *Call, service, sender string) (sms.Service, sms.Sender, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, sms.Sender{}, err
	}
	n, err := a.store.Sender(ctx, s.ID, sender)
	return s, n, err
}

func (a *API) createSenderDocument(ctx context.Context, c *Call, in postSmsServiceNameSendersSenderDocumentsIn) (smsSenderDocument, error) {
	s, n, err := a.senderOf(ctx, c, in.ServiceName, in.Sender)
	if err != nil {
		return smsSenderDocument{}, err
	}
	ids, err := a.store.Documents(ctx, s.AccountID, s.ID, sms.DocumentOfSender, n.Sender, a.now())
	if err != nil {
		return smsSenderDocument{}, err
	}
	if len(ids) >= maxSenderDocuments {
		return smsSenderDocument{}, sms.Errorf(sms.TooLarge, "The sender %s has %d documents already, as many as may be", n.Sender, len(ids))
	}
	d, err := a.newDocument(c, sms.DocumentOfSender, in.Name)
	if err != nil {
		return smsSenderDocument{}, err
	}
	if d.Description = deref(in.Description); d.Description != "" {
		if err := checkText("description", d.Description); err != nil {
			return smsSenderDocument{}, err
		}
	}
	d.ServiceID, d.Sender = s.ID, n.Sender
	err = a.store.AddDocument(ctx, d)
	return a.newSenderDocument(c, d), err
}

// newSenderDocument shows where to upload only until the content is there: who decides must see what was given.
func (a *API) newSenderDocument(c *Call, d sms.Document) smsSenderDocument {
	out := smsSenderDocument{
		CreatedAt: datetime{d.CreatedAt}, Description: orNull(d.Description), DocumentID: d.ID, GetURL: a.address(c, d, toRead), Name: d.Name,
		Size: d.Size,
	}
	if d.UploadedAt.IsZero() && auth.May(c.Caller.Role, http.MethodPost, "/sms/{serviceName}/senders/{sender}/documents") {
		out.PutURL = new(a.address(c, d, toWrite))
	}
	return out
}

// senderDocument gives a supporting document of a sender of the caller.
func (a *API) senderDocument(ctx context.Context, c *Call, service, sender, id string) (sms.Document, error) {
	s, n, err := a.senderOf(ctx, c, service, sender)
	if err != nil {
		return sms.Document{}, err
	}
	d, err := a.store.Document(ctx, s.AccountID, id)
	if err == nil && (d.Kind != sms.DocumentOfSender || d.ServiceID != s.ID || d.Sender != n.Sender) {
		err = sms.Errorf(sms.NoObject, "The requested object (documentID = %s) does not exist", id)
	}
	return d, err
}

func (a *API) getSenderDocument(ctx context.Context, c *Call, in getSmsServiceNameSendersSenderDocumentsDocumentIDIn) (smsSenderDocument, error) {
	d, err := a.senderDocument(ctx, c, in.ServiceName, in.Sender, in.DocumentID)
	if err != nil {
		return smsSenderDocument{}, err
	}
	return a.newSenderDocument(c, d), nil
}

func (a *API) putSenderDocument(ctx context.Context, c *Call, in putSmsServiceNameSendersSenderDocumentsDocumentIDIn) (void, error) {
	d, err := a.senderDocument(ctx, c, in.ServiceName, in.Sender, in.DocumentID)
	if err != nil {
		return void{}, err
	}
	if v := in.Body.Name; v != nil {
		if err := checkDocumentName(*v); err != nil {
			return void{}, err
		}
		d.Name = *v
	}
	if v := in.Body.Description; v.Set {
		d.Description = deref(v.Value)
		if err := checkText("description", d.Description); err != nil {
			return void{}, err
		}
	}
	return void{}, a.store.ChangeDocument(ctx, d)
}

func (a *API) listSenderDocumentsAsOperator(ctx context.Context, c *Call, in getOperatorServicesServiceNameSendersSenderDocumentsIn) ([]smsSenderDocument, error) {
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return nil, err
	}
	n, err := a.store.Sender(ctx, s.ID, in.Sender)
	if err != nil {
		return nil, err
	}
	ids, err := a.store.Documents(ctx, s.AccountID, s.ID, sms.DocumentOfSender, n.Sender, a.now())
	out := []smsSenderDocument{}
	for _, id := range ids {
		d, err := a.store.AnyDocument(ctx, id)
		if err != nil {
			return nil, err
		}
		shown := a.newSenderDocument(c, d)
		shown.PutURL = nil // it is for the customer to give
		out = append(out, shown)
	}
	return out, err
}
