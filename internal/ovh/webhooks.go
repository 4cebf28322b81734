package ovh

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"ramier/internal/fetch"
	"ramier/internal/sms"
)

func (a *API) listWebhooks(ctx context.Context, c *Call, in getSmsServiceNameWebhooksIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Webhooks(ctx, s.ID)
	ids := make([]int64, len(all))
	for i, w := range all {
		ids[i] = w.ID
	}
	return ids, err
}

func (a *API) addWebhook(ctx context.Context, c *Call, in postSmsServiceNameWebhooksIn) (smsWebhookWithSecret, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsWebhookWithSecret{}, err
	}
	w := sms.Webhook{ServiceID: s.ID, Enabled: true, Secret: newSecret(), CreatedAt: a.now()}
	if err := changeWebhook(&w, smsWebhookBody{Description: in.Description, Enabled: in.Enabled, Events: in.Events, URL: &in.URL}); err != nil {
		return smsWebhookWithSecret{}, err
	}
	err = a.store.AddWebhook(ctx, &w)
	return newWebhookWithSecret(w), err
}

// newSecret makes the key of a webhook's signatures, in the form of the Standard Webhooks specification.
func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// changeWebhook sets what the request names and leaves the rest.
func changeWebhook(w *sms.Webhook, b smsWebhookBody) error {
	if b.Description != nil {
		if err := checkText("description", *b.Description); err != nil {
			return err
		}
		w.Description = *b.Description
	}
	if b.Enabled != nil {
		w.Enabled = *b.Enabled
	}
	if b.Events != nil {
		if err := sms.CheckEvents(b.Events); err != nil {
			return err
		}
		w.Events = b.Events
	}
	if b.URL != nil {
		if err := checkURL("url", *b.URL); err != nil {
			return err
		}
		w.URL = *b.URL
	}
	return nil
}

// checkURL looks at an address that will be called. Whether it may be called shows then.
func checkURL(field, address string) error {
	if _, err := fetch.ParseURL(address); err != nil {
		return sms.Errorf(sms.Invalid, "%s = %q is not an address that can be called: it must begin with http:// or https:// and a host, and may have 2048 bytes", field, cut(address))
	}
	return nil
}

func newWebhook(w sms.Webhook) smsWebhook {
	out := smsWebhook{CreationDatetime: datetime{w.CreatedAt}, Description: w.Description, Enabled: w.Enabled, Events: w.Events, ID: w.ID, URL: w.URL}
	if out.Events == nil {
		out.Events = []string{}
	}
	out.OldSecretUntil = orNever(w.OldUntil)
	return out
}

func newWebhookWithSecret(w sms.Webhook) smsWebhookWithSecret {
	shown := newWebhook(w)
	return smsWebhookWithSecret{
		CreationDatetime: shown.CreationDatetime, Description: shown.Description, Enabled: shown.Enabled, Events: shown.Events, ID: shown.ID,
		OldSecretUntil: shown.OldSecretUntil, Secret: w.Secret, URL: shown.URL,
	}
}

// orNever shows the zero time as null.
func orNever(t time.Time) *datetime {
	if t.IsZero() {
		return nil
	}
	return &datetime{t}
}

// webhook finds a webhook of the caller's.
func (a *API) webhook(ctx context.Context, c *Call, service string, id int64) (sms.Webhook, error) {
	s, err := a.service(ctx, c, service)
	if err != nil {
		return sms.Webhook{}, err
	}
	return a.store.Webhook(ctx, s.ID, id)
}

func (a *API) getWebhook(ctx context.Context, c *Call, in getSmsServiceNameWebhooksIDIn) (smsWebhook, error) {
	w, err := a.webhook(ctx, c, in.ServiceName, in.ID)
	return newWebhook(w), err
}

func (a *API) putWebhook(ctx context.Context, c *Call, in putSmsServiceNameWebhooksIDIn) (void, error) {
	w, err := a.webhook(ctx, c, in.ServiceName, in.ID)
	if err == nil {
		err = changeWebhook(&w, in.Body)
	}
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeWebhook(ctx, w)
}

