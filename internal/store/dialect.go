package store

// dialect is all that differs between the two databases.
type dialect struct {
	name string
	// prepare: statements are prepared by us; pgx keeps its own cache.
	prepare bool
	// arrays: rows travel as one array a column, else as placeholders.
	arrays bool
	// lock ends a SELECT whose rows a transaction will change; skip leaves out what another one has locked.
	lock, skip string
	// lockClaims keeps new claims away for the rest of the transaction.
	lockClaims string
	version    string
	// writers: one for all kinds of writes, or one for each.
	oneWriter bool
}

var (
	sqlite   = dialect{name: "SQLite", prepare: true, oneWriter: true, version: "SELECT sqlite_version()"}
	postgres = dialect{
		name: "PostgreSQL", arrays: true, lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED",
		lockClaims: "LOCK TABLE claim IN SHARE ROW EXCLUSIVE MODE", version: "SHOW server_version",
	}
)
