package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"ramier/internal/sms"
)

// fate is what becomes of a message in hand by a group of outcomes.
type fate int

const (
	waits   fate = iota // its answer has not come
	kept                // it was sent, and its receipt is awaited
	dropped             // the rows of the database say all that is left to know
)

// fate judges a message that the group has loaded.
func (w *settlement) fate(held *inHand) fate {
	m := w.messages[held.ID]
	switch {
	case m.Attempts != held.Attempts: // back in the queue, or in doubt
		return dropped
	case m.State.Waiting() || m.State == sms.InDoubt:
		return waits
	case held.suspect: // its reference may be in the table
		return dropped
	case (m.State == sms.Sent || m.State == sms.Buffered) && len(m.Refs) == 1:
		return kept
	}
	return dropped
}

// endClaims removes the claims of which nothing is left in hand, and those that were adopted.
func (w *settlement) endClaims(ctx context.Context, _ *Outcome) error {
	w.gone = w.leaving()
	gone := map[*claimInHand]int{}
	for _, m := range w.gone {
		gone[m.claim]++
	}
	ended, noted := slices.Clone(w.adopted), slices.Clone(w.adopted)
	for c, n := range gone {
		if n == c.left {
			ended = append(ended, c.id)
			if c.noted {
				noted = append(noted, c.id)
			}
		}
	}
	slices.Sort(ended)
	slices.Sort(noted)
	if err := w.t.later(ctx, nil, `DELETE FROM claim WHERE id IN (SELECT id FROM v)`, ints("id", ended)); err != nil {
		return err
	}
	return w.t.later(ctx, nil, `DELETE FROM noted WHERE claim_id IN (SELECT id FROM v)`, ints("id", noted))
}

// leaving lists the messages that are no longer in hand after this group.
func (w *settlement) leaving() []*inHand {
	var all []*inHand
	for _, m := range w.held {
		if w.fate(m) == dropped {
			all = append(all, m)
		}
	}
	for _, m := range w.out {
		if w.held[m.ID] == nil || w.fate(m) == kept {
			all = append(all, m)
		}
	}
	return all
}

// adopt takes up claims that are not in hand: the node that had them is gone. The references of their sent messages are awaited
// from now on, and receipts that came meanwhile find them.
func (w *settlement) adopt(ctx context.Context, o *Outcome) error {
	for _, id := range o.Ended {
		if !w.s.hand.hasClaim(id) {
			w.adopted = append(w.adopted, id)
		}
	}
	var carrier, first, last, attempts []int64
	err := w.t.query(ctx, `SELECT c.carrier_id, c.runs FROM v JOIN claim c ON c.id = v.id`, func(rows *sql.Rows) error {
		var id int64
		var text string
		var runs []run
		err := rows.Scan(&id, &text)
		if err == nil {
			err = json.Unmarshal([]byte(text), &runs)
		}
		for _, r := range runs {
			carrier, first, last, attempts = append(carrier, id), append(first, r.First), append(last, r.Last), append(attempts, r.Attempts)
		}
		return err
	}, ints("id", w.adopted))
	if err != nil {
		return err
	}
	var sent []int64
	err = w.t.query(ctx, `SELECT m.id FROM v `+w.t.dialect.inRuns+`m.carrier_id = v.carrier_id
		AND m.attempts = v.attempts WHERE m.state IN ('sent', 'buffered') AND m.refs <> '' AND m.refs NOT LIKE '%`+"\n"+`%'`, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		sent = append(sent, id)
		return err
	}, ints("carrier_id", carrier), ints("first_id", first), ints("last_id", last), ints("attempts", attempts))
	if err == nil {
		err = w.load(ctx, sent)
	}
	for _, id := range sent {
		if m := w.messages[id]; m != nil && (m.State == sms.Sent || m.State == sms.Buffered) && len(m.Refs) == 1 {
			a := awaited{m.CarrierID, m.ID, 0, m.Refs[0]}
			w.awaited[a.id()] = a
			w.mayBeParked = append(w.mayBeParked, id)
		}
	}
	return err
}

// putDown brings the hand up to date after the commit.
func (w *settlement) putDown(committed bool) {
	if !committed {
		return
	}
	w.s.parked.remove(w.unparked)
	h := w.s.hand
	h.written(w.due)
	now := time.Now()
	for _, n := range w.noted {
		h.keepAnswer(n, now)
	}
	for id, m := range w.held {
		switch fate := w.fate(m); {
		case fate == kept:
			h.keep(m, *w.messages[id])
		case fate == waits && w.changed[id]: // a receipt has come before the answer
			h.change(m, *w.messages[id])
		}
	}
	for _, m := range w.gone {
		h.drop(m)
	}
}

// refsOrder tells which references go from memory to the table.
type refsOrder struct {
	carrier int64 // 0 = of all carriers
	before  time.Time
}

// WriteRefs puts references that are awaited and known only to this process into the database, and so ends their claims: those of a
// carrier, or of all for 0, that have been here for longer than age. When there are too many it takes the oldest half at least.
func (s *Store) WriteRefs(ctx context.Context, carrier int64, age time.Duration) error {
	if s.hand.tooMany() || age == 0 {
		if _, err := s.WriteAnswers(ctx, 0); err != nil {
			return err
		}
	}
	o := &Outcome{refs: &refsOrder{carrier: carrier, before: time.Now().Add(-age)}}
	if age > 0 && len(s.hand.old(carrier, o.refs.before)) == 0 { // else it waits its turn: what is just being written is meant, too
		return nil
	}
	return s.submit(ctx, outcome, o)
}
