package web

import (
	"net/http"
	"slices"
	"strconv"

	"ramier/internal/auth"
	"ramier/internal/store"
)

// homePage is what the owner of an account sees of it.
type homePage struct {
	Keys     []store.Token
	Apps     []store.Application
	Sessions []store.Session
	This     int64 // this browser's session
}

func (v *visit) showHome() error {
	account := v.session.Acting().ID
	var page homePage
	var err error
	if page.Keys, err = v.cfg.Store.TokensOf(v.ctx, account); err != nil {
		return err
	}
	page.Keys = slices.DeleteFunc(page.Keys, func(k store.Token) bool { return !v.owns(k.Person.ID) })
	for i := range page.Keys {
		k := &page.Keys[i]
		k.Status = auth.StatusAt(&k.Credential, v.cfg.Now())
		if used := v.cfg.Verifier.LastUse(k.ID); used.After(k.LastUse) {
			k.LastUse = used
		}
		if r := v.cfg.Verifier.LastRefusal(k.ID); r.At.After(k.LastRefusal) {
			k.LastRefusal, k.Refusal = r.At, r.Text
		}
	}
	if page.Apps, err = v.cfg.Store.Applications(v.ctx, account); err != nil {
		return err
	}
	page.Apps = slices.DeleteFunc(page.Apps, func(a store.Application) bool { return !v.owns(a.PersonID) })
	if page.Sessions, err = v.cfg.SignIns.Sessions(v.ctx, v.session.Account.ID); err != nil {
		return err
	}
	page.This = v.session.ID
	return v.show(http.StatusOK, "home.html", v.say("account"), page)
}

// id reads the number in the path.
func (v *visit) id() (int64, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, errNotFound
	}
	return id, nil
}

func (v *visit) revokeKey() error {
	id, err := v.id()
	if err == nil {
		err = v.removeKey(id)
	}
	if err != nil {
		return err
	}
	v.cfg.Verifier.Forget(id)
	return v.to("/account/")
}

func (v *visit) deleteApplication() error {
	id, err := v.id()
	if err == nil {
		err = v.removeApplication(id)
	}
	if err != nil {
		return err
	}
	v.cfg.Verifier.CatchUp(v.ctx)
	return v.to("/account/")
}

func (v *visit) endSession() error {
	id, err := v.id()
	if err == nil {
		err = v.cfg.Store.EndSession(v.ctx, v.session.Account.ID, id)
	}
	if err != nil {
		return err
	}
	return v.to("/account/")
}

func (v *visit) endSessions() error {
	if err := v.cfg.Store.EndSessions(v.ctx, v.session.Account.ID, v.session.ID); err != nil {
		return err
	}
	return v.to("/account/")
}
