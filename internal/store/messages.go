package store

import (
	"context"
	"fmt"
	"slices"
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
	User     int64 // SMS user who ordered them
	SMPP     int64 // the one with this id, if it came over SMPP
	Nothing  bool  // a condition that no message can meet
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

// within adds that a column of times lies from one moment to another, both included; a zero time bounds nothing.
func (w *where) within(column string, from, to time.Time) {
	if !from.IsZero() {
		w.add(column+" >= ?", micros(from))
	}
	if !to.IsZero() {
		w.add(column+" <= ?", micros(to))
	}
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
	m, j, err := s.Message(ctx, service, id)
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
	return s.submit(ctx, other, alone(func(t *tx) error { return s.cancel(ctx, t, m, j, entry, at) }))
}

// OrderedBy gives those of some messages that an SMS user has ordered, in their order.
func (s *Store) OrderedBy(ctx context.Context, user int64, ids []int64) ([]int64, error) {
	own := []int64{}
	for part := range slices.Chunk(ids, 500) {
		w := where{}
		places := make([]string, len(part))
		for i, id := range part {
			places[i] = w.arg(id)
		}
		w.add("j.user_id = ?", user)
		rows, err := s.reads.QueryContext(ctx, "SELECT m.id FROM message m JOIN job j ON j.id = m.job_id WHERE m.id IN ("+
			strings.Join(places, ", ")+") AND "+w.String()+" ORDER BY m.id", w.args...)
		if err != nil {
			return nil, unavailable(err)
		}
		found, err := scanIDs(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		own = append(own, found...)
	}
	return own, nil
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
