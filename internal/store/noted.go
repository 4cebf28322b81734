package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"math"
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

// maxWritten is how many noted answers a group writes beside its own work.
const maxWritten = 1_000

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

// noteAnswers tells which answers are written now: those that noted ones have to be for, and of the group's own those that cannot be noted or
// whose receipts are here already. The others are noted.
func (w *settlement) noteAnswers(all *Outcome) {
	h := w.s.hand
	due := h.dueAnswers(time.Now().Add(-longNoted), maxWritten)
	if !all.notedBefore.IsZero() {
		due = h.dueAnswers(all.notedBefore, math.MaxInt)
	}
	for _, r := range all.Receipts {
		for _, form := range r.Refs {
			due = append(due, h.notedAs(reference{r.CarrierID, form})...)
		}
	}
	if len(all.Incoming) > 0 {
		senders := map[string]bool{}
		for _, i := range all.Incoming {
			senders[i.Sender] = true
		}
		due = append(due, h.notedTo(senders)...)
	}
	came := map[reference]bool{}
	for _, r := range all.Receipts {
		for _, form := range r.Refs {
			came[reference{r.CarrierID, form}] = true
		}
	}
	var now []sms.Answer
	few := len(all.Answers) < manyAnswers || len(all.Incoming) > 0
	for _, a := range all.Answers {
		m := h.message(a.MessageID)
		if m != nil && m.answer != nil {
			due = append(due, m)
		}
		ref := reference{a.CarrierID, ""}
		if len(a.Refs) > 0 {
			ref.ref = a.Refs[0]
		}
		if few || !m.canNote(a) || came[ref] || w.s.parked.may(ref) {
			now = append(now, a)
			continue
		}
		w.noted = append(w.noted, noting{m, a})
	}
	slices.SortFunc(due, func(a, b *inHand) int { return cmp.Compare(a.ID, b.ID) })
	w.due = slices.Compact(due)
	all.Answers = append(h.answersOf(w.due), now...)
}

// writeNotes writes what is only noted of this group's answers, a row for each claim. If somebody else has ended a claim meanwhile
// nothing of the group is written: its messages are read anew.
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
	}, `INSERT INTO noted (claim_id, id, answers) SELECT v.claim_id, v.id, v.answers FROM v JOIN claim c ON c.id = v.claim_id`,
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

// WriteAnswers writes answers into their messages that have only been noted for longer than age.
func (s *Store) WriteAnswers(ctx context.Context, age time.Duration) (*Outcome, error) {
	o := &Outcome{notedBefore: time.Now().Add(-age)}
	if !s.hand.hasNoted(o.notedBefore) {
		return o, nil
	}
	return o, s.Settle(ctx, o)
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
