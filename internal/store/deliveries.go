package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
)

// NotifyLease is for the node that delivers what customers are owed.
const NotifyLease = "notify"

// Owed gives the endpoints that wait for something, and when the first of it is due.
func (s *Store) Owed(ctx context.Context) (map[sms.Endpoint]time.Time, error) {
	// Jumps from endpoint to endpoint: how much waits at each does not matter.
	rows, err := s.reads.QueryContext(ctx, `WITH RECURSIVE e (endpoint) AS (
		SELECT MIN(endpoint) FROM delivery WHERE state = 'waiting'
		UNION ALL SELECT (SELECT MIN(d.endpoint) FROM delivery d WHERE d.state = 'waiting' AND d.endpoint > e.endpoint) FROM e WHERE e.endpoint IS NOT NULL)
		SELECT e.endpoint, (SELECT MIN(d.due_at) FROM delivery d WHERE d.state = 'waiting' AND d.endpoint = e.endpoint) FROM e WHERE e.endpoint IS NOT NULL`)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	all := map[sms.Endpoint]time.Time{}
	for rows.Next() {
		var endpoint int64
		var due sql.NullInt64
		if err := rows.Scan(&endpoint, &due); err != nil {
			return nil, unavailable(err)
		}
		if due.Valid {
			all[sms.Endpoint(endpoint)] = fromMicros(due.Int64)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

const deliveryColumns = `d.id, d.service_id, d.endpoint, d.subject, d.event, d.notice, d.state, d.attempts, d.replays, d.created_at, d.due_at, d.done_at, d.log`

// scanDelivery reads a row, but only the columns of one with the ids.
func scanDelivery(r interface{ Scan(...any) error }, without map[int64]bool) (d sms.Delivery, err error) {
	var notice, log string
	var created, due, done int64
	if err := r.Scan(&d.ID, &d.ServiceID, &d.Endpoint, &d.Subject, &d.Event, &notice, &d.State, &d.Attempts, &d.Replays, &created, &due, &done, &log); err != nil {
		return d, err
	}
	if without[d.ID] {
		return d, nil
	}
	d.CreatedAt, d.DueAt, d.DoneAt = fromMicros(created), fromMicros(due), fromMicros(done)
	var n noticeRow
	if err = json.Unmarshal([]byte(notice), &n); err == nil && log != "" {
		err = json.Unmarshal([]byte(log), &d.Log)
	}
	d.Notice = sms.Notice(n)
	return d, err
}

// DueDeliveries gives an endpoint's first deliveries that are due, at most so many, in the order in which they are to be made. One that
// must wait for an earlier one about the same subject is left out, and those with the ids. Next is when more will be due, zero if
// nothing is in sight.
func (s *Store) DueDeliveries(ctx context.Context, e sms.Endpoint, now time.Time, most int, without map[int64]bool) (all []sms.Delivery, next time.Time, err error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM delivery d WHERE d.endpoint = $1 AND d.state = 'waiting' AND d.due_at <= $2
		AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.endpoint = $1 AND o.subject = d.subject AND o.state = 'waiting' AND o.attempts > 0
			AND (o.created_at, o.id) < (d.created_at, d.id))
		ORDER BY d.due_at, d.id LIMIT $3`, int64(e), micros(now), most+len(without))
	if err != nil {
		return nil, next, unavailable(err)
	}
	if all, err = scanDeliveries(rows, without); err != nil {
		return nil, next, err
	}
	var due sql.NullInt64
	err = s.reads.QueryRowContext(ctx, "SELECT MIN(due_at) FROM delivery WHERE endpoint = $1 AND state = 'waiting' AND due_at > $2", int64(e), micros(now)).Scan(&due)
	if err != nil {
		return nil, next, unavailable(err)
	}
	return all, fromMicros(due.Int64), nil
}

func scanDeliveries(rows *sql.Rows, without map[int64]bool) (all []sms.Delivery, err error) {
	defer rows.Close()
	for rows.Next() {
		d, err := scanDelivery(rows, without)
		if err != nil {
			return nil, unavailable(err)
		}
		if !without[d.ID] {
			all = append(all, d)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}

// SettleDeliveries writes what came of attempts: the state, the next time and the log. One that was settled already, or ordered again,
// stays as it is.
func (s *Store) SettleDeliveries(ctx context.Context, all []sms.Delivery) error {
	n := len(all)
	id, attempts, was, due, done := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	replays := make([]int64, n)
	state, log := make([]string, n), make([]string, n)
	for i, d := range all {
		text, err := json.Marshal(d.Log)
		if err != nil {
			return err
		}
		id[i], attempts[i], was[i], due[i], done[i] = d.ID, int64(d.Attempts), int64(d.Attempts-1), micros(d.DueAt), micros(d.DoneAt)
		replays[i], state[i], log[i] = int64(d.Replays), d.State, string(text)
	}
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE delivery SET state = v.state, attempts = v.attempts, due_at = v.due, done_at = v.done, log = v.log FROM v
			WHERE delivery.id = v.id AND delivery.state = 'waiting' AND delivery.attempts = v.was AND delivery.replays = v.replays`,
			ints("id", id), texts("state", state), ints("attempts", attempts), ints("due", due), ints("done", done), texts("log", log),
			ints("was", was), ints("replays", replays))
		return err
	})
}

