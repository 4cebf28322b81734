package smpp

import "fmt"

// Tag names an optional parameter (§5.3.2). 0x1400 to 0x3FFF are the operator's own.
type Tag uint16

// The optional parameters of SMPP 3.4.
const (
	TagDestAddrSubunit          Tag = 0x0005
	TagDestNetworkType          Tag = 0x0006
	TagDestBearerType           Tag = 0x0007
	TagDestTelematicsID         Tag = 0x0008
	TagSourceAddrSubunit        Tag = 0x000D
	TagSourceNetworkType        Tag = 0x000E
	TagSourceBearerType         Tag = 0x000F
	TagSourceTelematicsID       Tag = 0x0010
	TagQOSTimeToLive            Tag = 0x0017
	TagPayloadType              Tag = 0x0019
	TagAdditionalStatusInfoText Tag = 0x001D
	TagReceiptedMessageID       Tag = 0x001E
	TagMSMsgWaitFacilities      Tag = 0x0030
	TagPrivacyIndicator         Tag = 0x0201
	TagSourceSubaddress         Tag = 0x0202
	TagDestSubaddress           Tag = 0x0203
	TagUserMessageReference     Tag = 0x0204
	TagUserResponseCode         Tag = 0x0205
	TagSourcePort               Tag = 0x020A
	TagDestinationPort          Tag = 0x020B
	TagSARMsgRefNum             Tag = 0x020C
	TagLanguageIndicator        Tag = 0x020D
	TagSARTotalSegments         Tag = 0x020E
	TagSARSegmentSeqnum         Tag = 0x020F
	TagSCInterfaceVersion       Tag = 0x0210
	TagCallbackNumPresInd       Tag = 0x0302
	TagCallbackNumAtag          Tag = 0x0303
	TagNumberOfMessages         Tag = 0x0304
	TagCallbackNum              Tag = 0x0381
	TagDPFResult                Tag = 0x0420
	TagSetDPF                   Tag = 0x0421
	TagMSAvailabilityStatus     Tag = 0x0422
	TagNetworkErrorCode         Tag = 0x0423
	TagMessagePayload           Tag = 0x0424
	TagDeliveryFailureReason    Tag = 0x0425
	TagMoreMessagesToSend       Tag = 0x0426
	TagMessageState             Tag = 0x0427
	TagUSSDServiceOp            Tag = 0x0501
	TagDisplayTime              Tag = 0x1201
	TagSMSSignal                Tag = 0x1203
	TagMSValidity               Tag = 0x1204
	TagAlertOnMessageDelivery   Tag = 0x130C
	TagITSReplyType             Tag = 0x1380
	TagITSSessionInfo           Tag = 0x1383
)

// A shape is the form of a TLV's value.
type shape byte

const (
	shapeOctets shape = iota
	shapeInteger
	shapeText
)

var tags = map[Tag]struct {
	name  string
	shape shape
}{
	TagDestAddrSubunit:          {"dest_addr_subunit", shapeInteger},
	TagDestNetworkType:          {"dest_network_type", shapeInteger},
	TagDestBearerType:           {"dest_bearer_type", shapeInteger},
	TagDestTelematicsID:         {"dest_telematics_id", shapeInteger},
	TagSourceAddrSubunit:        {"source_addr_subunit", shapeInteger},
	TagSourceNetworkType:        {"source_network_type", shapeInteger},
	TagSourceBearerType:         {"source_bearer_type", shapeInteger},
	TagSourceTelematicsID:       {"source_telematics_id", shapeInteger},
	TagQOSTimeToLive:            {"qos_time_to_live", shapeInteger},
	TagPayloadType:              {"payload_type", shapeInteger},
	TagAdditionalStatusInfoText: {"additional_status_info_text", shapeText},
	TagReceiptedMessageID:       {"receipted_message_id", shapeText},
	TagMSMsgWaitFacilities:      {"ms_msg_wait_facilities", shapeInteger},
	TagPrivacyIndicator:         {"privacy_indicator", shapeInteger},
	TagSourceSubaddress:         {"source_subaddress", shapeOctets},
	TagDestSubaddress:           {"dest_subaddress", shapeOctets},
	TagUserMessageReference:     {"user_message_reference", shapeInteger},
	TagUserResponseCode:         {"user_response_code", shapeInteger},
	TagSourcePort:               {"source_port", shapeInteger},
	TagDestinationPort:          {"destination_port", shapeInteger},
	TagSARMsgRefNum:             {"sar_msg_ref_num", shapeInteger},
	TagLanguageIndicator:        {"language_indicator", shapeInteger},
	TagSARTotalSegments:         {"sar_total_segments", shapeInteger},
	TagSARSegmentSeqnum:         {"sar_segment_seqnum", shapeInteger},
	TagSCInterfaceVersion:       {"sc_interface_version", shapeInteger},
	TagCallbackNumPresInd:       {"callback_num_pres_ind", shapeInteger},
	TagCallbackNumAtag:          {"callback_num_atag", shapeOctets},
	TagNumberOfMessages:         {"number_of_messages", shapeInteger},
	TagCallbackNum:              {"callback_num", shapeOctets},
	TagDPFResult:                {"dpf_result", shapeInteger},
	TagSetDPF:                   {"set_dpf", shapeInteger},
	TagMSAvailabilityStatus:     {"ms_availability_status", shapeInteger},
	TagNetworkErrorCode:         {"network_error_code", shapeOctets},
	TagMessagePayload:           {"message_payload", shapeOctets},
	TagDeliveryFailureReason:    {"delivery_failure_reason", shapeInteger},
	TagMoreMessagesToSend:       {"more_messages_to_send", shapeInteger},
	TagMessageState:             {"message_state", shapeInteger},
	TagUSSDServiceOp:            {"ussd_service_op", shapeOctets},
	TagDisplayTime:              {"display_time", shapeInteger},
	TagSMSSignal:                {"sms_signal", shapeInteger},
	TagMSValidity:               {"ms_validity", shapeInteger},
	TagAlertOnMessageDelivery:   {"alert_on_message_delivery", shapeOctets},
	TagITSReplyType:             {"its_reply_type", shapeInteger},
	TagITSSessionInfo:           {"its_session_info", shapeOctets},
}

// String is the name in the specification, such as "message_payload", or the number.
func (t Tag) String() string {
	if n, ok := tags[t]; ok {
		return n.name
	}
	return fmt.Sprintf("0x%04X", uint16(t))
}
