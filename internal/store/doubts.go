package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
)

// DoubtPatience is how long a message in doubt whose validity has ended waits on for a receipt while its carrier is away.
const DoubtPatience = 24 * time.Hour

// Doubts counts messages that went into doubt and out of it.
type Doubts struct {
	Entered  int
	Resolved map[string]int // by what ended the doubt: see ResolvedBy
	Marked   int            // messages that were marked as possible duplicates
}

// ResolvedBy lists what can end a doubt: a receipt that came by itself, the answer to a query, the late answer of the carrier, the
// answer to another attempt, the end of the validity, and somebody who decides.
var ResolvedBy = []string{"receipt", "query", "late answer", "resend", "validity", "operator"}

// noteDoubt counts what has become of a message.
func (w *settlement) noteDoubt(from sms.State, marked bool, m *sms.Message, by string) {
	d := &w.result.Doubts
	switch {
	case from != sms.InDoubt && m.State == sms.InDoubt:
		d.Entered++
	case from == sms.InDoubt && m.State != sms.InDoubt:
		if d.Resolved == nil {
			d.Resolved = map[string]int{}
		}
		d.Resolved[by]++
	}
	if m.Duplicate && !marked {
		d.Marked++
	}
}

// resolvedBy tells what ends a doubt when it is answered so.
func resolvedBy(a sms.Answer) string {
	if a.State == sms.Expired {
		return "validity"
	}
	return "resend"
}

// resolvedByReceipt notes that a receipt has ended a doubt.
func (w *settlement) resolvedByReceipt(m *sms.Message, r sms.Receipt) {
	by, text := "receipt", "A receipt shows that the carrier had accepted it."
	if r.Asked {
		by, text = "query", "The carrier was asked: it had accepted it."
	}
	w.event(m.ID, w.at, "doubt-resolved", text)
	w.noteDoubt(sms.InDoubt, m.Duplicate, m, by)
}

// forgetStandIn ends the wait for a reference that was made up: a receipt brings the true one.
func (w *settlement) forgetStandIn(m *sms.Message, part int) {
	if part < len(m.Refs) && m.Refs[part] != "" {
		w.settled = append(w.settled, awaited{m.CarrierID, m.ID, int64(part), m.Refs[part]})
	}
}

// SettleLate writes answers that came after all to attempts which were settled as in doubt. It gives back those that came too
// early: what they are about is not written down yet.
func (s *Store) SettleLate(ctx context.Context, answers []sms.Answer) (early []sms.Answer, r OutcomeResult, err error) {
	if len(answers) == 0 {
		return nil, r, nil
	}
	if len(answers) > maxDecided {
		early, answers = slices.Clone(answers[maxDecided:]), answers[:maxDecided]
	}
	rest := early
	err = s.submit(ctx, other, alone(func(t *tx) error {
		w := newSettlement(s, t)
		w.apart = true
		early = slices.Clone(rest)
		if err := w.late(ctx, answers, &early); err != nil {
			return err
		}
		r = w.result
		return nil
	}))
	if err == nil {
		s.Metrics.doubts(r.Doubts)
		s.wakeCarriers(answers)
	}
	return early, r, err
}

func (s *Store) wakeCarriers(answers []sms.Answer) {
	ids := make([]int64, len(answers))
	for i, a := range answers {
		ids[i] = a.CarrierID
	}
	slices.Sort(ids)
	s.wake(slices.Compact(ids))
}

func (w *settlement) late(ctx context.Context, answers []sms.Answer, early *[]sms.Answer) error {
	o := &Outcome{Answers: answers}
	w.see(o)
	ids := make([]int64, len(answers))
	for i, a := range answers {
		ids[i] = a.MessageID
	}
	if err := w.load(ctx, ids); err != nil {
		return err
	}
	claims, err := claimedRuns(ctx, w.t.db, 0)
	if err != nil {
		return err
	}
	for _, a := range answers {
		m := w.messages[a.MessageID]
		if m == nil {
			continue
		}
		from, before := m.State, slices.Clone(m.Refs)
		captured, released, did := m.SettleLate(a, listed(claims, m.ID, int64(m.Attempts)))
		if did == sms.BelatedEarly {
			*early = append(*early, a)
			continue
		}
		w.lateEvent(m, a, from, did)
		if did == sms.BelatedNoted {
			continue
		}
		w.move(m, captured, released)
		w.noteDoubt(from, m.Duplicate, m, "late answer")
		w.moved(m)
		w.await(m, before)
		if m.State == sms.Queued {
			w.instead(m, cmp.Or(a.RetryAt, a.At))
		}
		if m.State.Final() {
			w.endRefs(m)
		}
	}
	return w.finish(ctx)
}

