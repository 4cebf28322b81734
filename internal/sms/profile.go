package sms

// Profile is what a customer says of himself: for invoices and letters. Nothing is decided by it. Empty = not said.
type Profile struct {
	Email           string // set by the operator
	Firstname       string
	Name            string
	Sex             string
	BirthDay        string
	BirthCity       string
	NationalID      string // of the person
	Organisation    string
	LegalForm       string // administration, association, corporation, individual, other or personalcorporation
	CorporationType string // like SARL
	CompanyID       string // national number of the company, in France the SIRET
	VAT             string
	ItalianSDI      string
	Address         string
	Address2        string
	Zip             string
	City            string
	Area            string
	Phone           string
	PhoneCountry    string
	PhoneType       string
	Fax             string
	SpareEmail      string
	Language        string // like fr_FR
	Purpose         string // what he buys for
}
