package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Application is what signs requests.
type Application struct {
	ID          int64
	AccountID   int64
	Key         string
	Secret      string
	Name        string
	Description string
	Status      string // active, blocked, inactive or trusted
	CreatedAt   time.Time
}

// Credential is a consumer key: an account's permission for an application. The key itself is not stored.
type Credential struct {
	ID            int64
	ApplicationID int64
	Account       sms.Account // id, name, country and whether it is an operator's
	Status        string      // pendingValidation, validated, refused or expired
	Rules         []sms.AccessRule
	AllowedIPs    []netip.Prefix // nil = any
	CreatedAt     time.Time
	ExpiresAt     time.Time // zero = never
	LastUse       time.Time
}

// hashKey is how a consumer key is looked up: it has 190 bits of chance, so a plain hash is enough.
func hashKey(key string) []byte {
	h := sha256.Sum256([]byte(key))
	return h[:]
}

// AddToken makes an application and a consumer key for it, in one transaction. Their ids are filled in.
func (s *Store) AddToken(ctx context.Context, a *Application, c *Credential, consumerKey string) error {
	var err error
	if a.ID, err = s.objectID(ctx); err == nil {
		c.ID, err = s.objectID(ctx)
	}
	if err != nil {
		return err
	}
	c.ApplicationID = a.ID
	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return err
	}
	ips, err := json.Marshal(c.AllowedIPs)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.InsertApplication(ctx, query.InsertApplicationParams{
			ID: a.ID, AccountID: a.AccountID, Key: a.Key, Secret: s.sealer.Seal(a.Secret), Name: a.Name, Description: a.Description,
			Status: a.Status, CreatedAt: micros(a.CreatedAt),
		}); err != nil {
			return taken(err, "The application key %s exists already", a.Key)
		}
		return taken(t.InsertCredential(ctx, query.InsertCredentialParams{
			ID: c.ID, AccountID: c.Account.ID, ApplicationID: a.ID, KeyHash: hashKey(consumerKey), Status: c.Status,
			Rules: string(rules), AllowedIps: string(ips), CreatedAt: micros(c.CreatedAt), ExpiresAt: micros(c.ExpiresAt),
		}), "The consumer key exists already")
	})
}

// Application gives the application with the key; ok is false if there is none.
func (s *Store) Application(ctx context.Context, key string) (a Application, ok bool, err error) {
	row, err := s.read.ApplicationByKey(ctx, key)
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, nil
	}
	if err != nil {
		return a, false, unavailable(err)
	}
	secret, err := s.sealer.Open(row.Secret)
	return Application{
		ID: row.ID, AccountID: row.AccountID, Key: row.Key, Secret: secret, Name: row.Name, Description: row.Description,
		Status: row.Status, CreatedAt: fromMicros(row.CreatedAt),
	}, true, err
}

// Credential gives the consumer key's record; ok is false if there is none.
func (s *Store) Credential(ctx context.Context, consumerKey string) (c Credential, ok bool, err error) {
	row, err := s.read.CredentialByHash(ctx, hashKey(consumerKey))
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, unavailable(err)
	}
	c = Credential{
		ID: row.ID, ApplicationID: row.ApplicationID,
		Account: sms.Account{ID: row.AccountID, Name: row.Account, Country: row.Country, Operator: row.Operator},
		Status:  row.Status, CreatedAt: fromMicros(row.CreatedAt), ExpiresAt: fromMicros(row.ExpiresAt), LastUse: fromMicros(row.LastUse),
	}
	return c, true, errors.Join(json.Unmarshal([]byte(row.Rules), &c.Rules), json.Unmarshal([]byte(row.AllowedIps), &c.AllowedIPs))
}

// Token is a consumer key as operators see it.
type Token struct {
	Credential
	ApplicationKey  string
	ApplicationName string
}

// Tokens lists all consumer keys by id.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	rows, err := s.read.Credentials(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Token, len(rows))
	for i, row := range rows {
		t := &all[i]
		t.ID, t.ApplicationID, t.Status = row.ID, row.ApplicationID, row.Status
		t.Account = sms.Account{ID: row.AccountID, Name: row.Account}
		t.CreatedAt, t.ExpiresAt, t.LastUse = fromMicros(row.CreatedAt), fromMicros(row.ExpiresAt), fromMicros(row.LastUse)
		t.ApplicationKey, t.ApplicationName = row.Key, row.Application
		if err := errors.Join(json.Unmarshal([]byte(row.Rules), &t.Rules), json.Unmarshal([]byte(row.AllowedIps), &t.AllowedIPs)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// EndCredential makes a consumer key expired. Error: NoObject.
func (s *Store) EndCredential(ctx context.Context, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.SetCredentialStatus(ctx, query.SetCredentialStatusParams{ID: id, Status: "expired"})
		return changed(n, err, "credentialId", id)
	})
}

// TouchCredentials notes when consumer keys were last used.
func (s *Store) TouchCredentials(ctx context.Context, uses map[int64]time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		for _, id := range slices.Sorted(maps.Keys(uses)) { // in one order, so that two nodes cannot wait for each other
			if err := t.TouchCredential(ctx, query.TouchCredentialParams{ID: id, LastUse: micros(uses[id])}); err != nil {
				return err
			}
		}
		return nil
	})
}
