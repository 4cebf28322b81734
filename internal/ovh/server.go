package ovh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"ramier/internal/limit"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A route is an operation with the endpoint that serves it.
type route struct {
	op      *schema.Operation
	handler handler
	binding *binding
	encode  encoding
	element encoding // of the elements, where the answer is a list
	// one is the GET of a single object when this route lists their ids or names; nil otherwise.
	one *route
}

// A server turns requests into calls of endpoints. It knows the schema and the routes and nothing of what they do.
type server struct {
	cfg       Config
	schema    *schema.Schema
	root      *node
	routes    map[string]*route
	documents map[string][]byte // by path, like "/1.0/sms.json"
	encodings encodings
	calls     *callLog      // nil in tests without a store
	bodies    atomic.Int64  // bytes of long bodies in memory
	underWay  atomic.Int64  // requests
	strangers *rate.Limiter // of refusals under /operator that are written down
}

func newServer(cfg Config, s *schema.Schema, handlers map[string]handler) *server {
	sv := &server{cfg: cfg, schema: s, root: &node{}, routes: map[string]*route{}, encodings: encodings{}, strangers: rate.NewLimiter(rate.Every(10*time.Second), 100)}
	plans := &planner{schema: s, made: map[planKey]*plan{}, seen: map[planKey]bool{}}
	for _, op := range s.Operations {
		sv.root.at(op.Path).described[op.HTTPMethod] = op
	}
	for key, h := range handlers {
		op := s.Operation(key)
		must(op != nil, "the route %s is not in the schema", key)
		answer, err := s.Type(op.ResponseType)
		must(err == nil, "%s: %v", key, err)
		plans.answers(answer, h.out, key)
		r := &route{op: op, handler: h, binding: plans.bindOperation(op, h.in), encode: sv.encodings.of(h.out)}
		if h.out.Kind() == reflect.Slice {
			r.element = sv.encodings.of(h.out.Elem())
		}
		p := sv.root.at(op.Path)
		r.binding.collection = p.described[http.MethodGet] != nil
		p.routes[op.HTTPMethod] = r
		sv.routes[key] = r
	}
	sv.pairLists()
	sv.documents = sv.makeDocuments()
	return sv
}

// An exchange is one request and its answer.
type exchange struct {
	*server
	w      http.ResponseWriter
	r      *http.Request
	call   *Call
	status int
	held   int64              // bytes of bodies that this request has taken
	within bool               // it is counted as under way
	crowd  bool               // many are
	place  limit.Place        // of its account
	entry  *store.OperatorLog // of an operator's call under way
}

// patienceOfAll is how long a request may take, whatever it waits for: a database that hangs must not collect those who ask it.
const patienceOfAll = 30 * time.Second

// maxUnderWay is how many requests are worked on at once. One counts when all of its body has come: who sends slowly holds up nobody.
const maxUnderWay = 2000

// ServeHTTP answers every request, also those that are not of this API.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now() // latency is measured in real time, whatever the clock of the API
	whole := r.Context()
	ctx, cancel := context.WithTimeout(whole, patienceOfAll)
	defer cancel()
	r = r.WithContext(ctx)
	x := &exchange{server: s, w: w, r: r}
	x.call = &Call{Request: r, whole: whole, QueryID: queryID(s.cfg.Node, s.cfg.Now(), s.cfg.Random())}
	w.Header().Set(queryHeader, x.call.QueryID)
	defer func() {
		x.place.Leave()
		if x.within {
			s.underWay.Add(-1)
		}
		s.bodies.Add(-x.held)
		if cause := recover(); cause != nil {
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			x.fail(ctx, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
		name := ""
		if x.call.Operation != nil {
			name = x.call.Operation.String()
		}
		if x.calls != nil && x.call.Caller != nil && x.call.Operation != nil {
			x.calls.note(x.call, s.cfg.Now())
		}
		s.cfg.Observe(name, x.status, time.Since(started))
	}()
	if err := x.serve(ctx); err != nil {
		x.fail(ctx, err)
	}
}

// Refuse answers a request with an error without looking at it.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	x := &exchange{server: a.server, w: w, r: r}
	x.call = &Call{Request: r, QueryID: queryID(a.server.cfg.Node, a.server.cfg.Now(), a.server.cfg.Random())}
	w.Header().Set(queryHeader, x.call.QueryID)
	x.fail(r.Context(), err)
	a.server.cfg.Observe("", x.status, 0)
}

// crowded is the answer while too many requests are under way.
var crowded error = &sms.Error{
	Code: sms.Unavailable, Message: "too many requests are under way: try again in a moment", RetryAfter: time.Second,
}

// A target is what the path of a request leads to.
type target struct {
	raw      []string // the segments below the base, as they came
	segments []string // the same, decoded
	broken   error    // why they could not be
	place    *place   // nil when there is nothing
	route    *route   // nil when the method is not offered there
	values   []string // of the parameters in the path
}

func (s *server) locate(method string, raw []string) *target {
	t := &target{raw: raw}
	t.segments, t.broken = unescape(raw)
	if t.broken != nil {
		return t
	}
	if t.place, t.values = s.root.find(t.segments, nil); t.place != nil {
		t.route = t.place.routes[method]
	}
	return t
}

