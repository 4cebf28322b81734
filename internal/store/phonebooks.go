package store

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddPhonebook adds an empty phonebook to a service. Error: TooLarge past the number that a service may have.
func (s *Store) AddPhonebook(ctx context.Context, b sms.Phonebook) error {
	return s.write(ctx, other, func(t *tx) error {
		all, err := t.Phonebooks(ctx, b.ServiceID)
		if err == nil && len(all) >= sms.MaxPhonebooks {
			return sms.Errorf(sms.TooLarge, "there are %d phonebooks already, as many as may be: delete some", len(all))
		}
		if err != nil {
			return err
		}
		return t.InsertPhonebook(ctx, query.InsertPhonebookParams{
			Key: b.Key, ServiceID: b.ServiceID, Name: b.Name, PhoneKey: b.PhoneKey, CreatedAt: micros(b.CreatedAt),
		})
	})
}

// Phonebooks lists a service's phonebooks, the oldest first.
func (s *Store) Phonebooks(ctx context.Context, service int64) ([]sms.Phonebook, error) {
	rows, err := s.read.Phonebooks(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Phonebook, len(rows))
	for i, row := range rows {
		all[i] = phonebookFrom(row)
	}
	return all, nil
}

func phonebookFrom(row query.Phonebook) sms.Phonebook {
	return sms.Phonebook{
		Key: row.Key, ServiceID: row.ServiceID, Name: row.Name, PhoneKey: row.PhoneKey, Rev: row.Rev, CreatedAt: fromMicros(row.CreatedAt),
	}
}

// Phonebook gives a phonebook of a service. Error: NoObject.
func (s *Store) Phonebook(ctx context.Context, service int64, key string) (sms.Phonebook, error) {
	row, err := s.read.Phonebook(ctx, query.PhonebookParams{ServiceID: service, Key: key})
	return phonebookFrom(row), found(err, "bookKey", key)
}

// RenamePhonebook gives a phonebook another name. Error: NoObject.
func (s *Store) RenamePhonebook(ctx context.Context, service int64, key, name string) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.RenamePhonebook(ctx, query.RenamePhonebookParams{ServiceID: service, Key: key, Name: name})
		return changed(n, err, "bookKey", key)
	})
}

// DeletePhonebook removes a phonebook with its contacts. Error: NoObject.
func (s *Store) DeletePhonebook(ctx context.Context, service int64, key string) error {
	return s.changeContacts(ctx, service, key, func(t *tx) error {
		err := t.DeleteContactsOf(ctx, key)
		if err == nil {
			_, err = t.DeletePhonebook(ctx, query.DeletePhonebookParams{ServiceID: service, Key: key})
		}
		return err
	})
}

// changeContacts runs f on a phonebook that the service has, and counts the change.
func (s *Store) changeContacts(ctx context.Context, service int64, key string, f func(*tx) error) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.TouchPhonebook(ctx, query.TouchPhonebookParams{ServiceID: service, Key: key})
		if err := changed(n, err, "bookKey", key); err != nil {
			return err
		}
		return f(t)
	})
}

// Contacts lists the contacts of a phonebook by id.
func (s *Store) Contacts(ctx context.Context, key string) ([]sms.Contact, error) {
	rows, err := s.read.Contacts(ctx, key)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Contact, len(rows))
	for i, row := range rows {
		all[i] = contactFrom(row)
	}
	return all, nil
}

func contactFrom(row query.Contact) sms.Contact {
	return sms.Contact{
		ID: row.ID, Name: row.Name, Surname: row.Surname, Group: row.Team, HomePhone: row.HomePhone, HomeMobile: row.HomeMobile,
		WorkPhone: row.WorkPhone, WorkMobile: row.WorkMobile,
	}
}

// Contact gives a contact of a phonebook. Error: NoObject.
func (s *Store) Contact(ctx context.Context, key string, id int64) (sms.Contact, error) {
	row, err := s.read.Contact(ctx, query.ContactParams{Book: key, ID: id})
	return contactFrom(row), found(err, "id", id)
}

// AddContacts adds contacts to a phonebook, all or none, and fills in their ids. Errors: NoObject, TooLarge past the number that a
// phonebook may have.
func (s *Store) AddContacts(ctx context.Context, service int64, key string, all []sms.Contact) error {
	if len(all) == 0 {
		return nil
	}
	if err := s.numberContacts(ctx, all); err != nil {
		return err
	}
	return s.changeContacts(ctx, service, key, func(t *tx) error { return t.addContacts(ctx, key, all) })
}

func (s *Store) numberContacts(ctx context.Context, all []sms.Contact) error {
	first, err := s.ids["object"].take(ctx, int64(len(all)))
	for i := range all {
		all[i].ID = first + int64(i)
	}
	return err
}

func (t *tx) addContacts(ctx context.Context, key string, all []sms.Contact) error {
	have, err := t.CountContacts(ctx, key)
	if err != nil {
		return err
	}
	if have+int64(len(all)) > sms.MaxContacts {
		return sms.Errorf(sms.TooLarge, "the phonebook has %d contacts and can't take %d more: %d is the most", have, len(all), sms.MaxContacts)
	}
	for _, c := range all {
		if err := t.InsertContact(ctx, query.InsertContactParams{
			ID: c.ID, Book: key, Name: c.Name, Surname: c.Surname, Team: c.Group, HomePhone: c.HomePhone, HomeMobile: c.HomeMobile,
			WorkPhone: c.WorkPhone, WorkMobile: c.WorkMobile,
		}); err != nil {
			return err
		}
	}
	return nil
}

// ChangeContact reads a contact, lets change work on it and saves it. Error: NoObject, or the one of change.
func (s *Store) ChangeContact(ctx context.Context, service int64, key string, id int64, change func(*sms.Contact) error) error {
	return s.changeContacts(ctx, service, key, func(t *tx) error {
		row, err := t.Contact(ctx, query.ContactParams{Book: key, ID: id})
		if err != nil {
			return found(err, "id", id)
		}
		c := contactFrom(row)
		if err := change(&c); err != nil {
			return err
		}
		_, err = t.UpdateContact(ctx, query.UpdateContactParams{
			Book: key, ID: id, Name: c.Name, Surname: c.Surname, Team: c.Group, HomePhone: c.HomePhone, HomeMobile: c.HomeMobile,
			WorkPhone: c.WorkPhone, WorkMobile: c.WorkMobile,
		})
		return err
	})
}

// DeleteContact removes a contact. Error: NoObject.
func (s *Store) DeleteContact(ctx context.Context, service int64, key string, id int64) error {
	return s.changeContacts(ctx, service, key, func(t *tx) error {
		n, err := t.DeleteContact(ctx, query.DeleteContactParams{Book: key, ID: id})
		return changed(n, err, "id", id)
	})
}
