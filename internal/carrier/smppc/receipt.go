package smppc

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// receipt reads a delivery receipt. One that names no message is handed on all the same, without references.
func (c *Carrier) receipt(p smpp.PDU, m delivery) sms.Receipt {
	from := smpp.ParseReceipt(p, time.UTC)
	now := c.now()
	raw := from.Raw
	if raw == "" {
		raw = parameters(m.tlvs)
	}
	r := sms.Receipt{
		CarrierID: c.id, Refs: candidates(c.settings.ReceiptID, from.ID), Raw: clean(raw, maxText),
		DoneAt: plausible(from.Done, now), At: now,
	}
	r.Receiver, _ = international(m.source)
	code := codeOf(from)
	r.State, r.PTT = outcome(stateOf(from, m.tlvs), code)
	if r.State != sms.Delivered {
		r.Error = clean(cmp.Or(code, stated(from.Raw)), maxText)
	}
	return r
}

// skew is how far a receipt's date may be from the time it comes. The dates have no zone, and operators write their own: one
// hour off is more likely a zone than a delay, and then the time it came is better.
const skew = 15 * time.Minute

func plausible(done, now time.Time) time.Time {
	if done.IsZero() || done.Before(now.Add(-skew)) || done.After(now.Add(skew)) {
		return now
	}
	return done
}

// stateSkipped is one of SMPP 5.0 that operators with 3.4 use, too.
const stateSkipped smpp.MessageState = 9

// stateOf gives the state, and 0 if it is not understood.
func stateOf(r smpp.Receipt, l smpp.TLVs) smpp.MessageState {
	n, _ := l.Uint(smpp.TagMessageState)
	if r.State == 0 && (n == uint32(stateSkipped) || strings.HasPrefix(stated(r.Raw), "SKIP")) {
		return stateSkipped
	}
	return r.State
}

// stated is the word behind "stat:" in a receipt's text, in capitals.
func stated(raw string) string {
	_, after, ok := strings.Cut(strings.ToUpper(raw), "STAT:")
	if words := strings.Fields(after); ok && len(words) > 0 {
		return words[0]
	}
	return ""
}

// outcome says what a state and a code of the operator mean for the message. "Accepted" is said by operators that go on
// trying, whatever the specification means by it. A state that is not understood decides nothing: one that is may follow.
func outcome(s smpp.MessageState, code string) (sms.State, int) {
	switch s {
	case smpp.StateDelivered:
		return sms.Delivered, sms.PTTDelivered
	case smpp.StateExpired:
		return sms.Expired, sms.PTTExpired
	case smpp.StateDeleted, stateSkipped:
		return sms.Failed, sms.PTTUndelivered
	case smpp.StateUnknown:
		return sms.Failed, sms.PTTUnknown
	case smpp.StateUndeliverable:
		return sms.Failed, cmp.Or(reasons[code], sms.PTTUndelivered)
	case smpp.StateRejected:
		return sms.Failed, cmp.Or(reasons[code], sms.PTTFormat)
	}
	return sms.Buffered, sms.PTTRetry
}

// codeOf gives the operator's code without leading zeros, nothing if it says that there is no error. The text comes first,
// unless only the parameter has a number.
func codeOf(r smpp.Receipt) string {
	inText := strings.TrimLeft(r.Err, "0")
	if r.NetworkError.Code != 0 && !isNumber(inText) {
		return strconv.Itoa(int(r.NetworkError.Code))
	}
	return inText
}

// reasons are what the codes mean that operators have taken over from the errors of the mobile network (3GPP TS 29.002) and
// that mean the same with most of them.
var reasons = map[string]int{
	"1":  sms.PTTBarred, // unknown subscriber
	"5":  sms.PTTBarred, // unidentified subscriber
	"9":  sms.PTTBarred, // illegal subscriber
	"13": sms.PTTBarred, // call barred
	"11": pttUnable,     // teleservice not provisioned
	"12": pttUnable,     // illegal equipment
	"21": pttUnable,     // facility not supported
	"6":  sms.PTTAbsent, // absent subscriber for short messages
	"27": sms.PTTAbsent, // absent subscriber
	"31": pttPhone,      // subscriber busy
	"32": pttPhone,      // delivery failure: memory full, protocol error
	"34": sms.PTTTemporary,
	"36": sms.PTTSpam,
	"37": sms.PTTContent,
}

// Codes that the platform itself never sets.
const (
	pttPhone  = 26
	pttUnable = 27
)

// parameters describes a receipt that has no text.
func parameters(l smpp.TLVs) string {
	var said []string
	for _, t := range l {
		value := fmt.Sprintf("%x", t.Value[:min(len(t.Value), 64)])
		if t.Tag == smpp.TagReceiptedMessageID {
			value, _ = smpp.TLVs{t}.Text(t.Tag)
		}
		said = append(said, fmt.Sprintf("%s=%s", t.Tag, value))
	}
	return strings.Join(said, " ")
}
