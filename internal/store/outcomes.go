package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Outcome is what came back from a carrier: answers to claimed messages, receipts and incoming messages. Ended lists the
// claims of which nothing is left.
type Outcome struct {
	Answers  []sms.Answer
	Receipts []sms.Receipt
	Incoming []sms.Incoming
	Ended    []int64
	// Result is filled in before Settle returns.
	Result OutcomeResult

	// Of Expire.
	overdue    []queueRun
	overdueWhy string
	overdueAt  time.Time
	// Of WriteRefs.
	refs *refsOrder
	// Of WriteAnswers.
	notedBefore time.Time
	notedMost   int
	// Of FlushParts.
	partsBefore, partsNow time.Time
}

// OutcomeResult counts what an outcome's group did; of several outcomes in one group the first gets the counts.
type OutcomeResult struct {
	Matched, Parked, Repeated int
	// Moved holds how many messages entered each state.
	Moved map[sms.State]int
	// OptedOut counts new opt-outs.
	OptedOut int
	Doubts   Doubts

	changed []int64 // services whose rules are no longer the ones in memory
}

// Settle writes outcomes, in one transaction that concurrent calls share: answers before receipts, so that a receipt finds
// the reference that its answer brought. Nothing that the carrier sent may be acknowledged before it returns without error.
func (s *Store) Settle(ctx context.Context, o *Outcome) error {
	if err := s.submit(ctx, outcome, o); err != nil {
		return err
	}
	var retry []int64
	for _, a := range o.Answers {
		if !a.RetryAt.IsZero() {
			retry = append(retry, a.CarrierID)
		}
	}
	slices.Sort(retry)
	s.wake(slices.Compact(retry))
	s.Metrics.doubts(o.Result.Doubts)
	s.forgetServices(o.Result.changed)
	return nil
}

// settlement is the work of one group of outcomes.
type settlement struct {
	s        *Store
	t        *tx
	messages map[int64]*sms.Message
	changed  map[int64]bool
	captured map[int64]int64 // by service
	released map[int64]int64
	givenUp  map[int64]int64     // released, by job
	replied  map[int64]int64     // price of replies
	awaited  map[partID]awaited  // references that are awaited from now on
	settled  []awaited           // and those that are no longer
	over     map[partID]bool     // parts whose final receipt this group brought
	ended    map[awaited]bool    // references that this group has ended
	since    map[int64]time.Time // when the messages were handed over that this group answers
	handed   map[int64]time.Time // and those whose answers are lost
	bumped   []int64             // services whose rules changed
	requeue  struct {
		carrier, due, id, service, job, attempts []int64
	}
	events  []sms.Event
	moves   []move  // that the counters have to follow
	optOuts []int64 // messages whose receivers have opted out
	result  OutcomeResult
	at      time.Time // of the latest thing that came

	apart bool // from the groups of outcomes: what is in hand may change meanwhile, so only rows count

	held map[int64]*inHand    // those of the messages that are in hand
	was  map[int64]rowVersion // of each message when it was loaded
	out  []*inHand            // whose references go to the table
	gone []*inHand            // that are no longer in hand after the commit

	adopted     []int64 // claims that end and are not in hand
	mayBeParked []int64 // messages whose receipts may have come before

	unparked []sms.Receipt

	noted []noting  // answers that are only noted
	due   []*inHand // whose noted answers are written

	owed  []owing // deliveries to write
	mails []sms.Mail
	told  map[int64]sms.State // the last state of each message that was noted for its customer
}

// rowVersion is what a row must still be when it is changed.
type rowVersion struct {
	state                       sms.State
	attempts, accepted, arrived int
	credits                     sms.Credits
}

func newSettlement(s *Store, t *tx) *settlement {
	return &settlement{
		s: s, t: t, messages: map[int64]*sms.Message{}, changed: map[int64]bool{}, captured: map[int64]int64{},
		released: map[int64]int64{}, givenUp: map[int64]int64{}, awaited: map[partID]awaited{}, over: map[partID]bool{}, ended: map[awaited]bool{}, since: map[int64]time.Time{}, handed: map[int64]time.Time{},
		held: map[int64]*inHand{}, was: map[int64]rowVersion{}, result: OutcomeResult{Moved: map[sms.State]int{}},
	}
}

