package ovh

import (
	"context"
	"regexp"
	"strings"

	"ramier/internal/phone"
	"ramier/internal/sms"
)

func (a *API) listSenders(ctx context.Context, c *Call, in getSmsServiceNameSendersIn) ([]string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Senders(ctx, s.ID)
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = n.Sender
	}
	return names, err
}

// alphaSender is OVH's pattern of names: letters, digits, underscores, spaces and a few signs.
var alphaSender = regexp.MustCompile(`^[A-Za-z0-9_ \-.,&+]+$`)

// Limits of OVH's control panel, in characters.
const (
	maxAlphaSender       = 11
	maxSenderDescription = 40
	maxSenderReason      = 250
)

func (a *API) createSender(ctx context.Context, c *Call, in postSmsServiceNameSendersIn) (string, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return "", err
	}
	n := sms.Sender{
		ServiceID: s.ID, Sender: strings.TrimSpace(in.Sender), Status: sms.Waiting, Description: deref(in.Description),
		Reason: deref(in.Reason), Referer: "custom", CreatedAt: a.now(),
	}
	n.Type = sms.SenderType(n.Sender)
	if err := checkSender(&n, s.Country); err != nil {
		return "", err
	}
	if n.Reason == sms.ReasonOwnName {
		if err := a.vouch(ctx, s.AccountID, &n); err != nil {
			return "", err
		}
	}
	if err := a.store.AddSender(ctx, n); err != nil {
		return "", err
	}
	if n.Type == "numeric" && n.Status == sms.Waiting {
		if err := a.sendCode(ctx, c, s, n); err != nil {
			// So that the call can be made again; if this fails too, the sender is there and can be deleted.
			_ = a.store.DeleteSender(ctx, s.ID, n.Sender)
			return "", err
		}
	}
	return n.Sender, nil
}

func checkSender(n *sms.Sender, country string) error {
	if n.Type == "alpha" {
		if len([]rune(n.Sender)) > maxAlphaSender || !alphaSender.MatchString(n.Sender) || strings.Trim(n.Sender, " ") == "" {
			return sms.Errorf(sms.Invalid, "sender = %q is not a name that can be shown: up to %d letters, digits, spaces and - . , & + _, not digits only",
				n.Sender, maxAlphaSender)
		}
	} else if n.Type == "numeric" {
		number, err := phone.Parse(n.Sender, country)
		if err != nil {
			return sms.Errorf(sms.Invalid, "sender: %v", err)
		}
		n.Sender = number.E164
	}
	if err := checkDescription(n.Description); err != nil {
		return err
	}
	if strings.TrimSpace(n.Reason) == "" {
		return sms.Errorf(sms.Invalid, "Please provide a reason").With("cause", "reason is missing: say in a sentence why you may use this sender")
	}
	if len([]rune(n.Reason)) > maxSenderReason {
		return sms.Errorf(sms.Invalid, "reason has %d characters, more than %d", len([]rune(n.Reason)), maxSenderReason)
	}
	return nil
}

func checkDescription(description string) error {
	if n := len([]rune(description)); n > maxSenderDescription {
		return sms.Errorf(sms.Invalid, "description has %d characters, more than %d", n, maxSenderDescription)
	}
	return nil
}

func (a *API) getSender(ctx context.Context, c *Call, in getSmsServiceNameSendersSenderIn) (smsSender, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsSender{}, err
	}
	n, err := a.store.Sender(ctx, s.ID, in.Sender)
	if err != nil {
		return smsSender{}, err
	}
	out := newSender(n)
	if n.Type == "numeric" && n.Status == sms.Waiting {
		awaits, err := a.store.AwaitsCode(ctx, s.ID, n.Sender)
		if err != nil {
			return smsSender{}, err
		}
		if awaits {
			out.ValidationMedia = new(n.Sender)
		}
	}
	return out, nil
}

func newSender(n sms.Sender) smsSender {
	return smsSender{
		Comment: orNull(n.Comment), Description: n.Description, Referer: smsRefererSender(n.Referer), Sender: n.Sender,
		Status: smsStatusSender(n.Status), Type: new(smsTypeSender(n.Type)),
	}
}

func (a *API) putSender(ctx context.Context, c *Call, in putSmsServiceNameSendersSenderIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.ChangeSender(ctx, s.ID, in.Sender, func(n *sms.Sender) error {
		if d := in.Body.Description; d != nil {
			if err := checkDescription(*d); err != nil {
				return err
			}
			n.Description = *d
		}
		if want := in.Body.Status; want != nil && string(*want) != n.Status {
			return switchSender(n, string(*want))
		}
		return nil
	})
}

// switchSender turns an approved sender off and on; everything else is for the operator to decide.
func switchSender(n *sms.Sender, want string) error {
	switch {
	case n.Status != sms.Enabled && n.Status != sms.Disabled:
		return sms.Errorf(sms.Forbidden, "The sender %s is %s: the operator decides about it", n.Sender, n.Status)
	case want != sms.Enabled && want != sms.Disabled:
		return sms.Errorf(sms.Invalid, "status = %q cannot be set: give enable or disable", want)
	}
	n.Status = want
	return nil
}

func (a *API) deleteSender(ctx context.Context, c *Call, in deleteSmsServiceNameSendersSenderIn) (void, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return void{}, err
	}
	return void{}, a.store.DeleteSender(ctx, s.ID, in.Sender)
}
