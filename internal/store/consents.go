package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Consent is a consumer key that an application has asked for, as the owner of an account sees it who is to approve it.
type Consent struct {
	Credential
	Application string // its name
	Description string
	Key         string
	Owner       string // account of the application
	Redirection string // where the browser goes after the approval; empty = nowhere
}

// AddConsent makes a consumer key that waits for an approval. The token leads to it. Its id is filled in.
func (s *Store) AddConsent(ctx context.Context, c *Credential, consumerKey, token, redirection string) (err error) {
	if c.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.addCredential(ctx, c, consumerKey); err != nil {
			return err
		}
		return t.InsertCredentialRequest(ctx, query.InsertCredentialRequestParams{TokenHash: hashKey(token), CredentialID: c.ID, Redirection: redirection})
	})
}

// addCredential inserts a consumer key whose ids are known.
func (t *tx) addCredential(ctx context.Context, c *Credential, consumerKey string) error {
	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return err
	}
	ips, err := json.Marshal(c.AllowedIPs)
	if err != nil {
		return err
	}
	return taken(t.InsertCredential(ctx, query.InsertCredentialParams{
		ID: c.ID, AccountID: c.Account.ID, ApplicationID: c.ApplicationID, KeyHash: hashKey(consumerKey), Status: c.Status,
		Rules: string(rules), AllowedIps: string(ips), CreatedAt: micros(c.CreatedAt), ExpiresAt: micros(c.ExpiresAt),
		PersonID: c.Person.ID,
	}), "The consumer key exists already")
}

// Consent gives the consumer key that a token leads to, whatever its state; ok is false if there is none.
func (s *Store) Consent(ctx context.Context, token string) (c Consent, ok bool, err error) {
	row, err := s.read.CredentialRequest(ctx, hashKey(token))
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, unavailable(err)
	}
	c = Consent{Application: row.Application, Description: row.Description, Key: row.Key, Owner: row.Owner, Redirection: row.Redirection}
	c.ID, c.ApplicationID, c.Status, c.Account.ID, c.Person.ID = row.ID, row.ApplicationID, row.Status, row.AccountID, row.PersonID
	c.CreatedAt, c.ExpiresAt = fromMicros(row.CreatedAt), fromMicros(row.ExpiresAt)
	return c, true, errors.Join(json.Unmarshal([]byte(row.Rules), &c.Rules), json.Unmarshal([]byte(row.AllowedIps), &c.AllowedIPs))
}

// AnswerConsent gives a waiting consumer key to its account and person, with its rules, new state and end. Error: Conflict if it does
// not wait any more.
func (s *Store) AnswerConsent(ctx context.Context, c *Credential) error {
	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return err
	}
	return s.writeAuth(ctx, c.Account.ID, func(t *tx) error {
		n, err := t.AnswerCredential(ctx, query.AnswerCredentialParams{
			ID: c.ID, AccountID: c.Account.ID, Status: c.Status, ExpiresAt: micros(c.ExpiresAt), PersonID: c.Person.ID, Rules: string(rules),
		})
		if err == nil && n == 0 {
			return sms.Errorf(sms.Conflict, "This request has been answered already, or its time is over")
		}
		return err
	})
}

// AddApplication makes an application. Its id is filled in. Error: Conflict if the account has one of that name.
func (s *Store) AddApplication(ctx context.Context, a *Application) (err error) {
	if a.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error { return s.addApplication(ctx, t, a) })
}

// addApplication inserts an application whose id is known.
func (s *Store) addApplication(ctx context.Context, t *tx, a *Application) error {
	return taken(t.InsertApplication(ctx, query.InsertApplicationParams{
		ID: a.ID, AccountID: a.AccountID, Key: a.Key, Secret: s.sealer.Seal(a.Secret), Name: a.Name, Description: a.Description,
		Status: a.Status, CreatedAt: micros(a.CreatedAt), PersonID: a.PersonID,
	}), "The application key %s exists already", a.Key)
}

