package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Filter chooses messages of a service; zero fields choose all.
type Filter struct {
	Tag      *string
	From, To time.Time // of the job's creation, both included
	Deferred *time.Duration
	Sender   *string // empty = short numbers
	Batch    *string // UUID
	Receiver string  // E.164 with +
	PTT      *int
	States   []sms.State
	Nothing  bool // a condition that no message can meet
}

// Outgoing lists the ids of a service's messages that match the filter, ascending. Cancelled and deleted ones are left out.
func (s *Store) Outgoing(ctx context.Context, service int64, f Filter) ([]int64, error) {
	if f.Nothing {
		return []int64{}, nil
	}
	w := where{}
	from := `job j JOIN message m ON m.id BETWEEN j.id AND j.id + j.count - 1`
	if f.Receiver != "" {
		// Each bucket of the index is asked once; the jobs of the service say which there are.
		from = fmt.Sprintf(`(WITH RECURSIVE b (n, last) AS (
			SELECT MIN(id) / 262144, (MAX(id + count)) / 262144 FROM job WHERE service_id = %s
			UNION ALL SELECT n + 1, last FROM b WHERE n < last) SELECT n FROM b) buckets
			JOIN message m ON m.id / 262144 = buckets.n AND m.receiver = %s JOIN job j ON j.id = m.job_id`, w.arg(service), w.arg(f.Receiver))
	}
	w.add("j.service_id = ?", service)
	w.add("m.service_id = ?", service)
	w.add("m.hidden = ?", false)
	w.add("m.state <> ?", string(sms.Cancelled))
	f.narrow(&w)
	rows, err := s.reads.QueryContext(ctx, "SELECT m.id FROM "+from+" WHERE "+w.String()+" ORDER BY m.id", w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

func (f Filter) narrow(w *where) {
	if f.Tag != nil {
		w.add("j.tag = ?", *f.Tag)
	}
	if !f.From.IsZero() {
		w.add("j.created_at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.add("j.created_at <= ?", micros(f.To))
	}
	if f.Deferred != nil {
		w.add("(j.due_at - j.created_at) / 60000000 = ?", int64(*f.Deferred/time.Minute)) // as it is shown
	}
	if f.Batch != nil {
		w.add("j.id IN (SELECT b.job_id FROM batch_job b JOIN batch a ON a.id = b.batch_id WHERE a.uuid = ?)", *f.Batch)
	}
	if f.Sender != nil {
		w.add("j.sender = ?", *f.Sender)
	}
	if f.PTT != nil {
		w.add("m.ptt = ?", *f.PTT)
	}
	if len(f.States) > 0 {
		states := make([]string, len(f.States))
		for i, s := range f.States {
			states[i] = w.arg(string(s))
		}
		w.conditions = append(w.conditions, "m.state IN ("+strings.Join(states, ", ")+")")
	}
}

// where builds a condition from parts.
type where struct {
	conditions []string
	args       []any
}

// arg adds an argument and gives its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// add adds a condition whose ? is v.
func (w *where) add(condition string, v any) {
	w.conditions = append(w.conditions, strings.Replace(condition, "?", w.arg(v), 1))
}

func (w *where) String() string { return strings.Join(w.conditions, " AND ") }

// Message gives a message with its job; Sending stands for a claimed one. Service 0 finds that of any service, and cancelled
// and deleted ones too. Error: NoObject.
func (s *Store) Message(ctx context.Context, service, id int64) (sms.Message, sms.Job, error) {
	row := s.reads.QueryRowContext(ctx, `SELECT `+messageColumns+`, m.hidden, `+jobColumns+`
		FROM message m JOIN job j ON j.id = m.job_id WHERE m.id = $1`, id)
	var job jobRow
	var hidden bool
	m, err := scanMessage(row, append([]any{&hidden}, job.columns()...)...)
	if err != nil {
		return m, sms.Job{}, found(err, "id", id)
	}
	j := job.read()
	if service != 0 && (m.ServiceID != service || hidden || m.State == sms.Cancelled) {
		return sms.Message{}, sms.Job{}, noObject("id", id)
	}
	if m.State.Waiting() {
		claimed, err := isClaimed(ctx, s.reads, m)
		if err != nil {
			return m, j, unavailable(err)
		}
		if claimed {
			m.State = sms.Sending
		}
	}
	return m, j, nil
}

// HideMessage removes a message that does not wait any more from what its owner sees. Error: NoObject; Conflict while it waits.
func (s *Store) HideMessage(ctx context.Context, service, id int64) error {
	m, _, err := s.Message(ctx, service, id)
	if err != nil {
		return err
	}
	if m.State.Waiting() || m.State == sms.Sending {
		return sms.Errorf(sms.Conflict, "The message %d has not been sent yet: cancel it with DELETE on jobs/%d", id, id)
	}
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.HideMessage(ctx, id)
		return changed(n, err, "id", id)
	})
}

// Cancel takes a waiting message back and releases its credits. Error: NoObject if the service has no such waiting message;
// Conflict if it is being sent.
func (s *Store) Cancel(ctx context.Context, service, id int64, at time.Time) error {
	m, _, err := s.Message(ctx, service, id)
	if err != nil {
		return err
	}
	if !m.State.Waiting() && m.State != sms.Sending {
		return noObject("id", id)
	}
	entry, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	return s.submit(ctx, other, alone(func(t *tx) error { return s.cancel(ctx, t, m, entry, at) }))
}

// Waiting lists the ids of a service's messages that have not been sent, ascending, with those being sent.
func (s *Store) Waiting(ctx context.Context, service int64) ([]int64, error) {
	runs, err := s.read.QueueOfService(ctx, service)
	if err != nil {
		return nil, unavailable(err)
	}
	claims, err := claimedRuns(ctx, s.reads, 0)
	if err != nil {
		return nil, unavailable(err)
	}
	var bounds []int64
	for _, r := range runs {
		bounds = append(bounds, r.FirstID, r.LastID)
	}
	for _, r := range claims {
		bounds = append(bounds, r.First, r.Last)
	}
	return s.waitingInSpans(ctx, service, bounds)
}
