package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ramier/internal/store"
)

// To make all tables takes longer than most tests, so it is done once: each database of a test is a copy of one that has been opened and closed before.

const (
	postgresServer = "RAMIER_TEST_POSTGRES"
	// throwaway is set if nobody minds what stays behind on that server.
	throwaway = "RAMIER_TEST_POSTGRES_THROWAWAY"
)

var count atomic.Int64

// sqliteTemplate gives the file of a database with its tables.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "ramier-template")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "ramier.db")
	if err := openOnce("sqlite://" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // of this function
})

func openOnce(address string) error {
	s, err := store.Open(context.Background(), address, Options())
	if err != nil {
		return err
	}
	return s.Close()
}

func newSQLite(t testing.TB) (address string) {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ramier.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite://" + path
}

// postgresTemplate makes this process's template on a server, which keeps it as long as it lives itself.
var postgresTemplate = sync.OnceValues(func() (name string, err error) {
	name = fmt.Sprintf("ramier_%d_template", os.Getpid())
	server := os.Getenv(postgresServer)
	if err := admin(server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, openOnce(on(server, name))
})

func newPostgres(t testing.TB) (address string) {
	t.Helper()
	server := os.Getenv(postgresServer)
	if server == "" {
		t.Fatal(postgresServer + " names no PostgreSQL server: run make test, or scripts/with-postgres go test ./...")
	}
	name := fmt.Sprintf("ramier_%d_%d", os.Getpid(), count.Add(1))
	create := "CREATE DATABASE " + name
	if os.Getenv(throwaway) != "" {
		template, err := postgresTemplate()
		if err != nil {
			t.Fatal(err)
		}
		create += " TEMPLATE " + template
	}
	if err := admin(server, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return on(server, name)
}

// on gives the address of a database on a server.
func on(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + database
	return u.String()
}

func admin(server, statement string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}
