package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"ramier/internal/sms"
)

// kind is a kind of write. Those of one kind that wait together are done in one transaction.
type kind int

const (
	other   kind = iota // one function each
	accept              // new jobs
	outcome             // answers, receipts and incoming messages
	claim               // batches for the carriers
	kinds
)

// op is one write that waits for its commit.
type op struct {
	kind kind
	arg  any
	done chan error
	err  error
	// queue: what it accepts goes to the queue, since claiming it at once has failed.
	queue bool
	// lock: the books it needs are locked before they are read, since they have changed between reading and writing.
	lock bool
	// bare: an outcome writes nothing but its own, since it may be what else was to be written that failed.
	bare bool
}

// tell gives the outcome to the one who waits for it, if there still is one.
func (o *op) tell(err error) {
	select {
	case o.done <- err:
	default:
	}
}

// fail marks an op whose refusal leaves the rest of its group as it is.
func (o *op) fail(err error) { o.err = err }

// maxGroup is how many writes one transaction takes.
const maxGroup = 2_000

// writer commits what waits for it, group by group: whatever has come in during one commit goes into the next.
type writer struct {
	s        *Store
	mu       sync.Mutex
	waiting  []*op
	requests int       // of those that wait, how many requests ask for
	messages int       // of the jobs that wait
	begun    time.Time // when the group under way began, zero without one
	closed   bool
	gathers  bool // it has nothing to do before enough requests wait
	crowded  bool // the last group had many requests
	wake     chan struct{}
	ended    chan struct{}
	conn     *conn
}

func (s *Store) startWriters() {
	s.writers = map[kind]*writer{}
	for k := range kinds {
		if k > 0 && s.dialect.oneWriter {
			s.writers[k] = s.writers[0]
			continue
		}
		w := &writer{s: s, wake: make(chan struct{}, 1), ended: make(chan struct{})}
		s.writers[k] = w
		go w.run()
	}
}

// write runs f in a transaction and returns after its commit. The context bounds only the wait for a turn: what has begun
// is ended.
func (s *Store) write(ctx context.Context, k kind, f func(*tx) error) error {
	return s.submit(ctx, k, f)
}

func (s *Store) submit(ctx context.Context, k kind, arg any) error {
	o := &op{kind: k, arg: arg, done: make(chan error, 1)}
	if err := s.writers[k].add(o); err != nil {
		return err
	}
	return s.writers[k].await(ctx, o)
}

func (w *writer) add(o *op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.admit(o); err != nil {
		return err
	}
	w.waiting = append(w.waiting, o)
	w.count(o, 1)
	if w.gathers && w.requests < enough {
		return nil
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

func (w *writer) remove(o *op) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.waiting {
		if other == o {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			w.count(o, -1)
			return true
		}
	}
	return false
}

func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	for open := true; open; {
		_, open = <-w.wake
		for {
			if open {
				open = w.gather()
			}
			group := w.take()
			if len(group) == 0 {
				break
			}
			w.commit(group)
		}
	}
	if w.conn != nil {
		w.conn.close()
	}
}

// A group of requests after another large one waits a little for more to come: what a commit costs hardly depends on how many share it.
const (
	large    = 8                       // from how many requests on a group is large
	enough   = 32                      // requests that need not wait for others
	gathered = 1500 * time.Microsecond // the longest wait
)

// gather waits for a large group. It is false when the writer is stopped.
func (w *writer) gather() (open bool) {
	w.mu.Lock()
	w.gathers = w.crowded && w.requests < enough && !w.closed
	gathers := w.gathers
	if gathers {
		select {
		case <-w.wake: // by what waits already
		default:
		}
	}
	w.mu.Unlock()
	if !gathers {
		return true
	}
	timer := time.NewTimer(gathered)
	defer timer.Stop()
	select {
	case _, open = <-w.wake:
	case <-timer.C:
		open = true
	}
	w.mu.Lock()
	w.gathers = false
	w.mu.Unlock()
	return open
}

