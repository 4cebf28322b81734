package dispatch_test

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// behind opens the database of a store behind its back.
func behind(t *testing.T, database, address string) func(statement string) {
	t.Helper()
	driver, name := "pgx", address
	if database == "sqlite" {
		driver, name = "sqlite", "file:"+strings.TrimPrefix(address, "sqlite://")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// broken gives statements that make a table refuse changes, and take it back.
func broken(database, table, change, when string) (fail, mend string) {
	if database == "sqlite" {
		return "CREATE TRIGGER broken BEFORE " + change + " ON " + table + when + " BEGIN SELECT RAISE(ABORT, 'broken'); END", "DROP TRIGGER broken"
	}
	return `CREATE FUNCTION broken() RETURNS trigger AS 'BEGIN RAISE ''broken''; END' LANGUAGE plpgsql;
		CREATE TRIGGER broken BEFORE ` + change + " ON " + table + " FOR EACH ROW " + when + " EXECUTE FUNCTION broken()", "DROP FUNCTION broken CASCADE"
}

func eachBehind(t *testing.T, f func(t *testing.T, database string, s *store.Store, do func(string))) {
	t.Helper()
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			f(t, database, storetest.Open(t, address), behind(t, database, address))
		})
	}
}

func TestAFailingStoreLosesNoAnswerAndTakesNoReceipt(t *testing.T) {
	eachBehind(t, func(t *testing.T, database string, s *store.Store, do func(string)) {
		w := newWorld(t, s, nil).start()
		before := w.send("before", bob)
		ref := w.becomes(before, sms.Sent).Refs[0]
		fail, mend := broken(database, "message", "UPDATE", "")
		do(fail)
		id := w.send("x", alice)
		w.until("it is handed over", func() bool { return w.port().count() == 2 })
		if err := w.bring(delivered(bob, ref)); err == nil {
			t.Error("a receipt was acknowledged and not stored")
		}
		if m := w.message(id); m.State != sms.Sending {
			t.Errorf("%s", m.State)
		}
		do(mend)
		w.becomes(id, sms.Sent)
		w.must(w.bring(delivered(bob, ref)))
		w.becomes(before, sms.Delivered)
		w.until("the claims end", func() bool { return w.claims() == 0 })
		w.books(0, 2*sms.Credit)
	})
}

func TestClaimsAreTriedUntilTheStoreTakesThem(t *testing.T) {
	eachBehind(t, func(t *testing.T, database string, s *store.Store, do func(string)) {
		w := newWorld(t, s, nil).start()
		fail, mend := broken(database, "claim", "INSERT", "")
		do(fail)
		id := w.send("x", alice)
		w.until("it waits", func() bool { return w.message(id).State == sms.Queued })
		do(mend)
		w.becomes(id, sms.Sent)
		w.books(0, sms.Credit)
	})
}

// An answer that the database never takes holds up no other.
func TestOnePoisonedAnswerHoldsUpNoOther(t *testing.T) {
	eachBehind(t, func(t *testing.T, database string, s *store.Store, do func(string)) {
		w := newWorld(t, s, func(p *port) { p.hold = true }).start()
		id := w.send("x", alice, bob, "+33639980003", "+33639980004", "+33639980005")
		when := " WHEN (new.receiver = '" + bob + "')"
		fail, mend := broken(database, "message", "UPDATE", when)
		do(fail)
		w.until("all are at the carrier", func() bool { return w.port().count() == 5 })
		w.port().release()
		for _, i := range []int64{0, 2, 3, 4} {
			w.becomes(id+i, sms.Sent)
		}
		if w.message(id+1).State != sms.Sending || w.claims() != 1 {
			t.Errorf("%s, %d claims", w.message(id+1).State, w.claims())
		}
		w.becomes(w.send("y", alice), sms.Sent)
		do(mend)
		w.becomes(id+1, sms.Sent)
		w.until("the claims end", func() bool { return w.claims() == 0 })
	})
}
