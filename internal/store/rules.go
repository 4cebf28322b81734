package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// rulesCache keeps what plans are made by. Its entries may be old: Accept compares their revisions with the database's, in
// the transaction that charges.
type rulesCache struct {
	mu       sync.Mutex
	services map[string]*sms.Rules
	shared   *sms.Rules // whose part that is the same for all services is the latest that was read
}

const maxCachedRules = 20_000

// Rules gives the rules of the service with the name, from memory if possible. Error: NoService.
func (s *Store) Rules(ctx context.Context, service string) (*sms.Rules, error) {
	s.rules.mu.Lock()
	r := s.rules.services[service]
	s.rules.mu.Unlock()
	if r != nil {
		return r, nil
	}
	return s.FreshRules(ctx, service)
}

// FreshRules reads the rules of a service from the database. Error: NoService.
func (s *Store) FreshRules(ctx context.Context, service string) (*sms.Rules, error) {
	s.rules.mu.Lock()
	shared := s.rules.shared
	s.rules.mu.Unlock()
	var r *sms.Rules
	err := s.snapshot(ctx, func(q *query.Queries, db query.DBTX) (err error) {
		if r, err = loadRules(ctx, q, db, service, shared); err == nil {
			r.Limits, r.StopClauses = s.limits, s.clauses
			err = loadTariff(ctx, db, r)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.shared = r
	if s.rules.services == nil {
		s.rules.services = map[string]*sms.Rules{}
	}
	for other := range s.rules.services { // in no particular order
		if len(s.rules.services) < maxCachedRules {
			break
		}
		delete(s.rules.services, other)
	}
	s.rules.services[service] = r
	return r, nil
}

// StopClause gives the text that tells the receivers of a country how to opt out, empty if it has none.
func (s *Store) StopClause(country string) string { return s.clauses[country] }

// forget drops all rules from memory after a change of this process, and has other nodes do the same.
func (s *Store) forget() {
	s.rules.drop()
	s.Tell(Signal{Rules: true})
}

// forgetService is forget for the rules of one service: those of others are as they were.
func (s *Store) forgetService(name string) {
	s.rules.mu.Lock()
	delete(s.rules.services, name)
	s.rules.mu.Unlock()
	s.Tell(Signal{Rules: true})
}

func (r *rulesCache) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.services = nil
}

// forgetServices drops the rules of services whose opt-outs have changed.
func (s *Store) forgetServices(ids []int64) {
	if len(ids) == 0 {
		return
	}
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	maps.DeleteFunc(s.rules.services, func(_ string, r *sms.Rules) bool { return slices.Contains(ids, r.Service.ID) })
}

// snapshot reads several tables as they were at one moment.
func (s *Store) snapshot(ctx context.Context, f func(*query.Queries, query.DBTX) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if s.dialect.arrays {
		opts.Isolation = sql.LevelRepeatableRead
	}
	t, err := s.reads.BeginTx(ctx, opts)
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = t.Rollback() }()
	err = f(query.New(t), t)
	if _, said := errors.AsType[serverError](err); said || isBroken(err) || isIO(err) || errors.Is(err, context.DeadlineExceeded) {
		err = unavailable(err)
	}
	return err
}

// loadRules reads the rules of a service; what is the same for all it takes from others if that is as old.
func loadRules(ctx context.Context, q *query.Queries, db query.DBTX, name string, others *sms.Rules) (*sms.Rules, error) {
	row, err := q.ServiceByName(ctx, name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noService(name)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	service, err := serviceFrom(query.ServiceByIDRow(row))
	if err != nil {
		return nil, err
	}
	r := &sms.Rules{Service: service}
	own, err := q.Balance(ctx, service.ID)
	if err == nil {
		var platform query.Balance
		platform, err = q.Balance(ctx, 0)
		r.Rev, r.PlatformRev = own.Rev, platform.Rev
	}
	if err == nil && others != nil && others.PlatformRev == r.PlatformRev {
		r.Carriers, r.Routes, r.Rates, r.ShortNumbers, r.Tariff = others.Carriers, others.Routes, others.Rates, others.ShortNumbers, others.Tariff
	} else if err == nil {
		err = loadShared(ctx, q, db, r)
	}
	if err == nil {
		err = loadOwn(ctx, q, r)
	}
	return r, err
}

func loadOwn(ctx context.Context, q *query.Queries, r *sms.Rules) error {
	senders, err := q.Senders(ctx, r.Service.ID)
	if err != nil {
		return err
	}
	r.Senders = make(map[string]sms.Sender, len(senders))
	for _, row := range senders {
		r.Senders[row.Sender] = senderFrom(row)
	}
	templates, err := q.Templates(ctx, r.Service.ID)
	if err != nil {
		return err
	}
	for _, row := range templates {
		if row.Status == sms.Enabled {
			r.Templates = append(r.Templates, sms.ParsePattern(row.Message))
		}
	}
	r.HasOptOuts, err = q.HasOptOuts(ctx, r.Service.ID)
	return err
}

func loadShared(ctx context.Context, q *query.Queries, db query.DBTX, r *sms.Rules) error {
	carriers, err := q.Carriers(ctx)
	if err != nil {
		return err
	}
	r.Carriers = make(map[int64]sms.Carrier, len(carriers))
	for _, row := range carriers {
		// The plan needs to know only that it exists and may be used.
		r.Carriers[row.ID] = sms.Carrier{ID: row.ID, Name: row.Name, Kind: row.Kind, Enabled: row.Enabled, Rev: row.Rev}
	}
	routes, err := q.Routes(ctx)
	if err != nil {
		return err
	}
	for _, row := range routes {
		r.Routes = append(r.Routes, routeFrom(row))
	}
	rates, err := q.Rates(ctx)
	if err != nil {
		return err
	}
	r.Rates = make(map[string]sms.Credits, len(rates))
	for _, row := range rates {
		r.Rates[row.Country] = sms.Credits(row.Credits)
	}
	numbers, err := q.ShortNumbers(ctx)
	for _, row := range numbers {
		r.ShortNumbers = append(r.ShortNumbers, sms.ShortNumber{Number: row.Number, Country: row.Country, CarrierID: row.CarrierID})
	}
	if err != nil {
		return err
	}
	all, err := tariffOf(ctx, db, 0)
	r.Tariff = sms.NewTariff(all)
	return err
}

// loadTariff reads the customer's own rates.
func loadTariff(ctx context.Context, db query.DBTX, r *sms.Rules) error {
	own, err := tariffOf(ctx, db, r.Service.AccountID)
	r.OwnTariff = sms.NewTariff(own)
	return err
}

func routeFrom(row query.Route) sms.Route {
	return sms.Route{
		ID: row.ID, Position: row.Position, Country: row.Country, Prefix: row.Prefix, Service: row.Service, Sender: row.Sender,
		Tag: row.Tag, CarrierID: row.CarrierID, Description: row.Description, Enabled: row.Enabled,
	}
}

func senderFrom(row query.Sender) sms.Sender {
	return sms.Sender{
		ServiceID: row.ServiceID, Sender: row.Sender, Type: row.Type, Status: row.Status, Description: row.Description,
		Reason: row.Reason, Comment: row.Comment, Referer: row.Referer, CreatedAt: fromMicros(row.CreatedAt),
	}
}

func serviceFrom(row query.ServiceByIDRow) (sms.Service, error) {
	s := sms.Service{
		ID: row.ID, AccountID: row.AccountID, Account: row.Account, Country: row.Country, Name: row.Name,
		Description: row.Description, Channel: row.Channel, Status: row.Status, CreatedAt: fromMicros(row.CreatedAt), Suspended: row.Suspended,
	}
	return s, json.Unmarshal([]byte(row.Settings), &s.Settings)
}

func noService(string) error { return sms.Errorf(sms.NoService, "This service does not exist") }

func unavailable(err error) error {
	if _, ok := errors.AsType[*sms.Error](err); ok {
		return err
	}
	return sms.Wrap(sms.Unavailable, err, "the database does not answer")
}

// sorted gives the keys of a map in ascending order, and their values.
func sorted(m map[int64]int64) (keys, values []int64) {
	keys = slices.Sorted(maps.Keys(m))
	for _, k := range keys {
		values = append(values, m[k])
	}
	return keys, values
}
