package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"ramier/internal/sms"
)

// Under load most receipts come soon after the answers. So an answer to a message in hand is only noted at first, in one short row for
// all answers of a claim in a group, and written into the message with the receipt. It is as durable there: whoever takes over the
// claim reads what was noted. Until it is written the message is shown as being sent.

// manyAnswers is from how many answers on a group only notes them: fewer are written at once.
const manyAnswers = 8

// longNoted is how long an answer is only noted, if no receipt comes.
const longNoted = time.Second

const (
	// maxWritten is how many noted answers a group writes at least beside its own work.
	maxWritten = 1_000
	// maxNoted is how many answers may be only noted.
	maxNoted = 20_000
	// writtenAtOnce is how many noted answers are written at once when there is no other work.
	writtenAtOnce = 2_000
)

// note is an answer in the table noted: the message was sent in one part.
type note struct {
	Message int64  `json:"m"`
	Ref     string `json:"r"`
	Attempt int    `json:"n,omitempty"`
	Rev     int64  `json:"v"`
	At      int64  `json:"t"`
}

func noteOf(a sms.Answer) note {
	return note{a.MessageID, a.Refs[0], a.Attempt, a.Rev, micros(a.At)}
}

func (n note) answer(carrier int64) sms.Answer {
	return sms.Answer{
		MessageID: n.Message, CarrierID: carrier, State: sms.Sent, Refs: []string{n.Ref}, PTT: sms.PTTAccepted, Attempt: n.Attempt, Rev: n.Rev,
		At: fromMicros(n.At),
	}
}

// canNote tells whether an answer says no more than a note holds, about a message that is in hand as its row is.
func (m *inHand) canNote(a sms.Answer) bool {
	return m != nil && !m.suspect && m.answer == nil && m.State.Waiting() && m.Attempts == a.Attempt && len(m.Refs) == 0 && !m.Duplicate &&
		a.State == sms.Sent && a.PTT == sms.PTTAccepted && a.Error == "" && a.RetryAt.IsZero() && len(a.Refs) == 1 && a.Refs[0] != "" && m.PDUs() == 1
}

// noting is an answer that a group notes.
type noting struct {
	m      *inHand
	answer sms.Answer
}

// noteAnswers tells which answers are written now: noted ones that others of the group need or that have waited for long, unless the group is to
// do its own work only, and of its own those that cannot be noted or are needed at once. The others are noted.
func (w *settlement) noteAnswers(all *Outcome, own bool) {
	h := w.s.hand
	var due []*inHand
	switch {
	case !all.notedBefore.IsZero():
		due = h.dueAnswers(all.notedBefore, all.notedMost)
	case !own:
		due = h.dueAnswers(time.Now().Add(-longNoted), max(maxWritten, 2*len(all.Answers)))
	}
	came, people := w.needed(all)
	for ref := range came {
		due = append(due, h.notedAs(ref)...)
	}
	if len(people) > 0 {
		due = append(due, h.notedTo(people)...)
	}
	var now []sms.Answer
	direct := len(all.Answers) < manyAnswers || len(all.Incoming) > 0 || h.countNoted() > maxNoted
	for _, a := range all.Answers {
		m := h.message(a.MessageID)
		if m != nil && m.answer != nil {
			due = append(due, m)
		}
		ref := refOf(a)
		if direct || !m.canNote(a) || came[ref] || people[m.Receiver] || w.s.parked.may(ref) {
			now = append(now, a)
			continue
		}
		w.noted = append(w.noted, noting{m, a})
	}
	slices.SortFunc(due, func(a, b *inHand) int { return cmp.Compare(a.ID, b.ID) })
	w.due = slices.Compact(due)
	all.Answers = append(h.answersOf(w.due), now...)
	w.see(all)
}

// needed gives the references that receipts of the group name, and the handsets whose messages must be known as they are: of replies, and of
// receipts whose reference nobody here knows, which may settle a doubt.
func (w *settlement) needed(all *Outcome) (came map[reference]bool, people map[string]bool) {
	came, people = map[reference]bool{}, map[string]bool{}
	own := make(map[reference]int64, len(all.Answers)) // the messages that the group's answers name
	for _, a := range all.Answers {
		own[refOf(a)] = a.MessageID
	}
	for _, r := range all.Receipts {
		known := false
		for n, form := range r.Refs {
			ref := reference{r.CarrierID, form}
			came[ref] = true
			id, answered := own[ref]
			if n == 0 && (answered && w.s.hand.isTo(id, r.Receiver) || w.s.hand.means(ref, r.Receiver)) {
				known = true
				break // no other message can be meant
			}
			known = known || answered || w.s.hand.knows(ref)
		}
		if !known {
			people[r.Receiver] = true
		}
	}
	for _, i := range all.Incoming {
		people[i.Sender] = true
	}
	return came, people
}

// refOf gives the first reference of an answer, an empty one if it has none.
func refOf(a sms.Answer) reference {
	if len(a.Refs) == 0 {
		return reference{a.CarrierID, ""}
	}
	return reference{a.CarrierID, a.Refs[0]}
}