// GiveUpDeliveries ends what waits for an endpoint, or for all when it is 0, and was made before a time; why is noted. For all, what was
// ordered again counts from then on.
func (s *Store) GiveUpDeliveries(ctx context.Context, e sms.Endpoint, before, now time.Time, why string) error {
	log, err := json.Marshal([]sms.Attempt{{At: now, Error: why}})
	if err != nil {
		return err
	}
	change := `UPDATE delivery SET state = 'failed', done_at = $1, log = CASE WHEN log = '' THEN $2 ELSE log END
		WHERE state = 'waiting' AND created_at < $3`
	args := []any{micros(now), string(log), micros(before)}
	if e == 0 {
		change += " AND (replays = 0 OR due_at < $3)"
	} else { // a condition of its own, so that only what waits for it is looked at
		change += " AND endpoint = $4"
		args = append(args, int64(e))
	}
	return s.write(ctx, other, func(t *tx) error {
		_, err := t.db.ExecContext(ctx, change, args...)
		return err
	})
}

// DeliveryFilter chooses deliveries of a service; zero fields choose all.
type DeliveryFilter struct {
	Endpoint sms.Endpoint
	State    string
	From, To time.Time // of their making, both included
	After    int64     // only later ids
}

func (f DeliveryFilter) narrow(w *where, service int64) {
	w.add("d.service_id = ?", service)
	if f.Endpoint != 0 {
		w.add("d.endpoint = ?", int64(f.Endpoint))
	}
	if f.State != "" {
		w.add("d.state = ?", f.State)
	}
	w.within("d.created_at", f.From, f.To)
	if f.After != 0 {
		w.add("d.id > ?", f.After)
	}
}

