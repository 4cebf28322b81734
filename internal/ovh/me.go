package ovh

import (
	"context"
	"slices"

	"ramier/internal/sms"
)

// getMe answers what is known of the customer. What he says of himself he can change, his name here and his mail address only the
// operator.
func (a *API) getMe(ctx context.Context, c *Call, _ getMeIn) (nichandleNichandle, error) {
	p, err := a.store.Profile(ctx, c.Caller.AccountID)
	if err != nil {
		return nichandleNichandle{}, err
	}
	out := nichandleNichandle{
		Country: nichandleCountry(c.Caller.Country), Currency: nichandleCurrency{Code: "EUR", Symbol: "€"}, Email: p.Email,
		Legalform: nichandleLegalForm(p.LegalForm), Nichandle: c.Caller.Account, OvhCompany: nichandleOvhCompanyOvh,
		OvhSubsidiary: subsidiaryOf(c.Caller.Country), State: nichandleStateIncomplete,
	}
	if out.Legalform == "" {
		out.Legalform = nichandleLegalFormOther
	}
	if (p.Name != "" || p.Organisation != "") && p.Address != "" && p.City != "" && p.Zip != "" && p.Email != "" {
		out.State = nichandleStateComplete
	}
	for _, f := range profileTexts(&p, nil) {
		*f.shown(&out) = orNull(*f.kept)
	}
	out.Language = textOrNull[nichandleLanguage](p.Language)
	out.PhoneCountry = textOrNull[nichandleCountry](p.PhoneCountry)
	out.PhoneType = textOrNull[nichandlePhoneType](p.PhoneType)
	out.Sex = textOrNull[nichandleGender](p.Sex)
	return out, nil
}

func textOrNull[T ~string](text string) *T {
	if text == "" {
		return nil
	}
	return new(T(text))
}

// subsidiaryOf gives OVH's branch of a country; those without one belong to the European.
func subsidiaryOf(country string) nichandleOvhSubsidiary {
	branches := []string{"CZ", "DE", "ES", "FI", "FR", "GB", "IE", "IT", "LT", "MA", "NL", "PL", "PT", "SN", "TN"}
	if slices.Contains(branches, country) {
		return nichandleOvhSubsidiary(country)
	}
	return nichandleOvhSubsidiaryEU
}

// A profileText is a text that a customer says of himself, in its three places.
type profileText struct {
	name  string
	kept  *string
	given nullable[string]
	shown func(*nichandleNichandle) **string
}

// profileTexts pairs the texts of a profile with those of a request, if there is one.
func profileTexts(p *sms.Profile, b *nichandleNichandleBody) []profileText {
	if b == nil {
		b = &nichandleNichandleBody{}
	}
	type out = nichandleNichandle
	return []profileText{
		{"address", &p.Address, b.Address, func(o *out) **string { return &o.Address }},
		{"area", &p.Area, b.Area, func(o *out) **string { return &o.Area }},
		{"birthCity", &p.BirthCity, b.BirthCity, func(o *out) **string { return &o.BirthCity }},
		{"birthDay", &p.BirthDay, b.BirthDay, func(o *out) **string { return &o.BirthDay }},
		{"city", &p.City, b.City, func(o *out) **string { return &o.City }},
		{"companyNationalIdentificationNumber", &p.CompanyID, b.CompanyNationalIdentificationNumber, func(o *out) **string { return &o.CompanyNationalIdentificationNumber }},
		{"complementaryAddress", &p.Address2, b.ComplementaryAddress, func(o *out) **string { return &o.ComplementaryAddress }},
		{"corporationType", &p.CorporationType, b.CorporationType, func(o *out) **string { return &o.CorporationType }},
		{"fax", &p.Fax, b.Fax, func(o *out) **string { return &o.Fax }},
		{"firstname", &p.Firstname, b.Firstname, func(o *out) **string { return &o.Firstname }},
		{"italianSDI", &p.ItalianSDI, b.ItalianSDI, func(o *out) **string { return &o.ItalianSDI }},
		{"name", &p.Name, b.Name, func(o *out) **string { return &o.Name }},
		{"nationalIdentificationNumber", &p.NationalID, b.NationalIdentificationNumber, func(o *out) **string { return &o.NationalIdentificationNumber }},
		{"organisation", &p.Organisation, b.Organisation, func(o *out) **string { return &o.Organisation }},
		{"phone", &p.Phone, b.Phone, func(o *out) **string { return &o.Phone }},
		{"purposeOfPurchase", &p.Purpose, b.PurposeOfPurchase, func(o *out) **string { return &o.PurposeOfPurchase }},
		{"spareEmail", &p.SpareEmail, b.SpareEmail, func(o *out) **string { return &o.SpareEmail }},
		{"vat", &p.VAT, b.Vat, func(o *out) **string { return &o.Vat }},
		{"zip", &p.Zip, b.Zip, func(o *out) **string { return &o.Zip }},
	}
}

func (a *API) putMe(ctx context.Context, c *Call, in putMeIn) (void, error) {
	b := &in.Body
	if b.Country != nil && string(*b.Country) != c.Caller.Country {
		return void{}, sms.Errorf(sms.Forbidden, "country = %q cannot be changed by yourself, since prices and rules follow from it: ask the operator", *b.Country)
	}
	return void{}, a.store.ChangeProfile(ctx, c.Caller.AccountID, func(p *sms.Profile) error {
		for _, f := range profileTexts(p, b) {
			if !f.given.Set {
				continue
			}
			*f.kept = deref(f.given.Value)
			if err := checkText(f.name, *f.kept); err != nil {
				return err
			}
		}
		if b.Legalform != nil {
			p.LegalForm = string(*b.Legalform)
		}
		setChoice(&p.Language, b.Language)
		setChoice(&p.PhoneCountry, b.PhoneCountry)
		setChoice(&p.PhoneType, b.PhoneType)
		setChoice(&p.Sex, b.Sex)
		return nil
	})
}

func setChoice[T ~string](to *string, given nullable[T]) {
	if given.Set {
		*to = string(deref(given.Value))
	}
}
