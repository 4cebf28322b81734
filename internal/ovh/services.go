package ovh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ramier/internal/sms"
)

// service gives a service of the caller. One of somebody else does not exist for him.
func (a *API) service(ctx context.Context, c *Call, name string) (sms.Service, error) {
	rules, err := a.rules(ctx, c, name)
	if err != nil {
		return sms.Service{}, err
	}
	return rules.Service, nil
}

// rules gives what plans of a service are made by, if it is the caller's and, for a service account, one that it sees.
func (a *API) rules(ctx context.Context, c *Call, name string) (*sms.Rules, error) {
	rules, err := a.store.Rules(ctx, name)
	if err == nil && (rules.Service.AccountID != c.Caller.AccountID || !c.Caller.Sees(name)) {
		err = sms.Errorf(sms.NoService, "This service does not exist")
	}
	return rules, err
}

func (a *API) listServices(ctx context.Context, c *Call, _ getSmsIn) ([]string, error) {
	names, err := a.store.ServicesOf(ctx, c.Caller.AccountID)
	return slices.DeleteFunc(names, func(name string) bool { return !c.Caller.Sees(name) }), err
}

func (a *API) getService(ctx context.Context, c *Call, in getSmsServiceNameIn) (smsAccountWithIAM, error) {
	if _, err := a.service(ctx, c, in.ServiceName); err != nil {
		return smsAccountWithIAM{}, err
	}
	s, err := a.store.Service(ctx, in.ServiceName) // what a plan is made by may be older than another node's change
	if err != nil {
		return smsAccountWithIAM{}, err
	}
	b, err := a.store.Balance(ctx, s.ID)
	if err != nil {
		return smsAccountWithIAM{}, err
	}
	out := newAccount(s, b, a.now())
	out.UserQuantityWithQuota, err = a.store.UsersWithQuota(ctx, s.ID)
	return out, err
}

func newAccount(s sms.Service, b sms.Balance, now time.Time) smsAccountWithIAM {
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
	if set.Renewal.Ended(now) {
		out.Status = sms.Disabled
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
	return void{}, a.store.ChangeService(ctx, s.Name, func(s *sms.Service) error { return changeAccount(s, a.store.SendsMail(), in.Body) })
}

// changeAccount sets what the request names and leaves the rest. mails tells whether the platform sends any.
func changeAccount(s *sms.Service, mails bool, b smsAccountBody) error {
	set := &s.Settings
	if b.AutomaticRecreditAmount.Set {
		set.AutomaticRecreditAmount = 0
		if v := b.AutomaticRecreditAmount.Value; v != nil {
			set.AutomaticRecreditAmount = int64(*v)
		}
	}
	if v := b.CreditThresholdForAutomaticRecredit; v != nil {
		threshold, err := sms.CreditsFrom(*v)
		if err == nil && threshold < 0 {
			err = sms.Errorf(sms.Invalid, "creditThresholdForAutomaticRecredit = %v is below zero, where the balance never is", threshold)
		}
		if err != nil {
			return err
		}
		set.RecreditThreshold = threshold
	}
	if b.Description != nil {
		if err := checkText("description", *b.Description); err != nil {
			return err
		}
		s.Description = *b.Description
	}
	if err := setURL(&set.CallBack, b.CallBack, "callBack"); err != nil {
		return err
	}
	if err := setURL(&set.StopCallBack, b.StopCallBack, "stopCallBack"); err != nil {
		return err
	}
	if r := b.SmsResponse; r != nil {
		if err := changeResponse(set, mails, r); err != nil {
			return err
		}
	}
	return changeTemplates(set, b.Templates)
}

// maxTracking is how many ways to learn of a reply there may be.
const maxTracking = 20

func changeResponse(set *sms.Settings, mails bool, r *smsResponseBody) error {
	if r.ResponseType != nil {
		set.ResponseType = string(*r.ResponseType)
	}
	if r.TrackingOptions.Set {
		was := set.ResponseTracking
		set.ResponseTracking = nil
		if r.TrackingOptions.Value != nil {
			var err error
			if set.ResponseTracking, err = trackings(mails, was, *r.TrackingOptions.Value); err != nil {
				return err
			}
		}
	}
	return errors.Join(
		setText(&set.ResponseText, r.Text, "smsResponse.text", maxBodyText),
		setText(&set.ResponseTrackingSender, r.TrackingDefaultSmsSender, "smsResponse.trackingDefaultSmsSender", maxText),
		setURL(&set.ResponseCgiURL, r.CgiURL, "smsResponse.cgiUrl"),
	)
}

func trackings(mails bool, was []sms.Tracking, options []smsResponseTrackingOptionsBody) ([]sms.Tracking, error) {
	if len(options) > maxTracking {
		return nil, sms.Errorf(sms.Invalid, "smsResponse.trackingOptions holds %d ways, more than %d", len(options), maxTracking)
	}
	var all []sms.Tracking
	for i, o := range options {
		t := sms.Tracking{Media: string(deref(o.Media)), Sender: deref(o.Sender), Target: deref(o.Target)}
		at := fmt.Sprintf("smsResponse.trackingOptions[%d].", i)
		if t.Media == "" {
			return nil, sms.Errorf(sms.Invalid, "%smedia is missing: give email, sms or voice", at)
		}
		if err := errors.Join(checkText(at+"sender", t.Sender), checkText(at+"target", t.Target)); err != nil {
			return nil, err
		}
		if t.Media == "email" && !slices.Contains(was, t) { // what is written back as it was read stays
			if err := sms.CheckMailAddress(at+"target", t.Target); err != nil {
				return nil, err
			}
			if !mails {
				return nil, sms.NoMail(at + "media")
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// The most characters of texts that the owner of a service sets, beside those of a description.
const (
	maxBodyText = 10_000
	maxSMSBody  = 70 // OVH's control panel
	maxURL      = 2048
)

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
	return errors.Join(
		setText(&set.EmailBody, t.EmailBody, "templates.emailBody", maxBodyText),
		setText(&set.EmailFrom, t.EmailFrom, "templates.emailFrom", maxText),
		setText(&set.EmailSubject, t.EmailSubject, "templates.emailSubject", maxText),
		setText(&set.SMSBody, t.SmsBody, "templates.smsBody", maxSMSBody),
	)
}

// setText takes a text of at most so many characters, empty or null for none.
func setText(to *string, v nullable[string], field string, most int) error {
	if !v.Set {
		return nil
	}
	if *to = deref(v.Value); utf8.RuneCountInString(*to) > most {
		return sms.Errorf(sms.Invalid, "%s has %d characters, more than %d: shorten it", field, utf8.RuneCountInString(*to), most)
	}
	return nil
}

// setURL takes an address that will be called, empty or null for none.
func setURL(to *string, v nullable[string], field string) error {
	if v.Value != nil && *v.Value != "" {
		if err := checkURL(field, *v.Value); err != nil {
			return err
		}
	}
	return setText(to, v, field, maxURL)
}
