package simulator

import "ramier/internal/smpp"

// query answers query_sm.
func (s *Simulator) query(session *smpp.Session, q *smpp.QuerySM, r respond) {
	s.mu.Lock()
	l := s.link(session)
	p := s.find(l, q.MessageID, q.Source)
	resp := &smpp.QuerySMResp{MessageID: q.MessageID}
	if p != nil {
		resp.State, resp.ErrorCode = p.state, byte(p.err)
		if p.final() {
			resp.FinalDate = smpp.FormatTime(timeAt(p.due))
		}
	}
	mute, off := s.mute(l), s.fault(NoQueries) != nil
	s.mu.Unlock()
	switch {
	case mute:
	case off:
		r(smpp.InvalidCommandID, nil)
	case p == nil:
		r(smpp.QueryFailed, nil)
	default:
		r(smpp.OK, resp)
	}
}

// cancel answers cancel_sm: of one message, or of all that one sender has under way to one receiver.
func (s *Simulator) cancel(session *smpp.Session, c *smpp.CancelSM, r respond) {
	s.mu.Lock()
	l := s.link(session)
	var list []*part
	if c.MessageID != "" {
		if p := s.find(l, c.MessageID, c.Source); p != nil {
			list = append(list, p)
		}
	} else if to, ok := s.number(c.Dest); ok {
		list = s.underWay(l.peer, s.sender(c.Source), to)
	}
	status := smpp.CancelFailed
	for _, p := range list {
		if !p.final() {
			status = smpp.OK
			s.count.Cancelled++
			p.due = s.now()
			s.finish(p, smpp.StateDeleted, 0, nil)
		}
	}
	if s.journal != nil {
		s.journal.flush()
	}
	mute := s.mute(l)
	s.mu.Unlock()
	if !mute {
		r(status, nil)
	}
}

// replace answers replace_sm: a message of one part that is under way gets another text, and other times if they are given.
func (s *Simulator) replace(session *smpp.Session, m *smpp.ReplaceSM, r respond) {
	s.mu.Lock()
	l := s.link(session)
	status := s.replaced(l, m)
	mute := s.mute(l)
	s.mu.Unlock()
	if !mute {
		r(status, nil)
	}
}

func (s *Simulator) replaced(l *link, m *smpp.ReplaceSM) smpp.Status {
	p := s.find(l, m.MessageID, m.Source)
	if p == nil || p.final() || p.concat.Total > 0 {
		return smpp.ReplaceFailed
	}
	if len(m.ShortMessage) > room(0, smpp.DataCoding(p.coding)) {
		return smpp.InvalidMessageLength
	}
	plan := *p
	if status := s.plan(&plan, &submission{schedule: m.ScheduleTime, validity: m.ValidityPeriod}); status != smpp.OK {
		return status
	}
	plan.octets, plan.registered, plan.quote = m.ShortMessage, m.RegisteredDelivery, quoted(m.ShortMessage, p.coding)
	plan.taken = p.taken
	if m.ValidityPeriod == "" {
		plan.expires = p.expires
	}
	if m.ScheduleTime == "" {
		plan.start = p.start
	} else {
		plan.due, plan.step = plan.start, 0
		plan.due = s.following(&plan)
	}
	if s.noteReplaced(&plan) != nil {
		return smpp.SystemError
	}
	*p = plan
	if m.ScheduleTime != "" || m.ValidityPeriod != "" {
		s.schedule.push(event{at: p.appointment(), part: p})
	}
	return smpp.OK
}

// find finds a part by its id among those of the same client, and of the source if one is given. The caller holds mu.
func (s *Simulator) find(l *link, id string, source smpp.Address) *part {
	n, ok := s.options.IDs.parse(id)
	if !ok {
		return nil
	}
	p := s.kept.part(n)
	if p == nil || p.from != l.peer || source.Addr != "" && s.sender(source) != s.sender(p.source) {
		return nil
	}
	return p
}

// underWay lists the parts of a client that are not in a final state. The caller holds mu.
func (s *Simulator) underWay(client *peer, from, to string) (list []*part) {
	for _, p := range s.kept.parts {
		if p != nil && !p.final() && p.from == client && p.to == to && s.sender(p.source) == from {
			list = append(list, p)
		}
	}
	return list
}

// mute tells whether a request is not to be answered. The caller holds mu.
func (s *Simulator) mute(l *link) bool {
	if s.fault(Mute) == nil && !l.dead {
		return false
	}
	s.owe(l)
	return true
}
