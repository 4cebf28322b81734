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
	PersonID    int64  // who made it, 0 = the account itself
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
	LastRefusal   time.Time // of a call that it does not allow
	Refusal       string    // which call that was, and why
	Person        Person    // who made it, and may do no more; its id is 0 if it was the account itself
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
	return s.write(ctx, other, func(t *tx) error {
		if err := s.addApplication(ctx, t, a); err != nil {
			return err
		}
		return t.addCredential(ctx, c, consumerKey)
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
	a = applicationFrom(row)
	a.Secret, err = s.sealer.Open(row.Secret)
	return a, true, err
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
		Account: sms.Account{ID: row.AccountID, Name: row.Account, Country: row.Country, Operator: row.Operator, OperatorRole: sms.Role(row.OperatorRole)},
		Person:  Person{ID: row.PersonID, Name: row.Person, Role: sms.Role(row.Role), OperatorRole: sms.Role(row.PersonOperatorRole)},
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
		t, err := tokenFrom(query.CredentialOfAccountRow{
			ID: row.ID, AccountID: row.AccountID, ApplicationID: row.ApplicationID, Status: row.Status, Rules: row.Rules, AllowedIps: row.AllowedIps,
			CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, LastUse: row.LastUse, LastRefusal: row.LastRefusal, Refusal: row.Refusal,
			PersonID: row.PersonID, Application: row.Application, Key: row.Key,
		})
		if err != nil {
			return nil, err
		}
		t.Account.Name = row.Account
		all[i] = t
	}
	return all, nil
}

// EndCredential makes a consumer key expired. Error: NoObject.
func (s *Store) EndCredential(ctx context.Context, id int64) error {
	return s.writeAuthOf(ctx, func(t *tx) ([]int64, error) {
		account, err := t.EndCredential(ctx, id)
		return []int64{account}, found(err, "credentialId", id)
	})
}

// authKept is how many changes of what callers are proven by are remembered.
const authKept = 10_000

// AuthChanges counts the changes of what callers are proven by, on all nodes, and tells which accounts those after a count were about; all is
// true where that is forgotten.
func (s *Store) AuthChanges(ctx context.Context, since int64) (rev int64, accounts map[int64]bool, all bool, err error) {
	if rev, err = s.read.AuthRev(ctx); err != nil {
		return 0, nil, false, unavailable(err)
	}
	if since == 0 || rev-since > authKept/2 {
		return rev, nil, true, nil
	}
	accounts = map[int64]bool{}
	if rev == since {
		return rev, accounts, false, nil
	}
	err = eachRow(ctx, s.reads, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		accounts[id] = true
		return err
	}, "SELECT account_id FROM auth_change WHERE rev > $1", since)
	if err != nil {
		return 0, nil, false, unavailable(err)
	}
	return rev, accounts, false, nil
}

// writeAuth is a write that changes what callers of an account are proven by.
func (s *Store) writeAuth(ctx context.Context, account int64, f func(*tx) error) error {
	return s.writeAuthOf(ctx, func(t *tx) ([]int64, error) { return []int64{account}, f(t) })
}

// writeAuthOf is one that tells whom it was about.
func (s *Store) writeAuthOf(ctx context.Context, f func(*tx) (accounts []int64, err error)) error {
	return s.write(ctx, other, func(t *tx) error {
		accounts, err := f(t)
		if err != nil {
			return err
		}
		rev, err := t.BumpAuth(ctx)
		if err != nil {
			return err
		}
		slices.Sort(accounts)
		for _, account := range slices.Compact(accounts) {
			if err := t.NoteAuthChange(ctx, query.NoteAuthChangeParams{Rev: rev, AccountID: account}); err != nil {
				return err
			}
		}
		return t.DropAuthChanges(ctx, rev-authKept)
	})
}

// Refusal is a call that a consumer key does not allow.
type Refusal struct {
	At   time.Time
	Text string // which call, and why
}

// touched is how many consumer keys are noted in one write: whoever waits for his turn must not wait for all of them.
const touched = 500

// TouchCredentials notes when consumer keys were last used, in microseconds since 1970, and when and why they were last refused.
func (s *Store) TouchCredentials(ctx context.Context, uses map[int64]int64, refusals map[int64]Refusal) error {
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(uses)), touched) { // in one order, so that two nodes cannot wait for each other
		at := make([]int64, len(ids))
		for i, id := range ids {
			at[i] = uses[id]
		}
		if err := s.write(ctx, other, func(t *tx) error {
			_, err := t.exec(ctx, "UPDATE credential SET last_use = v.at FROM v WHERE credential.id = v.id AND credential.last_use < v.at",
				ints("id", ids), ints("at", at))
			return err
		}); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(refusals)), touched) {
		if err := s.write(ctx, other, func(t *tx) error {
			for _, id := range ids {
				r := refusals[id]
				if err := t.TouchCredentialRefusal(ctx, query.TouchCredentialRefusalParams{ID: id, LastRefusal: micros(r.At), Refusal: r.Text}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
