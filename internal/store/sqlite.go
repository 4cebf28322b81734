package store

import (
	"context"
	"errors"
	"time"

	lib "modernc.org/sqlite/lib"

	"ramier/internal/store/query"
)

// fileError is what errors of SQLite have.
type fileError interface {
	error
	Code() int
}

func isPrimary(err error, code int) bool {
	e, ok := errors.AsType[fileError](err)
	return ok && e.Code()&0xff == code
}

// isFull tells that there is no room left on SQLite's disk. All writes of a group share that fate.
func isFull(err error) bool { return isPrimary(err, lib.SQLITE_FULL) }

// isIO tells that SQLite's files could not be read or written. If that was at a COMMIT, the transaction may be in the log, whole
// and perhaps durable, though SQLite goes on without it: after a crash now it would be there.
func isIO(err error) bool { return isPrimary(err, lib.SQLITE_IOERR) }

// bury makes sure that a transaction whose COMMIT failed never comes back: the next one that is durable takes its place in the
// log. It must differ from it, hence the id.
func (w *writer) bury() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := w.s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.discard()
	return c.do(ctx, w.s.dialect.beginShared, func(t *tx) error {
		_, err := t.TakeIDs(ctx, query.TakeIDsParams{Name: "object", Next: 1})
		return err
	})
}
