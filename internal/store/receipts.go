package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"ramier/internal/sms"
)

// awaited is a part whose receipt is awaited.
type awaited struct {
	carrier, message, part int64
	ref                    string
}

type partID struct{ message, part int64 }

func (a awaited) id() partID { return partID{a.message, a.part} }

func awaitedColumns(all []awaited) []column {
	n := len(all)
	carrier, message, part, ref := make([]int64, n), make([]int64, n), make([]int64, n), make([]string, n)
	for i, a := range all {
		carrier[i], message[i], part[i], ref[i] = a.carrier, a.message, a.part, a.ref
	}
	return []column{ints("carrier_id", carrier), texts("ref", ref), ints("message_id", message), ints("part", part)}
}

// receipts applies receipts to the messages they belong to, and parks those whose reference is not known.
func (w *settlement) receipts(ctx context.Context, o *Outcome) error {
	found, err := w.match(ctx, o.Receipts)
	if err != nil {
		return err
	}
	var ids []int64
	for _, candidates := range found {
		for _, a := range candidates {
			ids = append(ids, a.message)
		}
	}
	if err := w.load(ctx, ids); err != nil {
		return err
	}
	var unmatched []sms.Receipt
	for i, r := range o.Receipts {
		a, ok := w.choose(r, found[i])
		if ok && r.Receiver != "" && w.messages[a.message].Receiver != r.Receiver {
			theirs, err := w.toNamed(ctx, r)
			if err != nil {
				return err
			}
			ok = !theirs
		}
		if !ok || w.messages[a.message].State.Waiting() {
			// Its message waits for another attempt with its other parts, or its answer is still on the way.
			if !r.Asked {
				unmatched = append(unmatched, r)
			}
			continue
		}
		w.result.Matched++
		w.apply(r, a)
	}
	if unmatched, err = w.repeated(ctx, unmatched); err != nil {
		return err
	}
	return w.park(ctx, unmatched)
}

// toNamed tells whether the carrier was given a message to the handset that a receipt names, or is being given one: then the
// receipt is about that one, though its reference is known as another's.
func (w *settlement) toNamed(ctx context.Context, r sms.Receipt) (bool, error) {
	ids, err := w.t.recentTo(ctx, r.Receiver)
	if err != nil {
		return false, err
	}
	if err := w.load(ctx, ids); err != nil {
		return false, err
	}
	for _, id := range ids {
		m := w.messages[id]
		if m.CarrierID != r.CarrierID {
			continue
		}
		if m.Attempts > 0 || wasSent(m.State) {
			return true, nil
		}
		if claimed, err := isClaimed(ctx, w.t.db, *m); claimed || err != nil {
			return claimed, err
		}
	}
	return false, nil
}

func (w *settlement) apply(r sms.Receipt, a awaited) {
	m := w.messages[a.message]
	doubted := m.State == sms.InDoubt
	if w.over[a.id()] || !m.Apply(r) {
		w.event(m.ID, r.At, "late-receipt", r.Raw)
		return
	}
	if doubted && m.State != sms.InDoubt {
		w.captured[m.ServiceID] += int64(m.Credits)
		w.resolvedByReceipt(m, r)
	}
	if r.State != sms.Buffered {
		w.done(a)
	}
	if m.State.Final() {
		w.endRefs(m)
	}
	if len(m.Refs) > 1 && r.State != sms.Buffered {
		w.event(m.ID, r.At, "part-receipt", r.Raw)
	}
	w.moved(m)
}

// done ends the wait for a reference. One that was noted in this very group is never written.
func (w *settlement) done(a awaited) {
	if w.ended[a] {
		return
	}
	w.over[a.id()], w.ended[a] = true, true
	if _, fresh := w.awaited[a.id()]; fresh {
		delete(w.awaited, a.id())
		return
	}
	if m := w.held[a.message]; m != nil && m.awaited && !m.suspect {
		return
	}
	w.settled = append(w.settled, a)
}