// Applications lists an account's applications by id, without their secrets.
func (s *Store) Applications(ctx context.Context, account int64) ([]Application, error) {
	rows, err := s.read.ApplicationsOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Application, len(rows))
	for i, row := range rows {
		all[i] = applicationFrom(row)
	}
	return all, nil
}

func applicationFrom(row query.Application) Application {
	return Application{
		ID: row.ID, AccountID: row.AccountID, Key: row.Key, Name: row.Name, Description: row.Description, Status: row.Status,
		CreatedAt: fromMicros(row.CreatedAt), PersonID: row.PersonID,
	}
}

// ApplicationByID gives an application of any account, without its secret. Error: NoObject.
func (s *Store) ApplicationByID(ctx context.Context, id int64) (Application, error) {
	row, err := s.read.ApplicationByID(ctx, id)
	return applicationFrom(row), found(err, "applicationId", id)
}

// RemoveApplication deletes an account's application and its consumer keys, whosever they are. Error: NoObject.
func (s *Store) RemoveApplication(ctx context.Context, account, id int64) error {
	return s.writeAuthOf(ctx, func(t *tx) ([]int64, error) {
		row, err := t.ApplicationByID(ctx, id)
		if err == nil && row.AccountID != account {
			err = sql.ErrNoRows
		}
		if err != nil {
			return nil, found(err, "applicationId", id)
		}
		accounts, err := t.AccountsOfApplication(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := t.DeleteCredentialsOfApplication(ctx, id); err != nil {
			return nil, err
		}
		n, err := t.DeleteApplication(ctx, query.DeleteApplicationParams{ID: id, AccountID: account})
		return append(accounts, account), changed(n, err, "applicationId", id)
	})
}

// TokensOf lists an account's consumer keys by id.
func (s *Store) TokensOf(ctx context.Context, account int64) ([]Token, error) {
	rows, err := s.read.CredentialsOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Token, len(rows))
	for i, row := range rows {
		if all[i], err = tokenFrom(query.CredentialOfAccountRow(row)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func tokenFrom(row query.CredentialOfAccountRow) (t Token, err error) {
	t.ID, t.ApplicationID, t.Status, t.Account = row.ID, row.ApplicationID, row.Status, sms.Account{ID: row.AccountID}
	t.Person.ID = row.PersonID
	t.CreatedAt, t.ExpiresAt, t.LastUse = fromMicros(row.CreatedAt), fromMicros(row.ExpiresAt), fromMicros(row.LastUse)
	t.LastRefusal, t.Refusal = fromMicros(row.LastRefusal), row.Refusal
	t.ApplicationKey, t.ApplicationName = row.Key, row.Application
	return t, errors.Join(json.Unmarshal([]byte(row.Rules), &t.Rules), json.Unmarshal([]byte(row.AllowedIps), &t.AllowedIPs))
}

// TokenOf gives an account's consumer key. Error: NoObject.
func (s *Store) TokenOf(ctx context.Context, account, id int64) (Token, error) {
	row, err := s.read.CredentialOfAccount(ctx, query.CredentialOfAccountParams{ID: id, AccountID: account})
	if err != nil {
		return Token{}, found(err, "credentialId", id)
	}
	return tokenFrom(row)
}

// SetAllowedIPs says from where an account's consumer key may be used, nil = from anywhere. Error: NoObject.
func (s *Store) SetAllowedIPs(ctx context.Context, account int64, c Credential) error {
	ips, err := json.Marshal(c.AllowedIPs)
	if err != nil {
		return err
	}
	return s.writeAuth(ctx, account, func(t *tx) error {
		n, err := t.SetCredentialIPs(ctx, query.SetCredentialIPsParams{ID: c.ID, AccountID: account, AllowedIps: string(ips)})
		return changed(n, err, "credentialId", c.ID)
	})
}

// RemoveCredential deletes an account's consumer key. Error: NoObject.
func (s *Store) RemoveCredential(ctx context.Context, account, id int64) error {
	return s.writeAuth(ctx, account, func(t *tx) error {
		n, err := t.DeleteCredential(ctx, query.DeleteCredentialParams{ID: id, AccountID: account})
		return changed(n, err, "credentialId", id)
	})
}