func (s *Store) outcomeGroup(ctx context.Context, t *tx, ops []*op) error {
	if len(ops) == 0 {
		return nil
	}
	w := newSettlement(s, t)
	var all Outcome
	for _, o := range ops {
		one := o.arg.(*Outcome)
		if one.overdue != nil {
			one.Answers = nil // of a group that failed
			if err := w.expire(ctx, one); err != nil {
				return err
			}
		}
		w.see(one)
		if one.notedBefore.After(all.notedBefore) {
			all.notedBefore, all.notedMost = one.notedBefore, one.notedMost
		}
		if !one.partsBefore.IsZero() {
			all.partsBefore, all.partsNow = one.partsBefore, one.partsNow
			w.at = one.partsNow
		}
		if one.refs != nil {
			w.out = append(w.out, s.hand.old(one.refs.carrier, one.refs.before)...)
		}
		all.Answers, all.Receipts = append(all.Answers, one.Answers...), append(all.Receipts, one.Receipts...)
		all.Incoming, all.Ended = append(all.Incoming, one.Incoming...), append(all.Ended, one.Ended...)
	}
	w.noteAnswers(&all, ops[0].bare)
	for _, step := range []func(context.Context, *Outcome) error{
		w.answers, w.adopt, w.unpark, w.receipts, w.incoming, w.write, w.writeNotes, w.endClaims, w.flush,
	} {
		if err := step(ctx, &all); err != nil {
			if _, ok := errors.AsType[*outdated](err); ok {
				s.hand.suspect(w.held)
			}
			return err
		}
	}
	w.result.changed = w.bumped
	t.afterwards(w.putDown)
	ops[0].arg.(*Outcome).Result = w.result
	return nil
}

// see notes the time: that of the latest thing that came.
func (w *settlement) see(o *Outcome) {
	later := func(t time.Time) {
		if t.After(w.at) {
			w.at = t
		}
	}
	for _, a := range o.Answers {
		later(a.At)
	}
	for _, r := range o.Receipts {
		later(r.At)
	}
	for _, i := range o.Incoming {
		later(i.At)
	}
}

// load takes up messages that are in hand, and reads others, which nobody else can change then.
func (w *settlement) load(ctx context.Context, ids []int64) error {
	var read []int64
	for _, id := range ids {
		if w.messages[id] != nil {
			continue
		}
		if m := w.s.hand.message(id); m != nil && !w.apart {
			w.held[id] = m
			if !m.suspect {
				w.loaded(m.Message)
				continue
			}
		}
		read = append(read, id)
	}
	slices.Sort(read)
	read = slices.Compact(read)
	return w.t.query(ctx, `SELECT `+messageColumns+` FROM v JOIN message m ON m.id = v.id`+lockOf(w.t.dialect, "m"), func(r *sql.Rows) error {
		m, err := scanMessage(r)
		w.loaded(m)
		return err
	}, ints("id", read))
}

func (w *settlement) loaded(m sms.Message) {
	m.Refs = slices.Clone(m.Refs)
	w.messages[m.ID] = &m
	w.was[m.ID] = rowVersion{m.State, m.Attempts, m.Accepted, m.Arrived, m.Credits}
}

func keepOf(d *dialect, table string) string {
	if d.keep == "" {
		return ""
	}
	return d.keep + " OF " + table
}

func lockOf(d *dialect, table string) string {
	if d.lock == "" {
		return ""
	}
	return d.lock + " OF " + table
}

func (w *settlement) moved(m *sms.Message) {
	w.changed[m.ID] = true
	w.result.Moved[m.State]++
	w.tell(m)
}

func (w *settlement) event(m int64, at time.Time, kind, text string) {
	w.events = append(w.events, sms.Event{MessageID: m, At: at, Kind: kind, Text: text})
}

// answers settles claimed messages and notes the references whose receipts are awaited from now on.
func (w *settlement) answers(ctx context.Context, o *Outcome) error {
	ids := make([]int64, len(o.Answers))
	for i, a := range o.Answers {
		ids[i] = a.MessageID
	}
	if err := w.load(ctx, ids); err != nil {
		return err
	}
	for _, a := range o.Answers {
		m := w.messages[a.MessageID]
		if m == nil {
			continue
		}
		w.since[m.ID] = a.Handed
		before, from, marked := slices.Clone(m.Refs), m.State, m.Duplicate
		captured, released, changed := m.Settle(a)
		w.noteDoubt(from, marked, m, resolvedBy(a))
		if !changed && m.Duplicate != marked {
			w.changed[m.ID] = true
			w.event(m.ID, a.At, "duplicate", "It was sent again before its receipt came. References of the second copy: "+strings.Join(a.Refs, " "))
			continue
		}
		if !changed {
			w.event(m.ID, a.At, "answer-ignored", "The answer "+string(a.State)+" came when the message was "+string(m.State)+" already.")
			continue
		}
		w.move(m, captured, released)
		w.moved(m)
		w.await(m, before)
		if m.State.Final() {
			w.endRefs(m)
		}
		w.afterAnswer(m, a)
	}
	return nil
}

