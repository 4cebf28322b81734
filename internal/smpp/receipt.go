package smpp

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// Receipt is what a delivery receipt says, from its parameters and, where they are
// silent, from its text (appendix B). What it does not say is zero.
type Receipt struct {
	ID           string       // of the message, in the dialect of the SMSC; see IDForm
	State        MessageState // 0 if it could not be understood
	Err          string       // the word behind "err:", often a number of the operator's own
	NetworkError NetworkError
	Submitted    time.Time
	Done         time.Time
	Text         string // the beginning of the message, as far as the SMSC quotes it
	Raw          string // the whole text; octets that are no UTF-8 are replaced
}

// NetworkError is a network_error_code (§5.3.2.31): the kind of network (1 ANSI-136,
// 2 IS-95, 3 GSM, and others) and its code. A zero Network means there was none.
type NetworkError struct {
	Network byte
	Code    uint16
}

// IsReceipt tells whether p is a deliver_sm or data_sm about an earlier message: by
// its esm_class, or, since some SMSCs leave that at zero, by its parameters or the
// form of its text. [ParseReceipt] reads it.
func IsReceipt(p PDU) bool {
	m, ok := receiptSource(p)
	if !ok {
		return false
	}
	switch m.esm & esmTypeMask {
	case 0:
		return m.byParameters() || m.byText()
	case ESMReceipt, ESMIntermediateNotified, ESMReceipt | ESMIntermediateNotified:
		return true
	case ESMDeliveryAck, ESMManualAck:
		// An acknowledgement by handset or user counts only if it says of which
		// message; without, it is a text to read.
		return m.byParameters() || m.byText()
	}
	return false
}

// ParseReceipt reads the receipt in a deliver_sm or data_sm; of another PDU it gives
// a zero Receipt. Its dates say no zone: they are taken to be in zone.
func ParseReceipt(p PDU, zone *time.Location) Receipt {
	m, ok := receiptSource(p)
	if !ok {
		return Receipt{}
	}
	r := Receipt{Raw: m.string()}
	f := scanReceipt(r.Raw)
	r.ID, r.Err, r.Text = f[keyID], f[keyErr], f[keyText]
	r.State = stateNamed(f[keyStat])
	r.Submitted, r.Done = receiptTime(f[keySubmit], zone), receiptTime(f[keyDone], zone)

	if id, ok := m.tlvs.Text(TagReceiptedMessageID); ok && id != "" {
		r.ID = strings.ToValidUTF8(id, "\uFFFD")
	}
	if n, ok := m.tlvs.Uint(TagMessageState); ok && n >= uint32(StateEnroute) && n <= uint32(StateRejected) {
		r.State = MessageState(n)
	}
	if v, ok := m.tlvs.Get(TagNetworkErrorCode); ok && len(v) == 3 {
		r.NetworkError = NetworkError{v[0], uint16(v[1])<<8 | uint16(v[2])}
	}
	return r
}

// A receiptMessage is what receipts are read from.
type receiptMessage struct {
	esm    ESMClass
	coding DataCoding
	text   []byte
	tlvs   TLVs
}

func receiptSource(p PDU) (receiptMessage, bool) {
	switch p := p.(type) {
	case *DeliverSM:
		return receiptMessage{p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	case *DataSM:
		return receiptMessage{p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	}
	return receiptMessage{}, false
}

func (m receiptMessage) byParameters() bool {
	_, id := m.tlvs.Get(TagReceiptedMessageID)
	_, state := m.tlvs.Get(TagMessageState)
	return id && state
}

// byText is for texts that begin like a receipt and have its word for the state.
func (m receiptMessage) byText() bool {
	s := strings.TrimLeft(m.string(), " \r\n\t")
	if key, _ := keyAt(s); key != keyID {
		return false
	}
	f := scanReceipt(s)
	return f[keyID] != "" && stateNamed(f[keyStat]) != 0 && (f[keyDone] != "" || f[keySubmit] != "" || f[keyDlvrd] != "")
}

// string is the text in UTF-8. Receipts are ASCII, now and then in UCS-2.
func (m receiptMessage) string() string {
	text := m.text
	if m.esm&ESMUDHI != 0 {
		_, text, _ = ParseUDH(text) // a broken header stays in the text
	}
	if m.coding == CodingUCS2 {
		return ucs2(text)
	}
	return strings.ToValidUTF8(string(bytes.TrimRight(text, "\x00")), "\uFFFD")
}

func ucs2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}

// String is the text of the receipt as appendix B has it. The quoted text comes last
// and is cut to 20 octets.
func (r Receipt) String() string {
	word := stateWords[StateUnknown].receipt
	if r.State > 0 && int(r.State) < len(stateWords) {
		word = stateWords[r.State].receipt
	}
	reported := r.Err
	if reported == "" {
		reported = "000"
	}
	delivered := 0
	if r.State == StateDelivered {
		delivered = 1
	}
	return fmt.Sprintf("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%s text:%s",
		r.ID, delivered, receiptDate(r.Submitted), receiptDate(r.Done), word, reported, strings.ToValidUTF8(r.Text[:min(20, len(r.Text))], ""))
}

func receiptDate(t time.Time) string {
	if t.IsZero() {
		return "0000000000"
	}
	return t.Format("0601021504")
}

// DeliverSM is the receipt as a server sends it: from the message's receiver to its
// sender, with text and parameters. ID is at most 64 characters; dates are written
// in their own zone.
func (r Receipt) DeliverSM(from, to Address) *DeliverSM {
	p := &DeliverSM{
		Source:       from,
		Dest:         to,
		ESMClass:     ESMReceipt,
		ShortMessage: []byte(r.String()),
		TLVs:         TLVs{CString(TagReceiptedMessageID, r.ID), Uint8(TagMessageState, byte(r.State))},
	}
	if r.State == StateEnroute {
		p.ESMClass = ESMIntermediateNotified
	}
	if e := r.NetworkError; e.Network != 0 {
		p.TLVs = append(p.TLVs, TLV{TagNetworkErrorCode, []byte{e.Network, byte(e.Code >> 8), byte(e.Code)}})
	}
	return p
}