// writeNotes writes what is only noted of this group's answers, a row for each claim. If somebody else has ended a claim meanwhile, or has the
// lease now and may have read the claims already, nothing of the group is written: its messages are read anew.
func (w *settlement) writeNotes(ctx context.Context, _ *Outcome) error {
	if len(w.noted) == 0 {
		return nil
	}
	byClaim := map[int64][]note{}
	for _, n := range w.noted {
		byClaim[n.m.claim.id] = append(byClaim[n.m.claim.id], noteOf(n.answer))
	}
	claims := slices.Sorted(maps.Keys(byClaim))
	ids, texted := make([]int64, len(claims)), make([]string, len(claims))
	for i := range claims {
		text, err := json.Marshal(byClaim[claims[i]])
		if err == nil {
			ids[i], err = w.t.id(ctx)
		}
		if err != nil {
			return err
		}
		texted[i] = string(text)
	}
	want := int64(len(claims))
	return w.t.later(ctx, func(n int64) error {
		if n == want {
			return nil
		}
		for _, one := range w.noted {
			w.held[one.m.ID] = one.m
		}
		return &outdated{n, want}
	}, `INSERT INTO noted (claim_id, id, answers) SELECT v.claim_id, v.id, v.answers FROM v JOIN claim c ON c.id = v.claim_id
		JOIN lease l ON l.name = 'carrier/' || CAST(c.carrier_id AS TEXT) AND l.holder = c.node`+keepOf(w.t.dialect, "l"),
		ints("claim_id", claims), ints("id", ids), texts("answers", texted))
}

// notesOf reads what was noted of a claim.
func (t *tx) notesOf(ctx context.Context, claim, carrier int64) (map[int64]sms.Answer, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT answers FROM noted WHERE claim_id = $1 ORDER BY id", claim)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	answers := map[int64]sms.Answer{}
	for rows.Next() {
		var text sql.RawBytes
		var notes []note
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &notes); err != nil {
			return nil, err
		}
		for _, n := range notes {
			answers[n.Message] = n.answer(carrier)
		}
	}
	return answers, rows.Err()
}

// WriteAnswers writes answers into their messages that have only been noted for longer than age, and counts what became of these. What the
// database refuses stays noted, so that it holds up nothing else, until the claim is taken over; if it takes nothing at all, what is left is for
// the next time.
func (s *Store) WriteAnswers(ctx context.Context, age time.Duration) (done OutcomeResult, err error) {
	before := time.Now().Add(-age)
	done.Moved = map[sms.State]int{}
	for most := writtenAtOnce; s.hand.hasNoted(before); {
		o := &Outcome{notedBefore: before, notedMost: most}
		switch failed := s.Settle(ctx, o); {
		case failed != nil && (ctx.Err() != nil || s.Stalled() != nil || takesNothing(failed)):
			return done, failed
		case failed != nil && most > 1:
			most /= 2
		case failed != nil:
			s.hand.putAside(before)
			most, err = writtenAtOnce, failed
		default:
			for state, n := range o.Result.Moved {
				done.Moved[state] += n
			}
		}
	}
	return done, err
}

// keepAnswer notes the answer to a message, in memory.
func (h *hand) keepAnswer(n noting, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.messages[n.m.ID] != n.m {
		return // the claim was given up
	}
	n.m.answer, n.m.claim.noted = &n.answer, true
	h.register(n.m, n.answer.Refs[0])
	h.noted = append(h.noted, notedAt{n.m, at})
}

// notedAt is a message with the time from when on its answer is only noted.
type notedAt struct {
	m  *inHand
	at time.Time
}

// written notes that answers are no longer only noted.
func (h *hand) written(all []*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range all {
		m.answer = nil
	}
}

// dueAnswers gives up to most messages whose answers were noted before a time, the oldest first.
func (h *hand) dueAnswers(before time.Time, most int) (due []*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.noted) > 0 && !h.waits(h.noted[0].m) {
		h.noted = h.noted[1:]
	}
	for _, n := range h.noted {
		if len(due) == most || n.at.After(before) {
			break
		}
		if h.waits(n.m) {
			due = append(due, n.m)
		}
	}
	return due
}

// waits tells whether a noted answer is still to be written. It must be called with mu.
func (h *hand) waits(m *inHand) bool { return m.answer != nil && h.messages[m.ID] == m }

// putAside leaves the oldest noted answer as it is.
func (h *hand) putAside(before time.Time) {
	oldest := h.dueAnswers(before, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noted = slices.DeleteFunc(h.noted, func(n notedAt) bool { return slices.Contains(oldest, n.m) })
}

// countNoted gives how many answers are noted at most.
func (h *hand) countNoted() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.noted)
}

// isTo tells whether a message in hand is for a receiver.
func (h *hand) isTo(id int64, receiver string) bool {
	m := h.message(id)
	return m != nil && m.Receiver == receiver
}

// means tells whether a reference names a message in hand that is for a receiver.
func (h *hand) means(ref reference, receiver string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := h.refs[ref]; m != nil; m = m.other {
		if m.Receiver == receiver {
			return true
		}
	}
	return false
}

// knows tells whether a message in hand is found by a reference.
func (h *hand) knows(ref reference) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refs[ref] != nil
}

func (h *hand) hasNoted(before time.Time) bool { return len(h.dueAnswers(before, 1)) > 0 }

// notedAs gives the messages that were sent under a reference as their noted answers say.
func (h *hand) notedAs(ref reference) (all []*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := h.refs[ref]; m != nil; m = m.other {
		if m.answer != nil {
			all = append(all, m)
		}
	}
	return all
}

// notedTo gives the messages to receivers that were sent as their noted answers say.
func (h *hand) notedTo(receivers map[string]bool) (all []*inHand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.noted {
		if n.m.answer != nil && receivers[n.m.Receiver] {
			all = append(all, n.m)
		}
	}
	return all
}

// answersOf gives the noted answers of messages.
func (h *hand) answersOf(all []*inHand) []sms.Answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	answers := make([]sms.Answer, 0, len(all))
	for _, m := range all {
		if h.waits(m) {
			answers = append(answers, *m.answer)
		}
	}
	return answers
}