// Deliveries lists deliveries of a service by id, at most so many.
func (s *Store) Deliveries(ctx context.Context, service int64, f DeliveryFilter, most int) ([]sms.Delivery, error) {
	var w where
	f.narrow(&w, service)
	rows, err := s.reads.QueryContext(ctx, "SELECT "+deliveryColumns+" FROM delivery d WHERE "+w.String()+" ORDER BY d.id LIMIT "+w.arg(most), w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanDeliveries(rows, nil)
}

// Delivery gives a delivery. Error: NoObject.
func (s *Store) Delivery(ctx context.Context, service, id int64) (sms.Delivery, error) {
	d, err := scanDelivery(s.reads.QueryRowContext(ctx, "SELECT "+deliveryColumns+" FROM delivery d WHERE d.service_id = $1 AND d.id = $2", service, id), nil)
	return d, found(err, "id", id)
}

// Replay orders again, at a time, deliveries of a service that have ended, those with the ids or else those of the filter, and gives how many it
// were, also with an error. SMS that the platform sent by itself are not sent again.
func (s *Store) Replay(ctx context.Context, service int64, id int64, f DeliveryFilter, now time.Time) (n int64, err error) {
	var last sql.NullInt64 // what is made meanwhile is not meant
	if err := s.reads.QueryRowContext(ctx, "SELECT MAX(id) FROM delivery WHERE service_id = $1", service).Scan(&last); err != nil {
		return 0, unavailable(err)
	}
	for {
		var w where
		at := w.arg(micros(now))
		f.narrow(&w, service)
		w.add("d.id <= ?", last.Int64)
		w.add("d.state <> ?", sms.DeliveryWaiting)
		w.add("d.event <> ?", string(sms.NoticeAnswer))
		if id != 0 {
			w.add("d.id = ?", id)
		}
		some, err := s.replaySome(ctx, &w, at)
		if n += int64(len(some)); len(some) > 0 {
			s.owed.wake(nil)
		}
		if err != nil || len(some) < maxReplayed {
			return n, err
		}
		f.After = slices.Max(some)
	}
}

// maxReplayed is how many deliveries are ordered again in one transaction: others have their turn in between.
const maxReplayed = 2000

// replaySome orders the first of those chosen again.
func (s *Store) replaySome(ctx context.Context, w *where, at string) (ids []int64, err error) {
	change := `UPDATE delivery SET state = 'waiting', attempts = 0, replays = replays + 1, due_at = ` + at + `, done_at = 0
		WHERE id IN (SELECT d.id FROM delivery d WHERE ` + w.String() + ` ORDER BY d.id LIMIT ` + w.arg(maxReplayed) + `) RETURNING id`
	err = s.write(ctx, other, func(t *tx) error {
		rows, err := t.db.QueryContext(ctx, change, w.args...)
		if err != nil {
			return err
		}
		ids, err = scanIDs(rows)
		return err
	})
	return ids, err
}

// Limits of what is kept of deliveries that have ended.
const (
	deliveriesKept = 7 * 24 * time.Hour
	maxDropped     = 5000 // in one transaction
)

// DropDeliveries forgets deliveries that ended a week ago, and parts of incoming messages that no other part can belong to any
// more. It tells whether there may be more.
func (s *Store) DropDeliveries(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		// Ids are in the order of time, so the first ones are looked at only.
		res, err := t.db.ExecContext(ctx, `DELETE FROM delivery WHERE id IN (SELECT d.id FROM (SELECT id, state, done_at FROM delivery ORDER BY id LIMIT $1) d
			WHERE d.state <> 'waiting' AND d.done_at < $2)`, 2*maxDropped, micros(now.Add(-deliveriesKept)))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		more = n >= maxDropped
		if err == nil {
			_, err = t.db.ExecContext(ctx, "DELETE FROM incoming_part WHERE incoming_id <> 0 AND at < $1", micros(now.Add(-partsKept)))
		}
		return err
	})
	return more, err
}

// Target is where the deliveries of an endpoint go, as it is now.
type Target struct {
	Kind    TargetKind
	Account int64 // of the customer
	Service string
	URL     string
	Secrets []string // that sign, the newest first
	Paused  bool     // nothing is to be delivered now
}

// TargetKind is how deliveries are made.
type TargetKind int

// The kinds of targets.
const (
	TargetGone    TargetKind = iota // there is none any more
	TargetGET                       // OVH's form
	TargetJSON                      // signed JSON
	TargetMessage                   // an SMS
)

// Target tells where the deliveries of an endpoint go.
func (s *Store) Target(ctx context.Context, e sms.Endpoint, now time.Time) (Target, error) {
	v, err := s.ServiceByID(ctx, e.Object())
	if err == nil {
		t := Target{Kind: TargetGET, Account: v.AccountID, Service: v.Name, URL: map[string]string{
			"callBack": v.Settings.CallBack, "stopCallBack": v.Settings.StopCallBack, "cgiUrl": v.Settings.ResponseCgiURL,
		}[e.Setting()]}
		switch {
		case e.Setting() == "":
			t.Kind = TargetMessage
		case t.URL == "":
			t.Kind = TargetGone
		}
		return t, nil
	}
	if sms.CodeOf(err) != sms.NoObject {
		return Target{}, err
	}
	w, err := s.webhook(ctx, 0, e.Object())
	if err == nil {
		t := Target{Kind: TargetJSON, URL: w.URL, Secrets: []string{w.Secret}, Paused: !w.Enabled}
		if w.OldSecret != "" && now.Before(w.OldUntil) {
			t.Secrets = append(t.Secrets, w.OldSecret)
		}
		return t, nil
	}
	if sms.CodeOf(err) != sms.NoObject {
		return Target{}, err
	}
	var url string
	err = s.reads.QueryRowContext(ctx, `SELECT url FROM keyword WHERE id = $1 AND url <> ''
		UNION ALL SELECT CASE WHEN $2 = 'callBack' THEN callback ELSE stop_callback END FROM sms_user WHERE id = $1`, e.Object(), e.Setting()).Scan(&url)
	if errors.Is(err, sql.ErrNoRows) || err == nil && url == "" {
		return Target{}, nil
	}
	if err != nil {
		return Target{}, unavailable(err)
	}
	return Target{Kind: TargetGET, URL: url}, nil
}

