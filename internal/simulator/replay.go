package simulator

import (
	"cmp"
	"maps"
	"slices"

	"ramier/internal/smpp"
)

// A replay lives once more through what a journal tells. Nobody else knows the simulator yet.
type replay struct {
	*Simulator
	byNumber   map[uint64]*part
	waiting    map[uint64]waiting // deliveries that are not settled
	nextID     uint64             // 0 if the journal is empty
	unreadable int
	refusals   int
}

// waiting is a delivery for a client, about a part or not.
type waiting struct {
	peer *peer
	part *part
	delivery
}

func newReplay(s *Simulator) *replay {
	return &replay{Simulator: s, byNumber: map[uint64]*part{}, waiting: map[uint64]waiting{}}
}

// record lives through one record.
func (r *replay) record(one record) {
	switch {
	case one.Taken != nil:
		r.taken(one.Taken)
	case one.State != nil:
		r.state(one.State)
	case one.Replaced != nil:
		r.replaced(one.Replaced)
	case one.Reply != nil:
		r.reply(one.Reply)
	case one.Settled != nil:
		r.settled(one.Settled)
	case one.Refused:
		r.count.Submitted++
		r.count.Refused++
		r.refusals++
	case one.Handset != nil:
		r.handset(one.Handset)
	case one.Totals != nil:
		r.totals(one.Totals)
	default:
		r.unreadable++
	}
}

func (r *replay) taken(t *takenRecord) {
	p := &part{
		number: t.Part, id: t.ID, from: r.peer(string(t.Client)), source: smpp.Address(t.Source), dest: smpp.Address(t.Dest),
		octets: t.Octets, coding: t.Coding, flash: t.Flash, concat: t.Concat, registered: smpp.RegisteredDelivery(t.Registered),
		shared: t.Shared, quote: quoted(t.Octets, t.Coding), behaviour: behaviourNamed(t.Behaviour),
		taken: t.Taken, start: t.Start, expires: t.Expires, due: t.Due, state: smpp.StateEnroute,
	}
	var ok bool
	if p.to, ok = r.number(p.dest); !ok || p.concat.Total > 0 && (p.concat.Seq < 1 || p.concat.Seq > p.concat.Total) {
		r.unreadable++
		return
	}
	if p.behaviour == nil || len(p.behaviour.life) == 0 {
		p.behaviour = &table[0]
	}
	if t.Seq > 0 {
		r.kept.nextSeq = t.Seq - 1
	}
	r.count.Submitted++
	if t.Unanswered {
		r.count.Unanswered++
	}
	r.admit(p)
	r.byNumber[p.number] = p
	r.nextID = max(r.nextID, p.id+1)
}

func (r *replay) state(t *stateRecord) {
	p := r.byNumber[t.Part]
	if p == nil || p.final() {
		return
	}
	at := p.due
	p.due = t.Due
	if state := smpp.MessageState(t.State); state != smpp.StateEnroute {
		at = t.Due
		if state == smpp.StateDeleted {
			r.count.Cancelled++
		}
		r.end(p, state, t.Err)
	} else {
		p.err, p.step = t.Err, min(p.step+1, len(p.behaviour.life)-1)
	}
	for i := range t.Receipts {
		r.wait(p.from, p, t.First+uint64(i), r.receiptOf(p, at))
	}
}

// wait lets a delivery wait for its client.
func (r *replay) wait(client *peer, about *part, number uint64, d delivery) {
	d.number = number
	d.tally.made.Add(1)
	d.tally.pending.Add(1)
	r.waiting[number] = waiting{client, about, d}
	r.deliveries = max(r.deliveries, number)
}

func (r *replay) replaced(t *replacedRecord) {
	if p := r.byNumber[t.Part]; p != nil {
		p.octets, p.registered, p.quote = t.Octets, smpp.RegisteredDelivery(t.Registered), quoted(t.Octets, p.coding)
		p.start, p.expires, p.due, p.step = t.Start, t.Expires, t.Due, min(max(t.Step, 0), len(p.behaviour.life)-1)
	}
}

func (r *replay) reply(t *replyRecord) {
	about := r.byNumber[t.About]
	if about != nil && about.text != nil {
		about.text.answered = true
	}
	if len(t.PDUs) > 1 {
		r.reference++
	}
	for i, frame := range t.PDUs {
		_, pdu, err := smpp.Decode(frame)
		if d, ok := pdu.(*smpp.DeliverSM); ok && err == nil {
			r.wait(r.peer(string(t.Client)), about, t.First+uint64(i), delivery{tally: &r.tallies.replies, pdu: d})
		} else {
			r.unreadable++
		}
	}
}

func (r *replay) settled(t *settledRecord) {
	w, ok := r.waiting[t.Number]
	if !ok {
		return
	}
	delete(r.waiting, t.Number)
	w.tally.pending.Add(-1)
	if t.Dropped {
		w.tally.dropped.Add(1)
		return
	}
	w.tally.sent.Add(1)
	w.tally.acked.Add(1)
}

func (r *replay) handset(t *handsetRecord) {
	h := r.handsets[t.Number]
	if h == nil {
		return
	}
	h.count, h.writer, h.client = t.Count, smpp.Address(t.Writer), nil
	if t.Client != nil {
		h.client = r.peer(string(*t.Client))
	}
}

func (r *replay) totals(t *totalsRecord) {
	r.nextID = max(r.nextID, t.NextID)
	r.kept.nextSeq, r.parts = max(r.kept.nextSeq, t.Seq), max(r.parts, t.Part)
	r.deliveries, r.reference, r.count = max(r.deliveries, t.Delivery), t.Reference, t.Count
	r.tallies.receipts.set(t.Receipts)
	r.tallies.replies.set(t.Replies)
}

// set lets a tally go on from counts. What is pending is known better.
func (t *tally) set(d Deliveries) {
	t.made.Store(d.Made)
	t.sent.Store(d.Sent)
	t.acked.Store(d.Acked)
	t.repeated.Store(d.Repeated)
	t.dropped.Store(d.Dropped)
}

// finish lets life go on from where the journal ends.
func (r *replay) finish() {
	r.next = cmp.Or(r.nextID, r.next)
	for _, number := range slices.Sorted(maps.Keys(r.byNumber)) {
		if p := r.byNumber[number]; !p.final() {
			r.schedule.push(event{at: p.appointment(), part: p})
		}
	}
	for _, number := range slices.Sorted(maps.Keys(r.waiting)) {
		w := r.waiting[number]
		w.peer.queue.push(w.delivery)
	}
	if r.unreadable > 0 {
		r.options.Log.Warn("the operator's journal has lines that cannot be read", "lines", r.unreadable)
	}
}
