package smpp

import "fmt"

// Status is a command_status (§5.1.3). As an error it says that the peer refused.
type Status uint32

// The statuses of SMPP 3.4. 0x400 to 0x4FF are the operator's own.
const (
	OK                        Status = 0x00
	InvalidMessageLength      Status = 0x01
	InvalidCommandLength      Status = 0x02
	InvalidCommandID          Status = 0x03
	InvalidBindStatus         Status = 0x04
	AlreadyBound              Status = 0x05
	InvalidPriority           Status = 0x06
	InvalidRegisteredDelivery Status = 0x07
	SystemError               Status = 0x08
	InvalidSource             Status = 0x0A
	InvalidDest               Status = 0x0B
	InvalidMessageID          Status = 0x0C
	BindFailed                Status = 0x0D
	InvalidPassword           Status = 0x0E
	InvalidSystemID           Status = 0x0F
	CancelFailed              Status = 0x11
	ReplaceFailed             Status = 0x13
	QueueFull                 Status = 0x14
	InvalidServiceType        Status = 0x15
	InvalidNumberOfDests      Status = 0x33
	InvalidDLName             Status = 0x34
	InvalidDestFlag           Status = 0x40
	InvalidSubmitReplace      Status = 0x42
	InvalidESMClass           Status = 0x43
	CannotSubmitToDL          Status = 0x44
	SubmitFailed              Status = 0x45
	InvalidSourceTON          Status = 0x48
	InvalidSourceNPI          Status = 0x49
	InvalidDestTON            Status = 0x50
	InvalidDestNPI            Status = 0x51
	InvalidSystemType         Status = 0x53
	InvalidReplaceFlag        Status = 0x54
	InvalidNumberOfMessages   Status = 0x55
	Throttled                 Status = 0x58
	InvalidScheduleTime       Status = 0x61
	InvalidValidityPeriod     Status = 0x62
	InvalidDefaultMsgID       Status = 0x63
	ReceiverTemporaryError    Status = 0x64
	ReceiverPermanentError    Status = 0x65
	ReceiverRejected          Status = 0x66
	QueryFailed               Status = 0x67
	InvalidTLVStream          Status = 0xC0
	TLVNotAllowed             Status = 0xC1
	InvalidTLVLength          Status = 0xC2
	MissingTLV                Status = 0xC3
	InvalidTLVValue           Status = 0xC4
	DeliveryFailed            Status = 0xFE
	UnknownError              Status = 0xFF
)

