package store

import "context"

// Reset forgets all messages and what came of them, and gives services back what they ever had: accounts, keys, senders,
// carriers and routes stay. Only a sandbox does this. Nothing may be under way to a carrier.
func (s *Store) Reset(ctx context.Context) error {
	defer s.forget()
	tables := []string{
		"message", "job", "queue", "claim", "awaiting", "parked_form", "parked", "event", "conversation", "incoming", "optout", "idempotency", "hlr",
	}
	return s.write(ctx, other, func(t *tx) error {
		s.hand.empty()
		s.fresh.empty()
		statements := []string{
			"DELETE FROM ledger WHERE kind <> 'order' AND kind <> 'transfer'",
			"UPDATE balance SET available = available + held + used, held = 0, used = 0, rev = rev + 1",
		}
		for _, table := range tables {
			statements = append(statements, "DELETE FROM "+table)
		}
		for _, text := range statements {
			if _, err := t.db.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}
