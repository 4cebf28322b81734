package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddUser makes a user of a service, without a quota. Error: Conflict if the login is taken. Its id is filled in.
func (s *Store) AddUser(ctx context.Context, u *sms.User) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	u.ID = id
	return s.write(ctx, other, func(t *tx) error {
		return taken(t.InsertUser(ctx, query.InsertUserParams{
			ID: id, ServiceID: u.ServiceID, Login: u.Login, PasswordHash: u.PasswordHash, CreatedAt: micros(u.CreatedAt),
		}), "The user %s exists already", u.Login)
	})
}

// Users lists the logins of a service's users.
func (s *Store) Users(ctx context.Context, service int64) ([]string, error) {
	logins, err := s.read.Users(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	return logins, nil
}

// User gives a user of a service. Error: NoObject.
func (s *Store) User(ctx context.Context, service int64, login string) (sms.User, error) {
	row, err := s.read.UserByLogin(ctx, query.UserByLoginParams{ServiceID: service, Login: login})
	if err != nil {
		return sms.User{}, found(err, "login", login)
	}
	return userFrom(row)
}

// UsersWithQuota counts the users of a service who have a quota.
func (s *Store) UsersWithQuota(ctx context.Context, service int64) (int64, error) {
	n, err := s.read.CountActiveUsers(ctx, service)
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

func userFrom(row query.SmsUser) (sms.User, error) {
	u := sms.User{
		ID: row.ID, ServiceID: row.ServiceID, Login: row.Login, PasswordHash: row.PasswordHash, HasQuota: row.QuotaStatus == "active",
		QuotaLeft: sms.Credits(row.QuotaLeft.Int64), CallBack: row.Callback, StopCallBack: row.StopCallback, CreatedAt: fromMicros(row.CreatedAt),
		Alert: sms.Alert{Threshold: row.AlertThreshold, Support: row.AlertSupport, Email: row.AlertEmail, Number: row.AlertNumber, Sent: row.Alerted},
	}
	return u, json.Unmarshal([]byte(row.IpRestrictions), &u.Restrictions)
}

// ChangeUser reads a user, lets change work on him and saves him. What a quota gains is taken out of the service's credits, and
// what it loses is given back. Errors: NoObject; NoCredit if the service has less than the quota gains; the one of change.
func (s *Store) ChangeUser(ctx context.Context, service int64, login string, at time.Time, change func(*sms.User) error) error {
	before, after := "", ""
	err := s.write(ctx, other, func(t *tx) error {
		b, u, err := t.lockUser(ctx, service, login)
		if err != nil {
			return err
		}
		had := u.quota()
		before = u.CallBack
		if err := change(&u.User); err != nil {
			return err
		}
		after = u.CallBack
		if err := t.moveQuota(ctx, b, u.User, u.quota()-had, at); err != nil {
			return err
		}
		return t.saveUser(ctx, u.User)
	})
	if err == nil && before != after {
		s.subscribe(ctx, service)
	}
	return err
}

// DeleteUser removes a user and gives what is left of his quota back to the service. His messages stay. Error: NoObject.
func (s *Store) DeleteUser(ctx context.Context, service int64, login string, at time.Time) error {
	err := s.write(ctx, other, func(t *tx) error {
		b, u, err := t.lockUser(ctx, service, login)
		if err != nil {
			return err
		}
		if err := t.moveQuota(ctx, b, u.User, -u.quota(), at); err != nil {
			return err
		}
		if _, err := t.db.ExecContext(ctx, "DELETE FROM slot WHERE service_id = $1 AND user_id = $2", service, u.ID); err != nil {
			return err
		}
		return t.DeleteUser(ctx, u.ID)
	})
	if err == nil {
		s.subscribe(ctx, service)
	}
	return err
}

// Logins gives the logins of a service's users by their ids.
func (s *Store) Logins(ctx context.Context, service int64) (map[int64]string, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT id, login FROM sms_user WHERE service_id = $1", service)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	logins := map[int64]string{}
	for rows.Next() {
		var id int64
		var login string
		if err := rows.Scan(&id, &login); err != nil {
			return nil, unavailable(err)
		}
		logins[id] = login
	}
	return logins, rows.Err()
}

// stopCallBackOf tells what is called when a receiver opts out by an answer to a message: the address of the user who has ordered it, if
// he has one, in the place of the service's. False if there is none.
func (t *tx) stopCallBackOf(ctx context.Context, v sms.Service, message int64) (sms.Endpoint, bool, error) {
	var user int64
	err := t.db.QueryRowContext(ctx, `SELECT u.id FROM message m JOIN job j ON j.id = m.job_id JOIN sms_user u ON u.id = j.user_id
		WHERE m.id = $1 AND u.stop_callback <> ''`, message).Scan(&user)
	if err == nil {
		return sms.StopCallBackOf(user), true, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, false, err
	}
	return sms.StopCallBackOf(v.ID), v.Settings.StopCallBack != "", nil
}

// userRow is a user as he is read in a transaction.
type userRow struct{ sms.User }

// quota is what the books hold for the user.
func (u userRow) quota() sms.Credits {
	if !u.HasQuota {
		return 0
	}
	return u.QuotaLeft
}

// lockUser reads the books of a service and one of its users. The lock on the books keeps everybody else from the quotas of the
// service, too.
func (t *tx) lockUser(ctx context.Context, service int64, login string) (b query.Balance, u userRow, err error) {
	books, err := t.lockBalances(ctx, []int64{service})
	if err != nil {
		return b, u, err
	}
	u, err = t.user(ctx, service, login)
	return books[service], u, err
}

func (t *tx) user(ctx context.Context, service int64, login string) (userRow, error) {
	row, err := t.UserByLogin(ctx, query.UserByLoginParams{ServiceID: service, Login: login})
	if errors.Is(err, sql.ErrNoRows) {
		return userRow{}, noObject("login", login)
	}
	if err != nil {
		return userRow{}, err
	}
	u, err := userFrom(row)
	return userRow{u}, err
}

func (t *tx) saveUser(ctx context.Context, u sms.User) error {
	if u.Restrictions == nil {
		u.Restrictions = []string{}
	}
	restrictions, err := json.Marshal(u.Restrictions)
	if err != nil {
		return err
	}
	p := query.UpdateUserParams{
		ID: u.ID, PasswordHash: u.PasswordHash, QuotaStatus: "inactive", IpRestrictions: string(restrictions), Callback: u.CallBack,
		StopCallback: u.StopCallBack, AlertThreshold: u.Alert.Threshold, AlertSupport: u.Alert.Support, AlertEmail: u.Alert.Email,
		AlertNumber: u.Alert.Number, Alerted: u.Alert.Sent,
	}
	if u.HasQuota {
		p.QuotaStatus, p.QuotaLeft = "active", sql.NullInt64{Int64: int64(u.QuotaLeft), Valid: true}
	}
	return t.UpdateUser(ctx, p)
}

// moveQuota moves credits from what a service may spend to its users' quotas, or back when negative.
func (t *tx) moveQuota(ctx context.Context, b query.Balance, u sms.User, amount sms.Credits, at time.Time) error {
	if amount == 0 {
		return nil
	}
	n, err := t.MoveQuota(ctx, query.MoveQuotaParams{ServiceID: b.ServiceID, Available: int64(amount)})
	if err != nil {
		return err
	}
	if n == 0 {
		return sms.Errorf(sms.NoCredit, "Not enough credits: the quota of %s needs %v more, and %v are left", u.Login, amount, sms.Credits(b.Available)).
			With("needed", amount.String()).With("left", sms.Credits(b.Available).String())
	}
	if amount < 0 {
		return t.enter(ctx, b.ServiceID, at, "transfer", "quota", "available", -amount, "quota of "+u.Login+" taken back")
	}
	return t.enter(ctx, b.ServiceID, at, "transfer", "available", "quota", amount, "quota of "+u.Login)
}

// enter writes an entry that belongs to no job into the ledger of a service.
func (t *tx) enter(ctx context.Context, service int64, at time.Time, kind, debit, credit string, amount sms.Credits, note string) error {
	id, err := t.id(ctx)
	if err != nil {
		return err
	}
	return t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: id, ServiceID: service, At: micros(at), Kind: kind, Debit: debit, Credit: credit, Amount: int64(amount), Note: note,
	})
}

// Transfer moves credits from one service to another. Error: NoCredit if the first has fewer.
func (s *Store) Transfer(ctx context.Context, from, to sms.Service, amount sms.Credits, by string, at time.Time) error {
	if amount <= 0 || from.ID == to.ID {
		return fmt.Errorf("a transfer of %v credits from service %d to %d", amount, from.ID, to.ID)
	}
	return s.write(ctx, other, func(t *tx) error {
		return t.hand(ctx, from, to, amount, at, "to "+to.Name+" by "+by, "from "+from.Name+" by "+by)
	})
}
