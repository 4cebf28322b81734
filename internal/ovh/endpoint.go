package ovh

import (
	"context"
	"encoding/csv"
	"io"
	"iter"
	"net/http"
	"reflect"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// A Call is one request on its way to an endpoint.
type Call struct {
	Caller    *sms.Caller // nil when the operation needs no authentication and none is asked for
	Operation *schema.Operation
	QueryID   string
	Request   *http.Request // for headers; its body is read already
	Body      []byte        // exactly what came

	whole context.Context // of the request, without the limit of patienceOfAll: for what takes long by its nature
}

// void is the answer of an operation that answers nothing: JSON null.
type void struct{}

// nullable is a field of a request that may also be null: absent, null or a value.
type nullable[T any] struct {
	Set   bool // it was in the request
	Value *T   // nil is null
}

// A handler is an endpoint before it is bound to its operation.
type handler struct {
	in, out reflect.Type
	// call fills a new request by decode, runs the endpoint and gives its answer.
	call func(ctx context.Context, c *Call, decode func(reflect.Value) error) (reflect.Value, error)
	// many loads the objects of a list in one go; nil when there is no such way.
	many func(ctx context.Context, c *Call, decode func(reflect.Value) error, ids reflect.Value) (reflect.Value, error)
	key  reflect.Type
	// stream lists ids page by page; nil when all are listed at once.
	stream func(ctx context.Context, c *Call, decode func(reflect.Value) error) (iter.Seq2[[]int64, error], error)
	csv    func(*csv.Writer, reflect.Value) error // writes the answer as CSV; nil when there is no such form
	pdf    func(io.Writer, reflect.Value) error   // likewise as PDF
}

// endpoint turns a function from a request to an answer into a handler. In has a field for each parameter of the
// operation, found by its json tag; types.gen.go has such a type for each operation, a type of one's own may have more
// fields, which then stay empty.
func endpoint[In, Out any](fn func(context.Context, *Call, In) (Out, error)) handler {
	return handler{
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		call: func(ctx context.Context, c *Call, decode func(reflect.Value) error) (reflect.Value, error) {
			var in In
			if err := decode(reflect.ValueOf(&in).Elem()); err != nil {
				return reflect.Value{}, err
			}
			out, err := fn(ctx, c, in)
			return reflect.ValueOf(&out).Elem(), err
		},
	}
}

// withMany adds to an endpoint that answers one object, GET .../{id}, a way to load many of them at once, in the given
// order and without those that are gone. Expanded lists use it. The last path parameter of In is empty then.
func withMany[In, Key, Out any](h handler, fn func(context.Context, *Call, In, []Key) ([]Out, error)) handler {
	h.key = reflect.TypeFor[Key]()
	h.many = func(ctx context.Context, c *Call, decode func(reflect.Value) error, ids reflect.Value) (reflect.Value, error) {
		var in In
		if err := decode(reflect.ValueOf(&in).Elem()); err != nil {
			return reflect.Value{}, err
		}
		keys, _ := reflect.TypeAssert[[]Key](ids) // compared when the lists were paired
		out, err := fn(ctx, c, in, keys)
		return reflect.ValueOf(&out).Elem(), err
	}
	return h
}
