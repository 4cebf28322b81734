package simulator

import "ramier/internal/smpp"

// submitMulti takes a message for many. All of them share its id; those that are refused are named in the answer, which
// is as late as the latest of them.
func (s *Simulator) submitMulti(session *smpp.Session, m *smpp.SubmitMulti, r respond) {
	resp := &smpp.SubmitMultiResp{}
	var l *link
	var whole verdict
	var id uint64
	for _, d := range m.Dests {
		p, status := s.partFor(m, d)
		if p != nil {
			p.id, p.shared = id, true
		}
		one, v := s.decide(session, p, status)
		l = one
		whole = whole.and(v)
		switch {
		case v.status != smpp.OK && d.List != "":
			resp.Unsuccess = append(resp.Unsuccess, smpp.Unsuccess{Address: smpp.Address{Addr: d.List}, Status: v.status})
		case v.status != smpp.OK:
			resp.Unsuccess = append(resp.Unsuccess, smpp.Unsuccess{Address: d.Address, Status: v.status})
		case p.id != 0: // else the session is being cut
			id = p.id
		}
	}
	if id == 0 && len(resp.Unsuccess) > 0 {
		status := resp.Unsuccess[0].Status
		s.answer(l, whole, nil, func() { r(status, resp) })
		return
	}
	resp.MessageID = s.options.IDs.answered(id)
	s.answer(l, whole, nil, func() { r(smpp.OK, resp) })
}

// partFor is the part for one of the receivers.
func (s *Simulator) partFor(m *smpp.SubmitMulti, d smpp.Dest) (*part, smpp.Status) {
	if d.List != "" {
		return nil, smpp.InvalidDLName // the operator keeps no lists
	}
	return s.part(&submission{
		source: m.Source, dest: d.Address, esm: m.ESMClass, coding: m.DataCoding, registered: m.RegisteredDelivery,
		schedule: m.ScheduleTime, validity: m.ValidityPeriod,
		octets: m.Text(), short: len(m.ShortMessage) > 0, tlvs: m.TLVs,
	})
}

// and is the answer that two verdicts have in common: the one that is harder to get. There is none that waits for a receipt.
func (v verdict) and(w verdict) verdict {
	v.answer, v.at = max(v.answer, w.answer), max(v.at, w.at)
	return v
}
