package store_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"ramier/internal/store/storetest"
)

// A check against a list costs SQLite a temporary table for each row: tables that get many rows compare. What they refuse is the same.
func TestChecksOfSQLiteCompare(t *testing.T) {
	if !slices.Contains(storetest.Databases, "sqlite") {
		return
	}
	address := storetest.URL(t, "sqlite")
	s := storetest.Open(t, address)
	shop := storetest.NewShop(t, s)
	shop.Accept(t, s, storetest.Order("Bonjour", "+33639980001"), storetest.Noon)
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite://"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for table, damage := range map[string]string{
		"message":     "UPDATE message SET state = 'lost'",
		"ledger":      "UPDATE ledger SET kind = 'gift'",
		"tally":       "UPDATE tally SET measure = 'guess'",
		"batch_tally": "INSERT INTO batch_tally (batch_id, measure, value, slot, n, credits) VALUES (1, 'guess', 0, 0, 0, 0)",
		"delivery": `INSERT INTO delivery (id, service_id, endpoint, subject, event, notice, state, attempts, replays, created_at, due_at, done_at, log)
			VALUES (1, 1, 1, 1, '', '', 'perhaps', 0, 0, 0, 0, 0, '')`,
	} {
		var made string
		if err := db.QueryRowContext(t.Context(), "SELECT sql FROM sqlite_schema WHERE name = $1", table).Scan(&made); err != nil {
			t.Fatal(table, err)
		}
		if !strings.Contains(made, " OR ") || strings.Contains(made, " IN (") {
			t.Errorf("%s is made by %s", table, made)
		}
		if _, err := db.ExecContext(t.Context(), damage); err == nil || !strings.Contains(err.Error(), "CHECK constraint failed") {
			t.Errorf("%s: %v", damage, err)
		}
	}
	var sound string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Error(sound, err)
	}
}
