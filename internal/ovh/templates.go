package ovh

import (
	"context"
	"strings"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// The limits of templates, in characters. That of descriptions is OVH's control panel's.
const (
	maxTemplateName        = 50
	maxTemplateMessage     = 1600
	maxTemplateDescription = 249
)

func (a *API) listTemplates(ctx context.Context, c *Call, in getSmsServiceNameTemplatesControlIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Templates(ctx, s.ID)
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.Name
	}
	return names, err
}

func (a *API) createTemplate(ctx context.Context, c *Call, in postSmsServiceNameTemplatesControlIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	t := sms.TemplateControl{
		ServiceID: s.ID, Name: strings.TrimSpace(in.Name), Activity: string(in.Activity), Message: in.Message, Description: deref(in.Description),
		Reason: deref(in.Reason), Status: sms.Waiting, ChangedAt: a.now(),
	}
	if n := len([]rune(t.Name)); n == 0 || n > maxTemplateName || strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' }) {
		return void{}, sms.Errorf(sms.Invalid, "name = %q is not a name: give 1 to %d characters", cut(t.Name), maxTemplateName)
	}
	if n := len([]rune(t.Reason)); n > maxSenderReason {
		return void{}, sms.Errorf(sms.Invalid, "reason has %d characters, more than %d", n, maxSenderReason)
	}
	if err := checkTemplate(t.Message, t.Description); err != nil {
		return void{}, err
	}
	return void{}, a.store.AddTemplate(ctx, t)
}

func checkTemplate(message, description string) error {
	if n := len([]rune(message)); strings.TrimSpace(message) == "" || n > maxTemplateMessage {
		return sms.Errorf(sms.Invalid, "message has %d characters: give 1 to %d, with variable parts as #NAME#", n, maxTemplateMessage)
	}
	if n := len([]rune(description)); n > maxTemplateDescription {
		return sms.Errorf(sms.Invalid, "description has %d characters, more than %d", n, maxTemplateDescription)
	}
	fixed := strings.TrimSpace(strings.Join(sms.ParsePattern(message), ""))
	if fixed == "" {
		return sms.Errorf(sms.Invalid, "message = %q consists of variable parts only: say what is always the same", message)
	}
	return nil
}

func (a *API) getTemplate(ctx context.Context, c *Call, in getSmsServiceNameTemplatesControlNameIn) (smsTemplateControl, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsTemplateControl{}, err
	}
	t, err := a.store.Template(ctx, s.ID, in.Name)
	return smsTemplateControl{
		Activity: smsTypeTemplate(t.Activity), Comment: t.Comment, Datetime: datetime{t.ChangedAt}, Description: t.Description, Message: t.Message,
		Name: t.Name, Status: smsStatusSender(t.Status),
	}, err
}

// putTemplate changes what the request names. Another text or kind of messages has to be seen by the operator again.
func (a *API) putTemplate(ctx context.Context, c *Call, in putSmsServiceNameTemplatesControlNameIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeTemplate(ctx, s.ID, in.Name, a.now(), func(t *sms.TemplateControl) error { return changeTemplate(t, in.Body) })
}

func changeTemplate(t *sms.TemplateControl, b smsTemplateControlBody) error {
	if b.Name != nil && *b.Name != t.Name {
		return sms.Errorf(sms.Invalid, "name = %q: a template keeps its name %q; make another one", cut(*b.Name), t.Name)
	}
	before := *t
	setIf(&t.Description, b.Description)
	setIf(&t.Message, b.Message)
	setWord(&t.Activity, b.Activity)
	if err := checkTemplate(t.Message, t.Description); err != nil {
		return err
	}
	again := t.Message != before.Message || t.Activity != before.Activity
	if want := b.Status; want != nil && string(*want) != before.Status {
		switch {
		case before.Status != sms.Enabled && before.Status != sms.Disabled:
			return sms.Errorf(sms.Forbidden, "The template %s is %s: the operator decides about it", t.Name, t.Status)
		case *want != sms.Enabled && *want != sms.Disabled:
			return sms.Errorf(sms.Invalid, "status = %q cannot be set: give enable or disable", *want)
		}
		t.Status = string(*want)
	}
	if again {
		t.Status, t.Comment = sms.Waiting, ""
	}
	return nil
}

func (a *API) deleteTemplate(ctx context.Context, c *Call, in deleteSmsServiceNameTemplatesControlNameIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteTemplate(ctx, s.ID, in.Name)
}

func (a *API) relaunchTemplate(ctx context.Context, c *Call, in postSmsServiceNameTemplatesControlNameRelaunchValidationIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	if err := checkTemplate(in.Message, in.Description); err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeTemplate(ctx, s.ID, in.Name, a.now(), func(t *sms.TemplateControl) error {
		if t.Status != sms.Rejected {
			return sms.Errorf(sms.Conflict, "The template %s is %s: only a refused one can be submitted again", t.Name, t.Status)
		}
		t.Message, t.Description, t.Status, t.Comment = in.Message, in.Description, sms.Waiting, ""
		return nil
	})
}

func (a *API) listTemplateRequests(ctx context.Context, _ *Call, in getOperatorTemplatesIn) ([]operatorTemplateRequest, error) {
	all, err := a.store.TemplatesByStatus(ctx, string(deref(in.Status)))
	out := make([]operatorTemplateRequest, len(all))
	for i, t := range all {
		out[i] = newTemplateRequest(t)
	}
	return out, err
}

func newTemplateRequest(t store.TemplateRequest) operatorTemplateRequest {
	return operatorTemplateRequest{
		Account: t.Account, Activity: smsTypeTemplate(t.Activity), Comment: orNull(t.Comment), Datetime: datetime{t.ChangedAt},
		Description: t.Description, Message: t.Message, Name: t.Name, Reason: t.Reason, ServiceName: t.Service, Status: smsStatusSender(t.Status),
	}
}

func (a *API) approveTemplate(ctx context.Context, _ *Call, in postOperatorServicesServiceNameTemplatesNameApproveIn) (void, error) {
	return void{}, a.judgeTemplate(ctx, in.ServiceName, in.Name, sms.Enabled, deref(in.Comment))
}

func (a *API) refuseTemplate(ctx context.Context, _ *Call, in postOperatorServicesServiceNameTemplatesNameRefuseIn) (void, error) {
	if strings.TrimSpace(in.Comment) == "" {
		return void{}, sms.Errorf(sms.Invalid, "comment is empty: tell the customer why the template is refused")
	}
	return void{}, a.judgeTemplate(ctx, in.ServiceName, in.Name, sms.Rejected, in.Comment)
}

// judgeTemplate may also take an earlier verdict back.
func (a *API) judgeTemplate(ctx context.Context, service, name, status, comment string) error {
	if err := checkText("comment", comment); err != nil {
		return err
	}
	s, err := a.store.Service(ctx, service)
	if err != nil {
		return err
	}
	return a.store.ChangeTemplate(ctx, s.ID, name, a.now(), func(t *sms.TemplateControl) error {
		t.Status, t.Comment = status, comment
		return nil
	})
}
