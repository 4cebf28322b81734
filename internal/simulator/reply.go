package simulator

import (
	"strings"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
)

// Reply lets a handset write to a number, by default to the last one it can answer: the sender of its last message, or,
// if that is a name, the short number for STOP, or else the last sender that is a number.
func (s *Simulator) Reply(from, to, text string) error { return s.reply(from, to, text, nil) }

// reply is Reply, to a certain message if one is given.
func (s *Simulator) reply(from, to, words string, about *text) error {
	if words == "" {
		return &Mistake{"text", nil, "give what the handset writes"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if about != nil && about.answered {
		return nil // before the operator was started
	}
	number, ok := s.number(smpp.Address{Addr: from})
	if !ok {
		return &Mistake{"number", from, "give the number of a handset, such as +33639980000"}
	}
	c, err := s.correspondent(number, to, words, about)
	if err != nil {
		if about != nil {
			s.noteSilence(about)
		}
		return err
	}
	source := address(number)
	if c.known != nil {
		source = c.known.dest // as the client writes it
	}
	pdus, err := s.compose(source, c.address, words)
	if err != nil {
		return err
	}
	s.noteReply(c.client, pdus, about)
	s.remember(number, c.address, words)
	for _, pdu := range pdus {
		s.post(c.client, delivery{tally: &s.tallies.replies, pdu: pdu})
	}
	return nil
}

// A correspondent is to whom a handset writes, and through which client.
type correspondent struct {
	address smpp.Address
	client  *peer
	known   *part // from whom the handset knows it; nil if it does not
}

// correspondent finds out to whom a handset wants to write. The caller holds mu.
func (s *Simulator) correspondent(from, to, words string, about *text) (correspondent, error) {
	h := s.handsets[from]
	if to != "" {
		return s.named(h, to)
	}
	if about == nil && h == nil {
		return correspondent{}, &Mistake{"to", nil, from + " has received nothing that it could answer: give the number it writes to"}
	}
	byItself := about != nil
	if !byItself {
		about = h.last
	}
	last := about.parts[0]
	if _, ok := s.number(last.source); ok {
		return correspondent{last.source, last.from, last}, nil
	}
	if isStop(words) {
		return correspondent{address(s.options.StopCode), last.from, last}, nil
	}
	if !byItself && h.client != nil {
		return correspondent{h.writer, h.client, last}, nil
	}
	return correspondent{}, &Mistake{"to", nil, "the sender " + last.source.Addr + " is a name and cannot be answered: give a number"}
}

// named finds a number the handset may have heard of. The caller holds mu.
func (s *Simulator) named(h *handset, to string) (correspondent, error) {
	number, ok := s.number(smpp.Address{Addr: to})
	if !ok {
		return correspondent{}, &Mistake{"to", to, "give a number or short number, such as 36111"}
	}
	c := correspondent{address: address(number)}
	if h != nil {
		for i := len(h.texts) - 1; i >= 0; i-- {
			if p := h.texts[i].parts[0]; s.sender(p.source) == number {
				return correspondent{p.source, p.from, p}, nil
			}
		}
		c.known = h.last.parts[0]
		c.client = c.known.from
		return c, nil
	}
	if c.client = s.anyone(); c.client == nil {
		return c, &Mistake{"to", to, "nobody has bound yet who could be sent this: start the platform, then try again"}
	}
	return c, nil
}

// anyone is the client that is bound or, if none or several are, the first by its name. The caller holds mu.
func (s *Simulator) anyone() *peer {
	var best *peer
	for _, p := range s.peers {
		if best == nil || p.receivers() > 0 && best.receivers() == 0 ||
			(p.receivers() > 0) == (best.receivers() > 0) && p.systemID < best.systemID {
			best = p
		}
	}
	return best
}

// compose cuts a text into the PDUs of a handset. The caller holds mu.
func (s *Simulator) compose(from, to smpp.Address, words string) ([]*smpp.DeliverSM, error) {
	var split gsm.Splitter
	alphabet, parts, err := split.Split(words, gsm.GSM7, gsm.Header8)
	if err != nil {
		return nil, &Mistake{"text", nil, err.Error()}
	}
	if len(parts) > 1 {
		s.reference++
	}
	pdus := make([]*smpp.DeliverSM, len(parts))
	for i, octets := range parts {
		p := &smpp.DeliverSM{Source: from, Dest: to, DataCoding: smpp.DataCoding(alphabet.DataCoding())}
		if len(parts) > 1 {
			place := smpp.Concat{Ref: uint16(s.reference), Total: byte(len(parts)), Seq: byte(i + 1)}
			p.ESMClass = smpp.ESMUDHI
			if p.ShortMessage, err = (smpp.UDH{place.Element()}).Append(nil); err != nil {
				return nil, err
			}
		}
		p.ShortMessage = append(p.ShortMessage, octets...)
		pdus[i] = p
	}
	return pdus, nil
}

// isStop tells whether a text is the word that ends a subscription.
func isStop(words string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(words), " ")
	return strings.EqualFold(first, "STOP")
}
