package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// A Passkey is a key pair on a device of an account's owner, whose public half we know.
type Passkey struct {
	ID         int64
	Account    sms.Account // only its id, when many are listed
	Credential []byte      // the device's name for it
	Domain     string      // where it works
	Content    string      // the record of WebAuthn
	Count      uint32      // what the device has counted; 0 = it does not count
	Name       string      // the owner's
	CreatedAt  time.Time
	UsedAt     time.Time
}

// AddPasskey adds a passkey of an account that may have so many of them. Its id is filled in. Error: Conflict if there are too many,
// or if the device's passkey is known already.
func (s *Store) AddPasskey(ctx context.Context, p *Passkey, most int64) (err error) {
	if p.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.CountPasskeys(ctx, p.Account.ID)
		if err != nil {
			return err
		}
		if n >= most {
			return sms.Errorf(sms.Conflict, "the account has %d passkeys, at most %d: remove one first", n, most)
		}
		if _, err := t.PasskeyByCredential(ctx, p.Credential); err == nil {
			return sms.Errorf(sms.Conflict, "this passkey is known already")
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.InsertPasskey(ctx, query.InsertPasskeyParams{
			ID: p.ID, AccountID: p.Account.ID, CredentialID: p.Credential, Domain: p.Domain, Content: s.sealer.Seal(p.Content), SignCount: int64(p.Count),
			Name: p.Name, CreatedAt: micros(p.CreatedAt), UsedAt: micros(p.UsedAt),
		})
	})
}

// Passkeys lists the passkeys of an account, by id.
func (s *Store) Passkeys(ctx context.Context, account int64) ([]Passkey, error) {
	rows, err := s.read.PasskeysOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Passkey, len(rows))
	for i, row := range rows {
		if all[i], err = s.passkeyFrom(row, sms.Account{ID: account}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Passkey finds the passkey with the device's name for it; ok is false if there is none.
func (s *Store) Passkey(ctx context.Context, credential []byte) (p Passkey, ok bool, err error) {
	row, err := s.read.PasskeyByCredential(ctx, credential)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, unavailable(err)
	}
	p, err = s.passkeyFrom(query.Passkey{
		ID: row.ID, CredentialID: row.CredentialID, Domain: row.Domain, Content: row.Content, SignCount: row.SignCount, Name: row.Name,
		CreatedAt: row.CreatedAt, UsedAt: row.UsedAt,
	}, sms.Account{ID: row.AccountID, Name: row.Account, Country: row.Country, Operator: row.Operator, Description: row.Description})
	return p, err == nil, err
}

func (s *Store) passkeyFrom(row query.Passkey, account sms.Account) (Passkey, error) {
	content, err := s.sealer.Open(row.Content)
	return Passkey{
		ID: row.ID, Account: account, Credential: row.CredentialID, Domain: row.Domain, Content: content,
		Count: uint32(row.SignCount), //nolint:gosec // it was one
		Name:  row.Name, CreatedAt: fromMicros(row.CreatedAt), UsedAt: fromMicros(row.UsedAt),
	}, err
}

// UsePasskey notes that a passkey was used, with the content and the count of now. Error: NotAuthenticated if it is gone, or if the
// count has not grown although the device counts.
func (s *Store) UsePasskey(ctx context.Context, p *Passkey) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.UsePasskey(ctx, query.UsePasskeyParams{
			ID: p.ID, AccountID: p.Account.ID, Content: s.sealer.Seal(p.Content), SignCount: int64(p.Count), UsedAt: micros(p.UsedAt),
		})
		if err == nil && n == 0 {
			err = sms.Errorf(sms.NotAuthenticated, "the passkey was removed or used elsewhere meanwhile")
		}
		return err
	})
}

// RenamePasskey gives a passkey of an account another name. Error: NoObject.
func (s *Store) RenamePasskey(ctx context.Context, account, id int64, name string) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.RenamePasskey(ctx, query.RenamePasskeyParams{ID: id, AccountID: account, Name: name})
		return changed(n, err, "passkey", id)
	})
}

// RemovePasskey removes a passkey of an account. If it was the last and there are no one-time codes, the recovery codes go with it, and last must be
// true. Errors: NoObject; Conflict if it is the last second factor and last is false.
func (s *Store) RemovePasskey(ctx context.Context, account, id int64, last bool) error {
	return s.write(ctx, other, func(t *tx) error {
		if err := t.LockLogin(ctx, account); err != nil {
			return err
		}
		n, err := t.DeletePasskey(ctx, query.DeletePasskeyParams{ID: id, AccountID: account})
		if err := changed(n, err, "passkey", id); err != nil {
			return err
		}
		if n, err = t.CountPasskeys(ctx, account); err != nil || n > 0 {
			return err
		}
		row, err := t.LoginByAccount(ctx, account)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case len(row.OtpSecret) > 0:
			return nil
		}
		if !last {
			return sms.Errorf(sms.Conflict, "this is the last second factor: say that you mean it")
		}
		if err != nil {
			return nil //nolint:nilerr // there is no login, and so no recovery code
		}
		row.Recovery, row.OtpSecret = "[]", []byte{} // what is empty was read as nothing
		return t.SetLogin(ctx, query.SetLoginParams(row))
	})
}

// RemovePasskeys removes all passkeys of an account.
func (s *Store) RemovePasskeys(ctx context.Context, account int64) error {
	return s.write(ctx, other, func(t *tx) error { return t.DeletePasskeys(ctx, account) })
}

// CountPasskeys tells how many passkeys an account has.
func (s *Store) CountPasskeys(ctx context.Context, account int64) (int64, error) {
	n, err := s.read.CountPasskeys(ctx, account)
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

// SpendTicket uses up what counts once, until it would be too old anyway; first is false if that has happened before.
func (s *Store) SpendTicket(ctx context.Context, ticket string, until time.Time) (first bool, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		n, err := t.SpendTicket(ctx, query.SpendTicketParams{Hash: hashKey(ticket), Until: micros(until)})
		first = n > 0
		return err
	})
	return first, err
}
