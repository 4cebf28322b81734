package smppc

import (
	"errors"
	"fmt"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// A fate is what an answer means for its message. The worst of its parts decides, hence the order: once a part is refused,
// nothing can make the message arrive whole.
type fate int

const (
	accepted  fate = iota
	unsent         // not sent, since there is no link: as soon as there is one
	retry          // not sent, through no fault of its own
	slow           // likewise, and all others should wait, too
	lost           // sent, maybe
	outOfTime      // not sent, and its validity is over
	refused        // for good
)

// A verdict is a fate with its reasons.
type verdict struct {
	fate   fate
	ptt    int
	reason string
	wait   time.Duration
}

func (v verdict) because(reason string) verdict {
	v.reason = reason
	return v
}

func (v verdict) after(wait time.Duration) verdict {
	v.wait = wait
	return v
}

// verdicts says what each status of an answer means. What is not listed, such as an operator's own codes, refuses for good:
// trying again what nobody understands would only repeat it.
var verdicts = map[smpp.Status]verdict{
	smpp.OK: {fate: accepted},

	smpp.Throttled: {fate: slow},
	smpp.QueueFull: {fate: slow},

	smpp.SystemError:            {fate: retry},
	smpp.ReceiverTemporaryError: {fate: retry},
	// The operator does not want us, or not now; the message is not to blame.
	smpp.InvalidBindStatus: {fate: retry},
	smpp.AlreadyBound:      {fate: retry},
	smpp.BindFailed:        {fate: retry},
	smpp.InvalidPassword:   {fate: retry},
	smpp.InvalidSystemID:   {fate: retry},
	smpp.InvalidSystemType: {fate: retry},

	smpp.InvalidDest:            {fate: refused, ptt: sms.PTTBarred},
	smpp.ReceiverPermanentError: {fate: refused, ptt: sms.PTTBarred},
	smpp.ReceiverRejected:       {fate: refused, ptt: sms.PTTForbidden},
	smpp.SubmitFailed:           {fate: refused, ptt: sms.PTTUndelivered},
	smpp.DeliveryFailed:         {fate: refused, ptt: sms.PTTUndelivered},
	smpp.UnknownError:           {fate: refused, ptt: sms.PTTUndelivered},
	smpp.CancelFailed:           {fate: refused, ptt: sms.PTTUndelivered},
	smpp.ReplaceFailed:          {fate: refused, ptt: sms.PTTUndelivered},
	smpp.QueryFailed:            {fate: refused, ptt: sms.PTTUndelivered},

	smpp.InvalidMessageLength:      {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidCommandLength:      {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidCommandID:          {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidPriority:           {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidRegisteredDelivery: {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidSource:             {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidMessageID:          {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidServiceType:        {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidNumberOfDests:      {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidDLName:             {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidDestFlag:           {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidSubmitReplace:      {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidESMClass:           {fate: refused, ptt: sms.PTTFormat},
	smpp.CannotSubmitToDL:          {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidSourceTON:          {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidSourceNPI:          {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidDestTON:            {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidDestNPI:            {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidReplaceFlag:        {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidNumberOfMessages:   {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidScheduleTime:       {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidValidityPeriod:     {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidDefaultMsgID:       {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidTLVStream:          {fate: refused, ptt: sms.PTTFormat},
	smpp.TLVNotAllowed:             {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidTLVLength:          {fate: refused, ptt: sms.PTTFormat},
	smpp.MissingTLV:                {fate: refused, ptt: sms.PTTFormat},
	smpp.InvalidTLVValue:           {fate: refused, ptt: sms.PTTFormat},
}

// judge says what the answer to a part means.
func judge(a smpp.Answer) verdict {
	fault, ours := errors.AsType[*smpp.FieldError](a.Err)
	switch {
	case a.Err == nil:
		v, known := verdicts[a.Status]
		if !known {
			v = verdict{fate: refused, ptt: sms.PTTUndelivered}
		}
		if v.fate != accepted {
			v.reason = describe(a.Status) + remark(a.PDU)
		}
		return v
	case !errors.Is(a.Err, smpp.ErrNotSent):
		return verdict{fate: lost}.because("the operator's answer is lost: " + a.Err.Error())
	case ours: // no PDU can be made of it, now or later
		return verdict{fate: refused, ptt: sms.PTTFormat}.because(fault.Error())
	}
	return verdict{fate: unsent}.because(a.Err.Error())
}

// describe names a status in the words of the specification and in plain ones.
func describe(s smpp.Status) string {
	number := fmt.Sprintf("0x%08X", uint32(s))
	if s.Name() == number {
		return number + ": " + s.Sentence()
	}
	return fmt.Sprintf("%s (%s): %s", s.Name(), number, s.Sentence())
}

// remark is what some operators add to a refusal in words.
func remark(p smpp.PDU) string {
	r, ok := p.(*smpp.SubmitSMResp)
	if !ok {
		return ""
	}
	if text, ok := r.TLVs.Text(smpp.TagAdditionalStatusInfoText); ok && text != "" {
		return " (" + text + ")"
	}
	return ""
}