var statuses = map[Status]struct{ name, sentence string }{
	OK:                        {"ESME_ROK", "no error"},
	InvalidMessageLength:      {"ESME_RINVMSGLEN", "the message is too long or its length is wrong"},
	InvalidCommandLength:      {"ESME_RINVCMDLEN", "the length of the PDU is wrong"},
	InvalidCommandID:          {"ESME_RINVCMDID", "the command is not known"},
	InvalidBindStatus:         {"ESME_RINVBNDSTS", "the command is not allowed in this bind state"},
	AlreadyBound:              {"ESME_RALYBND", "the session is bound already"},
	InvalidPriority:           {"ESME_RINVPRTFLG", "the priority flag is not valid"},
	InvalidRegisteredDelivery: {"ESME_RINVREGDLVFLG", "the registered delivery flag is not valid"},
	SystemError:               {"ESME_RSYSERR", "the peer has an internal fault"},
	InvalidSource:             {"ESME_RINVSRCADR", "the source address is not valid"},
	InvalidDest:               {"ESME_RINVDSTADR", "the destination address is not valid"},
	InvalidMessageID:          {"ESME_RINVMSGID", "the message id is not valid"},
	BindFailed:                {"ESME_RBINDFAIL", "the bind failed"},
	InvalidPassword:           {"ESME_RINVPASWD", "the password is wrong"},
	InvalidSystemID:           {"ESME_RINVSYSID", "the system id is not known"},
	CancelFailed:              {"ESME_RCANCELFAIL", "the message could not be cancelled"},
	ReplaceFailed:             {"ESME_RREPLACEFAIL", "the message could not be replaced"},
	QueueFull:                 {"ESME_RMSGQFUL", "the message queue is full"},
	InvalidServiceType:        {"ESME_RINVSERTYP", "the service type is not valid"},
	InvalidNumberOfDests:      {"ESME_RINVNUMDESTS", "the number of destinations is not valid"},
	InvalidDLName:             {"ESME_RINVDLNAME", "the distribution list is not known"},
	InvalidDestFlag:           {"ESME_RINVDESTFLAG", "the destination flag is not valid"},
	InvalidSubmitReplace:      {"ESME_RINVSUBREP", "submit with replace is not possible here"},
	InvalidESMClass:           {"ESME_RINVESMCLASS", "the esm_class is not valid"},
	CannotSubmitToDL:          {"ESME_RCNTSUBDL", "the distribution list cannot be sent to"},
	SubmitFailed:              {"ESME_RSUBMITFAIL", "the message was not accepted"},
	InvalidSourceTON:          {"ESME_RINVSRCTON", "the type of number of the source is not valid"},
	InvalidSourceNPI:          {"ESME_RINVSRCNPI", "the numbering plan of the source is not valid"},
	InvalidDestTON:            {"ESME_RINVDSTTON", "the type of number of the destination is not valid"},
	InvalidDestNPI:            {"ESME_RINVDSTNPI", "the numbering plan of the destination is not valid"},
	InvalidSystemType:         {"ESME_RINVSYSTYP", "the system type is not valid"},
	InvalidReplaceFlag:        {"ESME_RINVREPFLAG", "the replace_if_present flag is not valid"},
	InvalidNumberOfMessages:   {"ESME_RINVNUMMSGS", "the number of messages is not valid"},
	Throttled:                 {"ESME_RTHROTTLED", "too many messages in too little time"},
	InvalidScheduleTime:       {"ESME_RINVSCHED", "the scheduled delivery time is not valid"},
	InvalidValidityPeriod:     {"ESME_RINVEXPIRY", "the validity period is not valid"},
	InvalidDefaultMsgID:       {"ESME_RINVDFTMSGID", "the predefined message is not known"},
	ReceiverTemporaryError:    {"ESME_RX_T_APPN", "the receiver cannot take the message now"},
	ReceiverPermanentError:    {"ESME_RX_P_APPN", "the receiver cannot take the message at all"},
	ReceiverRejected:          {"ESME_RX_R_APPN", "the receiver rejects the message"},
	QueryFailed:               {"ESME_RQUERYFAIL", "the query failed"},
	InvalidTLVStream:          {"ESME_RINVOPTPARSTREAM", "the optional parameters cannot be read"},
	TLVNotAllowed:             {"ESME_ROPTPARNOTALLWD", "an optional parameter is not allowed here"},
	InvalidTLVLength:          {"ESME_RINVPARLEN", "an optional parameter has the wrong length"},
	MissingTLV:                {"ESME_RMISSINGOPTPARAM", "an expected optional parameter is missing"},
	InvalidTLVValue:           {"ESME_RINVOPTPARAMVAL", "an optional parameter has a wrong value"},
	DeliveryFailed:            {"ESME_RDELIVERYFAILURE", "the message could not be delivered"},
	UnknownError:              {"ESME_RUNKNOWNERR", "unknown error"},
}

// Name is the name in the specification, such as "ESME_RTHROTTLED", or the number.
func (s Status) Name() string {
	if n, ok := statuses[s]; ok {
		return n.name
	}
	return fmt.Sprintf("0x%08X", uint32(s))
}

// Sentence says in a few words what the status means.
func (s Status) Sentence() string {
	n, ok := statuses[s]
	switch {
	case ok:
		return n.sentence
	case s >= 0x400 && s <= 0x4FF:
		return "a code of the operator's own"
	default:
		return "a code that SMPP 3.4 does not define"
	}
}

// String gives name and sentence.
func (s Status) String() string { return s.Name() + ": " + s.Sentence() }

// Error is String. [OK] is never returned as an error.
func (s Status) Error() string { return s.String() }
