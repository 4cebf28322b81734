package web

import (
	"net/http"
	"strconv"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// securityPage is where an owner changes how he signs in.
type securityPage struct {
	On       bool
	Left     string // says how many recovery codes are left
	Offer    auth.NewCode
	Recovery []string // new ones, shown once
}

func (v *visit) showSecurity() error { return v.security(http.StatusOK, nil) }

func (v *visit) security(status int, offer *auth.NewCode, more ...func(*view)) error {
	on, left, err := v.cfg.SignIns.HasCode(v.ctx, v.session.Account)
	if err != nil {
		return err
	}
	page := securityPage{On: on, Left: v.say("otp.on", strconv.Itoa(left))}
	switch {
	case on:
	case offer != nil:
		page.Offer = *offer
	default:
		page.Offer = v.cfg.SignIns.OfferCode(v.session)
	}
	return v.show(status, "security.html", v.say("home.security"), page, more...)
}

func (v *visit) changePassword() error {
	given := v.r.PostForm
	err := v.cfg.SignIns.ChangePassword(v.ctx, v.session, given.Get("old"), given.Get("new"), v.Visitor(v.r))
	if err == nil {
		return v.security(http.StatusOK, nil, withNotice(v.say("pass.done")))
	}
	if sms.CodeOf(err) == sms.Invalid {
		return v.security(http.StatusBadRequest, nil, withError(v.say("pass.invalid")))
	}
	return v.refuseSecurity(err, "pass.wrong", nil)
}

func (v *visit) refuseSecurity(err error, wrong string, offer *auth.NewCode) error {
	status, text, _ := v.refusal(err, wrong)
	if status == 0 {
		return err
	}
	return v.security(status, offer, withError(text))
}

func (v *visit) switchCodeOn() error {
	given := v.r.PostForm
	offer, ok := v.cfg.SignIns.OfferedCode(v.session, given.Get("ticket"))
	if !ok {
		return v.security(http.StatusBadRequest, nil, withError(v.say("otp.wrong")))
	}
	recovery, err := v.cfg.SignIns.SwitchCodeOn(v.ctx, v.session, offer, given.Get("code"), given.Get("password"), v.Visitor(v.r))
	if err != nil {
		return v.refuseSecurity(err, "otp.wrong", &offer)
	}
	return v.show(http.StatusOK, "recovery.html", v.say("otp.done"), securityPage{Recovery: recovery})
}

func (v *visit) switchCodeOff() error {
	err := v.cfg.SignIns.SwitchCodeOff(v.ctx, v.session, v.r.PostForm.Get("password"), v.Visitor(v.r))
	if err != nil {
		return v.refuseSecurity(err, "pass.wrong", nil)
	}
	return v.security(http.StatusOK, nil, withNotice(v.say("otp.none")))
}
