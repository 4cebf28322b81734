package ovh

import (
	"context"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// virtualCountries are OVH's codes of the countries that have virtual numbers.
var virtualCountries = map[string]string{"BE": "be", "CH": "ch", "DE": "de", "ES": "es", "FR": "fr", "GB": "uk"}

// virtualNumber gives a virtual number of the caller, written with + or 00.
func (a *API) virtualNumber(ctx context.Context, c *Call, number string) (store.OwnedNumber, error) {
	v, err := a.store.VirtualNumber(ctx, plus(number))
	if err == nil && v.AccountID != c.Caller.AccountID {
		err = sms.Errorf(sms.NoObject, "The requested object (number = %s) does not exist", number)
	}
	return v, err
}

// plus gives an international number in the form of E.164.
func plus(number string) string {
	if n, err := phone.Parse(number, ""); err == nil {
		return n.E164
	}
	return number
}

func (a *API) listVirtualNumbers(ctx context.Context, c *Call, in getSmsVirtualNumbersIn) ([]string, error) {
	if len(in.IamTags) > 0 {
		return []string{}, nil // nothing has labels
	}
	return a.numbersOf(ctx, func(v store.OwnedNumber) bool { return v.AccountID == c.Caller.AccountID })
}

func (a *API) numbersOf(ctx context.Context, mine func(store.OwnedNumber) bool) ([]string, error) {
	all, err := a.store.VirtualNumbers(ctx)
	numbers := []string{}
	for _, v := range all {
		if mine(v) {
			numbers = append(numbers, v.Number)
		}
	}
	return numbers, err
}

func (a *API) getVirtualNumber(ctx context.Context, c *Call, in getSmsVirtualNumbersNumberIn) (smsVirtualNumberGenericServiceWithIAM, error) {
	v, err := a.virtualNumber(ctx, c, in.Number)
	return smsVirtualNumberGenericServiceWithIAM{CountryCode: smsVirtualNumberIsoCountryCode(v.Country), Number: v.Number}, err
}

func (a *API) getNumberInfos(ctx context.Context, c *Call, in getSmsVirtualNumbersNumberServiceInfosIn) (servicesService, error) {
	v, err := a.virtualNumber(ctx, c, in.Number)
	if err != nil {
		return servicesService{}, err
	}
	return a.newContract(contract{v.ID, v.Number, c.Caller.Account, v.CreatedAt, v.Renewal}), nil
}

func (a *API) putNumberInfos(ctx context.Context, c *Call, in putSmsVirtualNumbersNumberServiceInfosIn) (void, error) {
	v, err := a.virtualNumber(ctx, c, in.Number)
	if err != nil {
		return void{}, err
	}
	if err := changeRenewal(&v.Renewal, v.CreatedAt, a.now(), in.Body); err != nil {
		return void{}, err
	}
	return void{}, a.store.SetRenewal(ctx, v.Number, v.Renewal)
}

func (a *API) listServiceNumbers(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.numbersOf(ctx, func(v store.OwnedNumber) bool { return v.ServiceID == s.ID })
}

// numberOf gives a virtual number of one of the caller's services.
func (a *API) numberOf(ctx context.Context, c *Call, service, number string) (sms.Service, store.OwnedNumber, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return s, store.OwnedNumber{}, err
	}
	v, err := a.virtualNumber(ctx, c, number)
	if err == nil && v.ServiceID != s.ID {
		err = sms.Errorf(sms.NoObject, "The requested object (number = %s) does not exist", number)
	}
	return s, v, err
}

func (a *API) getServiceNumber(ctx context.Context, c *Call, in getSmsServiceNameVirtualNumbersNumberIn) (smsVirtualNumber, error) {
	_, v, err := a.numberOf(ctx, c, in.ServiceName, in.Number)
	return smsVirtualNumber{CountryCode: smsVirtualNumberIsoCountryCode(v.Country), Number: v.Number}, err
}

func (a *API) listAllNumbers(ctx context.Context, _ *Call, _ getOperatorVirtualNumbersIn) ([]operatorVirtualNumber, error) {
	all, err := a.store.VirtualNumbers(ctx)
	if err != nil {
		return nil, err
	}
	names, err := a.carrierNames(ctx)
	out := make([]operatorVirtualNumber, len(all))
	for i, v := range all {
		out[i] = newOperatorNumber(v.VirtualNumber, v.Service, names[v.CarrierID])
	}
	return out, err
}

func newOperatorNumber(v sms.VirtualNumber, service, carrier string) operatorVirtualNumber {
	return operatorVirtualNumber{
		Carrier: carrier, CountryCode: smsVirtualNumberIsoCountryCode(v.Country), Creation: datetime{v.CreatedAt}, Number: v.Number, ServiceName: service,
	}
}

func (a *API) addNumber(ctx context.Context, _ *Call, in postOperatorVirtualNumbersIn) (operatorVirtualNumber, error) {
	n, err := phone.Parse(in.Number, "")
	if err != nil {
		return operatorVirtualNumber{}, sms.Errorf(sms.Invalid, "number: %v", err)
	}
	s, err := a.store.Service(ctx, in.ServiceName)
	if err != nil {
		return operatorVirtualNumber{}, referTo(err, "serviceName", in.ServiceName, "/operator/services")
	}
	carrier, err := a.store.Carrier(ctx, in.Carrier)
	if err != nil {
		return operatorVirtualNumber{}, referTo(err, "carrier", in.Carrier, "/operator/carriers")
	}
	v := sms.VirtualNumber{Number: n.E164, Country: virtualCountries[n.Country], ServiceID: s.ID, CarrierID: carrier.ID, CreatedAt: a.now()}
	if in.CountryCode != nil {
		v.Country = string(*in.CountryCode)
	}
	if v.Country == "" {
		return operatorVirtualNumber{}, sms.Errorf(sms.Invalid, "number = %q is in %s: virtual numbers are of %s", in.Number, phone.CountryName(n.Country),
			strings.Join([]string{"be", "ch", "de", "es", "fr", "uk"}, ", "))
	}
	err = a.store.AddVirtualNumber(ctx, &v)
	return newOperatorNumber(v, s.Name, carrier.Name), err
}

func (a *API) removeNumber(ctx context.Context, _ *Call, in deleteOperatorVirtualNumbersNumberIn) (void, error) {
	v, err := a.store.VirtualNumber(ctx, plus(in.Number))
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteVirtualNumber(ctx, v.VirtualNumber)
}
