package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddAccount makes an account. Error: Conflict if the name is taken. Its id is filled in.
func (s *Store) AddAccount(ctx context.Context, a *sms.Account) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	a.ID = id
	if a.Name == "" {
		a.Name = fmt.Sprintf("rm%05d-ovh", id)
	}
	return s.write(ctx, other, func(t *tx) error {
		return taken(t.InsertAccount(ctx, query.InsertAccountParams{
			ID: id, Name: a.Name, Country: a.Country, Description: a.Description, Operator: a.Operator, CreatedAt: micros(a.CreatedAt),
			OperatorRole: string(cmp.Or(a.OperatorRole, sms.AdminRole)), Resells: a.Resells, Reseller: a.Reseller,
		}), "The account %s exists already", a.Name)
	})
}

// taken turns a violated unique key into a Conflict.
func taken(err error, format string, args ...any) error {
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), "unique") {
		return err
	}
	return sms.Errorf(sms.Conflict, format, args...)
}

// Accounts lists the accounts by id.
func (s *Store) Accounts(ctx context.Context) ([]sms.Account, error) {
	rows, err := s.read.Accounts(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Account, len(rows))
	for i, row := range rows {
		all[i] = accountFrom(row)
	}
	return all, nil
}

// Account gives the account with the name. Error: NoObject.
func (s *Store) Account(ctx context.Context, name string) (sms.Account, error) {
	row, err := s.read.AccountByName(ctx, name)
	if err == nil && row.Employer != 0 {
		err = sql.ErrNoRows // a person is no customer
	}
	if err != nil {
		return sms.Account{}, found(err, "account", name)
	}
	return accountFrom(row), nil
}

func accountFrom(row query.Account) sms.Account {
	return sms.Account{
		ID: row.ID, Name: row.Name, Country: row.Country, Description: row.Description, Operator: row.Operator,
		CreatedAt: fromMicros(row.CreatedAt), OperatorRole: sms.Role(row.OperatorRole), Resells: row.Resells, Reseller: row.Reseller, Suspended: row.Suspended, SuspendedBy: row.SuspendedBy,
	}
}

// found turns a missing row into NoObject, with OVH's words.
func found(err error, what string, id any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return noObject(what, id)
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

func noObject(what string, id any) error {
	return sms.Errorf(sms.NoObject, "The requested object (%s = %v) does not exist", what, id)
}

// changed turns a change of no row into NoObject.
func changed(n int64, err error, what string, id any) error {
	if err == nil && n == 0 {
		return noObject(what, id)
	}
	return err
}

// UpdateAccount saves an account's country, description, whether it is an operator's and with which role, resells, and is suspended.
func (s *Store) UpdateAccount(ctx context.Context, a sms.Account) error {
	defer s.forget()
	if err := s.writeAuth(ctx, a.ID, func(t *tx) error {
		err := t.UpdateAccount(ctx, query.UpdateAccountParams{
			ID: a.ID, Country: a.Country, Description: a.Description, Operator: a.Operator,
			OperatorRole: string(cmp.Or(a.OperatorRole, sms.AdminRole)), Resells: a.Resells, Suspended: a.Suspended, SuspendedBy: a.SuspendedBy,
		})
		if err != nil {
			return err
		}
		return t.Bump(ctx, 0)
	}); err != nil {
		return err
	}
	return s.SetAside(ctx)
}

// AddService makes a service with an empty balance. Error: Conflict if the name is taken. An empty name is filled in, from
// the account's: sms-ab12345-1.
func (s *Store) AddService(ctx context.Context, v *sms.Service) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	v.ID = id
	err = s.write(ctx, other, func(t *tx) error { return t.addService(ctx, v) })
	if err == nil && v.Settings.CallBack != "" {
		s.subscribe(ctx, id)
	}
	return err
}

