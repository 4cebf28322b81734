package store

import (
	"context"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// LowService is a service with automatic recredit, and what it has.
type LowService struct {
	Service   sms.Service
	Available sms.Credits
}

// ServicesToRecredit lists the services whose balance has come down to their threshold of automatic recredit.
func (s *Store) ServicesToRecredit(ctx context.Context) ([]LowService, error) {
	rows, err := s.read.ServicesToRecredit(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	var low []LowService
	for _, row := range rows {
		v, err := s.Service(ctx, row.Name)
		if err != nil {
			return nil, err
		}
		if set := v.Settings; set.AutomaticRecreditAmount > 0 && row.Available <= int64(set.RecreditThreshold) {
			low = append(low, LowService{v, sms.Credits(row.Available)})
		}
	}
	return low, nil
}

// LowUser is an SMS user whose quota has come down to where he is to be warned.
type LowUser struct {
	sms.User
	Service string
}

// LowUsers lists users who are to be warned and have not been yet, at most 1000.
func (s *Store) LowUsers(ctx context.Context) ([]LowUser, error) {
	rows, err := s.read.LowUsers(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	low := make([]LowUser, len(rows))
	for i, r := range rows {
		u, err := userFrom(query.SmsUser{
			ID: r.ID, ServiceID: r.ServiceID, Login: r.Login, PasswordHash: r.PasswordHash, QuotaStatus: r.QuotaStatus, QuotaLeft: r.QuotaLeft,
			IpRestrictions: r.IpRestrictions, Callback: r.Callback, StopCallback: r.StopCallback, CreatedAt: r.CreatedAt,
			AlertThreshold: r.AlertThreshold, AlertSupport: r.AlertSupport, AlertEmail: r.AlertEmail, AlertNumber: r.AlertNumber, Alerted: r.Alerted,
		})
		if err != nil {
			return nil, err
		}
		low[i] = LowUser{u, r.Service}
	}
	return low, nil
}

// Alerted notes that a user has been warned.
func (s *Store) Alerted(ctx context.Context, user int64) error {
	return s.write(ctx, other, func(t *tx) error { return t.MarkAlerted(ctx, user) })
}

// ForgetAlerts makes users who have enough again ready for the next warning.
func (s *Store) ForgetAlerts(ctx context.Context) error {
	return s.write(ctx, other, func(t *tx) error { return t.ForgetAlerts(ctx) })
}
