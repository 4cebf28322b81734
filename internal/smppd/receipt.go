package smppd

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// OVH's parameters of a deliver_sm: the id of the message, or the reply, in the API.
const (
	tagOutgoingID smpp.Tag = 0x1401
	tagIncomingID smpp.Tag = 0x1402
)

func messageID(id int64, part int) string { return sms.SMPPMessageID(id, part) }

// A returnTo says how the client of a message is told what became of it: the addresses as it wrote them. A Dest that is empty but for TON
// and NPI is the receiver, in international form without plus.
type returnTo struct {
	Source smpp.Address
	Dest   smpp.Address
	Wants  smpp.RegisteredDelivery
	Parts  []returnPart `json:",omitempty"`
}

// A returnPart is a part that a receipt is wanted for.
type returnPart struct {
	Join int64
	Part int
}

// A notice is a receipt for a part that never became a message.
type notice struct {
	returnTo
	Part  returnPart
	State smpp.MessageState
	Code  int
	At    time.Time
}

func newReturn(p *smpp.SubmitSM, wants smpp.RegisteredDelivery, parts []returnPart) string {
	return plainJSON(returnTo{p.Source, p.Dest, wants, parts})
}

func newNotice(back string, part returnPart, state smpp.MessageState, code int, at time.Time) string {
	var r returnTo
	_ = json.Unmarshal([]byte(back), &r) // newReturn's
	return plainJSON(notice{r, part, state, code, at})
}

func plainJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	return string(text)
}

// pdus gives the deliver_sm that tell a client what it is owed. None: it does not want to know.
func pdus(o store.Owed) ([]*smpp.DeliverSM, error) {
	switch {
	case o.Message.ID != 0:
		return receipts(o)
	case o.Incoming.ID != 0:
		return reply(o.Incoming)
	case o.Text == "":
		return nil, nil // the message, or reply, was deleted
	}
	var n notice
	if err := json.Unmarshal([]byte(o.Text), &n); err != nil {
		return nil, err
	}
	r := smpp.Receipt{ID: messageID(n.Part.Join, n.Part.Part), State: n.State, Err: fmt.Sprintf("%03d", n.Code), Submitted: n.At.UTC(), Done: n.At.UTC()}
	return []*smpp.DeliverSM{r.DeliverSM(n.Dest, n.Source)}, nil
}

// receipts tells the end of a message, once for each of its parts that came by itself. Dates are in UTC.
func receipts(o store.Owed) ([]*smpp.DeliverSM, error) {
	var to returnTo
	if o.ReceiptTo == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(o.ReceiptTo), &to); err != nil {
		return nil, err
	}
	if to.Dest.Addr == "" {
		to.Dest.Addr = strings.TrimPrefix(o.Message.Receiver, "+")
	}
	if o.Text == store.OwedBuffered {
		return intermediate(o, to), nil
	}
	state, code := outcome(o.Message)
	if to.Wants&finalMask == 0 {
		return nil, nil
	}
	if to.Wants&smpp.RegisterReceipt == 0 && state == smpp.StateDelivered {
		return nil, nil
	}
	return to.tell(o, smpp.Receipt{State: state, Err: fmt.Sprintf("%03d", code), Submitted: o.Ordered, Done: o.Message.DoneAt}), nil
}

// intermediate tells that a message is still on its way, unless that was told in vain and has become old news.
func intermediate(o store.Owed, to returnTo) []*smpp.DeliverSM {
	if to.Wants&smpp.RegisterIntermediate == 0 || o.Attempts > 1 && o.Message.State.Final() {
		return nil
	}
	all := to.tell(o, smpp.Receipt{State: smpp.StateEnroute, Err: "000", Submitted: o.Ordered, Done: o.Ordered})
	for _, d := range all {
		d.ESMClass = smpp.ESMIntermediateNotified
	}
	return all
}

// tell gives a receipt to each part that a message came in.
func (to returnTo) tell(o store.Owed, r smpp.Receipt) []*smpp.DeliverSM {
	ids := []string{messageID(o.Message.ID, 0)}
	if len(to.Parts) > 0 {
		ids = ids[:0]
		for _, p := range to.Parts {
			ids = append(ids, messageID(p.Join, p.Part))
		}
	}
	all := make([]*smpp.DeliverSM, len(ids))
	for i, id := range ids {
		r.ID = id
		all[i] = r.DeliverSM(to.Dest, to.Source)
		all[i].TLVs = append(all[i].TLVs, smpp.CString(tagOutgoingID, fmt.Sprint(o.Message.ID)))
	}
	return all
}

// reply gives an incoming message, in parts with a header if it is long.
func reply(in sms.Incoming) ([]*smpp.DeliverSM, error) {
	var split gsm.Splitter
	alphabet, parts, err := split.Split(in.Text, gsm.GSM7, gsm.Header8)
	if err != nil {
		return nil, err
	}
	all := make([]*smpp.DeliverSM, len(parts))
	for i, octets := range parts {
		p := &smpp.DeliverSM{Source: address(in.Sender), Dest: address(in.Number), TLVs: smpp.TLVs{smpp.CString(tagIncomingID, fmt.Sprint(in.ID))}}
		if alphabet == gsm.UCS2 {
			p.DataCoding = smpp.CodingUCS2
		}
		if len(parts) > 1 {
			p.ESMClass = smpp.ESMUDHI
			c := smpp.Concat{Ref: uint16(in.ID & 0xFF), Total: byte(len(parts)), Seq: byte(i + 1)}
			if p.ShortMessage, err = (smpp.UDH{c.Element()}).Append(nil); err != nil {
				return nil, err
			}
		}
		p.ShortMessage = append(p.ShortMessage, octets...)
		all[i] = p
	}
	return all, nil
}

// address gives a number or name as OVH's server writes it.
func address(name string) smpp.Address {
	number, international := strings.CutPrefix(name, "+")
	switch {
	case international:
		return smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: cut(number)}
	case sms.SenderType(name) == "alpha":
		return smpp.Address{TON: smpp.TONAlphanumeric, Addr: cut(name)}
	}
	return smpp.Address{TON: smpp.TONNetworkSpecific, NPI: smpp.NPIISDN, Addr: cut(name)}
}

// cut keeps within what an address may have.
func cut(s string) string { return s[:min(len(s), 20)] }