// Services lists all services by id.
func (s *Store) Services(ctx context.Context) ([]sms.Service, error) {
	rows, err := s.read.Services(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Service, len(rows))
	for i, row := range rows {
		if all[i], err = serviceFrom(query.ServiceByIDRow(row)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ServicesOf lists the names of an account's services.
func (s *Store) ServicesOf(ctx context.Context, account int64) ([]string, error) {
	names, err := s.read.ServicesOfAccount(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	return names, nil
}

// Service gives the service with the name. Error: NoService.
func (s *Store) Service(ctx context.Context, name string) (sms.Service, error) {
	row, err := s.read.ServiceByName(ctx, name)
	if errors.Is(err, sql.ErrNoRows) {
		return sms.Service{}, noService(name)
	}
	if err != nil {
		return sms.Service{}, unavailable(err)
	}
	return serviceFrom(query.ServiceByIDRow(row))
}

// ServiceByID gives the service with the id. Error: NoObject.
func (s *Store) ServiceByID(ctx context.Context, id int64) (sms.Service, error) {
	row, err := s.read.ServiceByID(ctx, id)
	if err != nil {
		return sms.Service{}, found(err, "service", id)
	}
	return serviceFrom(row)
}

// ChangeService reads a service, lets change work on it and saves it, in one transaction. Error: NoService, or the one of
// change.
func (s *Store) ChangeService(ctx context.Context, name string, change func(*sms.Service) error) error {
	defer s.forgetService(name)
	var id int64
	urls, status := false, false // where customers are told has changed, or whether it sends
	err := s.write(ctx, other, func(t *tx) error {
		row, err := t.ServiceByName(ctx, name)
		if errors.Is(err, sql.ErrNoRows) {
			return noService(name)
		}
		if err != nil {
			return err
		}
		v, err := serviceFrom(query.ServiceByIDRow(row))
		before, was := v.Settings, v.Status
		if err == nil {
			err = change(&v)
		}
		if err != nil {
			return err
		}
		id, urls = v.ID, before.CallBack != v.Settings.CallBack || before.StopCallBack != v.Settings.StopCallBack ||
			before.ResponseCgiURL != v.Settings.ResponseCgiURL
		status = v.Status != was
		settings, err := json.Marshal(v.Settings)
		if err != nil {
			return err
		}
		if err := t.UpdateService(ctx, query.UpdateServiceParams{
			ID: v.ID, Description: v.Description, Channel: v.Channel, Status: v.Status, Settings: string(settings),
		}); err != nil {
			return err
		}
		return t.Bump(ctx, v.ID)
	})
	if err == nil && urls {
		s.subscribe(ctx, id)
	}
	if err == nil && status {
		err = s.SetAside(ctx)
	}
	return err
}

// Balance gives the books of a service.
func (s *Store) Balance(ctx context.Context, service int64) (sms.Balance, error) {
	b, err := s.read.Balance(ctx, service)
	return balanceFrom(b), found(err, "service", service)
}

func balanceFrom(b query.Balance) sms.Balance {
	return sms.Balance{
		Available: sms.Credits(b.Available), Held: sms.Credits(b.Held), Quota: sms.Credits(b.Quota), Used: sms.Credits(b.Used),
		Issued: sms.Credits(b.Issued),
	}
}

// Grant puts credits into a service's books, or takes them out when negative. Error: NoCredit if more are taken than are
// available.
func (s *Store) Grant(ctx context.Context, service int64, amount sms.Credits, note string, at time.Time) (sms.Balance, error) {
	id, err := s.objectID(ctx)
	if err != nil {
		return sms.Balance{}, err
	}
	var b query.Balance
	err = s.write(ctx, other, func(t *tx) error {
		var err error
		b, err = t.Grant(ctx, query.GrantParams{ServiceID: service, Available: int64(amount)})
		if errors.Is(err, sql.ErrNoRows) {
			return sms.Errorf(sms.NoCredit, "Not enough credits: %v cannot be taken", -amount)
		}
		if err != nil {
			return err
		}
		entry := query.InsertLedgerParams{
			ID: id, ServiceID: service, At: micros(at), Kind: "order", Debit: "issued", Credit: "available", Amount: int64(amount), Note: note,
		}
		if amount < 0 {
			entry.Debit, entry.Credit, entry.Amount = entry.Credit, entry.Debit, -entry.Amount
		}
		return t.InsertLedger(ctx, entry)
	})
	return balanceFrom(b), err
}

// Spent gives the credits that messages of a service were ordered for in the hour and the day of a time.
func (s *Store) Spent(ctx context.Context, service int64, at time.Time) (hour, day sms.Credits, err error) {
	b, err := s.read.Balance(ctx, service)
	if err != nil {
		return 0, 0, found(err, "service", service)
	}
	if b.Hour == micros(at)/time.Hour.Microseconds() {
		hour = sms.Credits(b.HourSpent)
	}
	if b.Day == micros(at)/(24*time.Hour).Microseconds() {
		day = sms.Credits(b.DaySpent)
	}
	return hour, day, nil
}
