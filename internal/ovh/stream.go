package ovh

import (
	"context"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// streamed adds to an endpoint that lists ids a way to give them page by page: a plain GET answers with them as they are read,
// and never holds all.
func streamed[In any](h handler, fn func(context.Context, *Call, In) (iter.Seq2[[]int64, error], error)) handler {
	h.stream = func(ctx context.Context, c *Call, decode func(reflect.Value) error) (iter.Seq2[[]int64, error], error) {
		var in In
		if err := decode(reflect.ValueOf(&in).Elem()); err != nil {
			return nil, err
		}
		return fn(ctx, c, in)
	}
	return h
}

// patienceOfPage is how long a client may take to read one page of a stream.
const patienceOfPage = 30 * time.Second

// streamIDs answers with a list as it is read. What goes wrong before the first ids is an error as any other; later the connection is
// broken, so that nobody takes a part for the whole.
func (x *exchange) streamIDs(ctx context.Context, pages iter.Seq2[[]int64, error]) error {
	next, stop := iter.Pull2(pages)
	defer stop()
	var first []int64
	for len(first) == 0 {
		page, err, more := next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		first = page
	}
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.status = http.StatusOK
	x.w.WriteHeader(x.status)
	flow := http.NewResponseController(x.w)
	defer func() { _ = flow.SetWriteDeadline(time.Time{}) }() // the connection's next request has its own
	out := []byte{'['}
	page, count := first, 0
	for len(page) > 0 || count == 0 {
		for _, id := range page {
			if count++; count > 1 {
				out = append(out, ',')
			}
			out = strconv.AppendInt(out, id, 10)
		}
		_ = flow.SetWriteDeadline(time.Now().Add(patienceOfPage)) // a real connection's, whatever the clock of the API; tests have none
		if _, err := x.w.Write(out); err != nil {
			panic(http.ErrAbortHandler) // the client went away
		}
		if out = out[:0]; len(first) == count { // the first page leaves at once
			_ = flow.Flush()
		}
		var err error
		for page = nil; len(page) == 0; {
			var more bool
			if page, err, more = next(); err != nil {
				x.logError(ctx, x.call, err)
				panic(http.ErrAbortHandler)
			}
			if !more {
				_, _ = x.w.Write([]byte{']'})
				return nil
			}
		}
	}
	return nil
}
