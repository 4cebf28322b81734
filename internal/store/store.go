// Package store keeps everything that must not be lost, in SQLite or PostgreSQL. It decides nothing: callers bring plans,
// answers and receipts that package sms has judged, and each method is one transaction, or part of a group's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib" // driver "pgx", too
	_ "modernc.org/sqlite"           // driver "sqlite"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Options is what a store needs beyond its address.
type Options struct {
	// Sealer hides what must be readable again: application secrets and carrier passwords.
	Sealer *Sealer
	Logger *slog.Logger
	// Node names this machine to people; see NewHolder.
	Node string
	// Limits bound orders; zero = sms.DefaultLimits.
	Limits sms.Limits
	// StopClauses are the texts that tell how to opt out, by country; nil = sms.DefaultStopClauses.
	StopClauses map[string]string
}

// Store is an open database. Its methods may be called concurrently.
type Store struct {
	dialect     dialect
	node        string
	log         *slog.Logger
	limits      sms.Limits
	clauses     map[string]string
	sealer      *Sealer
	reads       *sql.DB
	writes      *sql.DB
	aside       *sql.DB // of PostgreSQL: for leases and notifications, which must not wait for the others
	address     string  // of PostgreSQL
	read        *query.Queries
	kept        *prepared // of reads
	writers     map[kind]*writer
	ids         map[string]*idBlock
	rules       rulesCache
	hand        *hand
	parked      parkedForms
	offers      offers
	busyBooks   atomic.Int64 // until when books are locked before they are read, ns
	fresh       fresh
	turns       map[int64]int // of the carriers' lanes; the writer of claims owns it
	tags        tagsOfToday
	Metrics     Metrics
	close       func()
	teller      *teller // nil on SQLite
	smpp        smppUse
	subscribers subscribers
	barred      barred
	owed        owed
	mails       mails

	// Queued is called after a commit that left messages for the carriers. It must not block.
	queuedMu sync.Mutex
	queued   func(carriers []int64)
}

// Open opens the database at the address, brings its tables up to date and starts the writers. The URL is
// sqlite:///path/to/file or postgres://user@host/name; anything else is an error that says so.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Limits == (sms.Limits{}) {
		o.Limits = sms.DefaultLimits()
	}
	if o.StopClauses == nil {
		o.StopClauses = sms.DefaultStopClauses()
	}
	s := &Store{limits: o.Limits, clauses: o.StopClauses, node: o.Node, log: o.Logger, sealer: o.Sealer, hand: newHand(), queued: func([]int64) {}}
	var err error
	switch path, isFile := strings.CutPrefix(address, "sqlite://"); {
	case isFile && path != "":
		err = s.openSQLite(ctx, path)
	case strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://"):
		err = s.openPostgres(ctx, address)
	default:
		err = fmt.Errorf("database %q: give sqlite:///path/to/file or postgres://user:password@host/name", address)
	}
	if err != nil {
		return nil, err
	}
	s.kept = &prepared{db: s.reads, keep: s.dialect.prepare}
	s.read = query.New(s.kept)
	s.ids = map[string]*idBlock{"message": newIDBlock(s, "message", 10_000), "object": newIDBlock(s, "object", 1_000)}
	if err := errors.Join(s.parked.load(ctx, s.reads), s.readSubscribers(ctx), s.readBarred(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the database: %w", err), s.Close())
	}
	if err := s.RefreshSMPP(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the database: %w", err), s.Close())
	}
	s.startWriters()
	s.startTeller()
	return s, nil
}

func (s *Store) openSQLite(ctx context.Context, path string) error {
	s.dialect = sqlite
	release, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	// The driver would make the file readable by everybody.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
		_ = f.Close()
	}
	escaped := (&url.URL{Path: path}).EscapedPath() // a # or ? would end the name
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-8000)&_pragma=wal_autocheckpoint(4000)"
	if s.writes, err = sql.Open("sqlite", "file:"+escaped+pragmas); err == nil {
		s.writes.SetMaxOpenConns(1)
		err = s.migrate(ctx, "sqlite3")
	}
	if err == nil {
		s.reads, err = sql.Open("sqlite", "file:"+escaped+pragmas+"&_pragma=query_only(1)")
	}
	if err != nil {
		_ = s.writes.Close()
		release()
		return fmt.Errorf("opening the database %s: %w", path, err)
	}
	s.reads.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	s.reads.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	s.close = release
	return nil
}

func (s *Store) openPostgres(ctx context.Context, address string) error {
	s.dialect = postgres
	s.address = address
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return fmt.Errorf("opening the PostgreSQL database: %w", err)
	}
	// Plans that look costly are compiled, which takes longer than to run them: estimates of runs of ids are far too high.
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET jit = off")
		return err
	}))
	db.SetMaxOpenConns(24)
	db.SetMaxIdleConns(12)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.writes, s.reads = db, db
	if err := s.migrate(ctx, "postgres"); err != nil {
		_ = db.Close()
		return fmt.Errorf("opening the PostgreSQL database: %w", err)
	}
	s.aside = stdlib.OpenDB(*config)
	s.aside.SetMaxOpenConns(3)
	s.aside.SetMaxIdleConns(3)
	s.close = func() {}
	return nil
}

// Close ends the writers after what they have in hand, and closes the database.
func (s *Store) Close() error {
	for _, w := range s.writers {
		w.stop()
	}
	s.kept.close()
	s.teller.stop()
	var err error
	if s.aside != nil {
		err = s.aside.Close()
	}
	if s.reads != s.writes {
		err = errors.Join(err, s.reads.Close())
	}
	err = errors.Join(err, s.writes.Close()) // the last to go empties SQLite's log into the database
	s.close()
	return err
}

// Ping tells whether the database takes changes.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, other, func(*tx) error { return nil })
}

// Describe names the database for people, without its password.
func (s *Store) Describe(ctx context.Context) string {
	var version string
	if err := s.reads.QueryRowContext(ctx, s.dialect.version).Scan(&version); err != nil {
		return s.dialect.name + " (" + err.Error() + ")"
	}
	return s.dialect.name + " " + version
}

// OnQueued sets the function that is called after each commit that left messages for carriers. It must not block.
func (s *Store) OnQueued(f func(carriers []int64)) {
	s.queuedMu.Lock()
	defer s.queuedMu.Unlock()
	s.queued = f
}

func (s *Store) wake(carriers []int64) {
	if len(carriers) == 0 {
		return
	}
	s.queuedMu.Lock()
	f := s.queued
	s.queuedMu.Unlock()
	f(carriers)
}

// micros is how times are stored: microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