// serve finds the route and checks, in the order in which nothing is given away: who is calling, what the keys allow,
// whether there is such a call.
func (x *exchange) serve(ctx context.Context) error {
	base, raw, ok := below(x.r.URL.EscapedPath())
	if !ok {
		return sms.Errorf(sms.NoRoute, "the API is below %s, not at %s", strings.Join(bases, " and "), cut(x.r.URL.Path))
	}
	if x.sendDocument(base + "/" + strings.Join(raw, "/")) {
		return nil
	}
	body, err := x.read()
	if err != nil {
		return err
	}
	x.call.Body = body
	x.within = true
	under := x.underWay.Add(1)
	if under > maxUnderWay {
		return crowded
	}
	if x.r.Method != http.MethodGet && x.cfg.Store != nil {
		if err := x.cfg.Store.Stalled(); err != nil {
			return err
		}
	}
	t := x.locate(x.r.Method, raw)
	if t.route != nil {
		x.call.Operation = t.route.op
	}
	x.crowd = under > maxUnderWay/2
	if x.operates(t) {
		return x.recorded(ctx, t)
	}
	if err := x.admitted(ctx, t); err != nil {
		return err
	}
	return x.proceed(ctx, t)
}

// admitted lets those through who may call, and everybody where that does not matter.
func (x *exchange) admitted(ctx context.Context, t *target) error {
	if t.route != nil && t.route.op.NoAuthentication {
		return nil
	}
	err := x.admit(t)
	if err == nil {
		x.place, err = x.cfg.Customers.Enter(ctx, x.call.Caller.AccountID, x.call.Caller.Credential, x.crowd)
	}
	return err
}

// proceed answers a request that was let through.
func (x *exchange) proceed(ctx context.Context, t *target) error {
	switch {
	case t.broken != nil:
		return t.broken
	case t.route == nil:
		return notOffered(t.place, x.r.Method, "/"+strings.Join(t.segments, "/"))
	}
	if err := x.plain(); err != nil {
		return err
	}
	return x.dispatch(ctx, t, &input{path: t.values, query: x.r.URL.RawQuery, header: x.r.Header, body: x.call.Body})
}

// admit proves who is calling and whether the keys allow it. A batch is checked for each of its ids later.
func (x *exchange) admit(t *target) error {
	caller, err := x.cfg.Authenticate(x.r, x.call.Body)
	if err != nil {
		return err
	}
	mine := *caller
	mine.QueryID = x.call.QueryID
	x.call.Caller = &mine
	if t.broken == nil && x.separator(t.route) == "" {
		err = granted(&mine, x.call.Operation, x.r.Method, t.raw, t.segments)
	}
	if err != nil && x.cfg.Auth != nil && mine.Credential != 0 {
		x.cfg.Auth.NoteRefusal(mine.Credential, x.r.Method+" "+x.r.URL.Path, err)
	}
	return err
}

// dispatch answers with one object, a batch of them or an expanded list.
func (x *exchange) dispatch(ctx context.Context, t *target, in *input) error {
	rt := t.route
	if sep := x.separator(rt); sep != "" {
		return x.batch(ctx, t, in, sep)
	}
	if rt.element != nil && rt.op.HTTPMethod == http.MethodGet && isExpanded(x.r.Header) {
		return x.expanded(ctx, t, in)
	}
	if rt.handler.stream != nil {
		pages, err := rt.handler.stream(x.call.whole, x.call, func(v reflect.Value) error { return rt.binding.decode(x.server, in, v) })
		if err != nil {
			return err
		}
		return x.streamIDs(ctx, pages)
	}
	out, err := x.run(ctx, rt, in)
	if err != nil {
		return err
	}
	x.concluded(ctx, out)
	if rt.handler.pdf != nil && x.wantsPDF() {
		return x.sendPDF(rt.handler.pdf, out)
	}
	if rt.handler.csv != nil && x.wantsCSV() {
		return x.sendCSV(rt.handler.csv, out)
	}
	x.send(http.StatusOK, func(e *encoder) { rt.encode(e, out) })
	return nil
}

// run calls the endpoint.
func (x *exchange) run(ctx context.Context, rt *route, in *input) (reflect.Value, error) {
	return rt.handler.call(ctx, x.call, func(v reflect.Value) error {
		return rt.binding.decode(x.server, in, v)
	})
}

// buffers keep answers' memory from one request to the next.
var buffers = sync.Pool{New: func() any { return &encoder{} }}

// send writes an answer as JSON.
func (x *exchange) send(status int, write func(*encoder)) {
	e, _ := buffers.Get().(*encoder)
	e.out, e.zone = e.out[:0], x.cfg.Zone
	write(e)
	h := x.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(e.out)))
	x.status = status
	x.w.WriteHeader(status)
	_, _ = x.w.Write(e.out) // the client went away
	if cap(e.out) < 1<<20 {
		buffers.Put(e)
	}
}

// fail writes an error as the answer.
func (x *exchange) fail(ctx context.Context, err error) {
	x.logError(ctx, x.call, err)
	r := refuse(err)
	if r.retryAfter > 0 {
		seconds := int64((r.retryAfter + time.Second - 1) / time.Second)
		x.w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if r.status == http.StatusRequestEntityTooLarge {
		x.w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	x.send(r.status, r.body.encode)
}

// gone tells that an object does not exist, or not any more.
func gone(err error) bool {
	e, ok := errors.AsType[*sms.Error](err)
	return ok && e.Code == sms.NoObject
}
