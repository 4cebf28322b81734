package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // drivers of both databases
	_ "modernc.org/sqlite"

	"ramier/bench/proc"
)

// SQLite stands for a fresh SQLite database in the folder of the run; anything else is the address of a PostgreSQL server.
const SQLite = "sqlite"

// A database is fresh, and goes with the run.
type database struct {
	kind     string // sqlite or postgres
	url      string // for Ramier
	file     string // of SQLite
	admin    *sql.DB
	name     string
	serverID int // process of the server, 0 = not on this machine
}

// CheckDatabase tells what is wrong with a name of a database.
func CheckDatabase(address string) error {
	u, err := url.Parse(address)
	if address == SQLite || err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		return nil
	}
	return fmt.Errorf("--database %s: give sqlite, or postgres://user:password@host/name", hostOf(address))
}

// newDatabase makes a database of its own in a folder or on a server.
func newDatabase(ctx context.Context, address, dir string) (*database, error) {
	if address == SQLite {
		file := filepath.Join(dir, "ramier.db")
		return &database{kind: SQLite, url: "sqlite://" + file, file: file}, nil
	}
	if err := CheckDatabase(address); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	d := &database{kind: "postgres", admin: admin, name: fmt.Sprintf("ramier_bench_%d_%d", os.Getpid(), time.Now().UnixMilli())}
	if err := d.create(ctx); err != nil {
		return nil, fmt.Errorf("a database for the benchmark: %w", err)
	}
	u.Path = "/" + d.name
	d.url = u.String()
	d.serverID = d.server(ctx, u.Hostname())
	return d, nil
}

// create makes the database, on a server that is as durable as SQLite is.
func (d *database) create(ctx context.Context) error {
	if err := durable(ctx, d.admin); err != nil {
		return err
	}
	_, err := d.admin.ExecContext(ctx, "CREATE DATABASE "+d.name)
	return err
}

// CheckDurable tells whether a PostgreSQL server acknowledges a commit before it is on disk.
func CheckDurable(ctx context.Context, address string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	return errors.Join(durable(ctx, db), db.Close())
}

func durable(ctx context.Context, db *sql.DB) error {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := db.QueryRowContext(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("the server has %s = %s: figures count only with on, since nothing may be acknowledged before it is on disk", setting, value)
		}
	}
	return nil
}

// server finds the process of a server on this machine, to add up what it uses.
func (d *database) server(ctx context.Context, host string) int {
	if !strings.HasPrefix(host, "127.") && host != "localhost" && host != "" {
		return 0
	}
	conn, err := d.admin.Conn(ctx)
	if err != nil {
		return 0
	}
	defer conn.Close()
	var backend int
	if err := conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0
	}
	parent, err := proc.Parent(backend)
	if err != nil {
		return 0
	}
	return parent
}

// usage is what a server of its own uses.
func (d *database) usage() proc.Usage {
	if d.serverID == 0 {
		return proc.Usage{}
	}
	return proc.Tree(d.serverID)
}

// open gives the database itself, while no Ramier has it.
func (d *database) open() (*sql.DB, error) {
	if d.kind == SQLite {
		db, err := sql.Open("sqlite", d.file+"?_pragma=busy_timeout(60000)&_pragma=cache_size(-262144)")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	}
	return sql.Open("pgx", d.url)
}

// sizes gives the octets of all its files, and of SQLite's log among them.
func (d *database) sizes(ctx context.Context) (all, log int64) {
	if d.kind != SQLite {
		_ = d.admin.QueryRowContext(ctx, "SELECT pg_database_size($1)", d.name).Scan(&all) // 0 says that it is not known
		return all, 0
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(d.file + end)
		if err != nil {
			continue // not there yet
		}
		all += info.Size()
		if end == "-wal" {
			log = info.Size()
		}
	}
	return all, log
}

// drop removes the database. A folder goes as a whole, elsewhere.
func (d *database) drop(ctx context.Context) error {
	if d == nil || d.admin == nil {
		return nil
	}
	_, err := d.admin.ExecContext(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)")
	if other := d.admin.Close(); err == nil {
		err = other
	}
	return err
}