// await notes the references that are new, unless nothing can change the message any more.
func (w *settlement) await(m *sms.Message, before []string) {
	if m.State.Final() {
		return
	}
	for part, ref := range m.Refs {
		if ref == "" || (part < len(before) && before[part] == ref) {
			continue
		}
		a := awaited{m.CarrierID, m.ID, int64(part), ref}
		w.awaited[a.id()] = a
	}
}

// manyAttempts is how many attempts are all told in a message's trail; of later ones every hundredth is.
const manyAttempts = 10

func (w *settlement) afterAnswer(m *sms.Message, a sms.Answer) {
	switch a.State {
	case sms.Sent:
		return
	case sms.Queued:
		w.again(m, a.RetryAt)
		if m.Attempts <= manyAttempts || m.Attempts%100 == 0 {
			w.event(m.ID, a.At, "retry", fmt.Sprintf("Attempt %d; try again at %s: %s", m.Attempts, a.RetryAt.UTC().Format(time.RFC3339), a.Error))
		}
	case sms.InDoubt:
		w.again(m, a.RetryAt)
		w.handed[m.ID] = a.Handed
		if a.Handed.IsZero() {
			w.handed[m.ID] = a.At
		}
		w.event(m.ID, a.At, string(m.State), a.Error)
	default:
		w.event(m.ID, a.At, string(m.State), a.Error)
	}
}

// again puts a message back into the queue, unless no next attempt is meant.
func (w *settlement) again(m *sms.Message, at time.Time) {
	if at.IsZero() {
		return
	}
	q := &w.requeue
	q.carrier, q.due, q.id = append(q.carrier, m.CarrierID), append(q.due, micros(at)), append(q.id, m.ID)
	q.service, q.job, q.attempts = append(q.service, m.ServiceID), append(q.job, m.JobID), append(q.attempts, int64(m.Attempts))
}

