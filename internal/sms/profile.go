package sms

import (
	"cmp"
	"strings"

	"ramier/internal/phone"
)

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

// Buyer names the customer of a country on an invoice, in lines: who he is, where, and his numbers. It is empty if he has not said who he is.
func (p *Profile) Buyer(country string) string {
	person := join(" ", p.Firstname, p.Name)
	if cmp.Or(p.Organisation, person) == "" {
		return ""
	}
	vat, company := p.VAT, p.CompanyID
	if vat != "" {
		vat = "VAT number: " + vat
	}
	if company != "" {
		company = "Company number: " + company
	}
	return join("\n", join(" ", p.Organisation, p.CorporationType), person, p.Address, p.Address2, join(" ", p.Zip, p.City), p.Area,
		phone.CountryName(country), company, vat)
}

// join joins the texts that are not empty, without the spaces around them. None of them breaks a line.
func join(separator string, texts ...string) string {
	var all []string
	for _, text := range texts {
		if separator == "\n" {
			text = strings.Join(strings.Fields(text), " ")
		}
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, separator)
}
