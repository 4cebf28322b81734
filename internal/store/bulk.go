package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// column is one column of rows that travel together to the database.
type column struct {
	name   string
	typ    string // PostgreSQL's name of the type
	length int
	array  any                     // the whole column, for PostgreSQL
	at     func(int) any           // one value of it, for SQLite
	same   func(from, to int) bool // whether the rows from one to before another have one value
}

func columnOf[T comparable](name, typ string, v []T) column {
	return column{name, typ, len(v), v, func(i int) any { return v[i] }, func(from, to int) bool {
		for _, other := range v[from+1 : to] {
			if other != v[from] {
				return false
			}
		}
		return true
	}}
}

func ints(name string, v []int64) column { return columnOf(name, "bigint", v) }

func texts(name string, v []string) column { return columnOf(name, "text", v) }

func bools(name string, v []bool) column { return columnOf(name, "boolean", v) }

func blobs(name string, v [][]byte) column {
	return column{name, "bytea", len(v), v, func(i int) any { return v[i] }, func(int, int) bool { return false }}
}

// chunk is the most rows that travel as placeholders at once; the number of columns times it stays below SQLite's limit.
const chunk = 256

// waiting is a statement that goes to the server with others.
type waiting struct {
	text  string
	args  []any
	check func(changed int64) error
}

// later runs the statement with the columns as its table v, for all rows, before the transaction does anything else for rows or ends:
// PostgreSQL gets all that wait in one go. If check is given it is called with the number of rows that have changed, and may fail.
func (t *tx) later(ctx context.Context, check func(changed int64) error, statement string, cols ...column) error {
	if cols[0].length == 0 {
		return nil
	}
	if t.dialect.arrays {
		head, args := arrays(cols)
		t.waiting = append(t.waiting, waiting{head + statement, args, check})
		return nil
	}
	n, err := t.exec(ctx, statement, cols...)
	if err == nil && check != nil {
		err = check(n)
	}
	return err
}

// flush runs what waits.
func (t *tx) flush(ctx context.Context) error {
	all := t.waiting
	if len(all) == 0 {
		return nil
	}
	t.waiting = nil
	return t.conn.c.Raw(func(driver any) (err error) {
		var b pgx.Batch
		for _, w := range all {
			b.Queue(w.text, w.args...)
		}
		r := driver.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		defer func() { err = cmp.Or(err, r.Close()) }()
		for _, w := range all {
			tag, err := r.Exec()
			if err == nil && w.check != nil {
				err = w.check(tag.RowsAffected())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// exec runs the statement with the columns as its table v, for all rows.
func (t *tx) exec(ctx context.Context, statement string, cols ...column) (int64, error) {
	var changed int64
	err := t.each(ctx, cols, func(text string, args []any) error {
		res, err := t.db.ExecContext(ctx, text+statement, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		changed += n
		return err
	})
	return changed, err
}

// query runs the query with the columns as its table v, for all rows, and calls scan for each row of the answer. An order
// in the query holds only within chunks.
func (t *tx) query(ctx context.Context, statement string, scan func(*sql.Rows) error, cols ...column) error {
	return t.each(ctx, cols, func(text string, args []any) error {
		return eachRow(ctx, t.db, scan, text+statement, args...)
	})
}

// manyRows is from how many rows on a value that all of them have travels once.
const manyRows = 8

// each runs what waits, and then calls f with the head "WITH v AS …" and its arguments: once with arrays, else in chunks whose sizes are powers of
// two, so that few different texts exist and all stay prepared.
func (t *tx) each(ctx context.Context, cols []column, f func(head string, args []any) error) error {
	total := cols[0].length
	if total == 0 {
		return nil
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	if t.dialect.arrays {
		return f(arrays(cols))
	}
	args := make([]any, 0, len(cols)*min(total, chunk))
	for from := 0; from < total; {
		n := chunk
		for n > total-from {
			n /= 2
		}
		shared := sharedOf(cols, from, from+n)
		args = args[:0]
		for j, c := range cols {
			if shared.has(j) {
				args = append(args, c.at(from))
			}
		}
		for i := from; i < from+n; i++ {
			for j := range cols {
				if !shared.has(j) {
					args = append(args, cols[j].at(i))
				}
			}
		}
		if err := f(valuesHead(cols, shared, n), args); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// arrays gives the head for all rows, and its arguments.
func arrays(cols []column) (head string, args []any) {
	shared := sharedOf(cols, 0, cols[0].length)
	args = make([]any, len(cols))
	for i, c := range cols {
		if args[i] = c.array; shared.has(i) {
			args[i] = c.at(0)
		}
	}
	return arrayHead(cols, shared), args
}

// shared is a set of columns, by their places, that have the same value in many rows.
type shared uint64

func (s shared) has(i int) bool { return s>>i&1 != 0 }

// sharedOf finds the columns of which one value is enough for the rows; one column at least is not among them.
func sharedOf(cols []column, from, to int) (s shared) {
	if to-from < manyRows {
		return 0
	}
	for i, c := range cols[1:] {
		if c.same(from, to) {
			s |= 1 << (i + 1)
		}
	}
	return s
}

func names(cols []column) string {
	all := make([]string, len(cols))
	for i, c := range cols {
		all[i] = c.name
	}
	return strings.Join(all, ", ")
}

type headKey struct {
	names  string // of the columns, for PostgreSQL with their types
	shared shared
	rows   int // of SQLite
}

var heads sync.Map // headKey -> head

func arrayHead(cols []column, s shared) string {
	typed := make([]string, len(cols))
	for i, c := range cols {
		typed[i] = c.name + " " + c.typ
	}
	key := headKey{names: strings.Join(typed, ", "), shared: s}
	if head, ok := heads.Load(key); ok {
		return head.(string)
	}
	var values, arrays, own []string
	for i, c := range cols {
		if place := "$" + strconv.Itoa(i+1) + "::" + c.typ; s.has(i) {
			values = append(values, place)
		} else {
			values, arrays, own = append(values, "rows."+c.name), append(arrays, place+"[]"), append(own, c.name)
		}
	}
	head := fmt.Sprintf("WITH v (%s) AS (SELECT %s FROM unnest(%s) AS rows (%s)) ",
		names(cols), strings.Join(values, ", "), strings.Join(arrays, ", "), strings.Join(own, ", "))
	heads.Store(key, head)
	return head
}

func valuesHead(cols []column, s shared, n int) string {
	key := headKey{names(cols), s, n}
	if head, ok := heads.Load(key); ok {
		return head.(string)
	}
	var values []string
	own := 0
	for i := range cols {
		if s.has(i) {
			values = append(values, "+?") // a bare one would be looked at by the planner, and have the statement prepared anew for each value
			continue
		}
		own++
		values = append(values, "column"+strconv.Itoa(own))
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", own), ", ") + ")"
	rows := "VALUES " + strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")
	if s != 0 {
		rows = fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(values, ", "), rows)
	}
	head := fmt.Sprintf("WITH v (%s) AS (%s) ", names(cols), rows)
	heads.Store(key, head)
	return head
}
