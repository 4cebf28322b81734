package web

import (
	"net/http"

	"ramier/internal/sms"
)

// signInWithPasskey takes the answer of a device, without a password.
func (v *visit) signInWithPasskey() error {
	given := v.r.PostForm
	form := v.signInForm(given.Get("next"))
	token, err := v.cfg.SignIns.SignInWithPasskey(v.ctx, given.Get("ticket"), given.Get("answer"), v.visitor())
	if err == nil {
		return v.enter(token, form.Next)
	}
	v.logCause(err)
	return v.refuseSignInBy(form, err, "passkey.wrong")
}

// refuseSignInBy shows the form once more after something else than a password was refused.
func (v *visit) refuseSignInBy(form signInForm, err error, wrong string) error {
	status, text, _ := v.refusal(err, wrong)
	if status == 0 {
		return err
	}
	return v.askToSignIn(status, form, withError(text))
}

// addPasskey takes the answer of a device to the offer on the page.
func (v *visit) addPasskey() error {
	given := v.r.PostForm
	recovery, err := v.cfg.SignIns.AddPasskey(v.ctx, v.session, given.Get("ticket"), given.Get("answer"), given.Get("name"), given.Get("password"), v.visitor())
	switch code := sms.CodeOf(err); {
	case err == nil && len(recovery) > 0:
		return v.showRecovery(v.say("passkey.done"), recovery)
	case err == nil:
		return v.security(http.StatusOK, nil, withNotice(v.say("passkey.done")))
	case code == sms.Invalid:
		return v.security(http.StatusBadRequest, nil, withError(v.say("passkey.name.invalid")))
	case code == sms.Conflict:
		return v.security(http.StatusConflict, nil, withError(v.say("passkey.conflict")))
	}
	v.logCause(err)
	return v.refuseSecurity(err, "passkey.add.wrong", nil)
}

func (v *visit) renamePasskey() error {
	id, err := v.id()
	if err != nil {
		return err
	}
	err = v.cfg.SignIns.RenamePasskey(v.ctx, v.session, id, v.r.PostForm.Get("name"))
	if sms.CodeOf(err) == sms.Invalid {
		return v.security(http.StatusBadRequest, nil, withError(v.say("passkey.name.invalid")))
	}
	if err != nil {
		return err
	}
	return v.to("/account/security")
}

func (v *visit) removePasskey() error {
	id, err := v.id()
	if err != nil {
		return err
	}
	given := v.r.PostForm
	err = v.cfg.SignIns.RemovePasskey(v.ctx, v.session, id, given.Get("password"), given.Get("last") != "", v.visitor())
	return v.factorRemoved(err, "passkey.removed")
}

// factorRemoved says what became of the removal of a second factor, and warns when none is left.
func (v *visit) factorRemoved(err error, done string) error {
	if sms.CodeOf(err) == sms.Conflict {
		return v.security(http.StatusConflict, nil, withError(v.say("factor.last.untold")))
	}
	if err != nil {
		return v.refuseSecurity(err, "pass.wrong", nil)
	}
	state, err := v.cfg.SignIns.Security(v.ctx, v.session.Account)
	if err != nil {
		return err
	}
	text := v.say(done)
	if state.Factors() == 0 {
		text += " " + v.say("factor.none")
	}
	return v.security(http.StatusOK, nil, withNotice(text))
}

// newRecovery makes new recovery codes and shows them once.
func (v *visit) newRecovery() error {
	codes, err := v.cfg.SignIns.NewRecovery(v.ctx, v.session, v.r.PostForm.Get("password"), v.visitor())
	if sms.CodeOf(err) == sms.Conflict {
		return v.to("/account/security") // the page was old
	}
	if err != nil {
		return v.refuseSecurity(err, "pass.wrong", nil)
	}
	return v.showRecovery(v.say("recovery.done"), codes)
}

func (v *visit) showRecovery(title string, codes []string) error {
	return v.show(http.StatusOK, "recovery.html", title, codes)
}
