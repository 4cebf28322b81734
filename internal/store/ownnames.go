package store

import (
	"context"
	"crypto/subtle"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// OwnNames lists the senders that are known to belong to a customer.
func (s *Store) OwnNames(ctx context.Context, account int64) ([]sms.OwnName, error) {
	rows, err := s.read.OwnNames(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.OwnName, len(rows))
	for i, row := range rows {
		all[i] = sms.OwnName{Sender: row.Sender, Referer: row.Referer}
	}
	return all, nil
}

// AddOwnName says that a sender belongs to a customer. Error: Conflict if it is said already.
func (s *Store) AddOwnName(ctx context.Context, account int64, n sms.OwnName) error {
	return s.write(ctx, other, func(t *tx) error {
		added, err := t.InsertOwnName(ctx, query.InsertOwnNameParams{AccountID: account, Sender: n.Sender, Referer: n.Referer})
		if err == nil && added == 0 {
			return sms.Errorf(sms.Conflict, "The sender %s belongs to the customer already", n.Sender)
		}
		return err
	})
}

// DeleteOwnName takes that back; senders that were approved by it stay. Error: NoObject.
func (s *Store) DeleteOwnName(ctx context.Context, account int64, sender string) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteOwnName(ctx, query.DeleteOwnNameParams{AccountID: account, Sender: sender})
		return changed(n, err, "sender", sender)
	})
}

// SetSenderCode keeps the code that was sent to a number, in the place of an earlier one.
func (s *Store) SetSenderCode(ctx context.Context, c sms.SenderCode) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.SetSenderCode(ctx, query.SetSenderCodeParams{
			ServiceID: c.ServiceID, Sender: c.Sender, Code: s.sealer.Seal(c.Code), ExpiresAt: micros(c.ExpiresAt),
		})
	})
}

// ForgetSenderCode takes back a code that was never sent.
func (s *Store) ForgetSenderCode(ctx context.Context, service int64, sender string) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.DeleteSenderCode(ctx, query.DeleteSenderCodeParams{ServiceID: service, Sender: sender})
	})
}

// AwaitsCode tells whether a code was sent to a sender, and not given back yet.
func (s *Store) AwaitsCode(ctx context.Context, service int64, sender string) (bool, error) {
	_, err := s.read.SenderCode(ctx, query.SenderCodeParams{ServiceID: service, Sender: sender})
	if err = found(err, "sender", sender); sms.CodeOf(err) == sms.NoObject {
		return false, nil
	}
	return err == nil, err
}

// TrySenderCode approves a sender if the code is the one that was sent to it, and counts what is not. Errors: NoObject if there is
// no such sender, Conflict if it awaits no code, Invalid for a wrong or old one.
func (s *Store) TrySenderCode(ctx context.Context, service int64, sender, code string, now time.Time) error {
	var verdict error
	err := s.changeSenders(ctx, service, func(t *tx) (err error) {
		verdict, err = s.trySenderCode(ctx, t, service, sender, code, now)
		return err
	})
	if err != nil {
		return err
	}
	return verdict
}

// trySenderCode gives apart what is wrong with the code, since that is counted and must be kept.
func (s *Store) trySenderCode(ctx context.Context, t *tx, service int64, sender, code string, now time.Time) (verdict, failure error) {
	row, err := t.Sender(ctx, query.SenderParams{ServiceID: service, Sender: sender})
	if err != nil {
		return nil, found(err, "sender", sender)
	}
	c, err := t.SenderCode(ctx, query.SenderCodeParams{ServiceID: service, Sender: sender})
	if row.Status != sms.Waiting || err != nil {
		if err = found(err, "sender", sender); sms.CodeOf(err) == sms.Unavailable {
			return nil, err
		}
		return nil, sms.Errorf(sms.Conflict, "The sender %s awaits no code: its status is %s", sender, row.Status)
	}
	sent, err := s.sealer.Open(c.Code)
	if err != nil {
		return nil, err
	}
	switch {
	case micros(now) >= c.ExpiresAt:
		return sms.Errorf(sms.Invalid, "The code for the sender %s is too old: delete the sender and declare it again to get a new one", sender), nil
	case c.Attempts >= sms.SenderCodeAttempts:
		return sms.Errorf(sms.Invalid, "There were %d wrong codes for the sender %s: delete the sender and declare it again to get a new one", c.Attempts, sender), nil
	case subtle.ConstantTimeCompare([]byte(sent), []byte(code)) != 1:
		wrong := sms.Errorf(sms.Invalid, "code is not the one that was sent to %s: %d more attempts are left", sender, sms.SenderCodeAttempts-c.Attempts-1)
		return wrong, t.CountSenderCode(ctx, query.CountSenderCodeParams{ServiceID: service, Sender: sender})
	}
	if _, err := t.UpdateSender(ctx, query.UpdateSenderParams{
		ServiceID: service, Sender: sender, Status: sms.Enabled, Description: row.Description, Comment: row.Comment,
	}); err != nil {
		return nil, err
	}
	return nil, t.DeleteSenderCode(ctx, query.DeleteSenderCodeParams{ServiceID: service, Sender: sender})
}
