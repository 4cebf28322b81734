package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// spending is what the jobs of a group take from the books and the quotas, as they were read.
type spending struct {
	books   map[int64]query.Balance
	users   map[int64]orderingUser
	service map[int64]*spentByService
	user    map[int64]int64
}

// spentByService is what the group takes from a service, and what was ordered in the hour and the day with it.
type spentByService struct {
	available, quotas              int64
	hour, hourSpent, day, daySpent int64
}

// orderingUser is an SMS user who orders.
type orderingUser struct {
	service int64
	login   string
	quota   sql.NullInt64 // what is left; no value without a quota
}

func newSpending(books map[int64]query.Balance, users map[int64]orderingUser) *spending {
	return &spending{books: books, users: users, service: map[int64]*spentByService{}, user: map[int64]int64{}}
}

// orderingUsers reads the SMS users who order something in the group, by id. The locks on the books of their services keep their
// quotas as they are.
func (t *tx) orderingUsers(ctx context.Context, ops []*op) (map[int64]orderingUser, error) {
	var ids []int64
	for _, o := range ops {
		if id := o.arg.(*Acceptance).Plan.Order.User; id != 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	users := map[int64]orderingUser{}
	err := t.query(ctx, "SELECT u.id, u.service_id, u.login, u.quota_left FROM v JOIN sms_user u ON u.id = v.id", func(r *sql.Rows) error {
		var id int64
		var u orderingUser
		err := r.Scan(&id, &u.service, &u.login, &u.quota)
		users[id] = u
		return err
	}, ints("id", slices.Compact(ids)))
	return users, err
}

// take takes the price of a plan, from the quota of the user who ordered it if he has one. Errors: NoCredit, Guarded past a cap
// of the service, Forbidden for a user who is gone; then nothing is taken.
func (s *spending) take(p *sms.Plan) (fromQuota bool, err error) {
	v, price := s.of(p), int64(p.Credits)
	left := s.books[p.Service.ID].Available - v.available
	from := p.Service.Name
	if id := p.Order.User; id != 0 {
		u, ok := s.users[id]
		if !ok || u.service != p.Service.ID {
			return false, sms.Errorf(sms.Forbidden, "The SMS user who orders does not exist any more")
		}
		if fromQuota = u.quota.Valid; fromQuota {
			left, from = u.quota.Int64-s.user[id], "the quota of "+u.login
		}
	}
	if price > left {
		return false, sms.Errorf(sms.NoCredit, "Not enough credits: %v needed, %v left on %s", p.Credits, sms.Credits(left), from).
			With("needed", p.Credits.String()).With("left", sms.Credits(left).String())
	}
	if err := p.Service.Settings.Guards.CheckCaps(sms.Credits(v.hourSpent), sms.Credits(v.daySpent), p.Credits, p.At, p.Service.Name); err != nil {
		return false, err
	}
	v.hourSpent += price
	v.daySpent += price
	if fromQuota {
		v.quotas += price
		s.user[p.Order.User] += price
	} else {
		v.available += price
	}
	return fromQuota, nil
}

// of gives what the group has taken from the service of a plan, in the plan's hour and day.
func (s *spending) of(p *sms.Plan) *spentByService {
	v := s.service[p.Service.ID]
	if v == nil {
		b := s.books[p.Service.ID]
		v = &spentByService{hour: b.Hour, hourSpent: b.HourSpent, day: b.Day, daySpent: b.DaySpent}
		s.service[p.Service.ID] = v
	}
	if hour := micros(p.At) / time.Hour.Microseconds(); hour != v.hour {
		v.hour, v.hourSpent = hour, 0
	}
	if day := micros(p.At) / (24 * time.Hour).Microseconds(); day != v.day {
		v.day, v.daySpent = day, 0
	}
	return v
}

// services gives what changes in the books, as columns.
func (s *spending) services() []column {
	var id, available, quotas, hour, hourSpent, day, daySpent, rev, platform, hadHour, hadHourSpent, hadDay, hadDaySpent []int64
	for _, service := range slices.Sorted(maps.Keys(s.service)) {
		v := s.service[service]
		id, available, quotas = append(id, service), append(available, v.available), append(quotas, v.quotas)
		hour, hourSpent = append(hour, v.hour), append(hourSpent, v.hourSpent)
		day, daySpent = append(day, v.day), append(daySpent, v.daySpent)
		b := s.books[service]
		rev, platform = append(rev, b.Rev), append(platform, s.books[0].Rev)
		hadHour, hadHourSpent = append(hadHour, b.Hour), append(hadHourSpent, b.HourSpent)
		hadDay, hadDaySpent = append(hadDay, b.Day), append(hadDaySpent, b.DaySpent)
	}
	return []column{
		ints("service_id", id), ints("amount", available), ints("quotas", quotas), ints("hour", hour), ints("hour_spent", hourSpent),
		ints("day", day), ints("day_spent", daySpent), ints("rev", rev), ints("platform_rev", platform), ints("had_hour", hadHour),
		ints("had_hour_spent", hadHourSpent), ints("had_day", hadDay), ints("had_day_spent", hadDaySpent),
	}
}

// write takes what was spent from the books, if they are still as they were read but for what others have taken or given back
// meanwhile; else it fails with *contended.
func (s *spending) write(ctx context.Context, t *tx) error {
	columns := s.services()
	want := int64(columns[0].length)
	return t.later(ctx, func(n int64) error {
		if n != want {
			return &contended{n, want}
		}
		return nil
	}, `UPDATE balance SET available = available - v.amount, quota = quota - v.quotas, held = held + v.amount + v.quotas, hour = v.hour,
		hour_spent = v.hour_spent, day = v.day, day_spent = v.day_spent FROM v WHERE balance.service_id = v.service_id
		AND balance.available >= v.amount AND balance.rev = v.rev AND balance.hour = v.had_hour AND balance.hour_spent = v.had_hour_spent
		AND balance.day = v.had_day AND balance.day_spent = v.had_day_spent
		AND (SELECT p.rev FROM balance p WHERE p.service_id = 0`+t.dialect.keep+`) = v.platform_rev`, columns...)
}

// contended says that books which were read without a lock have changed since.
type contended struct{ rows, want int64 }

func (e *contended) Error() string {
	return fmt.Sprintf("the books of %d of %d services have changed meanwhile", e.want-e.rows, e.want)
}

// mustLock tells whether what is asked for can only be judged under a lock on the books: keys of repetitions, quotes and quotas are
// not among what the books say.
func mustLock(ops []*op) bool {
	for _, o := range ops {
		if a := o.arg.(*Acceptance); o.lock || a.Key != "" || a.Plan.Order.User != 0 || a.Plan.Order.QuoteID != "" {
			return true
		}
	}
	return false
}

// quotas gives what users have spent of their quotas, as columns.
func (s *spending) quotas() []column {
	ids, amounts := sorted(s.user)
	return []column{ints("id", ids), ints("amount", amounts)}
}

// payer names the account of the books that pays for a job.
func (a *Acceptance) payer() string {
	if a.fromQuota {
		return "quota"
	}
	return "available"
}

// move notes what a message's answer does to the books.
func (w *settlement) move(m *sms.Message, captured, released sms.Credits) {
	w.captured[m.ServiceID] += int64(captured)
	if released != 0 {
		w.released[m.ServiceID] += int64(released)
		w.givenUp[m.JobID] += int64(released)
	}
}

// refill gives back to users' quotas what their messages did not need, and tells how much of what is released that is, by service.
// The books of the services must be locked.
func (w *settlement) refill(ctx context.Context) (map[int64]int64, error) {
	jobs, amounts := sorted(w.givenUp)
	if len(jobs) == 0 {
		return nil, nil
	}
	back, users := map[int64]int64{}, map[int64]int64{}
	err := w.t.query(ctx, `SELECT u.service_id, u.id, v.amount FROM v JOIN job j ON j.id = v.id JOIN sms_user u ON u.id = j.user_id
		WHERE j.from_quota AND u.quota_status = 'active'`, func(r *sql.Rows) error {
		var service, user, amount int64
		err := r.Scan(&service, &user, &amount)
		back[service] += amount
		users[user] += amount
		return err
	}, ints("id", jobs), ints("amount", amounts))
	if err != nil || len(users) == 0 {
		return nil, err
	}
	ids, sums := sorted(users)
	_, err = w.t.exec(ctx, "UPDATE sms_user SET quota_left = quota_left + v.amount FROM v WHERE sms_user.id = v.id", ints("id", ids), ints("amount", sums))
	return back, err
}

// release gives back what a message of a job was held for: to the quota that has paid, or else to the service. It writes the entry
// with the id.
func (t *tx) release(ctx context.Context, service, job, amount, entry int64, at time.Time, note string) error {
	if _, err := t.lockBalances(ctx, []int64{service}); err != nil {
		return err
	}
	to := "available"
	user, err := t.QuotaUserOfJob(ctx, job)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = t.ReleaseHeld(ctx, query.ReleaseHeldParams{ServiceID: service, Held: amount})
	case err == nil:
		to = "quota"
		if err = t.ReleaseQuota(ctx, query.ReleaseQuotaParams{ServiceID: service, Held: amount}); err == nil {
			err = t.RefillQuota(ctx, query.RefillQuotaParams{ID: user, QuotaLeft: sql.NullInt64{Int64: amount, Valid: true}})
		}
	}
	if err != nil {
		return err
	}
	return t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: entry, ServiceID: service, At: micros(at), Kind: "release", Debit: "held", Credit: to, Amount: amount, JobID: job, Note: note,
	})
}
