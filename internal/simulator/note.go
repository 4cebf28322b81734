package simulator

import "ramier/internal/smpp"

// The journal is told here. Without one, nothing is done.

// noteTaken writes down a part that is about to be taken. The caller holds mu.
func (s *Simulator) noteTaken(p *part, v verdict) error {
	if s.journal == nil {
		return nil
	}
	r := &takenRecord{
		Part: p.number, ID: p.id, Client: latin(p.from.systemID), Source: place(p.source), Dest: place(p.dest),
		Octets: p.octets, Coding: p.coding, Flash: p.flash, Concat: p.concat, Registered: byte(p.registered), Shared: p.shared,
		Behaviour: p.behaviour.Name, Taken: p.taken, Start: p.start, Expires: p.expires, Due: p.due,
		Unanswered: v.answer == never,
	}
	if s.completes(p) {
		r.Seq = s.kept.nextSeq + 1
	}
	return s.journal.put(record{Taken: r})
}

// noteRefused notes that a submission was refused.
func (s *Simulator) noteRefused() {
	if s.journal != nil {
		s.journal.add(record{Refused: true})
	}
}

// noteState notes the state that a part got into, before its receipts are made. The caller holds mu.
func (s *Simulator) noteState(p *part, receipts int) {
	if s.journal == nil {
		return
	}
	r := &stateRecord{Part: p.number, State: byte(p.state), Err: p.err, Due: p.due, Receipts: receipts}
	if receipts > 0 {
		r.First = s.deliveries + 1
	}
	s.journal.add(record{State: r})
}

// noteReplaced writes down what is about to become of a part. The caller holds mu.
func (s *Simulator) noteReplaced(p *part) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.put(record{Replaced: &replacedRecord{
		Part: p.number, Octets: p.octets, Registered: byte(p.registered), Start: p.start, Expires: p.expires, Due: p.due, Step: p.step,
	}})
}

// noteReply writes down what a handset is about to send, about nothing or a text. The caller holds mu.
func (s *Simulator) noteReply(client *peer, pdus []*smpp.DeliverSM, about *text) {
	if s.journal == nil {
		return
	}
	r := &replyRecord{Client: latin(client.systemID), First: s.deliveries + 1}
	if about != nil {
		r.About = about.parts[0].number
	}
	for _, pdu := range pdus {
		frame, _ := smpp.Append(nil, 1, smpp.OK, pdu) // one that cannot be written cannot be sent either
		r.PDUs = append(r.PDUs, frame)
	}
	s.journal.add(record{Reply: r})
	s.journal.flush()
}

// noteSilence notes that a handset would have answered a text, but had nobody to write to. The caller holds mu.
func (s *Simulator) noteSilence(about *text) {
	if s.journal != nil {
		s.journal.add(record{Reply: &replyRecord{About: about.parts[0].number}})
	}
}

// noteSettled notes that a delivery needs not be sent again.
func (s *Simulator) noteSettled(d *delivery, dropped bool) {
	if s.journal != nil {
		s.journal.add(record{Settled: &settledRecord{Number: d.number, Dropped: dropped}})
	}
}

// totals are what was counted and given so far. The caller holds mu.
func (s *Simulator) totals() record {
	return record{Totals: &totalsRecord{
		NextID: s.next, Seq: s.kept.nextSeq, Part: s.parts, Delivery: s.deliveries, Reference: s.reference, Count: s.count,
		Receipts: s.tallies.receipts.counts(), Replies: s.tallies.replies.counts(),
	}}
}