// instead queues a message for an attempt that takes the place of another one, which may be in the queue for the same moment;
// claims pass over that one. The microseconds keep the two apart.
func (w *settlement) instead(m *sms.Message, at time.Time) {
	w.again(m, at.Add(time.Duration(m.Attempts)*time.Microsecond))
}

// lateEvent tells in the trail what a late answer said and did.
func (w *settlement) lateEvent(m *sms.Message, a sms.Answer, from sms.State, did sms.Belated) {
	said := "The carrier's answer came late: " + string(a.State)
	if refs := strings.Join(strings.Fields(strings.Join(a.Refs, " ")), " "); refs != "" {
		said += ", references " + refs
	}
	if a.Error != "" {
		said += " (" + a.Error + ")"
	}
	switch {
	case did == sms.BelatedSettled:
		w.event(m.ID, a.At, "doubt-resolved", said+".")
	case did == sms.BelatedNoted && m.Duplicate && a.State == sms.Sent:
		w.event(m.ID, a.At, "late-answer", said+". It is another copy of the message, which was "+string(from)+" already.")
	default:
		w.event(m.ID, a.At, "late-answer", said+". The message was "+string(from)+".")
	}
}

// endRefs ends the wait for the receipts of a message that has ended without one.
func (w *settlement) endRefs(m *sms.Message) {
	for part, ref := range m.Refs {
		if ref != "" {
			w.done(awaited{m.CarrierID, m.ID, int64(part), ref})
		}
	}
}

