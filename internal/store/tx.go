package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"ramier/internal/store/query"
)

// prepared runs statements on a database or one of its connections, and prepares each text once where that pays.
type prepared struct {
	db interface {
		query.DBTX
	}
	keep bool
	mu   sync.RWMutex
	byID map[string]*sql.Stmt
	most int            // how many statements to keep, 0 = all; for a connection that one goroutine has
	used map[string]int // when each was used last, as a number of uses; of such a connection
	uses int
}

// maxStatements is how many statements a writer keeps: rows travel in statements of many shapes, and a large one takes some
// hundred KiB.
const maxStatements = 160

func (p *prepared) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.RLock()
	st := p.byID[text]
	p.mu.RUnlock()
	if p.most > 0 {
		p.uses++
		p.used[text] = p.uses // also of one that cannot be prepared: there are few
	}
	if st != nil {
		return st, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if st := p.byID[text]; st != nil {
		return st, nil
	}
	st, err := p.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // it lives as long as its connection
	if err != nil {
		return nil, err
	}
	if p.byID == nil {
		p.byID = map[string]*sql.Stmt{}
	}
	p.byID[text] = st
	if p.most > 0 && len(p.byID) > p.most {
		oldest := text
		for other, at := range p.used {
			if at < p.used[oldest] {
				oldest = other
			}
		}
		_ = p.byID[oldest].Close()
		delete(p.byID, oldest)
		delete(p.used, oldest)
	}
	return st, nil
}

// close closes the statements. SQLite empties its log into the database only when nothing is open any more.
func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, st := range p.byID {
		_ = st.Close()
	}
	p.byID = nil
	clear(p.used)
}

// ExecContext, QueryContext, QueryRowContext and PrepareContext make it a query.DBTX.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if !p.keep {
		return p.db.ExecContext(ctx, text, args...)
	}
	st, err := p.stmt(ctx, text) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if !p.keep {
		return p.db.QueryContext(ctx, text, args...)
	}
	st, err := p.stmt(ctx, text) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (p *prepared) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if p.keep {
		if st, err := p.stmt(ctx, text); err == nil { //nolint:sqlclosecheck // kept
			return st.QueryRowContext(ctx, args...)
		}
	}
	return p.db.QueryRowContext(ctx, text, args...)
}

func (p *prepared) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	return p.db.PrepareContext(ctx, text)
}

// tx is an open transaction.
type tx struct {
	*query.Queries
	db      query.DBTX
	dialect *dialect
	ids     *idRange
	after   *[]func(committed bool)
	conn    *conn     // nil outside of the writers
	waiting []waiting // to be run before anything else for rows
}

// afterwards has f called when it is known whether the transaction was committed.
func (t *tx) afterwards(f func(committed bool)) { *t.after = append(*t.after, f) }

// conn is one connection for writing, which begins and ends transactions itself so that its prepared statements live on.
type conn struct {
	c  *sql.Conn
	db *prepared
	d  *dialect
	// writer names the connection among all that ever were, and commits counts its transactions: what became of one can be asked
	// for by both. PostgreSQL's own numbers would not do: after a crash it gives those of lost transactions again.
	writer  string
	commits int64
	// ids are reserved for what its transactions make.
	ids idRange
	// clean tells of a transaction that failed that it is undone, and that none of the ids came from it.
	clean bool
	// after is to be called when the fate of the last transaction is known.
	after []func(committed bool)
}

func (s *Store) connect(ctx context.Context) (*conn, error) {
	c, err := s.writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	k := &conn{c: c, db: &prepared{db: c, keep: s.dialect.prepare, most: maxStatements, used: map[string]int{}}, d: &s.dialect, ids: idRange{1, 0}}
	if s.dialect.session != "" {
		if _, err := c.ExecContext(ctx, s.dialect.session); err != nil {
			k.discard()
			return nil, err
		}
	}
	if s.dialect.newMark != "" {
		k.writer = s.node + " " + rand.Text()
		if _, err := c.ExecContext(ctx, s.dialect.newMark, k.writer, time.Now().UnixMicro()); err != nil {
			k.discard()
			return nil, err
		}
	}
	return k, nil
}

func (c *conn) close() {
	if c.d.endMark != "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = c.c.ExecContext(ctx, c.d.endMark, c.writer) // it is forgotten in time anyway
	}
	c.db.close()
	_ = c.c.Close()
}

// do runs f in a transaction that begins with a statement. If f or the commit fails nothing has happened, unless the error is an unknownCommit.
func (c *conn) do(ctx context.Context, begin string, f func(*tx) error) error {
	if _, err := c.db.ExecContext(ctx, begin); err != nil {
		return err
	}
	c.after, c.clean = nil, true
	t := &tx{Queries: query.New(c.db), db: c.db, dialect: c.d, ids: &c.ids, after: &c.after, conn: c}
	err := f(t)
	if err == nil {
		err = t.flush(ctx)
	}
	if err == nil {
		err = c.commit(ctx)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, undone := c.c.ExecContext(ctx, "ROLLBACK") // SQLite has already done so after some errors
		c.clean = c.clean && undone == nil
	}
	return err
}

// unknownCommit is the error of a COMMIT that may have been done though nobody could say so. It holds the token that is the
// writer's last one if it was.
type unknownCommit struct {
	error
	writer, token string
}

func (e *unknownCommit) Unwrap() error { return e.error }

func (c *conn) commit(ctx context.Context) error {
	c.commits++
	token := strconv.FormatInt(c.commits, 10)
	var wrote, marked bool
	if c.d.mark != "" {
		if err := c.c.QueryRowContext(ctx, c.d.mark, c.writer, token).Scan(&wrote, &marked); err != nil {
			return err
		}
		if wrote && !marked {
			return driver.ErrBadConn // the mark was forgotten, since the connection did nothing for a month: another one has a new one
		}
	}
	_, err := c.db.ExecContext(ctx, "COMMIT")
	if err != nil && (wrote && !saidByServer(err) || isIO(err)) {
		return &unknownCommit{err, c.writer, token}
	}
	return err
}

// serverError is what errors of PostgreSQL have.
type serverError interface {
	error
	SQLState() string
}

// saidByServer tells that the server itself answered with the error: it has undone the transaction. A server that shuts down
// may not have.
func saidByServer(err error) bool {
	e, ok := errors.AsType[serverError](err)
	return ok && !strings.HasPrefix(e.SQLState(), "57P")
}

// discard closes the connection for good, with whatever transaction and statements it has left.
func (c *conn) discard() {
	c.db.close()
	_ = c.c.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.c.Close()
}

// savepoint runs f so that its failure undoes only what it did.
func (t *tx) savepoint(ctx context.Context, f func(*tx) error) error {
	if _, err := t.db.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	err := f(t)
	if err == nil {
		err = t.flush(ctx)
	}
	if err != nil {
		t.waiting = nil
		if _, undo := t.db.ExecContext(ctx, "ROLLBACK TO SAVEPOINT one"); undo != nil {
			return fmt.Errorf("%w (and undoing it: %w)", err, undo)
		}
		if isDeadlock(err) {
			return err // the whole group is tried again
		}
		return &ownFailure{err}
	}
	_, err = t.db.ExecContext(ctx, "RELEASE SAVEPOINT one")
	return err
}

// ownFailure is an error of one write of a group that leaves the others as they are.
type ownFailure struct{ error }

func (e *ownFailure) Unwrap() error { return e.error }