func (a *API) deleteWebhook(ctx context.Context, c *Call, in deleteSmsServiceNameWebhooksIDIn) (void, error) {
	w, err := a.webhook(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteWebhook(ctx, w.ServiceID, w.ID)
}

// How long an old secret may sign beside a new one, in hours.
const (
	defaultOverlap = 24
	maxOverlap     = 168
)

func (a *API) rotateSecret(ctx context.Context, c *Call, in postSmsServiceNameWebhooksIDRotateSecretIn) (smsWebhookWithSecret, error) {
	hours := int64(defaultOverlap)
	if in.OverlapHours != nil {
		hours = *in.OverlapHours
	}
	if hours < 0 || hours > maxOverlap {
		return smsWebhookWithSecret{}, sms.Errorf(sms.Invalid, "overlapHours = %d is not between 0 and %d", hours, maxOverlap)
	}
	w, err := a.webhook(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsWebhookWithSecret{}, err
	}
	w.OldSecret, w.OldUntil, w.Secret = w.Secret, a.now().Add(time.Duration(hours)*time.Hour), newSecret()
	if hours == 0 {
		w.OldSecret, w.OldUntil = "", time.Time{}
	}
	err = a.store.ChangeWebhook(ctx, w)
	return newWebhookWithSecret(w), err
}

func (a *API) testWebhook(ctx context.Context, c *Call, in postSmsServiceNameWebhooksIDTestIn) (smsDeliveryAttempt, error) {
	w, err := a.webhook(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsDeliveryAttempt{}, err
	}
	return newAttempt(a.webhooks.Test(ctx, in.ServiceName, w)), nil
}

func newAttempt(t sms.Attempt) smsDeliveryAttempt {
	out := smsDeliveryAttempt{Answer: t.Answer, Date: datetime{t.At}, Error: orNull(t.Error), Milliseconds: t.Took.Milliseconds()}
	out.Status = orNothing(int64(t.Status))
	return out
}

func (a *API) listKeywords(ctx context.Context, c *Call, in getSmsServiceNameKeywordsIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Keywords(ctx, s.ID)
	ids := make([]int64, len(all))
	for i, k := range all {
		ids[i] = k.ID
	}
	return ids, err
}

func (a *API) addKeyword(ctx context.Context, c *Call, in postSmsServiceNameKeywordsIn) (smsKeyword, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsKeyword{}, err
	}
	k := sms.KeywordRule{ServiceID: s.ID, CreatedAt: a.now()}
	b := smsKeywordBody{Answer: in.Answer, Description: in.Description, Opt: in.Opt, Tag: in.Tag, Word: &in.Word}
	b.URL = nullable[string]{Set: in.URL != nil, Value: in.URL}
	b.Email = nullable[string]{Set: in.Email != nil, Value: in.Email}
	if err := a.changeKeyword(&k, b); err != nil {
		return smsKeyword{}, err
	}
	err = a.store.AddKeyword(ctx, &k)
	return newKeyword(k), err
}

// changeKeyword sets what the request names and leaves the rest.
func (a *API) changeKeyword(k *sms.KeywordRule, b smsKeywordBody) error {
	if b.Word != nil {
		word, rest := sms.Keyword(*b.Word)
		switch {
		case word == "" || rest != "" || len([]rune(word)) > maxText:
			return sms.Errorf(sms.Invalid, "word = %q is not one word: give letters and digits only", cut(*b.Word))
		case sms.ReadIntent(*b.Word) != sms.NoIntent:
			return sms.Errorf(sms.Invalid, "word = %q opts receivers out or in by itself: give another one", cut(*b.Word))
		}
		k.Word = word
	}
	for _, t := range []struct {
		to   *string
		from *string
		name string
		most int
	}{{&k.Answer, b.Answer, "answer", maxBodyText}, {&k.Description, b.Description, "description", maxText}, {&k.Tag, b.Tag, "tag", maxText}} {
		if t.from == nil {
			continue
		}
		if err := setText(t.to, nullable[string]{Set: true, Value: t.from}, t.name, t.most); err != nil {
			return err
		}
	}
	if b.Opt != nil {
		k.Opt = string(*b.Opt)
		if *b.Opt == smsKeywordOptNone {
			k.Opt = ""
		}
	}
	if b.URL.Set {
		if k.URL = deref(b.URL.Value); k.URL != "" {
			if err := checkURL("url", k.URL); err != nil {
				return err
			}
		}
	}
	if b.Email.Set {
		if k.Email = deref(b.Email.Value); k.Email != "" {
			if err := a.checkMail("email", k.Email); err != nil {
				return err
			}
		}
	}
	if k.Answer == "" && k.URL == "" && k.Email == "" && k.Tag == "" && k.Opt == "" {
		return sms.Errorf(sms.Invalid, "the rule for the word %s does nothing: give answer, url, email, tag or opt", k.Word)
	}
	return nil
}

func newKeyword(k sms.KeywordRule) smsKeyword {
	opt := smsKeywordOptNone
	if k.Opt != "" {
		opt = smsKeywordOpt(k.Opt)
	}
	return smsKeyword{
		Answer: k.Answer, CreationDatetime: datetime{k.CreatedAt}, Description: k.Description, Email: orNull(k.Email), ID: k.ID, Opt: opt, Tag: k.Tag, URL: orNull(k.URL),
		Word: k.Word,
	}
}

func (a *API) getKeyword(ctx context.Context, c *Call, in getSmsServiceNameKeywordsIDIn) (smsKeyword, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsKeyword{}, err
	}
	k, err := a.store.Keyword(ctx, s.ID, in.ID)
	return newKeyword(k), err
}

func (a *API) putKeyword(ctx context.Context, c *Call, in putSmsServiceNameKeywordsIDIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	k, err := a.store.Keyword(ctx, s.ID, in.ID)
	if err == nil {
		err = a.changeKeyword(&k, in.Body)
	}
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeKeyword(ctx, k)
}

func (a *API) deleteKeyword(ctx context.Context, c *Call, in deleteSmsServiceNameKeywordsIDIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteKeyword(ctx, s.ID, in.ID)
}

// checkMail tells what is wrong with an address that mails are to go to; also that the platform sends none.
func (a *API) checkMail(field, address string) error {
	if err := sms.CheckMailAddress(field, address); err != nil {
		return err
	}
	if !a.store.SendsMail() {
		return sms.NoMail(field)
	}
	return nil
}
