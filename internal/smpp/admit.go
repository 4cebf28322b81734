package smpp

import "fmt"

// takeBind is the peer's wish to bind.
func (s *Session) takeBind(seq uint32, b *Bind) {
	refusal := OK
	s.mu.Lock()
	switch {
	case s.server == nil:
		refusal = InvalidBindStatus
	case s.state != stateOpen:
		refusal = AlreadyBound
	default:
		s.state = stateBinding
	}
	s.mu.Unlock()
	if refusal != OK {
		s.answer(seq, refusal, &BindResp{Mode: b.Mode})
		return
	}
	s.server.running.Go(func() { s.server.admit(s, seq, *b) })
}

// admit asks Bind and answers.
func (v *Server) admit(s *Session, seq uint32, b Bind) {
	settings, status := v.Bind(s.over, s.RemoteAddr(), b)
	resp := BindResp{Mode: b.Mode}
	if status != OK {
		s.answer(seq, status, &resp)
		s.mu.Lock()
		s.finishWith(fmt.Errorf("bind refused: %w", status))
		s.mu.Unlock()
		return
	}
	resp.SystemID = v.SystemID
	if b.InterfaceVersion >= Version { // older ones know no TLVs (§1.8.2)
		resp.TLVs = TLVs{Uint8(TagSCInterfaceVersion, Version)}
	}
	s.terms.Store(newTerms(settings))
	s.mu.Lock()
	err := s.queue(seq, OK, &resp)
	if err == nil {
		s.bound(b, resp)
	}
	s.mu.Unlock()
	if err != nil {
		s.fail(err)
		return
	}
	nudge(s.poke)
	if v.Bound != nil {
		v.Bound(s)
	}
}