func (w *writer) take() []*op {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), maxGroup)
	group := w.waiting[:n:n]
	w.waiting = w.waiting[n:]
	before := w.requests
	for _, o := range group {
		w.count(o, -1)
	}
	w.crowded = before-w.requests >= large
	if len(w.waiting) == 0 {
		w.waiting = nil
	}
	return group
}

// commit writes a group. If the group as a whole fails, each is tried alone, so that one bad write harms no other.
func (w *writer) commit(group []*op) {
	start := time.Now()
	w.begin(start)
	defer w.begin(time.Time{})
	err := w.tryTwice(group)
	if err != nil && len(group) > 1 && !isFull(err) {
		w.commitOneByOne(group, err)
		return
	}
	w.s.Metrics.group(len(group), time.Since(start))
	for _, o := range group {
		o.tell(w.settle(o, err))
	}
}

// commitOneByOne tries the writes of a group that failed as a whole, as long as the database answers.
func (w *writer) commitOneByOne(group []*op, err error) {
	answers := w.answers()
	for _, o := range group {
		if answers {
			o.err = nil
			if err = w.tryTwice([]*op{o}); err != nil {
				answers = w.answers()
			}
		}
		o.tell(w.settle(o, err))
	}
}

// answers tells whether the database does.
func (w *writer) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if w.conn == nil {
		c, err := w.s.connect(ctx)
		if err != nil {
			return false
		}
		w.conn = c
	}
	var one int
	if err := w.conn.c.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		w.drop()
		return false
	}
	return true
}

// drop gives up the connection. It may be what failed; a new one costs little.
func (w *writer) drop() {
	if w.conn != nil {
		w.conn.discard()
		w.conn = nil
	}
}

// tryTwice attempts once more what failed by no fault of its own: because two transactions waited for each other, or because
// a connection broke that was only thought to be up.
func (w *writer) tryTwice(group []*op) error {
	err := w.attempt(group)
	if err == nil || len(group) > 1 && !again(err) {
		return err
	}
	alone := group[0].kind == outcome && !again(err)
	if _, unknown := errors.AsType[*unknownCommit](err); unknown || (!again(err) && !isBroken(err) && !alone) {
		return err
	}
	_, queue := errors.AsType[*unserved](err)
	_, lock := errors.AsType[*contended](err)
	for _, o := range group {
		o.err, o.queue, o.lock, o.bare = nil, queue, lock || isDeadlock(err), alone
	}
	return w.attempt(group)
}

// again tells that a group as a whole may succeed when it is tried again.
func again(err error) bool {
	_, stale := errors.AsType[*outdated](err)
	_, queued := errors.AsType[*unserved](err)
	_, busy := errors.AsType[*contended](err)
	return stale || queued || busy || isDeadlock(err)
}

// ours tells that nothing is wrong with the database: we have undone the group.
func ours(err error) bool {
	_, stale := errors.AsType[*outdated](err)
	_, busy := errors.AsType[*contended](err)
	return stale || busy
}

func isDeadlock(err error) bool {
	e, ok := errors.AsType[serverError](err)
	return ok && (e.SQLState() == "40P01" || e.SQLState() == "40001")
}

func isBroken(err error) bool {
	_, network := errors.AsType[net.Error](err)
	e, said := errors.AsType[serverError](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || (said && (strings.HasPrefix(e.SQLState(), "57P") || e.SQLState() == "25P03")) // shut down, or idle for too long
}

// takesNothing tells that the database refuses whatever is written: it has no room left, or is not there.
func takesNothing(err error) bool {
	e, said := errors.AsType[serverError](err)
	return isFull(err) || isIO(err) || isBroken(err) || said && strings.HasPrefix(e.SQLState(), "53")
}

// settled finds out what became of a transaction whose COMMIT got no answer. Until that is known nothing can be said or done
// about its writes: an accepted message would be sent and answered as refused, a claim would belong to nobody. So it asks until
// the server tells, or the store is closed.
func (w *writer) settled(group []*op, err error) error {
	lost, ok := errors.AsType[*unknownCommit](err)
	if !ok {
		return err
	}
	w.s.log.Warn("the answer to a COMMIT is lost; finding out what became of it", "error", lost.error)
	since := time.Now()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		done, asked := w.fate(lost)
		switch {
		case asked == nil && done:
			return nil
		case asked == nil:
			return lost.error
		case errors.Is(asked, sql.ErrNoRows): // so long ago that it is forgotten
			return err
		}
		w.mu.Lock()
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return err
		}
		w.stuck(group, time.Since(since), lost.error)
		time.Sleep(pause)
	}
}

