package simulator

import (
	"strconv"
	"time"

	"ramier/internal/smpp"
)

// A writer makes the PDUs of receipts, one after the other in the same memory: Send has encoded a PDU when it returns.
type writer struct {
	pdu    smpp.DeliverSM
	text   []byte
	id     []byte
	state  [1]byte
	reason [3]byte
	tlvs   [3]smpp.TLV
	minute int64
	date   [len(dateForm)]byte
}

const dateForm = "0601021504"

// words are those for the states in receipts (SMPP 3.4, appendix B).
var words = map[smpp.MessageState]string{
	smpp.StateEnroute: "ENROUTE", smpp.StateDelivered: "DELIVRD", smpp.StateExpired: "EXPIRED", smpp.StateDeleted: "DELETED",
	smpp.StateUndeliverable: "UNDELIV", smpp.StateRejected: "REJECTD",
}

// gsmNetwork is the kind of network in network_error_code (§5.3.2.31).
const gsmNetwork = 3

// receipt is what [smpp.Receipt] makes, without its memory. It is valid until the next call.
func (w *writer) receipt(d *delivery, base int) *smpp.DeliverSM {
	w.id = append(strconv.AppendUint(w.id[:0], d.id, base), 0)
	w.text = append(w.text[:0], "id:"...)
	w.text = append(w.text, w.id[:len(w.id)-1]...)
	w.text = append(w.text, " sub:001 dlvrd:00"...)
	if d.state == smpp.StateDelivered {
		w.text = append(w.text, '1')
	} else {
		w.text = append(w.text, '0')
	}
	w.text = w.appendDate(append(w.text, " submit date:"...), d.taken)
	w.text = w.appendDate(append(w.text, " done date:"...), d.due)
	w.text = append(append(w.text, " stat:"...), words[d.state]...)
	w.text = append(w.text, " err:"...)
	w.text = append(w.text, '0'+byte(d.err/100%10), '0'+byte(d.err/10%10), '0'+byte(d.err%10))
	w.text = append(append(w.text, " text:"...), d.quote.chars[:d.quote.length]...)

	w.pdu = smpp.DeliverSM{Source: d.from, Dest: d.to, ESMClass: smpp.ESMReceipt, ShortMessage: w.text}
	if d.state == smpp.StateEnroute {
		w.pdu.ESMClass = smpp.ESMIntermediateNotified
	}
	if d.bare {
		return &w.pdu
	}
	w.state[0] = byte(d.state)
	w.tlvs[0] = smpp.TLV{Tag: smpp.TagReceiptedMessageID, Value: w.id}
	w.tlvs[1] = smpp.TLV{Tag: smpp.TagMessageState, Value: w.state[:]}
	w.pdu.TLVs = w.tlvs[:2]
	if d.err != 0 {
		w.reason = [3]byte{gsmNetwork, byte(d.err >> 8), byte(d.err)}
		w.tlvs[2] = smpp.TLV{Tag: smpp.TagNetworkErrorCode, Value: w.reason[:]}
		w.pdu.TLVs = w.tlvs[:3]
	}
	return &w.pdu
}

// appendDate writes a time. Most are of the same minute as the one before.
func (w *writer) appendDate(dst []byte, at int64) []byte {
	const perMinute = int64(time.Minute / time.Microsecond)
	if minute := at / perMinute; minute != w.minute || w.date[0] == 0 {
		w.minute = minute
		timeAt(at).AppendFormat(w.date[:0], dateForm)
	}
	return append(dst, w.date[:]...)
}
