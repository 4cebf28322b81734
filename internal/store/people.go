package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Person signs in to an account that she does not own. She is stored as an account of her own, so that all ways to sign in are hers.
type Person struct {
	ID           int64
	Name         string // as she signs in, "ab12345-ovh/marie"
	Description  string
	Role         sms.Role
	OperatorRole sms.Role // under /operator, if the account is an operator's: no more than this and what the account may
	CreatedAt    time.Time
}

// maxPeople is how many may sign in to an account, beside its owner.
const maxPeople = 1000

// AddPerson lets somebody sign in to an account. Her id is filled in. Errors: Conflict if there is one of that name, or too many.
func (s *Store) AddPerson(ctx context.Context, account sms.Account, p *Person) (err error) {
	if p.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.CountPeople(ctx, account.ID)
		if err == nil && n >= maxPeople {
			err = sms.Errorf(sms.Conflict, "%d people sign in to the account, which is the most: remove some", n)
		}
		if err != nil {
			return err
		}
		return taken(t.InsertPerson(ctx, query.InsertPersonParams{
			ID: p.ID, Name: p.Name, Country: account.Country, Description: p.Description, CreatedAt: micros(p.CreatedAt), Employer: account.ID,
			Role: string(p.Role), OperatorRole: string(p.OperatorRole),
		}), "%s signs in already", p.Name)
	})
}

// People lists who signs in to an account, by id.
func (s *Store) People(ctx context.Context, account int64) ([]Person, error) {
	rows, err := s.read.PeopleOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Person, len(rows))
	for i, row := range rows {
		all[i] = personFrom(row)
	}
	return all, nil
}

func personFrom(row query.Account) Person {
	return Person{
		ID: row.ID, Name: row.Name, Description: row.Description, Role: sms.Role(row.Role), OperatorRole: sms.Role(row.OperatorRole),
		CreatedAt: fromMicros(row.CreatedAt),
	}
}

// Person gives somebody who signs in to an account. Error: NoObject.
func (s *Store) Person(ctx context.Context, account int64, name string) (Person, error) {
	row, err := s.read.AccountByName(ctx, name)
	if err == nil && row.Employer != account {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Person{}, found(err, "login", name)
	}
	return personFrom(row), nil
}

// ChangePerson reads somebody who signs in to an account, lets change work on her and saves her description and roles, in one
// transaction. Errors: NoObject, the one of change.
func (s *Store) ChangePerson(ctx context.Context, account int64, name string, change func(*Person) error) error {
	return s.writeAuth(ctx, account, func(t *tx) error {
		p, err := t.person(ctx, account, name)
		if err == nil {
			err = change(&p)
		}
		if err != nil {
			return err
		}
		return t.UpdatePerson(ctx, query.UpdatePersonParams{
			ID: p.ID, Description: p.Description, Role: string(p.Role), OperatorRole: string(p.OperatorRole),
		})
	})
}

func (t *tx) person(ctx context.Context, account int64, name string) (Person, error) {
	row, err := t.AccountByName(ctx, name)
	if err == nil && row.Employer != account {
		err = sql.ErrNoRows
	}
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, noObject("login", name)
	}
	return personFrom(row), err
}

// RemovePerson ends somebody's sessions, keys and service accounts, and lets her sign in no more. Her name
// may be given to somebody else. Error: NoObject.
func (s *Store) RemovePerson(ctx context.Context, account int64, name string) error {
	return s.writeAuth(ctx, account, func(t *tx) error {
		p, err := t.person(ctx, account, name)
		if err != nil {
			return err
		}
		return errors.Join(
			t.RemovePerson(ctx, query.RemovePersonParams{ID: p.ID, Name: fmt.Sprintf("%s#%d", name, p.ID)}),
			t.DeleteLogin(ctx, p.ID), t.DeleteSessionsOf(ctx, p.ID), t.EndCredentialsOfPerson(ctx, p.ID), t.DeleteClientsOfPerson(ctx, p.ID),
		)
	})
}

// Acting gives the account that a session acts in: the employer of a person, or else the account that signed in.
func (v *Session) Acting() sms.Account {
	if v.Employer.ID != 0 {
		return v.Employer
	}
	return v.Account
}

// Person gives who has signed in to somebody else's account; her id is 0 if it is the owner.
func (v *Session) Person() Person {
	if v.Employer.ID == 0 {
		return Person{}
	}
	return Person{ID: v.Account.ID, Name: v.Account.Name, Description: v.Account.Description, Role: v.Role, OperatorRole: v.Account.OperatorRole}
}
