package ovh

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

// referers are the words of sms.RefererSenderEnum for those of sms.SenderRefererEnum.
var referers = map[string]string{"domain": "domain", "nichandle": "nic"}

// vouch approves a sender that is known to belong to the customer.
func (a *API) vouch(ctx context.Context, account int64, n *sms.Sender) error {
	all, err := a.store.OwnNames(ctx, account)
	if err != nil {
		return err
	}
	for _, own := range all {
		if own.Sender == n.Sender {
			n.Status, n.Referer = sms.Enabled, referers[own.Referer]
			return nil
		}
	}
	return sms.Errorf(sms.Invalid, "The sender %s is not known to be yours: give a reason in your own words, or take one that GET sendersAvailableForValidation lists", n.Sender)
}

func (a *API) listAvailableSenders(ctx context.Context, c *Call, in getSmsServiceNameSendersAvailableForValidationIn) ([]smsSenderAvailable, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	used, err := a.store.Senders(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.store.OwnNames(ctx, s.AccountID)
	has := map[string]bool{}
	for _, n := range used {
		has[n.Sender] = true
	}
	out := []smsSenderAvailable{}
	for _, n := range all {
		if !has[n.Sender] && (in.Referer == nil || string(*in.Referer) == n.Referer) {
			out = append(out, newOwnName(n))
		}
	}
	return out, err
}

func newOwnName(n sms.OwnName) smsSenderAvailable {
	return smsSenderAvailable{Referer: smsSenderReferer(n.Referer), Sender: n.Sender}
}

// codeTexts are the texts of codes, by country; the empty one is for all others. They have no number in them: short numbers may not
// carry any.
var codeTexts = map[string]string{
	"":   "Your code is %s. Give it to use this number as a sender; if you have not asked for it, forget it.",
	"FR": "Votre code est %s. Saisissez-le pour utiliser ce numero comme expediteur ; sinon, ignorez ce message.",
}

// sendCode sends a code to a number that is to be a sender, by the service itself and at its cost. If that cannot be done, the sender
// says so and waits for the operator.
func (a *API) sendCode(ctx context.Context, c *Call, s sms.Service, n sms.Sender) error {
	drawn, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	code := fmt.Sprintf("%06d", drawn)
	if err := a.store.SetSenderCode(ctx, sms.SenderCode{
		ServiceID: s.ID, Sender: n.Sender, Code: code, ExpiresAt: a.now().Add(sms.SenderCodeValidity),
	}); err != nil {
		return err
	}
	cause := a.deliverCode(ctx, c, s, n.Sender, code)
	if cause == nil {
		return nil
	}
	if known, ok := errors.AsType[*sms.Error](cause); !ok || known.Code == sms.Unavailable || known.Code == sms.Internal {
		return cause
	}
	if err := a.store.ForgetSenderCode(ctx, s.ID, n.Sender); err != nil {
		return err
	}
	return a.store.ChangeSender(ctx, s.ID, n.Sender, func(n *sms.Sender) error {
		n.Comment = "No code could be sent, so the operator decides: " + cause.Error()
		return nil
	})
}

func (a *API) deliverCode(ctx context.Context, c *Call, s sms.Service, number, code string) error {
	rules, err := a.rules(ctx, c, s.Name)
	if err != nil {
		return err
	}
	o := sms.Order{
		Receivers: []string{number}, NoStop: true, Class: sms.PhoneDisplay, Priority: sms.High, Validity: sms.MaxValidity,
		Credential: c.Caller.Credential, QueryID: c.QueryID, ForResponse: true,
	}
	country := s.Country
	if n, err := phone.Parse(number, s.Country); err == nil {
		country = n.Country
	}
	text := codeTexts[country]
	if text == "" {
		text = codeTexts[""]
	}
	o.Text = fmt.Sprintf(text, code)
	if !servedByShortNumber(rules, country) {
		o.ForResponse, o.Sender = false, usableSender(rules)
		if o.Sender == "" {
			return sms.Errorf(sms.Invalid, "the service has neither a short number for %s nor another sender", phone.CountryName(country))
		}
	}
	r, err := a.submit.Submit(ctx, c.Caller.AccountID, s.Name, o, submit.Key{})
	if err == nil && len(r.Invalid) > 0 {
		err = sms.Errorf(sms.Invalid, "%s", r.Invalid[0].Message)
	}
	return err
}

func servedByShortNumber(r *sms.Rules, country string) bool {
	for _, n := range r.ShortNumbers {
		if n.Country == country && r.Carriers[n.CarrierID].Enabled {
			return true
		}
	}
	return false
}

// usableSender gives the first enabled sender by name, empty if there is none.
func usableSender(r *sms.Rules) string {
	first := ""
	for name, n := range r.Senders {
		if n.Status == sms.Enabled && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

func (a *API) validateSender(ctx context.Context, c *Call, in postSmsServiceNameSendersSenderValidateIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.TrySenderCode(ctx, s.ID, in.Sender, strings.TrimSpace(in.Code), a.now())
}

func (a *API) listOwnNames(ctx context.Context, _ *Call, in getOperatorAccountsAccountOwnNamesIn) ([]smsSenderAvailable, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	all, err := a.store.OwnNames(ctx, account.ID)
	out := make([]smsSenderAvailable, len(all))
	for i, n := range all {
		out[i] = newOwnName(n)
	}
	return out, err
}

func (a *API) addOwnName(ctx context.Context, _ *Call, in postOperatorAccountsAccountOwnNamesIn) (smsSenderAvailable, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return smsSenderAvailable{}, err
	}
	n := sms.Sender{Sender: strings.TrimSpace(in.Sender), Reason: sms.ReasonOwnName}
	n.Type = sms.SenderType(n.Sender)
	if err := checkSender(&n, account.Country); err != nil {
		return smsSenderAvailable{}, err
	}
	own := sms.OwnName{Sender: n.Sender, Referer: "nichandle"}
	if in.Referer != nil {
		own.Referer = string(*in.Referer)
	}
	return newOwnName(own), a.store.AddOwnName(ctx, account.ID, own)
}

func (a *API) removeOwnName(ctx context.Context, _ *Call, in deleteOperatorAccountsAccountOwnNamesSenderIn) (void, error) {
	account, err := a.store.Account(ctx, in.Account)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteOwnName(ctx, account.ID, in.Sender)
}
