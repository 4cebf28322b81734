package apptest

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

func TestDiskFaultsReachSQLite(t *testing.T) {
	if err := spoil(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, step := range []struct {
		disk      Disk
		statement string
		code      int
	}{
		{Disk{}, "CREATE TABLE t (x)", lib.SQLITE_OK},
		{Disk{FailSyncs: true}, "INSERT INTO t VALUES (1)", lib.SQLITE_IOERR_FSYNC},
		{Disk{Full: true}, "INSERT INTO t VALUES (zeroblob(1000000))", lib.SQLITE_FULL},
		{Disk{Delay: 1}, "INSERT INTO t VALUES (2)", lib.SQLITE_OK},
	} {
		disk.now.Store(&step.disk)
		_, err := db.ExecContext(t.Context(), step.statement)
		failed, code := (*sqlite.Error)(nil), lib.SQLITE_OK
		if errors.As(err, &failed) {
			code = failed.Code()
		}
		if code != step.code {
			t.Errorf("%+v, %s: code %d (%v), want %d", step.disk, step.statement, code, err, step.code)
		}
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v, want 1", n, err)
	}
}
