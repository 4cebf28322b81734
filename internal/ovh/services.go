package ovh

import (
	"context"
	"net/url"
	"strings"

	"ramier/internal/sms"
)

// service gives a service of the caller. One of somebody else does not exist for him.
func (a *API) service(ctx context.Context, c *Call, name string) (sms.Service, error) {
	rules, err := a.store.Rules(ctx, name)
	if err != nil {
		return sms.Service{}, err
	}
	if rules.Service.AccountID != c.Caller.AccountID {
		return sms.Service{}, sms.Errorf(sms.NoService, "This service does not exist")
	}
	return rules.Service, nil
}

func (a *API) listServices(ctx context.Context, c *Call, _ getSmsIn) ([]string, error) {
	return a.store.ServicesOf(ctx, c.Caller.AccountID)
}

func (a *API) getService(ctx context.Context, c *Call, in getSmsServiceNameIn) (smsAccountWithIAM, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsAccountWithIAM{}, err
	}
	b, err := a.store.Balance(ctx, s.ID)
	return newAccount(s, b), err
}

func newAccount(s sms.Service, b sms.Balance) smsAccountWithIAM {
	set := s.Settings
	out := smsAccountWithIAM{
		CallBack: orNull(set.CallBack), StopCallBack: orNull(set.StopCallBack), Channel: smsChannel(s.Channel),
		CreditThresholdForAutomaticRecredit: set.RecreditThreshold.Float(), CreditsHoldByQuota: b.Quota.Float(),
		CreditsLeft: b.Available.Float(), Description: s.Description, Name: s.Name, Smpp: strings.HasPrefix(s.Name, "smpp-"),
		Status: smsStatusAccount(s.Status),
		SmsResponse: smsResponse{
			CgiURL: orNull(set.ResponseCgiURL), ResponseType: "none", Text: orNull(set.ResponseText),
			TrackingDefaultSmsSender: orNull(set.ResponseTrackingSender),
		},
		Templates: smsTemplates{
			CustomizedEmailMode: set.CustomizedEmail, CustomizedSmsMode: set.CustomizedSMS, EmailBody: orNull(set.EmailBody),
			EmailFrom: orNull(set.EmailFrom), EmailSubject: orNull(set.EmailSubject), SmsBody: orNull(set.SMSBody),
		},
	}
	if set.AutomaticRecreditAmount != 0 {
		out.AutomaticRecreditAmount = new(smsPackQuantityAutomaticRecredit(set.AutomaticRecreditAmount))
	}
	if set.ResponseType != "" {
		out.SmsResponse.ResponseType = smsResponseType(set.ResponseType)
	}
	tracking := []smsResponseTrackingOptions{}
	for _, t := range set.ResponseTracking {
		tracking = append(tracking, smsResponseTrackingOptions{Media: smsResponseTrackingMedia(t.Media), Sender: t.Sender, Target: t.Target})
	}
	out.SmsResponse.TrackingOptions = &tracking
	return out
}

// orNull shows an empty text as null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *API) putService(ctx context.Context, c *Call, in putSmsServiceNameIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeService(ctx, s.Name, func(s *sms.Service) error { return changeAccount(s, in.Body) })
}

// changeAccount sets what the request names and leaves the rest.
func changeAccount(s *sms.Service, b smsAccountBody) error {
	set := &s.Settings
	if b.AutomaticRecreditAmount.Set {
		set.AutomaticRecreditAmount = 0
		if v := b.AutomaticRecreditAmount.Value; v != nil {
			set.AutomaticRecreditAmount = int64(*v)
		}
	}
	if v := b.CreditThresholdForAutomaticRecredit; v != nil {
		threshold, err := sms.CreditsFrom(*v)
		if err != nil {
			return err
		}
		set.RecreditThreshold = threshold
	}
	if b.Description != nil {
		s.Description = *b.Description
	}
	if err := setURL(&set.CallBack, b.CallBack, "callBack"); err != nil {
		return err
	}
	if err := setURL(&set.StopCallBack, b.StopCallBack, "stopCallBack"); err != nil {
		return err
	}
	if r := b.SmsResponse; r != nil {
		if err := changeResponse(set, r); err != nil {
			return err
		}
	}
	return changeTemplates(set, b.Templates)
}

func changeResponse(set *sms.Settings, r *smsResponseBody) error {
	if r.ResponseType != nil {
		set.ResponseType = string(*r.ResponseType)
	}
	setText(&set.ResponseText, r.Text)
	setText(&set.ResponseTrackingSender, r.TrackingDefaultSmsSender)
	if r.TrackingOptions.Set {
		set.ResponseTracking = nil
		if r.TrackingOptions.Value != nil {
			for _, t := range *r.TrackingOptions.Value {
				set.ResponseTracking = append(set.ResponseTracking, tracking(t))
			}
		}
	}
	return setURL(&set.ResponseCgiURL, r.CgiURL, "smsResponse.cgiUrl")
}

func tracking(t smsResponseTrackingOptionsBody) sms.Tracking {
	var out sms.Tracking
	if t.Media != nil {
		out.Media = string(*t.Media)
	}
	if t.Sender != nil {
		out.Sender = *t.Sender
	}
	if t.Target != nil {
		out.Target = *t.Target
	}
	return out
}

func changeTemplates(set *sms.Settings, t *smsTemplatesBody) error {
	if t == nil {
		return nil
	}
	if t.CustomizedEmailMode != nil {
		set.CustomizedEmail = *t.CustomizedEmailMode
	}
	if t.CustomizedSmsMode != nil {
		set.CustomizedSMS = *t.CustomizedSmsMode
	}
	setText(&set.EmailBody, t.EmailBody)
	setText(&set.EmailFrom, t.EmailFrom)
	setText(&set.EmailSubject, t.EmailSubject)
	const longest = 70
	if v := t.SmsBody.Value; v != nil && len([]rune(*v)) > longest {
		return sms.Errorf(sms.Invalid, "templates.smsBody has %d characters, more than %d: shorten it", len([]rune(*v)), longest)
	}
	setText(&set.SMSBody, t.SmsBody)
	return nil
}

func setText(to *string, v nullable[string]) {
	if !v.Set {
		return
	}
	*to = ""
	if v.Value != nil {
		*to = *v.Value
	}
}

// setURL takes an address that will be called, empty or null for none.
func setURL(to *string, v nullable[string], field string) error {
	if v.Value != nil && *v.Value != "" {
		u, err := url.Parse(*v.Value)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return sms.Errorf(sms.Invalid, "%s = %q is not an address that can be called: it must begin with http:// or https:// and a host", field, *v.Value)
		}
	}
	setText(to, v)
	return nil
}
