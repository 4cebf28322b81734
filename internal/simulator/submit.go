package simulator

import (
	"ramier/internal/smpp"
)

// respond answers a request.
type respond = func(smpp.Status, smpp.PDU)

// handle takes the requests of a session.
func (s *Simulator) handle(session *smpp.Session, request smpp.PDU, r respond) {
	switch p := request.(type) {
	case *smpp.SubmitSM:
		if p.ServiceType == lookupService {
			s.lookUp(session, p, r)
			return
		}
		s.submit(session, &submission{
			source: p.Source, dest: p.Dest, esm: p.ESMClass, coding: p.DataCoding, registered: p.RegisteredDelivery,
			schedule: p.ScheduleTime, validity: p.ValidityPeriod,
			octets: p.Text(), short: len(p.ShortMessage) > 0, tlvs: p.TLVs,
		}, r, func(id string) smpp.PDU { return &smpp.SubmitSMResp{MessageID: id} })
	case *smpp.DataSM:
		s.submit(session, &submission{
			source: p.Source, dest: p.Dest, esm: p.ESMClass, coding: p.DataCoding, registered: p.RegisteredDelivery,
			octets: p.Text(), tlvs: p.TLVs,
		}, r, func(id string) smpp.PDU { return &smpp.DataSMResp{MessageID: id} })
	case *smpp.SubmitMulti:
		s.submitMulti(session, p, r)
	case *smpp.QuerySM:
		s.query(session, p, r)
	case *smpp.CancelSM:
		s.cancel(session, p, r)
	case *smpp.ReplaceSM:
		s.replace(session, p, r)
	default:
		r(smpp.InvalidCommandID, nil)
	}
}

// submit takes a message and answers it in the way of its receiver.
func (s *Simulator) submit(session *smpp.Session, m *submission, r respond, answered func(id string) smpp.PDU) {
	p, status := s.part(m)
	l, v := s.decide(session, p, status)
	if p == nil || v.status != smpp.OK {
		s.answer(l, v, nil, func() { r(v.status, nil) })
		return
	}
	s.answer(l, v, p, func() { r(smpp.OK, answered(s.options.IDs.answered(p.id))) })
}

// decide takes or refuses a part.
func (s *Simulator) decide(session *smpp.Session, p *part, status smpp.Status) (*link, verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.link(session)
	if l.dead {
		return l, verdict{answer: never}
	}
	s.count.Submitted++
	v := verdict{status: status}
	if status == smpp.OK {
		p.from = l.peer
		v = s.judge(p, l)
	} else {
		v = s.faulty(v)
	}
	if v.status != smpp.OK {
		s.count.Refused++
		s.noteRefused()
		return l, v
	}
	if s.accept(p, v) != nil { // what might be forgotten is not taken
		s.count.Refused++
		return l, s.faulty(verdict{status: smpp.SystemError})
	}
	switch v.answer {
	case never:
		s.count.Unanswered++
	case cut:
		l.dead = true // what came behind the message was not read
	}
	return l, v
}

// answer answers, or does not, as the verdict says. The part is nil if there is none.
func (s *Simulator) answer(l *link, v verdict, p *part, say func()) {
	switch v.answer {
	case atOnce:
		say()
	case late:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.owe(l)
		s.schedule.push(event{at: v.at, answer: true, do: func() {
			l.owed.Add(-1)
			say()
		}})
	case afterReceipt:
		s.mu.Lock()
		defer s.mu.Unlock()
		p.due = p.taken
		s.finish(p, smpp.StateDelivered, 0, say)
	case never:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.owe(l)
	case cut:
		s.running.Go(l.session.Close)
	}
}
