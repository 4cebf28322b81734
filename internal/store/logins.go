package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Login is how the owner of an account signs in.
type Login struct {
	Account   sms.Account // id, name, country, whether it is an operator's
	Password  string      // its hash with parameters and salt; empty = the account has none
	ChangedAt time.Time   // of the password
	OTPSecret string      // of one-time passwords; empty = there is no second factor
	OTPStep   int64       // the last step whose one-time password was used: none is taken twice
	Recovery  []string    // hashes of the recovery codes that are left
}

// Attempts counts the failures to sign in under a name since the last success.
type Attempts struct {
	Name     string
	Failures int64
	LastAt   time.Time
	Until    time.Time // none is taken before
}

// Session is a browser in which somebody has signed in. Its token is not stored.
type Session struct {
	ID        int64
	Account   sms.Account
	CreatedAt time.Time
	UsedAt    time.Time
	ExpiresAt time.Time
	Address   string
	Agent     string // what the browser calls itself
	// Employer is the account that a person has signed in to, with Role; its id is 0 for who owns the account.
	Employer sms.Account
	Role     sms.Role
	Brand    string // of who resells to the account, empty = nobody does
}

// Login gives how the account with the name signs in; ok is false if there is no such account or it has neither a password nor a
// second factor.
func (s *Store) Login(ctx context.Context, name string) (l Login, ok bool, err error) {
	account, err := s.read.AccountByName(ctx, name)
	if err == nil {
		var row query.Login
		if row, err = s.read.LoginByAccount(ctx, account.ID); err == nil {
			l, err = s.loginFrom(accountFrom(account), row)
			return l, err == nil, err
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	return l, false, unavailable(err)
}

func (s *Store) loginFrom(account sms.Account, row query.Login) (Login, error) {
	l := Login{Account: account, Password: row.Password, ChangedAt: fromMicros(row.ChangedAt), OTPStep: row.OtpStep}
	err := json.Unmarshal([]byte(row.Recovery), &l.Recovery)
	if err == nil && len(row.OtpSecret) > 0 {
		l.OTPSecret, err = s.sealer.Open(row.OtpSecret)
	}
	return l, err
}

// ChangeLogin reads how an account signs in, lets change work on it and saves it, in one transaction. Error: the one of change.
func (s *Store) ChangeLogin(ctx context.Context, account sms.Account, change func(*Login) error) error {
	return s.write(ctx, other, func(t *tx) error {
		l := Login{Account: account}
		if err := t.LockLogin(ctx, account.ID); err != nil {
			return err
		}
		row, err := t.LoginByAccount(ctx, account.ID)
		if err == nil {
			l, err = s.loginFrom(account, row)
		} else if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		if err == nil {
			err = change(&l)
		}
		if err != nil {
			return err
		}
		recovery, err := json.Marshal(l.Recovery)
		if err != nil {
			return err
		}
		secret := []byte{}
		if l.OTPSecret != "" {
			secret = s.sealer.Seal(l.OTPSecret)
		}
		return t.SetLogin(ctx, query.SetLoginParams{
			AccountID: account.ID, Password: l.Password, ChangedAt: micros(l.ChangedAt), OtpSecret: secret, OtpStep: l.OTPStep, Recovery: string(recovery),
		})
	})
}

// ChangeAttempts reads the failures under some names, lets change work on them and saves them, in one transaction; none are left
// where change makes them zero. Error: the one of change, and then nothing is saved.
func (s *Store) ChangeAttempts(ctx context.Context, names []string, change func([]Attempts) error) error {
	names = slices.Sorted(slices.Values(names)) // so that no two wait for each other
	return s.write(ctx, other, func(t *tx) error {
		all := make([]Attempts, len(names))
		for i, name := range names {
			row, err := t.LockLoginAttempt(ctx, name)
			if err != nil {
				return err
			}
			all[i] = Attempts{Name: name, Failures: row.Failures, LastAt: fromMicros(row.LastAt), Until: fromMicros(row.Until)}
		}
		if err := change(all); err != nil {
			return err
		}
		for _, a := range all {
			var err error
			if a.Failures == 0 {
				err = t.DropLoginAttempt(ctx, a.Name)
			} else {
				err = t.SetLoginAttempt(ctx, query.SetLoginAttemptParams{
					Name: a.Name, Failures: a.Failures, LastAt: micros(a.LastAt), Until: micros(a.Until),
				})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DropAttempts forgets the failures under all names that end with a space and a word.
func (s *Store) DropAttempts(ctx context.Context, word string) error {
	return s.write(ctx, other, func(t *tx) error { return t.DropAttemptsOf(ctx, "% "+word) })
}

// maxSessions is how many an account has; the oldest end.
const maxSessions = 100

// AddSession opens a session for somebody who has proven himself while the password was that of the time changed, zero = there was none. Its id is
// filled in. Error: NotAuthenticated if the password is another by now.
func (s *Store) AddSession(ctx context.Context, v *Session, token string, changed time.Time) (err error) {
	if v.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.LockLogin(ctx, v.Account.ID); err != nil {
			return err
		}
		row, err := t.LoginByAccount(ctx, v.Account.ID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if row.ChangedAt != micros(changed) {
			return sms.Errorf(sms.NotAuthenticated, "the password was changed meanwhile: sign in with the new one")
		}
		if err := t.InsertSession(ctx, query.InsertSessionParams{
			ID: v.ID, AccountID: v.Account.ID, TokenHash: hashKey(token), CreatedAt: micros(v.CreatedAt), UsedAt: micros(v.UsedAt),
			ExpiresAt: micros(v.ExpiresAt), Address: v.Address, Agent: v.Agent,
		}); err != nil {
			return err
		}
		return t.TrimSessions(ctx, query.TrimSessionsParams{AccountID: v.Account.ID, Limit: maxSessions})
	})
}

// Session gives the session with the token, whether it is over or not; ok is false if there is none.
func (s *Store) Session(ctx context.Context, token string) (v Session, ok bool, err error) {
	row, err := s.read.SessionByHash(ctx, hashKey(token))
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	if err != nil {
		return v, false, unavailable(err)
	}
	return Session{
		ID:        row.ID,
		Account:   sms.Account{ID: row.AccountID, Name: row.Account, Country: row.Country, Operator: row.Operator, Description: row.Description, OperatorRole: sms.Role(row.OperatorRole)},
		CreatedAt: fromMicros(row.CreatedAt), UsedAt: fromMicros(row.UsedAt), ExpiresAt: fromMicros(row.ExpiresAt), Address: row.Address, Agent: row.Agent,
		Employer: sms.Account{ID: row.Employer, Name: row.EmployerName, Country: row.Country, Operator: row.EmployerOperator}, Role: sms.Role(row.Role), Brand: row.Brand,
	}, true, nil
}

// Sessions lists the sessions of an account that are not over, by id.
func (s *Store) Sessions(ctx context.Context, account int64, now time.Time) ([]Session, error) {
	rows, err := s.read.SessionsOfAccount(ctx, query.SessionsOfAccountParams{AccountID: account, ExpiresAt: micros(now)})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Session, len(rows))
	for i, row := range rows {
		all[i] = Session{
			ID: row.ID, Account: sms.Account{ID: account}, CreatedAt: fromMicros(row.CreatedAt), UsedAt: fromMicros(row.UsedAt),
			ExpiresAt: fromMicros(row.ExpiresAt), Address: row.Address, Agent: row.Agent,
		}
	}
	return all, nil
}

// TouchSession notes when a session was last used.
func (s *Store) TouchSession(ctx context.Context, id int64, at time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.TouchSession(ctx, query.TouchSessionParams{ID: id, UsedAt: micros(at)})
	})
}

// EndSession ends a session of an account. Error: NoObject.
func (s *Store) EndSession(ctx context.Context, account, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteSession(ctx, query.DeleteSessionParams{ID: id, AccountID: account})
		return changed(n, err, "session", id)
	})
}

// EndSessions ends all sessions of an account but one, 0 = no exception.
func (s *Store) EndSessions(ctx context.Context, account, except int64) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.DeleteSessionsExcept(ctx, query.DeleteSessionsExceptParams{AccountID: account, ID: except})
	})
}

// dropOldLogins forgets sessions and tokens that are over, old failures, and consumer keys that nobody answered for a day after
// their time was over: until then their owner is told what became of them.
func (t *tx) dropOldLogins(ctx context.Context, now time.Time) error {
	const day = 24 * time.Hour
	return errors.Join(
		t.DropSessions(ctx, micros(now)), t.DropBearers(ctx, micros(now)), t.DropSpentTickets(ctx, micros(now.Add(-day))),
		t.DropLoginAttempts(ctx, micros(now.Add(-day))), t.DropUnanswered(ctx, micros(now.Add(-day))),
	)
}