// finish lets receipts that came before find what they are about, and writes everything.
func (w *settlement) finish(ctx context.Context) error {
	o := &Outcome{}
	for _, step := range []func(context.Context, *Outcome) error{w.unpark, w.receipts, w.write} {
		if err := step(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// maxDecided is how many messages one transaction decides about.
const maxDecided = 500

// DoubtFilter chooses messages in doubt; zero fields choose all.
type DoubtFilter struct {
	Carrier, Service int64
	From, To         time.Time // when the answer was lost, both included
	Held             bool      // only those that are not queued for another attempt
	After            int64     // only ids above it
	Most             int       // 0 = all
}

// Doubts lists the ids of messages in doubt, ascending.
func (s *Store) Doubts(ctx context.Context, f DoubtFilter) ([]int64, error) {
	w := where{conditions: []string{"m.state = 'indoubt'"}}
	if f.Carrier != 0 {
		w.add("m.carrier_id = ?", f.Carrier)
	}
	if f.Service != 0 {
		w.add("m.service_id = ?", f.Service)
	}
	w.within("m.sent_at", f.From, f.To)
	if f.After != 0 {
		w.add("m.id > ?", f.After)
	}
	if f.Held {
		w.conditions = append(w.conditions, "NOT EXISTS (SELECT 1 FROM queue q WHERE "+queuedAgain+")")
	}
	query := "SELECT m.id FROM message m WHERE " + w.String() + " ORDER BY m.id"
	if f.Most > 0 {
		query += " LIMIT " + w.arg(int64(f.Most))
	}
	rows, err := s.reads.QueryContext(ctx, query, w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

// queuedAgain matches a row of the queue with the message m that waits in it for another attempt.
const queuedAgain = `q.service_id = m.service_id AND q.first_id <= m.id AND q.last_id >= m.id AND q.carrier_id = m.carrier_id AND q.attempts = m.attempts`

// NextAttempt gives the time at which a message in doubt is sent again, zero if it is not.
func (s *Store) NextAttempt(ctx context.Context, id int64) (time.Time, error) {
	var due int64
	err := s.reads.QueryRowContext(ctx, `SELECT COALESCE(MIN(q.due_at), 0) FROM message m JOIN queue q ON `+queuedAgain+` WHERE m.id = $1`, id).Scan(&due)
	if err != nil {
		return time.Time{}, unavailable(err)
	}
	return fromMicros(due), nil
}

// Ruling is what somebody decides about messages in doubt.
type Ruling struct {
	Decision sms.Decision
	By       string // who decided, for the trail
	Reason   string // likewise; may be empty
	At       time.Time
}

// Decide applies a ruling to messages in doubt, at most 500 of them in one transaction, and gives the ids of those it changed.
// Errors tell why each of the others was left alone: NoObject, or Conflict if it is not in doubt any more, is just being sent
// again, or cannot be sent again.
func (s *Store) Decide(ctx context.Context, ids []int64, r Ruling) (decided []int64, refused map[int64]error, err error) {
	var result OutcomeResult
	var carriers []int64
	refused = map[int64]error{}
	for part := range slices.Chunk(ids, maxDecided) {
		var now []int64
		var not map[int64]error
		err := s.submit(ctx, other, alone(func(t *tx) error {
			w := newSettlement(s, t)
			w.apart = true
			w.at, now, not, carriers = r.At, nil, map[int64]error{}, nil
			if err := w.decide(ctx, part, r, not); err != nil {
				return err
			}
			for id := range w.changed {
				now, carriers = append(now, id), append(carriers, w.messages[id].CarrierID)
			}
			result = w.result
			return nil
		}))
		if err != nil {
			return decided, refused, err
		}
		s.Metrics.doubts(result.Doubts)
		slices.Sort(now)
		slices.Sort(carriers)
		s.wake(slices.Compact(carriers))
		decided = append(decided, now...)
		for id, why := range not {
			refused[id] = why
		}
	}
	return decided, refused, nil
}

func (w *settlement) decide(ctx context.Context, ids []int64, r Ruling, refused map[int64]error) error {
	if err := w.load(ctx, ids); err != nil {
		return err
	}
	ends, err := w.t.validities(ctx, ids)
	if err != nil {
		return err
	}
	claims, err := claimedRuns(ctx, w.t.db, 0)
	if err != nil {
		return err
	}
	for _, id := range ids {
		m := w.messages[id]
		switch {
		case m == nil:
			refused[id] = noObject("id", id)
			continue
		case m.State == sms.InDoubt && listed(claims, id, int64(m.Attempts)):
			refused[id] = sms.Errorf(sms.Conflict, "The message %d is being sent again at this moment: its answer decides", id)
			continue
		}
		before, marked := slices.Clone(m.Refs), m.Duplicate
		captured, released, err := m.Decide(r.Decision, r.At, ends[id])
		if err != nil {
			refused[id] = err
			continue
		}
		w.move(m, captured, released)
		w.noteDoubt(sms.InDoubt, marked, m, "operator")
		w.event(id, r.At, "decided", strings.TrimSpace(fmt.Sprintf("Decided by %s: %s. %s", r.By, r.Decision, r.Reason)))
		w.changed[id] = true
		switch m.State {
		case sms.InDoubt:
			w.instead(m, r.At)
		case sms.Sent:
			w.moved(m)
			w.await(m, before)
		default:
			w.moved(m)
			w.endRefs(m)
		}
	}
	return w.finish(ctx)
}

// validities gives when the validity of each message ends.
func (t *tx) validities(ctx context.Context, ids []int64) (map[int64]time.Time, error) {
	ends := map[int64]time.Time{}
	err := t.query(ctx, `SELECT m.id, j.due_at + j.validity FROM v JOIN message m ON m.id = v.id JOIN job j ON j.id = m.job_id`, func(r *sql.Rows) error {
		var id, end int64
		err := r.Scan(&id, &end)
		ends[id] = fromMicros(end)
		return err
	}, ints("id", ids))
	return ends, err
}

// OnDoubts sets the function that learns of doubts that came and went. It must not block.
func (m *Metrics) OnDoubts(f func(Doubts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onDoubts = f
}

func (m *Metrics) doubts(d Doubts) {
	m.mu.Lock()
	f := m.onDoubts
	m.mu.Unlock()
	if f != nil && d.Entered+d.Marked+len(d.Resolved) > 0 {
		f(d)
	}
}
