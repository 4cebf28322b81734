package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// An Identity is somebody whom an OpenID provider vouches for, and who may sign in to an account.
type Identity struct {
	ID        int64
	Account   sms.Account // only its id, when many are listed
	Issuer    string
	Subject   string // the issuer's name for him, which never changes
	Label     string // what people call him
	LinkedBy  string // operator, owner, claim or mail
	CreatedAt time.Time
	UsedAt    time.Time // zero = never
}

// AddIdentity links an identity with an account that may have so many of them. Its id is filled in. Error: Conflict if it is linked
// already, or if there are too many.
func (s *Store) AddIdentity(ctx context.Context, v *Identity, most int64) (err error) {
	if v.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.CountIdentities(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		if n >= most {
			return sms.Errorf(sms.Conflict, "the account has %d identities, at most %d: unlink one first", n, most)
		}
		n, err = t.InsertIdentity(ctx, query.InsertIdentityParams{
			ID: v.ID, AccountID: v.Account.ID, Issuer: v.Issuer, Subject: v.Subject, Label: v.Label, LinkedBy: v.LinkedBy, CreatedAt: micros(v.CreatedAt),
		})
		if err == nil && n == 0 {
			err = sms.Errorf(sms.Conflict, "subject = %q of %s is linked with an account already: unlink it there first", v.Subject, v.Issuer)
		}
		return err
	})
}

// Identities lists the identities of an account, by id.
func (s *Store) Identities(ctx context.Context, account int64) ([]Identity, error) {
	rows, err := s.read.IdentitiesOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Identity, len(rows))
	for i, row := range rows {
		all[i] = identityFrom(row, sms.Account{ID: account})
	}
	return all, nil
}

// Identity finds whom an issuer calls by the subject; ok is false if he is linked with no account.
func (s *Store) Identity(ctx context.Context, issuer, subject string) (v Identity, ok bool, err error) {
	row, err := s.read.IdentityBySubject(ctx, query.IdentityBySubjectParams{Issuer: issuer, Subject: subject})
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	if err != nil {
		return v, false, unavailable(err)
	}
	return identityFrom(query.Identity{
		ID: row.ID, Issuer: row.Issuer, Subject: row.Subject, Label: row.Label, LinkedBy: row.LinkedBy, CreatedAt: row.CreatedAt, UsedAt: row.UsedAt,
	}, sms.Account{ID: row.AccountID, Name: row.Account, Country: row.Country, Operator: row.Operator, Description: row.Description}), true, nil
}

func identityFrom(row query.Identity, account sms.Account) Identity {
	return Identity{
		ID: row.ID, Account: account, Issuer: row.Issuer, Subject: row.Subject, Label: row.Label, LinkedBy: row.LinkedBy,
		CreatedAt: fromMicros(row.CreatedAt), UsedAt: fromMicros(row.UsedAt),
	}
}

// UseIdentity notes that an identity was used, and what it is called now.
func (s *Store) UseIdentity(ctx context.Context, id int64, label string, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.UseIdentity(ctx, query.UseIdentityParams{ID: id, Label: label, UsedAt: micros(at)})
	})
}

// RemoveIdentity unlinks an identity from an account. Error: NoObject.
func (s *Store) RemoveIdentity(ctx context.Context, account, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteIdentity(ctx, query.DeleteIdentityParams{ID: id, AccountID: account})
		return changed(n, err, "identity", id)
	})
}

// AccountsByMail gives the accounts for which the operator has noted a mail address.
func (s *Store) AccountsByMail(ctx context.Context, mail string) ([]sms.Account, error) {
	text, err := json.Marshal(mail)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.AccountsByMail(ctx, "%"+string(text)+"%")
	if err != nil {
		return nil, unavailable(err)
	}
	var all []sms.Account
	for _, row := range rows { // the text may stand elsewhere in the profile
		var p sms.Profile
		if err := json.Unmarshal([]byte(row.Content), &p); err != nil {
			return nil, err
		}
		if strings.EqualFold(p.Email, mail) {
			all = append(all, sms.Account{ID: row.ID, Name: row.Name, Country: row.Country, Operator: row.Operator, Description: row.Description})
		}
	}
	return all, nil
}

// A LoginEvent is something that happened to an account's ways in.
type LoginEvent struct {
	At      time.Time
	Kind    string
	Detail  string
	Address string
	Agent   string
}

// maxEvents is how many are kept of an account.
const maxEvents = 100

// AddLoginEvent notes an event of an account; the oldest are forgotten.
func (s *Store) AddLoginEvent(ctx context.Context, account int64, e LoginEvent) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.InsertLoginEvent(ctx, query.InsertLoginEventParams{
			ID: id, AccountID: account, At: micros(e.At), Kind: e.Kind, Detail: e.Detail, Address: e.Address, Agent: e.Agent,
		}); err != nil {
			return err
		}
		return t.TrimLoginEvents(ctx, query.TrimLoginEventsParams{AccountID: account, Limit: maxEvents})
	})
}

// LoginEvents lists the last events of an account, the latest first.
func (s *Store) LoginEvents(ctx context.Context, account int64, most int) ([]LoginEvent, error) {
	rows, err := s.read.LoginEvents(ctx, query.LoginEventsParams{AccountID: account, Limit: int32(min(most, maxEvents))}) //nolint:gosec // at most a hundred
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]LoginEvent, len(rows))
	for i, row := range rows {
		all[i] = LoginEvent{At: fromMicros(row.At), Kind: row.Kind, Detail: row.Detail, Address: row.Address, Agent: row.Agent}
	}
	return all, nil
}
