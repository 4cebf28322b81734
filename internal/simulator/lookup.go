package simulator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ramier/internal/smpp"
)

// lookupService is the service_type of a submit_sm that is a question about its receiver, and no message: is there such a number, is
// the phone on, whose is it? The answer is a receipt, with the network in a parameter that many operators have.
const (
	lookupService          = "HLR"
	tagNetwork    smpp.Tag = 0x1402 // MCC and MNC, a C string
)

// A register is what the operator knows about a number.
type register struct {
	state   smpp.MessageState
	err     uint16
	network string
	ported  bool
	roaming bool
}

// The networks of French numbers here, by the last digit.
var lastDigits = [10]string{"20801", "20801", "20801", "20801", "20810", "20810", "20810", "20820", "20820", "20815"}

// registered looks a number up. The magic numbers are those of messages, with what they mean for a phone.
func registered(to string) register {
	r := register{state: smpp.StateDelivered}
	if strings.HasPrefix(to, "+33") {
		r.network = lastDigits[to[len(to)-1]-'0']
	}
	b := behaviourAt(to)
	if b == nil {
		return r
	}
	switch b.Name {
	case "absent", "expired":
		r.state, r.err = smpp.StateUndeliverable, absent
	case "barred":
		r.state, r.err = smpp.StateUndeliverable, barred
	case "unknown", "refused":
		r = register{state: smpp.StateUndeliverable, err: unknownSubscriber}
	case "failure":
		r = register{state: smpp.StateUndeliverable, err: systemFailure}
	case "double-receipt":
		r.ported = true
	case "receipt-first":
		r.roaming = true
	}
	return r
}

// lookUp answers a question about a number, and brings what is known a moment later; of a delayed one after its time.
func (s *Simulator) lookUp(session *smpp.Session, p *smpp.SubmitSM, respond respond) {
	to, ok := s.number(p.Dest)
	if !ok {
		respond(smpp.InvalidDest, nil)
		return
	}
	s.mu.Lock()
	id := fmt.Sprintf("hlr-%x", s.next)
	s.next++
	wait := time.Duration(0)
	if b := behaviourAt(to); b != nil && b.Name == "delayed" {
		wait = b.life[0].after
	}
	asked := s.link(session)
	s.later(s.now()+micros(wait), func() { s.tell(asked.peer, p, id, registered(to)) })
	s.mu.Unlock()
	respond(smpp.OK, &smpp.SubmitSMResp{MessageID: id})
}

// tell sends what is known about a number on a session of the client. Unlike receipts of messages it is not kept until it is taken: who
// gets no answer asks again. The caller holds mu.
func (s *Simulator) tell(to *peer, p *smpp.SubmitSM, id string, r register) {
	for _, l := range to.links {
		if !l.receives() {
			continue
		}
		session := l.session
		pdu := r.receipt(p, id, s.now())
		s.running.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), s.options.AnswerTimeout)
			defer cancel()
			if _, err := session.Request(ctx, pdu); err != nil {
				s.options.Log.Debug("the answer about a number was not taken", "error", err)
			}
		})
		return
	}
}

func (r register) receipt(p *smpp.SubmitSM, id string, now int64) *smpp.DeliverSM {
	flag := map[bool]int{true: 1}
	date := timeAt(now).Format(dateForm)
	pdu := &smpp.DeliverSM{
		ServiceType: lookupService, Source: p.Dest, Dest: p.Source, ESMClass: smpp.ESMReceipt,
		ShortMessage: fmt.Appendf(nil, "id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d ported:%d roaming:%d", id,
			flag[r.state == smpp.StateDelivered], date, date, words[r.state], r.err, flag[r.ported], flag[r.roaming]),
		TLVs: smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, id), smpp.Uint8(smpp.TagMessageState, byte(r.state))},
	}
	if r.network != "" {
		pdu.TLVs = append(pdu.TLVs, smpp.CString(tagNetwork, r.network))
	}
	return pdu
}
