package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"ramier/internal/sms"
)

// aside is added to the time of what waits in the queue of a service that may not send: so nobody claims it, and its time is not lost.
// It is far beyond every time that there is, and below never.
const aside = 1 << 53

// mayNotSend selects the services that are disabled, or whose account is suspended.
const mayNotSend = `(SELECT s.id FROM service s JOIN account a ON a.id = s.account_id WHERE a.suspended <> '' OR s.status <> '` + sms.Enabled + `')`

// isAside finds what was set aside, by the key of the queue, of services that may send again.
const isAside = `carrier_id IN (SELECT id FROM carrier) AND lane IN (0, 1, 2, 3) AND due_at >= $1 AND due_at < $2 AND service_id NOT IN ` + mayNotSend

// barred is which services may not send, as far as this node knows.
type barred struct {
	all atomic.Pointer[map[int64]bool]
}

// Barred tells whether a service may not send now: it is disabled, or its account suspended. It asks memory alone; a change on another node
// is known within a second or two.
func (s *Store) Barred(service int64) bool {
	all := s.barred.all.Load()
	return all != nil && (*all)[service]
}

// readBarred reads which services may not send.
func (s *Store) readBarred(ctx context.Context) error {
	all := map[int64]bool{}
	if err := eachRow(ctx, s.reads, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		all[id] = true
		return err
	}, "SELECT id FROM service WHERE id IN "+mayNotSend); err != nil {
		return unavailable(err)
	}
	s.barred.all.Store(&all)
	return nil
}

// SetAside takes what waits of services that may not send out of the carriers' reach, and puts back what waits of those that may again. Whoever
// changes an account or a service calls it; it is called now and then for what has come back into the queue since.
func (s *Store) SetAside(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // the change is done
	if err := s.readBarred(ctx); err != nil {
		return err
	}
	var waits bool
	if err := s.reads.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM queue WHERE due_at < $1 AND service_id IN `+mayNotSend+`)
		OR EXISTS (SELECT 1 FROM queue WHERE `+isAside+`)`, int64(aside), int64(never)).Scan(&waits); err != nil {
		return unavailable(err)
	}
	if !waits {
		return nil
	}
	var carriers []int64
	err := s.submit(ctx, other, alone(func(t *tx) error {
		if _, err := t.db.ExecContext(ctx, "UPDATE queue SET due_at = due_at + $1 WHERE due_at < $1 AND service_id IN "+mayNotSend, int64(aside)); err != nil {
			return err
		}
		rows, err := t.db.QueryContext(ctx, "SELECT DISTINCT carrier_id FROM queue WHERE "+isAside, int64(aside), int64(never))
		if err == nil {
			carriers, err = scanIDs(rows)
		}
		if err == nil {
			_, err = t.db.ExecContext(ctx, "UPDATE queue SET touched = TRUE, due_at = due_at - $1 WHERE "+isAside, int64(aside), int64(never))
		}
		return err
	}))
	if err != nil {
		return err
	}
	s.filled(carriers)
	return nil
}

// Caps of one call of CancelWaiting: how many messages it cancels, and how many of them in one transaction.
const (
	cancelledAtOnce   = 1000
	cancelledTogether = 100
)

// CancelWaiting takes waiting messages of a service back and releases their credits, at most 1000. It gives how many it was, and how many
// wait still or are being sent.
func (s *Store) CancelWaiting(ctx context.Context, service int64, at time.Time) (cancelled, left int, err error) {
	all, err := s.Waiting(ctx, service)
	if err != nil {
		return 0, 0, err
	}
	ids := all[:min(len(all), cancelledAtOnce)]
	for len(ids) > 0 && err == nil {
		var n int
		some := ids[:min(len(ids), cancelledTogether)]
		ids = ids[len(some):]
		n, err = s.cancelAll(ctx, service, some, at)
		cancelled += n
	}
	return cancelled, len(all) - cancelled, err
}

// cancelAll takes back what still waits of some messages.
func (s *Store) cancelAll(ctx context.Context, service int64, ids []int64, at time.Time) (n int, err error) {
	type waiting struct {
		m     sms.Message
		j     sms.Job
		entry int64
	}
	var all []waiting
	for _, id := range ids {
		m, j, err := s.Message(ctx, service, id)
		if sms.CodeOf(err) == sms.NoObject || err == nil && !m.State.Waiting() {
			continue
		}
		entry := int64(0)
		if err == nil {
			entry, err = s.objectID(ctx)
		}
		if err != nil {
			return 0, err
		}
		all = append(all, waiting{m, j, entry})
	}
	err = s.submit(ctx, other, alone(func(t *tx) error {
		n = 0
		for _, w := range all {
			err := s.cancel(ctx, t, w.m, w.j, w.entry, at)
			if known, ok := errors.AsType[*sms.Error](err); ok && (known.Code == sms.Conflict || known.Code == sms.NoObject) {
				continue // it is being sent, or was taken back by somebody else
			}
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n, err
}