// match finds for each receipt the awaited parts that one of the forms of its reference names, the likeliest form first. The
// table is asked only for receipts that do not name the handset of a part in this node's hand.
func (w *settlement) match(ctx context.Context, receipts []sms.Receipt) ([][]awaited, error) {
	found := make([][]awaited, len(receipts))
	known := map[reference][]awaited{}
	for _, a := range w.awaited {
		k := reference{a.carrier, a.ref}
		known[k] = append(known[k], a)
	}
	var carrier []int64
	var ref []string
	for i, r := range receipts {
		sure := false
		for n, form := range r.Refs {
			k := reference{r.CarrierID, form}
			found[i] = append(append(found[i], known[k]...), w.s.hand.named(k)...)
			if sure = n == 0 && w.sure(r, found[i]); sure {
				break
			}
		}
		for n := 0; n < len(r.Refs) && !sure; n++ {
			carrier, ref = append(carrier, r.CarrierID), append(ref, r.Refs[n])
		}
	}
	stored := map[reference][]awaited{}
	err := w.t.query(ctx, `SELECT DISTINCT a.carrier_id, a.ref, a.message_id, a.part FROM v
		JOIN awaiting a ON a.carrier_id = v.carrier_id AND a.ref = v.ref`, func(rows *sql.Rows) error {
		var a awaited
		err := rows.Scan(&a.carrier, &a.ref, &a.message, &a.part)
		k := reference{a.carrier, a.ref}
		if !slices.Contains(stored[k], a) && !slices.Contains(known[k], a) {
			stored[k] = append(stored[k], a)
		}
		return err
	}, ints("carrier_id", carrier), texts("ref", ref))
	if len(stored) > 0 {
		for i, r := range receipts {
			for _, form := range r.Refs {
				found[i] = append(found[i], stored[reference{r.CarrierID, form}]...)
			}
		}
	}
	return found, err
}

// sure tells that no other part than one of the candidates can be meant: the likeliest form of the reference names it, and
// the receipt its handset.
func (w *settlement) sure(r sms.Receipt, candidates []awaited) bool {
	for _, a := range candidates {
		m := w.messages[a.message]
		if m == nil {
			if held := w.s.hand.message(a.message); held != nil {
				m = &held.Message
			}
		}
		if m != nil && a.ref == r.Refs[0] && m.Receiver == r.Receiver {
			return true
		}
	}
	return false
}

// choose picks among parts that carry the same reference, since carriers use references again: one whose receiver the
// receipt names before others, then the newest, and of one message a part without a receipt. A message to another receiver
// than the receipt names must have the very reference, and have been handed over when the receipt came.
func (w *settlement) choose(r sms.Receipt, candidates []awaited) (best awaited, ok bool) {
	bestSame := false
	for _, a := range candidates {
		m := w.messages[a.message]
		if m == nil {
			continue
		}
		same := m.Receiver == r.Receiver
		if !same && r.Receiver != "" && (a.ref != r.Refs[0] || r.At.Before(w.since[a.message])) {
			continue
		}
		newer := m.ID > best.message || (m.ID == best.message && w.over[best.id()])
		if !ok || (same && !bestSame) || (same == bestSame && newer) {
			best, bestSame, ok = a, same, true
		}
	}
	return best, ok
}