// fate finds out whether a transaction was committed. It waits for one that is still under way.
func (w *writer) fate(lost *unknownCommit) (bool, error) {
	if w.s.dialect.lastMark == "" {
		return false, w.bury()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var token string
	err := w.s.writes.QueryRowContext(ctx, w.s.dialect.lastMark, lost.writer).Scan(&token)
	return token == lost.token, err
}

func (w *writer) settle(o *op, err error) error {
	if err == nil {
		err = o.err
	}
	var known *sms.Error
	var stale *StaleError
	var late *StaleStepError
	switch {
	case err == nil, errors.As(err, &known), errors.As(err, &stale), errors.As(err, &late):
		return err
	case isOwn(err), IsLost(err):
		return err
	}
	w.s.log.Error("writing to the database failed", "error", err)
	if _, unknown := errors.AsType[*unknownCommit](err); unknown {
		return uncertain(err)
	}
	e := sms.Wrap(sms.Unavailable, err, "the database does not take the change")
	e.RetryAfter = 5 * time.Second
	return e
}

func isOwn(err error) bool {
	_, ok := errors.AsType[*ownFailure](err)
	return ok
}

// statementTimeout bounds one group's transaction.
const statementTimeout = time.Minute

func (w *writer) attempt(group []*op) error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	if w.conn == nil {
		c, err := w.s.connect(ctx)
		if err != nil {
			return err
		}
		w.conn = c
	}
	if err := w.conn.reserve(ctx, idsFor(group)); err != nil {
		w.drop()
		return err
	}
	used := w.conn
	err := used.do(ctx, w.s.dialect.begin(group), func(t *tx) error { return w.s.group(ctx, t, group) })
	if err != nil && (!ours(err) || !used.clean) {
		w.drop()
	}
	err = w.settled(group, err)
	for _, f := range used.after {
		f(err == nil)
	}
	used.after = nil
	return err
}

// group does the writes of a group: claims and new jobs first, so that what is accepted can be claimed at once, then single changes, which find
// in the claims what is on its way, then outcomes with answers before receipts.
func (s *Store) group(ctx context.Context, t *tx, group []*op) error {
	var byKind [kinds][]*op
	for _, o := range group {
		byKind[o.kind] = append(byKind[o.kind], o)
	}
	hungry, err := s.takeGroup(ctx, t, byKind[claim])
	if err != nil {
		return err
	}
	if err := s.acceptGroup(ctx, t, byKind[accept], hungry); err != nil {
		return err
	}
	if err := s.claimGroup(ctx, t, byKind[claim], hungry); err != nil {
		return err
	}
	for _, o := range byKind[other] {
		f, ok := o.arg.(func(*tx) error)
		if !ok {
			f = o.arg.(alone)
		}
		err := t.savepoint(ctx, f)
		if own, ok := errors.AsType[*ownFailure](err); ok {
			o.fail(own.error)
		} else if err != nil {
			return err
		}
	}
	return s.outcomeGroup(ctx, t, byKind[outcome])
}

// idsFor is more than a group can need for its events, entries and claims: a receipt may have been parked under several
// references.
func idsFor(group []*op) int64 {
	n := int64(1000)
	for _, o := range group {
		n += 2
		if out, ok := o.arg.(*Outcome); ok {
			n += 8 * int64(3*len(out.Answers)+len(out.Receipts)+len(out.Incoming)+max(maxWritten, out.notedMost))
		}
	}
	return n
}
