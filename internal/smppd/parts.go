package smppd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

const (
	// partsTime is how long the parts of a message wait for those that are missing.
	partsTime = 10 * time.Minute
	// partsPause is after how long parts that are all there are put together by whoever looks: the node that had the last is gone, or
	// two nodes had one each.
	partsPause = 10 * time.Second
)

// takePart keeps a part of a long message until all are there, then sends the message. A client with a window of one waits for the
// answer before it sends the next, so each part is answered by itself; it is on disk then.
func (s *Server) takePart(ctx context.Context, service sms.Service, p *smpp.SubmitSM, c smpp.Concat) (string, smpp.Status) {
	frame, err := smpp.Append(nil, 1, smpp.OK, p)
	if err != nil {
		return "", smpp.SystemError
	}
	part := store.SMPPPart{
		ServiceID: service.ID, Part: int(c.Seq), PDU: frame, Receipt: p.RegisteredDelivery&receiptMask != 0, At: s.cfg.Clock.Now(),
		Name: fmt.Sprintf("%s %s %d.%d %t", p.Source.Addr, p.Dest.Addr, c.Ref, c.Total, c.Wide),
	}
	all, err := s.cfg.Store.KeepPart(ctx, &part)
	if err != nil {
		return "", statusOf(err)
	}
	id := messageID(part.JoinID, part.Part)
	if len(all) < int(c.Total) {
		return id, smpp.OK
	}
	return id, s.finish(ctx, service, all, part.Part)
}

// long is a long message put together from its parts.
type long struct {
	first  *smpp.SubmitSM // gives what they have in common
	pieces []gsm.Piece
	total  int
	wants  smpp.RegisteredDelivery
	parts  []returnPart // for which a receipt is wanted
}

// assemble reads kept parts.
func assemble(all []store.SMPPPart) (m long, err error) {
	for _, kept := range all {
		_, pdu, err := smpp.Decode(kept.PDU)
		p, ok := pdu.(*smpp.SubmitSM)
		if err != nil || !ok {
			return m, fmt.Errorf("a kept part cannot be read: %w", err)
		}
		c, _ := p.TLVs.Concat()
		octets := p.Text()
		if p.ESMClass&smpp.ESMUDHI != 0 {
			var header smpp.UDH
			if header, octets, err = smpp.ParseUDH(octets); err != nil {
				return m, err
			}
			if found, ok := header.Concat(); ok {
				c = found
			}
		}
		m.pieces = append(m.pieces, gsm.Piece{Index: c.Seq, Total: c.Total, Coding: byte(p.DataCoding), Octets: octets})
		m.total = int(c.Total)
		if m.first == nil {
			m.first = p
		}
		if kept.Receipt {
			m.wants |= p.RegisteredDelivery & receiptMask
			m.parts = append(m.parts, returnPart{kept.JoinID, kept.Part})
		}
	}
	return m, nil
}

// finish sends a message whose parts are all there and forgets them. If it is refused for good, the last part is answered so, and the
// others get receipts that say so.
func (s *Server) finish(ctx context.Context, service sms.Service, all []store.SMPPPart, last int) smpp.Status {
	m, err := assemble(all)
	if err != nil {
		s.cfg.Log.Error("parts over SMPP", "service", service.Name, "error", err)
		return smpp.SystemError
	}
	status := s.sendLong(ctx, service, m, all[0])
	if passing(status) {
		return status // the client sends the last part again, or whoever looks finds them
	}
	var texts []string
	if status != smpp.OK {
		texts = s.failed(m, smpp.StateRejected, errRejected, last)
	}
	if err := s.cfg.Store.DropParts(ctx, service.ID, all[0].Name, texts, s.cfg.Clock.Now()); err != nil {
		s.cfg.Log.Warn("parts over SMPP stay for now", "service", service.Name, "error", err)
	}
	return status
}

// sendLong sends the message. Its key makes it one message, however often its parts are put together.
func (s *Server) sendLong(ctx context.Context, service sms.Service, m long, key store.SMPPPart) smpp.Status {
	text, status := textOf(m.pieces)
	if status != smpp.OK {
		return status
	}
	o, status := s.order(ctx, service, m.first, text)
	if status != smpp.OK {
		return status
	}
	if len(m.parts) > 0 {
		o.ReceiptTo = newReturn(m.first, m.wants, m.parts)
	}
	o.QueryID = queryID(service, m.first.DataCoding)
	hash := sha256.Sum256([]byte(text + "\x00" + key.Name))
	_, status = s.send(ctx, service, o, submit.Key{Key: joinKey(key.JoinID), Hash: hash[:]})
	return status
}

// failed gives receipts for parts that never made a message, but for one that is answered itself, 0 = none.
func (s *Server) failed(m long, state smpp.MessageState, code, except int) (texts []string) {
	back := newReturn(m.first, m.wants, nil)
	for _, p := range m.parts {
		if p.Part != except && m.wants&finalMask != 0 {
			texts = append(texts, newNotice(back, p, state, code, s.cfg.Clock.Now()))
		}
	}
	return texts
}

// sweepParts sends messages that are whole and were left, and gives up those whose parts do not come.
func (s *Server) sweepParts() {
	now := s.cfg.Clock.Now()
	waiting, err := s.cfg.Store.OldParts(s.alive, now.Add(-partsPause))
	if err != nil {
		return
	}
	for _, all := range waiting {
		if len(all) == 0 {
			continue
		}
		m, err := assemble(all)
		service, unknown := s.cfg.Store.ServiceByID(s.alive, all[0].ServiceID)
		switch {
		case unknown != nil:
		case err == nil && len(all) >= m.total && now.Sub(all[0].At) < sms.MaxValidity:
			_ = s.finish(s.alive, service, all, 0) // what passes is tried again with the next look
		case now.Sub(all[0].At) >= partsTime:
			var texts []string
			if err == nil {
				texts = s.failed(m, smpp.StateExpired, errExpired, 0)
			}
			if err := s.cfg.Store.DropParts(s.alive, service.ID, all[0].Name, texts, now); err == nil {
				s.cfg.Log.Info("parts of a long message over SMPP were dropped: the others did not come", "service", service.Name, "parts", len(all))
			}
		}
	}
}
