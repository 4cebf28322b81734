package store

import (
	"context"
	"errors"
	"time"

	"ramier/internal/sms"
)

// What may wait for a writer, of the writes that requests ask for. Answers, receipts and claims are bounded by those who
// bring them.
const (
	maxWaiting         = 20_000
	maxWaitingMessages = 200_000 // of new jobs
)

// How long a request waits for the database.
const (
	// stalled is how long a commit may take before new writes are refused at once.
	stalled = 5 * time.Second
	// turn is how long a write waits for its group to begin. After that nothing is done of it.
	turn = 10 * time.Second
	// verdict is how much longer it waits for the end of its group. After that nobody knows.
	verdict = 20 * time.Second
)

// asked tells whether a write is what a request asks for.
func (o *op) asked() bool { return o.kind == accept || o.kind == other }

// messages is how many messages a write holds in memory.
func (o *op) messages() int {
	if a, ok := o.arg.(*Acceptance); ok {
		return len(a.Plan.Messages)
	}
	return 0
}

// count keeps the sums of what waits. The caller holds mu.
func (w *writer) count(o *op, n int) {
	if o.asked() {
		w.requests += n
		w.messages += n * o.messages()
	}
}

// admit refuses a write that would wait in vain, or for which there is no room. The caller holds mu.
func (w *writer) admit(o *op) error {
	switch {
	case w.closed:
		return refusal(nil, time.Second, "the platform is stopping")
	case !o.asked():
		return nil
	case w.hangs():
		return hanging()
	case w.requests >= maxWaiting || (w.messages > 0 && w.messages+o.messages() > maxWaitingMessages):
		return refusal(nil, time.Second, "too many requests wait for the database; nothing was accepted")
	}
	return nil
}

// hangs tells that the group under way takes far too long. The caller holds mu.
func (w *writer) hangs() bool { return !w.begun.IsZero() && time.Since(w.begun) > stalled }

func hanging() error {
	return refusal(nil, 5*time.Second, "the database has not answered for a while; nothing was accepted")
}

// Stalled is not nil while the database does not answer. Then a request that changes something is better refused before it begins
// to wait, if only for who is calling. Error: Unavailable.
func (s *Store) Stalled() error {
	for _, k := range []kind{accept, outcome, claim} {
		w := s.writers[k]
		w.mu.Lock()
		hangs := w.hangs()
		w.mu.Unlock()
		if hangs {
			return hanging()
		}
	}
	return nil
}

func refusal(cause error, wait time.Duration, text string) *sms.Error {
	e := sms.Wrap(sms.Unavailable, cause, "%s", text)
	e.RetryAfter = wait
	return e
}

// uncertain is the answer to a request of which nobody knows what became.
func uncertain(cause error) error {
	return refusal(cause, 5*time.Second, "the database does not say whether it has taken the change: it may have been accepted or not. "+
		"With an Idempotency-Key the request can be repeated safely").With("outcome", "unknown")
}

// await waits for the end of a write. The context bounds only the wait for its turn: what has begun is ended.
func (w *writer) await(ctx context.Context, o *op) error {
	patience := time.NewTimer(turn)
	defer patience.Stop()
	late := patience.C
	if !o.asked() {
		late = nil
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
	case <-late:
	}
	if w.remove(o) {
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err() // nobody waits for the answer
		}
		return refusal(ctx.Err(), 5*time.Second, "the database did not answer in time; nothing was accepted")
	}
	if !o.asked() {
		return <-o.done
	}
	patience.Reset(verdict)
	select {
	case err := <-o.done:
		return err
	case <-patience.C:
		return uncertain(nil)
	}
}

// begin notes when a group began, and that none is under way with the zero time.
func (w *writer) begin(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = at
}

// stuck answers requests while the writer cannot find out what became of a group: at once those that wait for a turn, and new
// ones; after a while those of the group itself.
func (w *writer) stuck(group []*op, since time.Duration, cause error) {
	const glance = 200 * time.Millisecond
	if since < glance {
		return
	}
	w.mu.Lock()
	w.begun = time.Now().Add(-2 * stalled)
	var left []*op
	for _, o := range w.waiting {
		if !o.asked() {
			left = append(left, o)
			continue
		}
		w.count(o, -1)
		o.tell(refusal(cause, 5*time.Second, "the database does not answer; nothing was accepted"))
	}
	w.waiting = left
	w.mu.Unlock()
	if since < stalled {
		return
	}
	for _, o := range group {
		if o.asked() {
			o.tell(uncertain(cause))
		}
	}
}
