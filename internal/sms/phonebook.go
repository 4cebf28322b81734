package sms

import "time"

// Phonebook is a list of contacts of a service.
type Phonebook struct {
	Key       string
	ServiceID int64
	Name      string
	PhoneKey  string
	Rev       int64 // counts changes of its contacts
	CreatedAt time.Time
}

// Contact is one entry of a phonebook. Numbers are E.164 with +, or empty.
type Contact struct {
	ID                    int64
	Name, Surname, Group  string
	HomePhone, HomeMobile string
	WorkPhone, WorkMobile string
}

// The limits of phonebooks. The lengths are those of OVH's control panel, in characters; it advises about 2,000 contacts.
const (
	MaxPhonebooks    = 100
	MaxContacts      = 10_000
	MaxPhonebookName = 50
	MaxContactGroup  = 50
	MaxContactName   = 246
)

// NoNumber tells whether a number of a contact is none: empty, or the bare 0033 that OVH's control panel fills in.
func NoNumber(number string) bool {
	return number == "" || number == "0033" || number == "+33"
}
