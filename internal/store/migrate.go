package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:generate ../../scripts/sqlc generate

//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date. PostgreSQL's session lock keeps other nodes waiting; on SQLite the lock file does.
func (s *Store) migrate(ctx context.Context, dialect goose.Dialect) error {
	folder := "migrations/sqlite"
	var options []goose.ProviderOption
	if s.dialect.arrays {
		folder = "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, s.writes, files, options...)
	if err != nil {
		return err
	}
	if _, err = p.Up(ctx); err != nil {
		return fmt.Errorf("bringing the tables up to date: %w", err)
	}
	return nil
}

// partition is how many messages one partition of PostgreSQL's message table holds. Ids are handed out in the order of
// time, so that old partitions can be dropped whole.
const partition = 1 << 24

// makePartitions makes the partitions of PostgreSQL's message table for the ids from first to before end.
func (t *tx) makePartitions(ctx context.Context, first, end int64) error {
	if !t.dialect.arrays {
		return nil
	}
	for n := first / partition; n <= (end-1)/partition; n++ {
		_, err := t.db.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS message_%d PARTITION OF message FOR VALUES FROM (%d) TO (%d) WITH (fillfactor = 50)",
			n, n*partition, (n+1)*partition))
		if err != nil {
			return err
		}
	}
	return nil
}
