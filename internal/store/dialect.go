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
	// keep ends a SELECT whose rows nobody may change until the transaction ends.
	keep string
	// beginShared begins a transaction, beginAlone one during which no claim can begin or end.
	beginShared, beginAlone string
	version                 string
	// now is the time of the database's machine in microseconds, whatever time the platform lives in.
	now string
	// ownNumber gives the number of the own transaction, if it has written, and fateOf what became of one.
	ownNumber, fateOf string
	// writers: one for all kinds of writes, or one for each.
	oneWriter bool
}

var (
	sqlite = dialect{
		name: "SQLite", prepare: true, oneWriter: true, version: "SELECT sqlite_version()",
		beginShared: "BEGIN IMMEDIATE", beginAlone: "BEGIN IMMEDIATE", now: "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	}
	postgres = dialect{
		name: "PostgreSQL", arrays: true, lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED", keep: " FOR SHARE",
		beginShared: "BEGIN; LOCK TABLE claim IN ROW EXCLUSIVE MODE", beginAlone: "BEGIN; LOCK TABLE claim IN SHARE ROW EXCLUSIVE MODE",
		version: "SHOW server_version", now: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)",
		ownNumber: "SELECT pg_current_xact_id_if_assigned()::text", fateOf: "SELECT pg_xact_status($1::text::xid8)",
	}
)