// Webhooks lists the webhooks of a service by id.
func (s *Store) Webhooks(ctx context.Context, service int64) ([]sms.Webhook, error) {
	return s.webhooks(ctx, "service_id = $1 ORDER BY id", service)
}

// Webhook gives a webhook of a service. Error: NoObject.
func (s *Store) Webhook(ctx context.Context, service, id int64) (sms.Webhook, error) {
	return s.webhook(ctx, service, id)
}

// webhook finds one of any service for 0.
func (s *Store) webhook(ctx context.Context, service, id int64) (sms.Webhook, error) {
	all, err := s.webhooks(ctx, "id = $1 AND (service_id = $2 OR $2 = 0)", id, service)
	if err == nil && len(all) == 0 {
		return sms.Webhook{}, noObject("id", id)
	}
	if err != nil {
		return sms.Webhook{}, err
	}
	return all[0], nil
}

func (s *Store) webhooks(ctx context.Context, condition string, args ...any) ([]sms.Webhook, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, service_id, url, description, events, enabled, secret, old_secret, old_until, created_at
		FROM webhook WHERE `+condition, args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []sms.Webhook
	for rows.Next() {
		var w sms.Webhook
		var events string
		var secret, old []byte
		var until, created int64
		if err := rows.Scan(&w.ID, &w.ServiceID, &w.URL, &w.Description, &events, &w.Enabled, &secret, &old, &until, &created); err != nil {
			return nil, unavailable(err)
		}
		w.Events, w.OldUntil, w.CreatedAt = splitEvents(events), fromMicros(until), fromMicros(created)
		if w.Secret, err = s.sealer.Open(secret); err == nil && len(old) > 0 {
			w.OldSecret, err = s.sealer.Open(old)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// MaxWebhooks is how many webhooks, and how many keyword rules, a service may have.
const MaxWebhooks = 50

// AddWebhook makes a webhook; its id is filled in. Error: Conflict past MaxWebhooks.
func (s *Store) AddWebhook(ctx context.Context, w *sms.Webhook) (err error) {
	if w.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	err = s.write(ctx, other, func(t *tx) error {
		if err := t.room(ctx, "webhook", w.ServiceID); err != nil {
			return err
		}
		_, err := t.db.ExecContext(ctx, `INSERT INTO webhook (id, service_id, url, description, events, enabled, secret, old_secret, old_until, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)`, w.ID, w.ServiceID, w.URL, w.Description, strings.Join(w.Events, ","), w.Enabled,
			s.sealer.Seal(w.Secret), []byte{}, micros(w.CreatedAt))
		return err
	})
	if err == nil {
		s.subscribe(ctx, w.ServiceID)
	}
	return err
}

func (t *tx) room(ctx context.Context, table string, service int64) error {
	var n int
	err := t.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table+" WHERE service_id = $1", service).Scan(&n)
	if err == nil && n >= MaxWebhooks {
		err = sms.Errorf(sms.Conflict, "The service has %d of them already, the most that it may have: delete one", n)
	}
	return err
}

// ChangeWebhook saves a webhook. Error: NoObject.
func (s *Store) ChangeWebhook(ctx context.Context, w sms.Webhook) error {
	old := []byte{}
	if w.OldSecret != "" {
		old = s.sealer.Seal(w.OldSecret)
	}
	err := s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, `UPDATE webhook SET url = $1, description = $2, events = $3, enabled = $4, secret = $5, old_secret = $6, old_until = $7
			WHERE id = $8 AND service_id = $9`, w.URL, w.Description, strings.Join(w.Events, ","), w.Enabled, s.sealer.Seal(w.Secret), old,
			micros(w.OldUntil), w.ID, w.ServiceID)
		return oneRow(res, err, w.ID)
	})
	if err == nil {
		s.subscribe(ctx, w.ServiceID)
	}
	return err
}

func oneRow(res sql.Result, err error, id int64) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	return changed(n, err, "id", id)
}

// DeleteWebhook removes a webhook; what it is still owed is given up. Error: NoObject.
func (s *Store) DeleteWebhook(ctx context.Context, service, id int64) error {
	err := s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "DELETE FROM webhook WHERE id = $1 AND service_id = $2", id, service)
		return oneRow(res, err, id)
	})
	if err == nil {
		s.subscribe(ctx, service)
	}
	return err
}
