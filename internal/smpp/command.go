package smpp

import "fmt"

// Command is a command_id (§5.1.2.1).
type Command uint32

// The commands of SMPP 3.4. A response has the number of its request with the
// highest bit set.
const (
	CommandGenericNack         Command = 0x80000000
	CommandBindReceiver        Command = 0x00000001
	CommandBindReceiverResp    Command = 0x80000001
	CommandBindTransmitter     Command = 0x00000002
	CommandBindTransmitterResp Command = 0x80000002
	CommandQuerySM             Command = 0x00000003
	CommandQuerySMResp         Command = 0x80000003
	CommandSubmitSM            Command = 0x00000004
	CommandSubmitSMResp        Command = 0x80000004
	CommandDeliverSM           Command = 0x00000005
	CommandDeliverSMResp       Command = 0x80000005
	CommandUnbind              Command = 0x00000006
	CommandUnbindResp          Command = 0x80000006
	CommandReplaceSM           Command = 0x00000007
	CommandReplaceSMResp       Command = 0x80000007
	CommandCancelSM            Command = 0x00000008
	CommandCancelSMResp        Command = 0x80000008
	CommandBindTransceiver     Command = 0x00000009
	CommandBindTransceiverResp Command = 0x80000009
	CommandOutbind             Command = 0x0000000B
	CommandEnquireLink         Command = 0x00000015
	CommandEnquireLinkResp     Command = 0x80000015
	CommandSubmitMulti         Command = 0x00000021
	CommandSubmitMultiResp     Command = 0x80000021
	CommandAlertNotification   Command = 0x00000102
	CommandDataSM              Command = 0x00000103
	CommandDataSMResp          Command = 0x80000103
)

const responseBit Command = 0x80000000

// IsResponse tells whether c answers a request; generic_nack does.
func (c Command) IsResponse() bool { return c&responseBit != 0 }

// Response is the command that answers the request c. outbind and
// alert_notification have none (§4.1.7, §4.12).
func (c Command) Response() (Command, bool) {
	if c.IsResponse() || c == CommandOutbind || c == CommandAlertNotification {
		return 0, false
	}
	return c | responseBit, true
}

// String is the name in the specification, such as "submit_sm".
func (c Command) String() string {
	if k, ok := kinds[c]; ok {
		return k.name
	}
	return fmt.Sprintf("command 0x%08X", uint32(c))
}

// A kind is what the codec knows of a command.
type kind struct {
	name string
	make func() PDU
}

var kinds = map[Command]kind{
	CommandGenericNack:         {"generic_nack", func() PDU { return &GenericNack{} }},
	CommandBindReceiver:        {"bind_receiver", func() PDU { return &Bind{Mode: Receiver} }},
	CommandBindReceiverResp:    {"bind_receiver_resp", func() PDU { return &BindResp{Mode: Receiver} }},
	CommandBindTransmitter:     {"bind_transmitter", func() PDU { return &Bind{Mode: Transmitter} }},
	CommandBindTransmitterResp: {"bind_transmitter_resp", func() PDU { return &BindResp{Mode: Transmitter} }},
	CommandQuerySM:             {"query_sm", func() PDU { return &QuerySM{} }},
	CommandQuerySMResp:         {"query_sm_resp", func() PDU { return &QuerySMResp{} }},
	CommandSubmitSM:            {"submit_sm", func() PDU { return &SubmitSM{} }},
	CommandSubmitSMResp:        {"submit_sm_resp", func() PDU { return &SubmitSMResp{} }},
	CommandDeliverSM:           {"deliver_sm", func() PDU { return &DeliverSM{} }},
	CommandDeliverSMResp:       {"deliver_sm_resp", func() PDU { return &DeliverSMResp{} }},
	CommandUnbind:              {"unbind", func() PDU { return &Unbind{} }},
	CommandUnbindResp:          {"unbind_resp", func() PDU { return &UnbindResp{} }},
	CommandReplaceSM:           {"replace_sm", func() PDU { return &ReplaceSM{} }},
	CommandReplaceSMResp:       {"replace_sm_resp", func() PDU { return &ReplaceSMResp{} }},
	CommandCancelSM:            {"cancel_sm", func() PDU { return &CancelSM{} }},
	CommandCancelSMResp:        {"cancel_sm_resp", func() PDU { return &CancelSMResp{} }},
	CommandBindTransceiver:     {"bind_transceiver", func() PDU { return &Bind{Mode: Transceiver} }},
	CommandBindTransceiverResp: {"bind_transceiver_resp", func() PDU { return &BindResp{Mode: Transceiver} }},
	CommandOutbind:             {"outbind", func() PDU { return &Outbind{} }},
	CommandEnquireLink:         {"enquire_link", func() PDU { return &EnquireLink{} }},
	CommandEnquireLinkResp:     {"enquire_link_resp", func() PDU { return &EnquireLinkResp{} }},
	CommandSubmitMulti:         {"submit_multi", func() PDU { return &SubmitMulti{} }},
	CommandSubmitMultiResp:     {"submit_multi_resp", func() PDU { return &SubmitMultiResp{} }},
	CommandAlertNotification:   {"alert_notification", func() PDU { return &AlertNotification{} }},
	CommandDataSM:              {"data_sm", func() PDU { return &DataSM{} }},
	CommandDataSMResp:          {"data_sm_resp", func() PDU { return &DataSMResp{} }},
}