// write stores what has changed.
func (w *settlement) write(ctx context.Context, _ *Outcome) error {
	for _, step := range []func(context.Context) error{
		w.writeMessages, w.writeReceipts, w.writeRefs, w.writeQueue, w.writeEvents, w.writeOwed, w.writeMails, w.tally, w.writeBooks,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *settlement) flush(ctx context.Context, _ *Outcome) error { return w.t.flush(ctx) }

func (w *settlement) writeMessages(ctx context.Context) error {
	var c struct {
		id, accepted, arrived, credits, ptt, attempts, rev, sent, done, hadAttempts, hadAccepted, hadArrived []int64
		state, failure, refs, receipt, was                                                                   []string
		duplicate                                                                                            []bool
	}
	for _, id := range slices.Sorted(maps.Keys(w.changed)) {
		m := w.messages[id]
		c.id, c.accepted, c.arrived = append(c.id, id), append(c.accepted, int64(m.Accepted)), append(c.arrived, int64(m.Arrived))
		c.credits, c.ptt, c.attempts = append(c.credits, int64(m.Credits)), append(c.ptt, int64(m.PTT)), append(c.attempts, int64(m.Attempts))
		c.rev = append(c.rev, m.Rev)
		c.sent, c.done = append(c.sent, micros(m.SentAt)), append(c.done, micros(m.DoneAt))
		c.state, c.failure = append(c.state, string(m.State)), append(c.failure, m.Error)
		c.refs, c.receipt = append(c.refs, strings.Join(m.Refs, "\n")), append(c.receipt, m.Receipt)
		c.duplicate = append(c.duplicate, m.Duplicate)
		was := w.was[id]
		c.was, c.hadAttempts = append(c.was, string(was.state)), append(c.hadAttempts, int64(was.attempts))
		c.hadAccepted, c.hadArrived = append(c.hadAccepted, int64(was.accepted)), append(c.hadArrived, int64(was.arrived))
		w.moves = append(w.moves, move{m, w.held[id], was})
	}
	want := int64(len(c.id))
	return w.t.later(ctx, func(n int64) error {
		if n != want {
			return &outdated{n, want}
		}
		return nil
	}, `UPDATE message SET state = v.state, accepted = v.accepted, arrived = v.arrived, credits = v.credits,
		ptt = v.ptt, attempts = v.attempts, rev = v.rev, sent_at = v.sent_at, done_at = v.done_at, error = v.error, refs = v.refs,
		receipt = v.receipt, duplicate = v.duplicate FROM v
		WHERE message.id = v.id AND message.state = v.was AND message.attempts = v.had_attempts
		AND message.accepted = v.had_accepted AND message.arrived = v.had_arrived`,
		ints("id", c.id), texts("state", c.state), ints("accepted", c.accepted), ints("arrived", c.arrived),
		ints("credits", c.credits), ints("ptt", c.ptt), ints("attempts", c.attempts), ints("rev", c.rev), ints("sent_at", c.sent),
		ints("done_at", c.done), texts("error", c.failure), texts("refs", c.refs), texts("receipt", c.receipt),
		bools("duplicate", c.duplicate), texts("was", c.was), ints("had_attempts", c.hadAttempts),
		ints("had_accepted", c.hadAccepted), ints("had_arrived", c.hadArrived))
}

// writeRefs puts the references that are awaited from now on into the table, but for those that stay in hand.
func (w *settlement) writeRefs(ctx context.Context) error {
	var begun []awaited
	for _, a := range w.awaited {
		if m := w.held[a.message]; m == nil || w.fate(m) != kept {
			begun = append(begun, a)
		}
	}
	for id, m := range w.held {
		if now := w.messages[id]; m.suspect && m.awaited && !now.State.Final() && w.fate(m) == dropped {
			begun = append(begun, awaited{m.CarrierID, id, 0, m.Refs[0]})
		}
	}
	if err := w.writeOut(ctx); err != nil {
		return err
	}
	slices.SortFunc(begun, func(a, b awaited) int { return cmp.Compare(a.ref, b.ref) })
	if err := w.t.later(ctx, nil, `INSERT INTO awaiting (carrier_id, ref, message_id, part) SELECT carrier_id, ref, message_id, part FROM v
		WHERE TRUE ON CONFLICT DO NOTHING`, awaitedColumns(begun)...); err != nil {
		return err
	}
	return w.t.later(ctx, nil, `DELETE FROM awaiting WHERE (carrier_id, ref, message_id, part) IN (SELECT carrier_id, ref, message_id, part FROM v)`,
		awaitedColumns(w.settled)...)
}

// writeOut writes the references that leave the hand, but for those of messages which somebody else has settled.
func (w *settlement) writeOut(ctx context.Context) error {
	var refs []awaited
	for _, m := range w.out {
		if w.held[m.ID] == nil || w.fate(m) == kept {
			refs = append(refs, awaited{m.CarrierID, m.ID, 0, m.Refs[0]})
		}
	}
	slices.SortFunc(refs, func(a, b awaited) int { return cmp.Compare(a.ref, b.ref) })
	return w.t.later(ctx, nil, `INSERT INTO awaiting (carrier_id, ref, message_id, part) SELECT v.carrier_id, v.ref, v.message_id, v.part FROM v
		JOIN message m ON m.id = v.message_id WHERE m.state IN ('sent', 'buffered') ON CONFLICT DO NOTHING`, awaitedColumns(refs)...)
}

func (w *settlement) writeQueue(ctx context.Context) error {
	q := &w.requeue
	return w.t.later(ctx, nil, `INSERT INTO queue (carrier_id, lane, due_at, first_id, last_id, service_id, job_id, attempts, touched)
		SELECT v.carrier_id, j.lane, v.due_at, v.id, v.id, v.service_id, v.job_id, v.attempts, FALSE FROM v JOIN job j ON j.id = v.job_id`,
		ints("carrier_id", q.carrier), ints("due_at", q.due), ints("id", q.id), ints("service_id", q.service),
		ints("job_id", q.job), ints("attempts", q.attempts))
}

func (w *settlement) writeEvents(ctx context.Context) error {
	var id, message, at []int64
	var kind, text []string
	for _, e := range w.events {
		n, err := w.t.id(ctx)
		if err != nil {
			return err
		}
		id, message, at = append(id, n), append(message, e.MessageID), append(at, micros(e.At))
		kind, text = append(kind, e.Kind), append(text, e.Text)
	}
	return w.t.later(ctx, nil, `INSERT INTO event (id, message_id, at, kind, text) SELECT id, message_id, at, kind, text FROM v`,
		ints("id", id), ints("message_id", message), ints("at", at), texts("kind", kind), texts("text", text))
}
