package ovh

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// The limits of what is said about a document, in characters and labels.
const (
	maxDocumentName = 255
	maxTags         = 20
)

// newDocument makes the record of a file of the caller.
func (a *API) newDocument(c *Call, kind, name string) (sms.Document, error) {
	d := sms.Document{
		ID: store.NewUUID(), AccountID: c.Caller.AccountID, Kind: kind, Name: strings.TrimSpace(name), Secret: rand.Text(), CreatedAt: a.now(),
	}
	return d, checkDocumentName(d.Name)
}

func checkDocumentName(name string) error {
	switch n := len([]rune(name)); {
	case n == 0:
		return sms.Errorf(sms.Invalid, "name is empty: give the document a name, like contacts.csv")
	case n > maxDocumentName:
		return sms.Errorf(sms.Invalid, "name has %d characters, more than %d: shorten it", n, maxDocumentName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return sms.Errorf(sms.Invalid, "name = %q holds control characters: leave them out", name)
	}
	return nil
}

func (a *API) listDocuments(ctx context.Context, c *Call, _ getMeDocumentIn) ([]string, error) {
	return a.store.Documents(ctx, c.Caller.AccountID, 0, sms.DocumentOfMe, "", a.now())
}

func (a *API) createDocument(ctx context.Context, c *Call, in postMeDocumentIn) (nichandleDocumentDocument, error) {
	d, err := a.newDocument(c, sms.DocumentOfMe, in.Name)
	if err != nil {
		return nichandleDocumentDocument{}, err
	}
	if len(in.Tags) > maxTags {
		return nichandleDocumentDocument{}, sms.Errorf(sms.Invalid, "tags holds %d pairs, more than %d", len(in.Tags), maxTags)
	}
	for i, tag := range in.Tags {
		if deref(tag.Key) == "" {
			return nichandleDocumentDocument{}, sms.Errorf(sms.Invalid, "tags[%d].key is empty: give it a name", i)
		}
		for field, text := range map[string]string{"key": deref(tag.Key), "value": deref(tag.Value)} {
			if err := checkText(fmt.Sprintf("tags[%d].%s", i, field), text); err != nil {
				return nichandleDocumentDocument{}, err
			}
		}
		d.Tags = append(d.Tags, sms.Tag{Key: *tag.Key, Value: deref(tag.Value)})
	}
	err = a.store.AddDocument(ctx, d)
	return a.showDocument(c, d), err
}

// document gives a document of /me/document that is not over.
func (a *API) document(ctx context.Context, c *Call, id string) (sms.Document, error) {
	d, err := a.store.Document(ctx, c.Caller.AccountID, id)
	if err == nil && (d.Kind != sms.DocumentOfMe || a.isOver(d)) {
		err = sms.Errorf(sms.NoObject, "The requested object (id = %s) does not exist", id)
	}
	return d, err
}

func (a *API) isOver(d sms.Document) bool {
	return !d.ExpiresAt.IsZero() && !a.now().Before(d.ExpiresAt)
}

func (a *API) showDocument(c *Call, d sms.Document) nichandleDocumentDocument {
	out := nichandleDocumentDocument{
		CreationDate: datetime{d.CreatedAt}, ExpirationDate: at(d.ExpiresAt), GetURL: a.address(c, d, toRead), ID: d.ID, Name: d.Name,
		PutURL: a.address(c, d, toWrite), Size: d.Size, Tags: []complexTypeSafeKeyValueString{}, ValidationDate: at(d.UploadedAt),
	}
	if !auth.May(c.Caller.Role, http.MethodPut, "/me/document/{id}") {
		out.PutURL = "" // whoever has it can write
	}
	for _, tag := range d.Tags {
		out.Tags = append(out.Tags, complexTypeSafeKeyValueString{Key: tag.Key, Value: tag.Value})
	}
	return out
}

func (a *API) getDocument(ctx context.Context, c *Call, in getMeDocumentIDIn) (nichandleDocumentDocument, error) {
	d, err := a.document(ctx, c, in.ID)
	if err != nil {
		return nichandleDocumentDocument{}, err
	}
	return a.showDocument(c, d), nil
}

func (a *API) putDocument(ctx context.Context, c *Call, in putMeDocumentIDIn) (void, error) {
	d, err := a.document(ctx, c, in.ID)
	if err != nil {
		return void{}, err
	}
	if v := in.Body.ExpirationDate; v.Set {
		end := deref(v.Value).Time
		if v.Value != nil && !end.After(a.now()) {
			return void{}, sms.Errorf(sms.Invalid, "expirationDate is in the past: DELETE the document to remove it now")
		}
		d.ExpiresAt = end
	}
	return void{}, a.store.ChangeDocument(ctx, d)
}

func (a *API) deleteDocument(ctx context.Context, c *Call, in deleteMeDocumentIDIn) (void, error) {
	d, err := a.document(ctx, c, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteDocument(ctx, d)
}

func (a *API) allowOrigin(ctx context.Context, c *Call, in postMeDocumentCorsIn) (void, error) {
	u, err := url.Parse(in.Origin)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" {
		return void{}, sms.Errorf(sms.Invalid, "origin = %q is not the origin of a web page: give scheme and host, like https://www.example.org", cut(in.Origin))
	}
	if err := checkText("origin", in.Origin); err != nil {
		return void{}, err
	}
	return void{}, a.store.AllowOrigin(ctx, c.Caller.AccountID, strings.ToLower(u.Scheme+"://"+u.Host))
}
