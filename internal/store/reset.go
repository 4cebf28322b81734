package store

import (
	"context"
	"database/sql"
	"time"

	"ramier/internal/sms"
)

// Reset forgets all messages and what came of them, and gives services back what they ever had: accounts, keys, senders,
// carriers and routes stay. Only a sandbox does this. Nothing may be under way to a carrier.
func (s *Store) Reset(ctx context.Context) error {
	defer s.forget()
	tables := []string{
		"message", "job", "queue", "claim", "noted", "awaiting", "parked_form", "parked", "event", "conversation", "incoming", "optout", "idempotency", "tally", "batch_tally", "quote", "batch_quote", "cleaning",
		"smpp_part", "smpp_owed", "delivery", "incoming_part",
		"batch_error", "batch_job", "batch", "hlr", "mail",
	}
	return s.write(ctx, other, func(t *tx) error {
		s.hand.empty()
		s.fresh.empty()
		statements := []string{
			"DELETE FROM ledger WHERE kind NOT IN ('order', 'transfer', 'refund')",
			"UPDATE balance SET available = available + held + used, held = 0, used = 0, hour_spent = 0, day_spent = 0, rev = rev + 1",
		}
		for _, table := range tables {
			statements = append(statements, "DELETE FROM "+table)
		}
		for _, text := range statements {
			if _, err := t.db.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return t.resetQuotas(ctx)
	})
}

// resetQuotas lets what users have spent of their quotas come back to their services, whose ledgers know of no messages any more.
func (t *tx) resetQuotas(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, "SELECT b.service_id, "+sum("quota")+` - b.quota FROM balance b JOIN ledger l ON l.service_id = b.service_id
		GROUP BY b.service_id, b.quota HAVING `+sum("quota")+" > b.quota")
	if err != nil {
		return err
	}
	back, err := scanAmounts(rows)
	if err != nil {
		return err
	}
	services, amounts := sorted(back)
	for i, service := range services {
		if err := t.enter(ctx, service, time.Time{}, "transfer", "quota", "available", sms.Credits(amounts[i]), "reset"); err != nil {
			return err
		}
	}
	return nil
}

// scanAmounts reads an amount for each service.
func scanAmounts(rows *sql.Rows) (map[int64]int64, error) {
	defer rows.Close()
	amounts := map[int64]int64{}
	for rows.Next() {
		var service, amount int64
		if err := rows.Scan(&service, &amount); err != nil {
			return nil, err
		}
		amounts[service] = amount
	}
	return amounts, rows.Err()
}
