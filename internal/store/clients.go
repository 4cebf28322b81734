package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// ServiceAccount is a client of OAuth2. Its secret is not stored.
type ServiceAccount struct {
	ID           int64
	Account      sms.Account // id, name and country
	ClientID     string
	Name         string
	Description  string
	CallbackURLs []string
	Actions      []string // what it may do, in OVH's names; none = nothing
	Services     []string // the SMS accounts that it sees; none = all
	CreatedAt    time.Time
	SecretHash   []byte
	Person       Person // who made it, and may do no more; its id is 0 if it was the account itself
}

// AddServiceAccount makes one. Its id is filled in.
func (s *Store) AddServiceAccount(ctx context.Context, v *ServiceAccount, secret string) (err error) {
	if v.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	urls, actions, services, err := v.lists()
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		return t.InsertServiceAccount(ctx, query.InsertServiceAccountParams{
			ID: v.ID, AccountID: v.Account.ID, ClientID: v.ClientID, SecretHash: hashKey(secret), Name: v.Name, Description: v.Description,
			CallbackUrls: urls, Actions: actions, Services: services, CreatedAt: micros(v.CreatedAt),
			PersonID: v.Person.ID,
		})
	})
}

func (v *ServiceAccount) lists() (urls, actions, services string, err error) {
	for _, l := range []struct {
		from []string
		to   *string
	}{{v.CallbackURLs, &urls}, {v.Actions, &actions}, {v.Services, &services}} {
		text, fault := json.Marshal(l.from)
		*l.to, err = string(text), errors.Join(err, fault)
	}
	return urls, actions, services, err
}

func serviceAccountFrom(row query.OauthClient) (v ServiceAccount, err error) {
	v = ServiceAccount{
		ID: row.ID, Account: sms.Account{ID: row.AccountID}, ClientID: row.ClientID, Name: row.Name, Description: row.Description,
		CreatedAt: fromMicros(row.CreatedAt), SecretHash: row.SecretHash, Person: Person{ID: row.PersonID},
	}
	return v, errors.Join(json.Unmarshal([]byte(row.CallbackUrls), &v.CallbackURLs), json.Unmarshal([]byte(row.Actions), &v.Actions),
		json.Unmarshal([]byte(row.Services), &v.Services))
}

// ServiceAccounts lists an account's clients by their ids.
func (s *Store) ServiceAccounts(ctx context.Context, account int64) ([]ServiceAccount, error) {
	rows, err := s.read.ServiceAccounts(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]ServiceAccount, len(rows))
	for i, row := range rows {
		if all[i], err = serviceAccountFrom(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ServiceAccount gives the client with the id, of any account. Error: NoObject.
func (s *Store) ServiceAccount(ctx context.Context, clientID string) (ServiceAccount, error) {
	row, err := s.read.ServiceAccountByClientID(ctx, clientID)
	if err != nil {
		return ServiceAccount{}, found(err, "clientId", clientID)
	}
	return serviceAccountFrom(row)
}

// ChangeServiceAccount reads an account's client, lets change work on it and saves it, in one transaction. Error: NoObject, or
// the one of change.
func (s *Store) ChangeServiceAccount(ctx context.Context, account int64, clientID string, change func(*ServiceAccount) error) error {
	return s.writeAuth(ctx, account, func(t *tx) error {
		row, err := t.ServiceAccountByClientID(ctx, clientID)
		if err == nil && row.AccountID != account {
			err = sql.ErrNoRows
		}
		if err != nil {
			return found(err, "clientId", clientID)
		}
		v, err := serviceAccountFrom(row)
		if err == nil {
			err = change(&v)
		}
		if err != nil {
			return err
		}
		urls, actions, services, err := v.lists()
		if err != nil {
			return err
		}
		return t.UpdateServiceAccount(ctx, query.UpdateServiceAccountParams{
			ID: v.ID, Name: v.Name, Description: v.Description, CallbackUrls: urls, Actions: actions, Services: services,
		})
	})
}

// RemoveServiceAccount deletes an account's client with its tokens. Error: NoObject.
func (s *Store) RemoveServiceAccount(ctx context.Context, account int64, clientID string) error {
	return s.writeAuth(ctx, account, func(t *tx) error {
		n, err := t.DeleteServiceAccount(ctx, query.DeleteServiceAccountParams{ClientID: clientID, AccountID: account})
		return changed(n, err, "clientId", clientID)
	})
}

// AddBearer notes a token of a client. Error: TooFast if it has as many as most already that are not over.
func (s *Store) AddBearer(ctx context.Context, client int64, token string, now, expires time.Time, most int64) error {
	return s.write(ctx, other, func(t *tx) error {
		if err := t.DropBearers(ctx, micros(now)); err != nil {
			return err
		}
		n, err := t.CountBearers(ctx, client)
		if err == nil && n >= most {
			err = sms.Errorf(sms.TooFast, "the client has %d tokens that are still valid: keep one and use it until it expires", n)
		}
		if err != nil {
			return err
		}
		return t.InsertBearer(ctx, query.InsertBearerParams{TokenHash: hashKey(token), OauthClientID: client, ExpiresAt: micros(expires)})
	})
}

// Bearer gives the client that a token was given to, and when the token ends; ok is false if there is no such token.
func (s *Store) Bearer(ctx context.Context, token string) (v ServiceAccount, expires time.Time, ok bool, err error) {
	row, err := s.read.BearerByHash(ctx, hashKey(token))
	if errors.Is(err, sql.ErrNoRows) {
		return v, expires, false, nil
	}
	if err != nil {
		return v, expires, false, unavailable(err)
	}
	v, err = serviceAccountFrom(query.OauthClient{
		ID: row.ID, AccountID: row.AccountID, ClientID: row.ClientID, Name: row.Name, Description: row.Description,
		CallbackUrls: row.CallbackUrls, Actions: row.Actions, Services: row.Services, CreatedAt: row.CreatedAt,
	})
	v.Account.Name, v.Account.Country = row.Account, row.Country
	v.Person = Person{ID: row.PersonID, Name: row.Person, Role: sms.Role(row.Role)}
	return v, fromMicros(row.ExpiresAt), true, err
}

// Profile gives what a customer says of himself, empty if he said nothing.
func (s *Store) Profile(ctx context.Context, account int64) (p sms.Profile, err error) {
	p, err = profileOf(s.read.Profile(ctx, account))
	if err != nil {
		err = unavailable(err)
	}
	return p, err
}

// profileOf reads what is stored of a customer, or not.
func profileOf(text string, err error) (p sms.Profile, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &p)
	}
	return p, err
}

// ChangeProfile reads what a customer says of himself, lets change work on it and saves it, in one transaction. Error: the one of
// change.
func (s *Store) ChangeProfile(ctx context.Context, account int64, change func(*sms.Profile) error) error {
	return s.write(ctx, other, func(t *tx) error {
		p, err := profileOf(t.Profile(ctx, account))
		if err == nil {
			err = change(&p)
		}
		if err != nil {
			return err
		}
		content, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return t.SetProfile(ctx, query.SetProfileParams{AccountID: account, Content: string(content)})
	})
}
