package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"ramier/internal/store/query"
)

// SMSUser may send for a service with a login and a password: over http2sms.
type SMSUser struct {
	ID           int64
	ServiceID    int64
	Login        string // unique in the service
	PasswordHash string // as auth.HashPassword makes it
	// QuotaActive: the user may spend QuotaLeft, in hundredths of a credit, nil = no limit.
	QuotaActive            bool
	QuotaLeft              *int64
	IPs                    []string // addresses and networks it may come from; empty = any
	CallBack, StopCallBack string
	CreatedAt              time.Time
}

// AddSMSUser adds a user to a service; its id is filled in. Error: Conflict if the service has the login.
func (s *Store) AddSMSUser(ctx context.Context, u *SMSUser) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	u.ID = id
	ips, err := json.Marshal(append([]string{}, u.IPs...))
	if err != nil {
		return err
	}
	p := query.InsertSMSUserParams{
		ID: id, ServiceID: u.ServiceID, Login: u.Login, PasswordHash: u.PasswordHash, QuotaStatus: "inactive", IpRestrictions: string(ips),
		Callback: u.CallBack, StopCallback: u.StopCallBack, CreatedAt: micros(u.CreatedAt),
	}
	if u.QuotaActive {
		p.QuotaStatus = "active"
	}
	if u.QuotaLeft != nil {
		p.QuotaLeft = sql.NullInt64{Int64: *u.QuotaLeft, Valid: true}
	}
	return s.write(ctx, other, func(t *tx) error {
		return taken(t.InsertSMSUser(ctx, p), "The user %s exists already", u.Login)
	})
}

// SMSUser gives a user of a service by its login. Error: NoObject.
func (s *Store) SMSUser(ctx context.Context, service int64, login string) (SMSUser, error) {
	row, err := s.read.SMSUser(ctx, query.SMSUserParams{ServiceID: service, Login: login})
	if errors.Is(err, sql.ErrNoRows) {
		return SMSUser{}, noObject("login", login)
	}
	if err != nil {
		return SMSUser{}, unavailable(err)
	}
	u := SMSUser{
		ID: row.ID, ServiceID: row.ServiceID, Login: row.Login, PasswordHash: row.PasswordHash, QuotaActive: row.QuotaStatus == "active",
		CallBack: row.Callback, StopCallBack: row.StopCallback, CreatedAt: fromMicros(row.CreatedAt),
	}
	if row.QuotaLeft.Valid {
		u.QuotaLeft = &row.QuotaLeft.Int64
	}
	return u, json.Unmarshal([]byte(row.IpRestrictions), &u.IPs)
}
