package web

import "ramier/internal/sms"

// owns tells whether the visitor may see and end what a person of the account has made, 0 = the account itself: owners may all, others
// what is their own.
func (v *visit) owns(person int64) bool {
	who := v.session.Person()
	return who.ID == 0 || who.Role == sms.OwnerRole || who.ID == person
}

// removeKey ends a consumer key. Error: NoObject, also if it is somebody else's.
func (v *visit) removeKey(id int64) error {
	account := v.session.Acting().ID
	key, err := v.cfg.Store.TokenOf(v.ctx, account, id)
	if err != nil {
		return err
	}
	if !v.owns(key.Person.ID) {
		return errNotFound
	}
	return v.cfg.Store.RemoveCredential(v.ctx, account, id)
}

// removeApplication deletes an application with its keys. Error: NoObject, also if it is somebody else's.
func (v *visit) removeApplication(id int64) error {
	account := v.session.Acting().ID
	app, err := v.cfg.Store.ApplicationByID(v.ctx, id)
	if err != nil {
		return err
	}
	if app.AccountID != account || !v.owns(app.PersonID) {
		return errNotFound
	}
	return v.cfg.Store.RemoveApplication(v.ctx, account, id)
}
