package ovh

import (
	"context"
	"crypto/rand"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

func (a *API) listPhonebooks(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Phonebooks(ctx, s.ID)
	keys := make([]string, len(all))
	for i, b := range all {
		keys[i] = b.Key
	}
	return keys, err
}

func checkWord(field, text string, most int) error {
	switch n := len([]rune(text)); {
	case n > most:
		return sms.Errorf(sms.Invalid, "%s has %d characters, more than %d: shorten it", field, n, most)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return sms.Errorf(sms.Invalid, "%s = %q holds control characters: leave them out", field, cut(text))
	}
	return nil
}

func (a *API) createPhonebook(ctx context.Context, c *Call, in postSmsServiceNamePhonebooksIn) (string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return "", err
	}
	b := sms.Phonebook{
		ServiceID: s.ID, Key: strings.ToLower(rand.Text()), PhoneKey: strings.ToLower(rand.Text()), Name: strings.TrimSpace(in.Name), CreatedAt: a.now(),
	}
	if err := checkPhonebookName(b.Name); err != nil {
		return "", err
	}
	return b.Key, a.store.AddPhonebook(ctx, b)
}

func checkPhonebookName(name string) error {
	if name == "" {
		return sms.Errorf(sms.Invalid, "name is empty: give the phonebook a name")
	}
	return checkWord("name", name, sms.MaxPhonebookName)
}

// phonebook gives a phonebook of one of the caller's services.
func (a *API) phonebook(ctx context.Context, c *Call, service, key string) (sms.Service, sms.Phonebook, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, sms.Phonebook{}, err
	}
	b, err := a.store.Phonebook(ctx, s.ID, key)
	return s, b, err
}

func (a *API) getPhonebook(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksBookKeyIn) (smsPhonebook, error) {
	_, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	return smsPhonebook{BookKey: b.Key, Name: b.Name, PhoneKey: b.PhoneKey}, err
}

func (a *API) putPhonebook(ctx context.Context, c *Call, in putSmsServiceNamePhonebooksBookKeyIn) (void, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil || in.Body.Name == nil {
		return void{}, err
	}
	name := strings.TrimSpace(*in.Body.Name)
	if err := checkPhonebookName(name); err != nil {
		return void{}, err
	}
	return void{}, a.store.RenamePhonebook(ctx, s.ID, b.Key, name)
}

func (a *API) deletePhonebook(ctx context.Context, c *Call, in deleteSmsServiceNamePhonebooksBookKeyIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeletePhonebook(ctx, s.ID, in.BookKey)
}

func (a *API) listContacts(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksBookKeyPhonebookContactIn) ([]int64, error) {
	_, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Contacts(ctx, b.Key)
	ids := make([]int64, len(all))
	for i, k := range all {
		ids[i] = k.ID
	}
	return ids, err
}

// contactsOf loads many contacts for an expanded list.
func (a *API) contactsOf(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksBookKeyPhonebookContactIDIn, ids []int64) ([]smsPhonebookContact, error) {
	_, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Contacts(ctx, b.Key)
	byID := make(map[int64]sms.Contact, len(all))
	for _, k := range all {
		byID[k.ID] = k
	}
	var out []smsPhonebookContact
	for _, id := range ids {
		if k, ok := byID[id]; ok {
			out = append(out, newContact(k))
		}
	}
	return out, err
}

func (a *API) createContact(ctx context.Context, c *Call, in postSmsServiceNamePhonebooksBookKeyPhonebookContactIn) (int64, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return 0, err
	}
	all := make([]sms.Contact, 1)
	if err := changeContact(&all[0], s.Country, smsPhonebookContactBody{
		Group: &in.Group, Name: &in.Name, Surname: &in.Surname, HomeMobile: given(in.HomeMobile), HomePhone: given(in.HomePhone),
		WorkMobile: given(in.WorkMobile), WorkPhone: given(in.WorkPhone),
	}); err != nil {
		return 0, err
	}
	err = a.store.AddContacts(ctx, s.ID, b.Key, all)
	return all[0].ID, err
}

func given[T any](p *T) nullable[T] { return nullable[T]{Set: p != nil, Value: p} }

func (a *API) getContact(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksBookKeyPhonebookContactIDIn) (smsPhonebookContact, error) {
	_, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return smsPhonebookContact{}, err
	}
	k, err := a.store.Contact(ctx, b.Key, in.ID)
	return newContact(k), err
}

func newContact(k sms.Contact) smsPhonebookContact {
	return smsPhonebookContact{
		Group: k.Group, HomeMobile: orNull(k.HomeMobile), HomePhone: orNull(k.HomePhone), ID: k.ID, Name: k.Name, Surname: k.Surname,
		WorkMobile: orNull(k.WorkMobile), WorkPhone: orNull(k.WorkPhone),
	}
}

func (a *API) putContact(ctx context.Context, c *Call, in putSmsServiceNamePhonebooksBookKeyPhonebookContactIDIn) (void, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeContact(ctx, s.ID, b.Key, in.ID, func(k *sms.Contact) error { return changeContact(k, s.Country, in.Body) })
}

// changeContact sets what the request names and leaves the rest.
func changeContact(k *sms.Contact, country string, b smsPhonebookContactBody) error {
	for _, f := range []struct {
		field string
		to    *string
		v     *string
		most  int
	}{
		{"group", &k.Group, b.Group, sms.MaxContactGroup},
		{"name", &k.Name, b.Name, sms.MaxContactName},
		{"surname", &k.Surname, b.Surname, sms.MaxContactName},
	} {
		if f.v == nil {
			continue
		}
		if err := checkWord(f.field, *f.v, f.most); err != nil {
			return err
		}
		*f.to = strings.TrimSpace(*f.v)
	}
	for _, f := range []struct {
		field string
		to    *string
		v     nullable[string]
	}{
		{"homeMobile", &k.HomeMobile, b.HomeMobile},
		{"homePhone", &k.HomePhone, b.HomePhone},
		{"workMobile", &k.WorkMobile, b.WorkMobile},
		{"workPhone", &k.WorkPhone, b.WorkPhone},
	} {
		if !f.v.Set {
			continue
		}
		number := deref(f.v.Value)
		if sms.NoNumber(number) {
			*f.to = ""
			continue
		}
		n, err := phone.Parse(number, country)
		if err != nil {
			return sms.Errorf(sms.Invalid, "%s: %v", f.field, err)
		}
		*f.to = n.E164
	}
	return nil
}

func (a *API) deleteContact(ctx context.Context, c *Call, in deleteSmsServiceNamePhonebooksBookKeyPhonebookContactIDIn) (void, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteContact(ctx, s.ID, b.Key, in.ID)
}
