package sms

import "strings"

// Restriction is what operators do to messages towards some numbers, told to customers.
type Restriction struct {
	ID           int64
	Country      string // ISO 3166 alpha-2
	Prefix       string // of the receiver, like +336; empty = all of the country
	Operators    string // whom it is from, in words
	Code         string // ALPHA, BAD_DLR, BLOCKED, CODING, DLR, FLASHONLY or MSISDN
	Substitution string // sender that is shown instead; empty = none
	Messages     []string
}

// Covers tells whether it applies to a receiver of a country.
func (r *Restriction) Covers(receiver, country string) bool {
	return r.Country == country && strings.HasPrefix(receiver, r.Prefix)
}
