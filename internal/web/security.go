package web

import (
	"net/http"
	"strconv"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// securityPage is where an owner changes how he signs in.
type securityPage struct {
	auth.Security
	Left      string        // says how many recovery codes are left
	Last      bool          // there is one second factor
	Offer     auth.NewCode  // of one-time codes
	Passkey   auth.Ceremony // its options are empty where passkeys do not work
	Elsewhere string        // the origin where they do
	Provider  string        // empty = there is none
}

func (v *visit) showSecurity() error { return v.security(http.StatusOK, nil) }

func (v *visit) security(status int, offer *auth.NewCode, more ...func(*view)) error {
	state, err := v.cfg.SignIns.Security(v.ctx, v.session.Account)
	if err != nil {
		return err
	}
	page := securityPage{
		Security: state, Left: v.say("recovery.left", strconv.Itoa(state.Recovery)), Last: state.Factors() == 1,
		Elsewhere: v.passkeysElsewhere(), Provider: v.cfg.SignIns.ProviderName(),
	}
	switch {
	case state.Code:
	case offer != nil:
		page.Offer = *offer
	default:
		page.Offer = v.cfg.SignIns.OfferCode(v.session)
	}
	if v.passkeysHere() {
		if page.Passkey, err = v.cfg.SignIns.OfferPasskey(v.ctx, v.session, v.visitor()); err != nil {
			return err
		}
		more = append(more, v.withScript)
	}
	return v.show(status, "security.html", v.say("home.security"), page, more...)
}

func (v *visit) changePassword() error {
	given := v.r.PostForm
	err := v.cfg.SignIns.ChangePassword(v.ctx, v.session, given.Get("old"), given.Get("new"), v.visitor())
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
	recovery, err := v.cfg.SignIns.SwitchCodeOn(v.ctx, v.session, offer, given.Get("code"), given.Get("password"), v.visitor())
	switch {
	case err != nil:
		return v.refuseSecurity(err, "otp.wrong", &offer)
	case len(recovery) > 0:
		return v.showRecovery(v.say("otp.done"), recovery)
	}
	return v.security(http.StatusOK, nil, withNotice(v.say("otp.done")))
}

func (v *visit) switchCodeOff() error {
	given := v.r.PostForm
	err := v.cfg.SignIns.SwitchCodeOff(v.ctx, v.session, given.Get("password"), given.Get("last") != "", v.visitor())
	return v.factorRemoved(err, "otp.none")
}
