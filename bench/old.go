package bench

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// old runs loads one after the other in a store that is full of old messages.
func (b *Bench) old(ctx context.Context, s Scenario, database, dir string) (list []figures.Result, err error) {
	b.Tell.Stage(s.Name + ": starting")
	o, err := b.simulate(ctx, dir, s.messages())
	if err != nil {
		return nil, err
	}
	defer o.end(10 * time.Second)
	p, err := b.prepare(ctx, dir, database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	doors, err := b.fill(ctx, s, p, o)
	if err != nil {
		return nil, fmt.Errorf("filling the store: %w", err)
	}
	first := firstMessage
	for i, next := range s.Loads {
		next.Stored = s.Stored
		if err := p.start(ctx); err != nil {
			return list, err
		}
		if err := p.connected(ctx); err != nil {
			return list, err
		}
		name := fmt.Sprintf("bench%d", i)
		door, err := p.customer(ctx, name, next.messages()+1000, "sms-"+name)
		if err != nil {
			return list, err
		}
		m := &measurement{bench: b, scenario: next, door: door, operator: o, platform: p, first: first}
		r, err := m.run(ctx)
		if err != nil {
			return list, err
		}
		r.Platform, r.Database = "ramier", p.database.kind
		r.Note = fmt.Sprintf("%d services and %s messages were in the store before", s.Services, figures.Thousands(s.Stored))
		list = append(list, r)
		first += next.messages()
		if i == len(s.Loads)-1 {
			tagged, err := b.byTag(ctx, s, p, doors)
			if err != nil {
				return list, err
			}
			list = append(list, tagged)
		}
		p.end(time.Minute)
	}
	return list, nil
}

// How old messages come about: each account has so many services, each service sends so many jobs, and the rows that come of that
// are copied until there are enough.
const (
	servicesOfAccount = 100
	jobsOfService     = 2
	receiversOfJob    = 5
	fillers           = 16
)

// fill leaves a store with as many services and messages as the scenario wants, all delivered, and the books in order. It gives the ways in
// to the services.
func (b *Bench) fill(ctx context.Context, s Scenario, p *platform, o *operator) ([]*load.OVH, error) {
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	if err := p.connect(ctx, o, 0); err != nil {
		return nil, err
	}
	b.Tell.Stage(fmt.Sprintf("%s: %d services", s.Name, s.Services))
	doors, err := p.many(ctx, s.Services)
	if err != nil {
		return nil, err
	}
	seed := s.Services * jobsOfService * receiversOfJob
	b.Tell.Stage(fmt.Sprintf("%s: %d messages of theirs", s.Name, seed))
	base, err := o.status(ctx)
	if err != nil {
		return nil, err
	}
	sent, err := load.Run(ctx, spread(doors), load.Options{Requests: s.Services * jobsOfService, Receivers: receiversOfJob, Connections: fillers})
	if err != nil {
		return nil, err
	}
	if sent.Refused > 0 {
		return nil, fmt.Errorf("%d requests were refused: %s", sent.Refused, sent.First)
	}
	m := &measurement{bench: b, scenario: s, operator: o, platform: p, base: base}
	if _, err := m.settle(ctx, sent.Accepted); err != nil {
		return nil, err
	}
	p.end(time.Minute)
	copies := max((s.Stored+seed-1)/seed, 1)
	b.Tell.Stage(fmt.Sprintf("%s: %d copies of their rows", s.Name, copies-1))
	return doors, p.database.multiply(ctx, copies, func(done int) { b.Tell.Load(done*seed, copies*seed) })
}

// spread sends the jobs through many doors in turn.
type spread []*load.OVH

// Append writes a request of one of them.
func (s spread) Append(b []byte, j load.Job) []byte {
	return s[j.First/j.Receivers%len(s)].Append(b, j)
}

// Address is that of all of them.
func (s spread) Address() (string, *tls.Config) { return s[0].Address() }

// many makes accounts with services, and gives the way in to each service.
func (p *platform) many(ctx context.Context, services int) ([]*load.OVH, error) {
	accounts := (services + servicesOfAccount - 1) / servicesOfAccount
	doors := make([][]*load.OVH, accounts)
	errs := make([]error, fillers)
	next := make(chan int)
	var wg sync.WaitGroup
	for i := range fillers {
		wg.Go(func() {
			for n := range next {
				if errs[i] != nil {
					continue // the others finish what they have begun
				}
				var names []string
				for v := range min(servicesOfAccount, services-n*servicesOfAccount) {
					names = append(names, fmt.Sprintf("sms-old%d-%d", n, v+1))
				}
				var first *load.OVH
				if first, errs[i] = p.customer(ctx, fmt.Sprintf("old%d", n), jobsOfService*receiversOfJob, names...); errs[i] != nil {
					continue
				}
				for _, name := range names {
					door := *first
					door.Service = name
					errs[i] = errors.Join(errs[i], door.Prepare())
					doors[n] = append(doors[n], &door)
				}
			}
		})
	}
	for n := range accounts {
		next <- n
	}
	close(next)
	wg.Wait()
	return slices.Concat(doors...), errors.Join(errs...)
}

// copied is how the rows of a table are copied: ids are moved on by as many as there are of their kind, times back by a day.
type copied struct {
	table         string
	messages, ids []string // columns with ids of messages (and jobs), and of anything else
	times         []string
}

var copies = []copied{
	{"job", []string{"id"}, nil, []string{"created_at", "due_at"}},
	{"message", []string{"id", "job_id"}, nil, []string{"sent_at", "done_at"}},
	{"ledger", []string{"job_id"}, []string{"id"}, []string{"at"}},
}

const dayMicros = 24 * 3600 * 1_000_000

// multiply copies the rows that Ramier has written itself, as often as it takes, and the books with them. So old rows are of the same
// make as new ones.
func (d *database) multiply(ctx context.Context, times int, tell func(done int)) (err error) {
	db, err := d.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	next := map[string]int64{}
	for _, name := range []string{"message", "object"} {
		var n int64
		if err := db.QueryRowContext(ctx, "SELECT next FROM sequence WHERE name = '"+name+"'").Scan(&n); err != nil {
			return err
		}
		next[name] = n
	}
	if d.kind == SQLite {
		if _, err := db.ExecContext(ctx, "PRAGMA synchronous=OFF"); err != nil {
			return err
		}
	}
	for n := 1; n < times; n++ {
		tell(n)
		for _, c := range copies {
			text, err := c.statement(ctx, db, n, next)
			if err == nil {
				_, err = db.ExecContext(ctx, text)
			}
			if err != nil {
				return fmt.Errorf("copying %s: %w", c.table, err)
			}
		}
	}
	after := []string{
		fmt.Sprintf("UPDATE balance SET available = available * %[1]d, held = held * %[1]d, quota = quota * %[1]d, used = used * %[1]d, issued = issued * %[1]d", times),
		fmt.Sprintf("UPDATE sequence SET next = next * %d", times),
		"ANALYZE",
	}
	if d.kind == SQLite {
		after = append(after, "PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)")
	} else {
		after = append(after, "CHECKPOINT")
	}
	for _, text := range after {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// statement copies the rows that Ramier has written for the n-th time.
func (c copied) statement(ctx context.Context, db *sql.DB, n int, next map[string]int64) (string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+c.table+" WHERE 1 = 0") //nolint:gosec // a name of ours
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := slices.Clone(columns)
	for i, name := range columns {
		switch {
		case name == "tally":
			values[i] = "-1" // the counters are not copied
		case name == "tag":
			values[i] = "'" + oldTag + "'"
		case slices.Contains(c.messages, name):
			values[i] = fmt.Sprintf("CASE WHEN %s = 0 THEN 0 ELSE %s + %d END", name, name, int64(n)*next["message"])
		case slices.Contains(c.ids, name):
			values[i] = fmt.Sprintf("%s + %d", name, int64(n)*next["object"])
		case slices.Contains(c.times, name):
			values[i] = fmt.Sprintf("CASE WHEN %s = 0 THEN 0 ELSE %s - %d END", name, name, int64(n)*dayMicros)
		}
	}
	where := "id < " + fmt.Sprint(next["message"])
	if len(c.ids) > 0 {
		where = "id < " + fmt.Sprint(next["object"])
	}
	return "INSERT INTO " + c.table + " (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM " + c.table + " WHERE " + where, rows.Err()
}
