package ovh

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"ramier/internal/sms"
)

// separator gives the value of X-Ovh-Batch, by which several ids are joined in the last segment of a GET, and nothing
// when the request is not such a batch.
func (x *exchange) separator(rt *route) string {
	if rt == nil || rt.op.HTTPMethod != http.MethodGet || !strings.HasSuffix(rt.op.Path, "}") {
		return ""
	}
	return x.r.Header.Get("X-Ovh-Batch")
}

// An item is the answer for one id of a batch.
type item struct {
	key   string
	value reflect.Value
	err   error
}

// batch answers a GET of several objects with an array of {key, value, error}. Each id is checked and called for itself.
func (x *exchange) batch(ctx context.Context, t *target, in *input, sep string) error {
	rt := t.route
	last := len(in.path) - 1
	keys := strings.Split(in.path[last], sep)
	if len(keys) > x.cfg.MaxBatch {
		return sms.Errorf(sms.TooLarge, "The batch holds %d ids, at most %d are answered at a time", len(keys), x.cfg.MaxBatch)
	}
	items := make([]item, len(keys))
	for i, key := range keys {
		items[i].key = key
		err := x.permit(rt, t.raw[:len(t.raw)-1], t.segments[:len(t.raw)-1], key)
		if err == nil {
			one := *in
			one.path = slices.Concat(in.path[:last], []string{key})
			items[i].value, err = x.run(ctx, rt, &one)
		}
		if items[i].err = err; err != nil {
			x.logError(ctx, x.call, err)
		}
	}
	x.send(http.StatusOK, func(e *encoder) {
		e.raw("[")
		for i, it := range items {
			if i > 0 {
				e.raw(",")
			}
			e.item(it, rt.encode)
		}
		e.raw("]")
	})
	return nil
}

func (e *encoder) item(it item, value encoding) {
	e.raw(`{"key":`)
	e.text(it.key)
	if it.err == nil {
		e.raw(`,"value":`)
		value(e, it.value)
		e.raw(`,"error":null}`)
		return
	}
	e.raw(`,"value":null,"error":`)
	r := refuse(it.err)
	r.body.encode(e)
	e.raw("}")
}

// permit checks the access rules for the object that key names below a path.
func (x *exchange) permit(rt *route, raw, segments []string, key string) error {
	if x.call.Caller == nil { // the operation is open to all
		return nil
	}
	return granted(x.call.Caller, rt.op, rt.op.HTTPMethod,
		slices.Concat(raw, []string{url.PathEscape(key)}), slices.Concat(segments, []string{key}))
}
