package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// column is one column of rows that travel together to the database.
type column struct {
	name   string
	typ    string // PostgreSQL's name of the type
	length int
	array  any           // the whole column, for PostgreSQL
	at     func(int) any // one value of it, for SQLite
}

func ints(name string, v []int64) column {
	return column{name, "bigint", len(v), v, func(i int) any { return v[i] }}
}

func texts(name string, v []string) column {
	return column{name, "text", len(v), v, func(i int) any { return v[i] }}
}

func bools(name string, v []bool) column {
	return column{name, "boolean", len(v), v, func(i int) any { return v[i] }}
}

func blobs(name string, v [][]byte) column {
	return column{name, "bytea", len(v), v, func(i int) any { return v[i] }}
}

// chunk is the most rows that travel as placeholders at once; the number of columns times it stays below SQLite's limit.
const chunk = 256

// exec runs the statement with the columns as its table v, for all rows.
func (t *tx) exec(ctx context.Context, statement string, cols ...column) (int64, error) {
	var changed int64
	err := t.each(cols, func(text string, args []any) error {
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
	return t.each(cols, func(text string, args []any) error {
		rows, err := t.db.QueryContext(ctx, text+statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// each calls f with the head "WITH v AS …" and its arguments: once with arrays, else in chunks whose sizes are powers of
// two, so that few different texts exist and all stay prepared.
func (t *tx) each(cols []column, f func(head string, args []any) error) error {
	total := cols[0].length
	if total == 0 {
		return nil
	}
	if t.dialect.arrays {
		args := make([]any, len(cols))
		for i, c := range cols {
			args[i] = c.array
		}
		return f(arrayHead(cols), args)
	}
	args := make([]any, 0, len(cols)*min(total, chunk))
	for from := 0; from < total; {
		n := chunk
		for n > total-from {
			n /= 2
		}
		args = args[:0]
		for i := from; i < from+n; i++ {
			for _, c := range cols {
				args = append(args, c.at(i))
			}
		}
		if err := f(valuesHead(cols, n), args); err != nil {
			return err
		}
		from += n
	}
	return nil
}

func names(cols []column) string {
	all := make([]string, len(cols))
	for i, c := range cols {
		all[i] = c.name
	}
	return strings.Join(all, ", ")
}

func arrayHead(cols []column) string {
	var b strings.Builder
	fmt.Fprintf(&b, "WITH v (%s) AS (SELECT * FROM unnest(", names(cols))
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1) + "::" + c.typ + "[]")
	}
	b.WriteString(")) ")
	return b.String()
}

var heads sync.Map // names and number of rows -> head

func valuesHead(cols []column, n int) string {
	key := names(cols) + strconv.Itoa(n)
	if head, ok := heads.Load(key); ok {
		return head.(string)
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(cols)), ", ") + ")"
	head := fmt.Sprintf("WITH v (%s) AS (VALUES %s) ", names(cols), strings.TrimSuffix(strings.Repeat(one+", ", n), ", "))
	heads.Store(key, head)
	return head
}
