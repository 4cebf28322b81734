package smppd

import (
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// OVH's own statuses.
const (
	tooManyBinds      smpp.Status = 0x400
	codingUnsupported smpp.Status = 0x401
	badGSM7           smpp.Status = 0x402
)

// statuses translates our codes of errors.
var statuses = map[sms.Code]smpp.Status{
	sms.Invalid: smpp.SubmitFailed, sms.TooLarge: smpp.InvalidMessageLength, sms.NoCredit: smpp.SubmitFailed, sms.Guarded: smpp.SubmitFailed, sms.Forbidden: smpp.SubmitFailed,
	sms.NoService: smpp.SubmitFailed, sms.NoObject: smpp.SubmitFailed, sms.Conflict: smpp.SubmitFailed, sms.TooFast: smpp.Throttled,
	sms.Unavailable: smpp.QueueFull, // nothing was accepted: send it again
}

// statusOf gives the command_status of an error.
func statusOf(err error) smpp.Status {
	if err == nil {
		return smpp.OK
	}
	if status, ok := statuses[sms.CodeOf(err)]; ok {
		return status
	}
	return smpp.SystemError
}

// passing tells that the same message may be taken later.
func passing(status smpp.Status) bool {
	return status == smpp.Throttled || status == smpp.QueueFull || status == smpp.SystemError
}

// The codes of receipts, from the table in OVH's SMPP guide.
const (
	errUnreachable   = 3
	errEquipment     = 4
	errSubscriber    = 5
	errOperator      = 7
	errParental      = 8
	errUndelivered   = 9
	errCredit        = 10
	errTemplate      = 52
	errOptedOut      = 53
	errForbidden     = 54
	errNumber        = 100
	errContent       = 101
	errUndeliverable = 800
	errExpired       = 801
	errDeleted       = 802
	errRejected      = 803
	errUnknown       = 804
)

var byPTT = map[int]int{
	sms.PTTUndelivered: errUndeliverable, sms.PTTUnknown: errUnknown, sms.PTTExpired: errExpired, sms.PTTNoCredit: errCredit,
	sms.PTTFormat: errUndelivered, 21: errSubscriber, sms.PTTBarred: errNumber, sms.PTTAbsent: errUnreachable, sms.PTTTemporary: errOperator,
	26: errEquipment, 27: errEquipment, sms.PTTSpam: errContent, sms.PTTContent: errContent, 33: errParental, 39: errOperator,
	sms.PTTOptedOut: errOptedOut, sms.PTTForbidden: errForbidden, 73: errOperator, 74: errUnreachable, 76: errForbidden, 202: errForbidden,
	1999: errTemplate,
}

// outcome gives how a message that has ended shows in its receipt.
func outcome(m sms.Message) (smpp.MessageState, int) {
	state, code := smpp.StateUndeliverable, errUndeliverable
	switch m.State {
	case sms.Delivered:
		return smpp.StateDelivered, 0
	case sms.Expired:
		state, code = smpp.StateExpired, errExpired
	case sms.Cancelled:
		return smpp.StateDeleted, errDeleted
	case sms.Refused:
		state, code = smpp.StateRejected, errRejected
	}
	if known, ok := byPTT[m.PTT]; ok {
		code = known
	}
	return state, code
}
