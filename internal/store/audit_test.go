package store_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestAnAuditFindsWhatWasDamaged(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s := storetest.Open(t, address)
			shop := storetest.NewShop(t, s)
			fillForAudit(t, s, shop)
			whole := audit(t, s)
			if len(whole.Findings) > 0 || whole.Messages != 8 || whole.Jobs != 4 || whole.Services != 1 {
				t.Fatalf("an undamaged store: %+v", whole)
			}
			db := behind(t, address)
			for _, damage := range []struct{ statement, undo, want string }{
				{"UPDATE ledger SET amount = amount + 1 WHERE kind = 'capture'", "UPDATE ledger SET amount = amount - 1 WHERE kind = 'capture'", "entries add up to"},
				{"UPDATE message SET credits = credits + 1 WHERE state = 'delivered'", "UPDATE message SET credits = credits - 1 WHERE state = 'delivered'", "the messages that were sent cost"},
				{"UPDATE message SET credits = credits + 1 WHERE state = 'scheduled'", "UPDATE message SET credits = credits - 1 WHERE state = 'scheduled'", "the messages that wait or are in doubt cost"},
				{"UPDATE job SET credits = credits + 1", "UPDATE job SET credits = credits - 1", "were held for it"},
				{"UPDATE message SET job_id = job_id + 1000", "UPDATE message SET job_id = job_id - 1000", "belongs to no job"},
				{"UPDATE message SET done_at = 0 - done_at - 1 WHERE state = 'queued'", "UPDATE message SET done_at = 0 WHERE state = 'queued'", "has not ended"},
				{"UPDATE message SET sent_at = sent_at - 1795435200000000 WHERE state = 'sent'", "UPDATE message SET sent_at = sent_at + 1795435200000000 WHERE state = 'sent'", "the time is missing"},
				{"UPDATE message SET refs = 'x' || refs WHERE state = 'sent'", "UPDATE message SET refs = SUBSTR(refs, 2) WHERE state = 'sent'", "none of its receipts is awaited"},
				{"UPDATE message SET state = 'failed', done_at = 1 WHERE state = 'sent'", "UPDATE message SET state = 'sent', done_at = 0 WHERE state = 'failed'", "a receipt is awaited"},
				{"UPDATE queue SET attempts = attempts + 1", "UPDATE queue SET attempts = attempts - 1", "is in no queue"},
				{"UPDATE tally SET n = n + 1 WHERE measure = 'delivered'", "UPDATE tally SET n = n - 1 WHERE measure = 'delivered'", "are counted, and there are"},
				{"UPDATE tally SET parts = parts + 1", "UPDATE tally SET parts = parts - 1", "parts and"},
				{"UPDATE tally SET n = n + 1 WHERE measure = 'time'", "UPDATE tally SET n = n - 1 WHERE measure = 'time'", "times to delivery"},
				{"UPDATE job SET count = count + 1", "UPDATE job SET count = count - 1", "messages instead of"},
			} {
				run(t, db, damage.statement)
				var texts []string
				for _, f := range audit(t, s).Findings {
					texts = append(texts, f.Object+" "+f.Text)
				}
				if !strings.Contains(strings.Join(texts, "\n"), damage.want) {
					t.Errorf("%s: found %q", damage.statement, texts)
				}
				run(t, db, damage.undo)
			}
			if again := audit(t, s); len(again.Findings) > 0 {
				t.Errorf("after the repair: %+v", again.Findings)
			}
		})
	}
}

// fillForAudit leaves messages delivered, sent, claimed, queued and scheduled.
func fillForAudit(t *testing.T, s *store.Store, shop storetest.Shop) {
	t.Helper()
	shop.Accept(t, s, storetest.Order("Bonjour", alice, bob), storetest.Noon)
	settle(t, s, sent(claimAll(t, s, shop, 2, storetest.Noon), shop, "a", "b"))
	if err := s.WriteRefs(t.Context(), 0, 0); err != nil {
		t.Fatal(err)
	}
	settle(t, s, &store.Outcome{Receipts: []sms.Receipt{receipt(shop, "a", alice, sms.Delivered)}})
	shop.Accept(t, s, storetest.Order("Bonjour", alice, bob), storetest.Noon)
	claimAll(t, s, shop, 2, storetest.Noon)
	shop.Accept(t, s, storetest.Order("Bonjour", alice, bob), storetest.Noon)
	later := storetest.Order("Plus tard", alice, bob)
	later.Deferred = time.Hour
	id := shop.Accept(t, s, later, storetest.Noon)
	if err := s.Cancel(t.Context(), shop.Service.ID, id, storetest.Noon); err != nil {
		t.Fatal(err)
	}
}

func audit(t *testing.T, s *store.Store) store.Audit {
	t.Helper()
	a, err := s.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// behind opens a database behind its store's back.
func behind(t *testing.T, address string) *sql.DB {
	t.Helper()
	driver, source := "pgx", address
	if file, ok := strings.CutPrefix(address, "sqlite://"); ok {
		driver, source = "sqlite", "file:"+file+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
