package ovh

import (
	"maps"
	"regexp"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

// operatorRoutes is what those who run the platform may call. The router lets only operator accounts through.
func (a *API) operatorRoutes() map[string]handler {
	all := map[string]handler{
		"GET /operator/accounts":                              endpoint(a.listAccounts),
		"POST /operator/accounts":                             endpoint(a.addAccount),
		"GET /operator/accounts/{account}":                    endpoint(a.showAccount),
		"PUT /operator/accounts/{account}":                    endpoint(a.setAccount),
		"POST /operator/accounts/{account}/password":          endpoint(a.setPassword),
		"GET /operator/accounts/{account}/signIn":             endpoint(a.showSignIn),
		"DELETE /operator/accounts/{account}/secondFactor":    endpoint(a.resetFactors),
		"GET /operator/accounts/{account}/identities":         endpoint(a.listIdentities),
		"POST /operator/accounts/{account}/identities":        endpoint(a.linkIdentity),
		"DELETE /operator/accounts/{account}/identities/{id}": endpoint(a.unlinkIdentity),

		"GET /operator/services":                        endpoint(a.listAllServices),
		"POST /operator/services":                       endpoint(a.addService),
		"GET /operator/services/{serviceName}":          endpoint(a.showService),
		"PUT /operator/services/{serviceName}":          endpoint(a.setService),
		"POST /operator/services/{serviceName}/credits": endpoint(a.giveCredits),
		"POST /operator/services/{serviceName}/cancel":  endpoint(a.cancelWaiting),

		"GET /operator/services/{serviceName}/reports": withCSV(endpoint(a.getReportAsOperator), reportCSV),

		"GET /operator/services/{serviceName}/smpp":           endpoint(a.showSMPP),
		"POST /operator/services/{serviceName}/smpp":          endpoint(a.addSMPP),
		"PUT /operator/services/{serviceName}/smpp":           endpoint(a.setSMPP),
		"DELETE /operator/services/{serviceName}/smpp":        endpoint(a.removeSMPP),
		"POST /operator/services/{serviceName}/smpp/password": endpoint(a.drawSMPPPassword),

		"GET /operator/services/{serviceName}/optOuts":  endpoint(a.listOptOutsAsOperator),
		"POST /operator/services/{serviceName}/optOuts": endpoint(a.addOptOutsAsOperator),

		"GET /operator/senders":                                          endpoint(a.listSenderRequests),
		"POST /operator/services/{serviceName}/senders":                  endpoint(a.giveSender),
		"POST /operator/services/{serviceName}/senders/{sender}/approve": endpoint(a.approveSender),
		"POST /operator/services/{serviceName}/senders/{sender}/refuse":  endpoint(a.refuseSender),

		"GET /operator/services/{serviceName}/senders/{sender}/documents": endpoint(a.listSenderDocumentsAsOperator),

		"GET /operator/accounts/{account}/ownNames":             endpoint(a.listOwnNames),
		"POST /operator/accounts/{account}/ownNames":            endpoint(a.addOwnName),
		"DELETE /operator/accounts/{account}/ownNames/{sender}": endpoint(a.removeOwnName),

		"GET /operator/templates": endpoint(a.listTemplateRequests),
		"POST /operator/services/{serviceName}/templates/{name}/approve": endpoint(a.approveTemplate),
		"POST /operator/services/{serviceName}/templates/{name}/refuse":  endpoint(a.refuseTemplate),

		"GET /operator/exceptions":         endpoint(a.listExceptions),
		"POST /operator/exceptions":        endpoint(a.addException),
		"DELETE /operator/exceptions/{id}": endpoint(a.removeException),

		"GET /operator/virtualNumbers":             endpoint(a.listAllNumbers),
		"POST /operator/virtualNumbers":            endpoint(a.addNumber),
		"DELETE /operator/virtualNumbers/{number}": endpoint(a.removeNumber),

		"GET /operator/carriers":                  endpoint(a.listCarriers),
		"POST /operator/carriers":                 endpoint(a.addCarrier),
		"GET /operator/carriers/{carrier}":        endpoint(a.showCarrier),
		"PUT /operator/carriers/{carrier}":        endpoint(a.setCarrier),
		"DELETE /operator/carriers/{carrier}":     endpoint(a.removeCarrier),
		"GET /operator/carriers/{carrier}/status": endpoint(a.showCarrierStatus),

		"GET /operator/routes":         endpoint(a.listRoutes),
		"POST /operator/routes":        endpoint(a.addRoute),
		"GET /operator/routes/{id}":    endpoint(a.showRoute),
		"PUT /operator/routes/{id}":    endpoint(a.setRoute),
		"DELETE /operator/routes/{id}": endpoint(a.removeRoute),

		"GET /operator/rates":              endpoint(a.listRates),
		"GET /operator/rates/{country}":    endpoint(a.showRate),
		"PUT /operator/rates/{country}":    endpoint(a.setRate),
		"DELETE /operator/rates/{country}": endpoint(a.removeRate),

		"GET /operator/shortNumbers":             endpoint(a.listShortNumbers),
		"POST /operator/shortNumbers":            endpoint(a.addShortNumber),
		"DELETE /operator/shortNumbers/{number}": endpoint(a.removeShortNumber),

		"GET /operator/tokens":                   endpoint(a.listTokens),
		"POST /operator/tokens":                  endpoint(a.addToken),
		"DELETE /operator/tokens/{credentialId}": endpoint(a.removeToken),

		"GET /operator/doubts":              endpoint(a.listDoubts),
		"POST /operator/doubts/decide":      endpoint(a.decideDoubts),
		"GET /operator/doubts/{id}":         endpoint(a.showDoubt),
		"POST /operator/doubts/{id}/decide": endpoint(a.decideDoubt),

		"GET /operator/messages/{id}":      endpoint(a.showMessage),
		"GET /operator/receipts/unmatched": endpoint(a.listUnmatched),
		"GET /operator/status":             endpoint(a.showStatus),
		"GET /operator/audit":              endpoint(a.audit),
		"GET /operator/log":                endpoint(a.listLog),
	}
	maps.Copy(all, a.moneyOperatorRoutes())
	maps.Copy(all, a.peopleRoutes())
	return all
}

const maxText = 255 // characters of a description, comment or reason

// checkText keeps free texts short.
func checkText(field, text string) error {
	if n := len([]rune(text)); n > maxText {
		return sms.Errorf(sms.Invalid, "%s has %d characters, more than %d: shorten it", field, n, maxText)
	}
	return nil
}

// checkCountry reads a country code in any case.
func checkCountry(field, code string) (string, error) {
	upper := strings.ToUpper(code)
	if len(upper) != 2 || phone.CountryName(upper) == upper {
		return "", sms.Errorf(sms.Invalid, "%s = %q is not a country: give its two letters of ISO 3166, like FR", field, code)
	}
	return upper, nil
}

// A name is what operators call something; it never changes, since it is in paths and in access rules.
var (
	accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)
	serviceName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,62}$`)
	carrierName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
)

// checkName tells whether a name has its form; such are the characters beyond small letters and digits.
func checkName(field, name string, form *regexp.Regexp, such, example string) error {
	if form.MatchString(name) {
		return nil
	}
	return sms.Errorf(sms.Invalid, "%s = %q is not a name: take up to 63 small letters, digits and %s, like %s", field, name, such, example)
}

// within tells whether a number is between two others.
func within(field string, n, least, most int64) error {
	if n < least || n > most {
		return sms.Errorf(sms.Invalid, "%s = %d is out of range: give a number from %d to %d", field, n, least, most)
	}
	return nil
}

// referTo makes of an object that is named in a request and not there a mistake of the request.
func referTo(err error, field, name, list string) error {
	switch sms.CodeOf(err) {
	case sms.NoObject, sms.NoService:
		return sms.Errorf(sms.Invalid, "%s = %q does not exist: GET %s lists those that do", field, name, list)
	}
	return err
}