// repeated leaves out receipts that repeat what is known: their message has had its final one. They are kept in its trail. Left out
// are also those that settle a doubt, and those that follow them about the same part.
func (w *settlement) repeated(ctx context.Context, receipts []sms.Receipt) ([]sms.Receipt, error) {
	var left []sms.Receipt
	doubted := map[int64]bool{}
	for _, r := range receipts {
		if a, ok := w.justNamed(r); ok {
			w.result.Matched++
			w.apply(r, a)
			continue
		}
		if r.Receiver == "" {
			left = append(left, r)
			continue
		}
		ids, err := w.t.recentTo(ctx, r.Receiver)
		if err != nil {
			return nil, err
		}
		if err := w.load(ctx, ids); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(ids, func(id int64) bool { return w.knows(w.messages[id], r) }); i >= 0 {
			w.result.Repeated++
			w.event(ids[i], r.At, "late-receipt", r.Raw)
			continue
		}
		m, err := w.about(ctx, r, ids)
		switch {
		case err != nil:
			return nil, err
		case m != nil && m.Lost() <= 1:
			w.resolve(m, []sms.Receipt{r})
			continue
		case m != nil:
			doubted[m.ID] = true
		}
		left = append(left, r)
	}
	for _, id := range slices.Sorted(maps.Keys(doubted)) {
		var err error
		if left, err = w.resolveParts(ctx, w.messages[id], left); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// justNamed finds the part whose reference an earlier receipt of this group has brought.
func (w *settlement) justNamed(r sms.Receipt) (awaited, bool) {
	if len(r.Refs) == 0 || len(w.awaited) == 0 {
		return awaited{}, false
	}
	var found []awaited
	for _, a := range w.awaited {
		if m := w.messages[a.message]; m != nil && a.carrier == r.CarrierID && m.Receiver == r.Receiver && !m.State.Waiting() && slices.Contains(r.Refs, a.ref) {
			found = append(found, a)
		}
	}
	return w.choose(r, found)
}

// knows tells that a receipt is about a part of m.
func (w *settlement) knows(m *sms.Message, r sms.Receipt) bool {
	return m.CarrierID == r.CarrierID && !m.State.Waiting() &&
		slices.ContainsFunc(r.Refs, func(ref string) bool { return slices.Contains(m.Refs, ref) })
}

// about gives the message that a receipt with a reference which nobody knows is about: the one to the same receiver whose answer was
// lost, if there is just one, and it was handed over before the receipt came; else nil. While another message to the receiver is
// being handed over, the receipt may be that one's. Of several parts of which some were sent twice, it may be about either copy.
func (w *settlement) about(ctx context.Context, r sms.Receipt, ids []int64) (*sms.Message, error) {
	var doubted *sms.Message
	for _, id := range ids {
		if m := w.messages[id]; m.Unnamed() >= 0 && m.CarrierID == r.CarrierID {
			if doubted != nil {
				return nil, nil
			}
			doubted = m
		}
	}
	if doubted == nil || len(r.Refs) == 0 || r.At.Before(w.handed[doubted.ID]) || (doubted.Lost() > 0 && doubted.PDUs() > 1 && doubted.Duplicate) {
		return nil, nil
	}
	for _, id := range ids {
		if m := w.messages[id]; m.State.Waiting() && m.CarrierID == r.CarrierID {
			if claimed, err := isClaimed(ctx, w.t.db, *m); claimed || err != nil {
				return nil, err
			}
		}
	}
	return doubted, nil
}

// resolve gives the parts of a message that have no reference those of receipts, in their order, and applies the receipts. There
// are as many references as such parts: a receipt does not say which part it is about, and one that was sent cannot be told from
// one that was not.
func (w *settlement) resolve(m *sms.Message, receipts []sms.Receipt) {
	places := map[string]awaited{}
	for _, ref := range distinct(receipts) {
		refs, part := make([]string, m.PDUs()), m.Unnamed()
		before := slices.Clone(m.Refs)
		refs[part] = ref
		w.forgetStandIn(m, part)
		m.KeepRefs(refs)
		w.await(m, before)
		places[ref] = awaited{m.CarrierID, m.ID, int64(part), ref}
	}
	for _, r := range receipts {
		i := slices.IndexFunc(r.Refs, func(ref string) bool { return places[ref].ref != "" })
		w.result.Matched++
		w.apply(r, places[r.Refs[i]])
	}
	w.changed[m.ID] = true
}

// distinct gives the references that receipts name, each in the form in which it came first.
func distinct(receipts []sms.Receipt) (refs []string) {
	for _, r := range receipts {
		if !slices.ContainsFunc(r.Refs, func(ref string) bool { return slices.Contains(refs, ref) }) {
			refs = append(refs, r.Refs[0])
		}
	}
	return refs
}

// resolveParts ends the doubt about a message of which several parts have no reference, once receipts have named as many: those that
// are parked, and those that are to be; not while a second copy is on its way, which they may be about. It gives the receipts that
// are left.
func (w *settlement) resolveParts(ctx context.Context, m *sms.Message, came []sms.Receipt) ([]sms.Receipt, error) {
	if claimed, err := isClaimed(ctx, w.t.db, *m); claimed || err != nil {
		return came, err
	}
	since := m.SentAt
	if at, ok := w.handed[m.ID]; ok {
		since = at
	}
	parked, err := w.parkedSince(ctx, []int64{m.CarrierID}, []string{m.Receiver}, []int64{micros(since)})
	if err != nil {
		return nil, err
	}
	var theirs, others []sms.Receipt
	ids := slices.Sorted(maps.Keys(parked))
	for _, id := range ids {
		theirs = append(theirs, parked[id])
	}
	before := len(theirs)
	for _, r := range came {
		if r.CarrierID == m.CarrierID && r.Receiver == m.Receiver && len(r.Refs) > 0 && !r.At.Before(since) {
			theirs = append(theirs, r)
		} else {
			others = append(others, r)
		}
	}
	nameless := slices.ContainsFunc(theirs, func(r sms.Receipt) bool { return len(r.Refs) == 0 })
	if nameless || len(distinct(theirs)) != m.Lost() {
		return came, nil
	}
	w.unparked = append(w.unparked, theirs[:before]...)
	if err := w.t.forgetParked(ctx, parked); err != nil {
		return nil, err
	}
	w.resolve(m, theirs)
	return others, nil
}

// recentTo gives the ids of the latest messages to a receiver, newest first. It looks at the last two buckets of the index,
// which hold at least the last 262,144 messages.
func (t *tx) recentTo(ctx context.Context, receiver string) ([]int64, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT m.id FROM message m WHERE m.id / 262144 IN
		((SELECT MAX(id) FROM message) / 262144, (SELECT MAX(id) FROM message) / 262144 - 1)
		AND m.receiver = $1 ORDER BY m.id DESC LIMIT 50`, receiver)
	if err != nil {
		return nil, err
	}
	return scanIDs(rows)
}

// olderTo gives the id of the latest message that was sent to a receiver before those that recentTo sees, 0 if there is none.
// It asks one bucket after the other: an answer to a campaign may come when many others have been sent since.
func (t *tx) olderTo(ctx context.Context, receiver string) (int64, error) {
	var id int64
	err := t.db.QueryRowContext(ctx, `WITH RECURSIVE b (n) AS (SELECT MAX(id) / 262144 - 2 FROM message UNION ALL SELECT n - 1 FROM b WHERE n > 0)
		SELECT m.id FROM b CROSS JOIN message m WHERE m.id / 262144 = b.n AND m.id BETWEEN b.n * 262144 AND b.n * 262144 + 262143
		AND m.receiver = $1 AND m.state NOT IN `+unsent+`
		ORDER BY m.id DESC LIMIT 1`, receiver).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

func scanIDs(rows *sql.Rows) ([]int64, error) {
	defer rows.Close()
	ids := []int64{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// park keeps receipts that match nothing, until the answer with their reference comes. Those that never match stay visible.
func (w *settlement) park(ctx context.Context, receipts []sms.Receipt) error {
	var p struct {
		id, carrier, ptt, done, at         []int64
		ref, receiver, state, failure, raw []string
	}
	var f struct {
		carrier, parked []int64
		ref             []string
	}
	for _, r := range receipts {
		w.s.parked.add(r)
		id, err := w.t.id(ctx)
		if err != nil {
			return err
		}
		p.id, p.carrier, p.ptt = append(p.id, id), append(p.carrier, r.CarrierID), append(p.ptt, int64(r.PTT))
		p.done, p.at = append(p.done, micros(r.DoneAt)), append(p.at, micros(r.At))
		p.ref, p.receiver = append(p.ref, strings.Join(r.Refs, "\n")), append(p.receiver, r.Receiver)
		p.state, p.failure, p.raw = append(p.state, string(r.State)), append(p.failure, r.Error), append(p.raw, r.Raw)
		for _, form := range forms(r) {
			f.carrier, f.ref, f.parked = append(f.carrier, r.CarrierID), append(f.ref, form), append(f.parked, id)
		}
	}
	w.result.Parked += len(receipts)
	if _, err := w.t.exec(ctx, `INSERT INTO parked (id, carrier_id, ref, receiver, state, ptt, error, raw, done_at, received_at)
		SELECT id, carrier_id, ref, receiver, state, ptt, error, raw, done_at, received_at FROM v`,
		ints("id", p.id), ints("carrier_id", p.carrier), texts("ref", p.ref), texts("receiver", p.receiver), texts("state", p.state),
		ints("ptt", p.ptt), texts("error", p.failure), texts("raw", p.raw), ints("done_at", p.done), ints("received_at", p.at)); err != nil {
		return err
	}
	_, err := w.t.exec(ctx, `INSERT INTO parked_form (carrier_id, ref, parked_id) SELECT carrier_id, ref, parked_id FROM v`,
		ints("carrier_id", f.carrier), texts("ref", f.ref), ints("parked_id", f.parked))
	return err
}

// unpark adds the receipts to the outcome that came before the references which this group brings, or before the doubt
// that they can settle.
func (w *settlement) unpark(ctx context.Context, o *Outcome) error {
	var carrier, doubtCarrier, doubtSince []int64
	var ref, doubtReceiver []string
	for _, id := range slices.AppendSeq(w.mayBeParked, maps.Keys(w.changed)) {
		m := w.messages[id]
		if since, ok := w.handed[id]; ok {
			doubtCarrier, doubtReceiver = append(doubtCarrier, m.CarrierID), append(doubtReceiver, m.Receiver)
			doubtSince = append(doubtSince, micros(since))
		}
		if !m.State.Waiting() {
			// Those of parts that earlier attempts brought, too: their receipts have waited for the message to be sent.
			for _, r := range m.Refs {
				if w.s.parked.may(reference{m.CarrierID, r}) {
					carrier, ref = append(carrier, m.CarrierID), append(ref, r)
				}
			}
		}
	}
	parked, err := w.parkedSince(ctx, doubtCarrier, doubtReceiver, doubtSince)
	if err == nil {
		err = w.t.query(ctx, parkedColumns+`JOIN parked_form f ON f.carrier_id = v.carrier_id AND f.ref = v.ref JOIN parked p ON p.id = f.parked_id`,
			scanParked(parked), ints("carrier_id", carrier), texts("ref", ref))
	}
	if err != nil || len(parked) == 0 {
		return err
	}
	ids := slices.Sorted(maps.Keys(parked)) // as they came
	came := make([]sms.Receipt, len(ids))
	for i, id := range ids {
		came[i] = parked[id]
	}
	o.Receipts = slices.Concat(came, o.Receipts)
	w.unparked = append(w.unparked, came...)
	return w.t.forgetParked(ctx, parked)
}

// The columns of a parked receipt p, as scanParked reads them, and the beginning of a query for those that v names.
const (
	parkedFields  = `p.id, p.carrier_id, p.ref, p.receiver, p.state, p.ptt, p.error, p.raw, p.done_at, p.received_at`
	parkedColumns = `SELECT DISTINCT ` + parkedFields + ` FROM v `
)

// parkedSince gives the parked receipts about receivers, each with its carrier, that came since a time, by their ids.
func (w *settlement) parkedSince(ctx context.Context, carriers []int64, receivers []string, since []int64) (map[int64]sms.Receipt, error) {
	parked := map[int64]sms.Receipt{}
	err := w.t.query(ctx, parkedColumns+`JOIN parked p ON p.carrier_id = v.carrier_id AND p.receiver = v.receiver
		AND p.received_at >= v.since`, scanParked(parked), ints("carrier_id", carriers), texts("receiver", receivers), ints("since", since))
	return parked, err
}

// scanParked reads parkedFields.
func scanParked(into map[int64]sms.Receipt) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r sms.Receipt
		var id, done, at int64
		var refs string
		if err := rows.Scan(&id, &r.CarrierID, &refs, &r.Receiver, &r.State, &r.PTT, &r.Error, &r.Raw, &done, &at); err != nil {
			return err
		}
		if r.DoneAt, r.At = fromMicros(done), fromMicros(at); refs != "" {
			r.Refs = strings.Split(refs, "\n")
		}
		into[id] = r
		return nil
	}
}
