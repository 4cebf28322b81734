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
	// session prepares a connection of a writer. Writers look rows up by their keys, many at once, which PostgreSQL's planner takes for a
	// reason to read whole tables when it does not know yet how large they have grown. A process that is paused in the middle of a transaction must not
	// keep its locks: another node waits for the lease.
	session string
	// inRuns joins the messages m of the runs in v; a condition follows.
	inRuns  string
	version string
	// now is the time of the database's machine in microseconds, whatever time the platform lives in.
	now string
	// mark writes the token $2 as that of the last commit of the writer $1, if the transaction has written anything at all. It
	// gives whether it has, and whether the token is written. newMark makes the writer's row, endMark removes it, and lastMark
	// gives the token when no transaction is under way that changes it.
	mark, newMark, endMark, lastMark string
	// writers: one for all kinds of writes, or one for each.
	oneWriter bool
}

var (
	sqlite = dialect{
		name: "SQLite", prepare: true, oneWriter: true, version: "SELECT sqlite_version()",
		beginShared: "BEGIN IMMEDIATE", beginAlone: "BEGIN IMMEDIATE", inRuns: "JOIN message m ON m.id BETWEEN v.first_id AND v.last_id AND ",
		now: "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	}
	postgres = dialect{
		name: "PostgreSQL", arrays: true, lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED", keep: " FOR SHARE",
		beginShared: "BEGIN; LOCK TABLE claim IN ROW EXCLUSIVE MODE", beginAlone: "BEGIN; LOCK TABLE claim IN SHARE ROW EXCLUSIVE MODE",
		session: `SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0; SET jit = off; SET plan_cache_mode = force_generic_plan;
			SET idle_in_transaction_session_timeout = '4s'`,
		inRuns:  "JOIN LATERAL (SELECT * FROM message x WHERE x.id BETWEEN v.first_id AND v.last_id OFFSET 0) m ON ",
		version: "SHOW server_version", now: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)",
		mark: `WITH x AS (SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS wrote), u AS
			(UPDATE commit_mark SET token = $2 WHERE writer = $1 AND (SELECT wrote FROM x) RETURNING 1)
			SELECT wrote, (SELECT COUNT(*) FROM u) = 1 FROM x`,
		newMark: "INSERT INTO commit_mark (writer, at, token) VALUES ($1, $2, '')", endMark: "DELETE FROM commit_mark WHERE writer = $1",
		lastMark: "SELECT token FROM commit_mark WHERE writer = $1 FOR UPDATE",
	}
)
