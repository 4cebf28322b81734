package store

import (
	"context"
	"database/sql"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Rates gives the rates of an account of its own, or of all customers for 0: all their steps.
func (s *Store) Rates(ctx context.Context, account int64) (steps []sms.RateStep, err error) {
	err = s.snapshot(ctx, func(_ *query.Queries, db query.DBTX) error {
		steps, err = ratesOf(ctx, db, account)
		return err
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return steps, nil
}

func ratesOf(ctx context.Context, db query.DBTX, account int64) ([]sms.RateStep, error) {
	later, err := tariffOf(ctx, db, account)
	if err != nil || account != 0 {
		return later, err
	}
	base, err := query.New(db).Rates(ctx)
	all := make([]sms.RateStep, 0, len(base)+len(later))
	for _, row := range base {
		all = append(all, sms.RateStep{Country: row.Country, Credits: sms.Credits(row.Credits)})
	}
	return append(all, later...), err
}

// tariffOf reads an account's part of the table tariff.
func tariffOf(ctx context.Context, db query.DBTX, account int64) (all []sms.RateStep, err error) {
	err = eachRow(ctx, db, func(r *sql.Rows) error {
		var s sms.RateStep
		var from int64
		var credits sql.NullInt64
		err := r.Scan(&s.Country, &from, &credits)
		s.From, s.Credits, s.Ends = fromMicros(from), sms.Credits(credits.Int64), !credits.Valid
		all = append(all, s)
		return err
	}, "SELECT country, begins_at, credits FROM tariff WHERE account_id = $1 ORDER BY country, begins_at", account)
	return all, err
}

// ChangeRates replaces the rates of an account, or of all customers for 0, by what f makes of them. Steps that gave way to others longer ago
// than a quote lives are forgotten.
func (s *Store) ChangeRates(ctx context.Context, account int64, now time.Time, f func([]sms.RateStep) ([]sms.RateStep, error)) error {
	return s.changePlatform(ctx, func(t *tx) error {
		if err := t.LockPlatform(ctx); err != nil {
			return err
		}
		steps, err := ratesOf(ctx, t.db, account)
		if err != nil {
			return err
		}
		if steps, err = f(settled(steps, now.Add(-sms.QuoteLife))); err != nil {
			return err
		}
		return t.replaceRates(ctx, account, steps)
	})
}

// settled makes of what holds at a time what has held ever since.
func settled(steps []sms.RateStep, at time.Time) []sms.RateStep {
	var all []sms.RateStep
	t := sms.NewTariff(steps)
	for country, own := range t {
		if credits, ok := t.Rate(country, at); ok {
			all = append(all, sms.RateStep{Country: country, Credits: credits})
		}
		for _, s := range own {
			if s.From.After(at) {
				all = append(all, s)
			}
		}
	}
	return all
}

func (t *tx) replaceRates(ctx context.Context, account int64, steps []sms.RateStep) error {
	if _, err := t.db.ExecContext(ctx, "DELETE FROM tariff WHERE account_id = $1", account); err != nil {
		return err
	}
	if account == 0 {
		if _, err := t.db.ExecContext(ctx, "DELETE FROM rate"); err != nil {
			return err
		}
	}
	for _, s := range steps {
		var err error
		switch {
		case s.From.IsZero() && s.Ends:
		case s.From.IsZero() && account == 0:
			err = t.SetRate(ctx, query.SetRateParams{Country: s.Country, Credits: int64(s.Credits)})
		default:
			_, err = t.db.ExecContext(ctx, "INSERT INTO tariff (account_id, country, begins_at, credits) VALUES ($1, $2, $3, $4)",
				account, s.Country, micros(s.From), sql.NullInt64{Int64: int64(s.Credits), Valid: !s.Ends})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SetRate sets what a part to a country costs all customers, ever since and from now on: steps that are to come are dropped.
func (s *Store) SetRate(ctx context.Context, country string, credits sms.Credits) error {
	return s.changePlatform(ctx, func(t *tx) error {
		if _, err := t.db.ExecContext(ctx, "DELETE FROM tariff WHERE account_id = 0 AND country = $1", country); err != nil {
			return err
		}
		return t.SetRate(ctx, query.SetRateParams{Country: country, Credits: int64(credits)})
	})
}
