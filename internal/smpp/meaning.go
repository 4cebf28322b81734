package smpp

import (
	"fmt"
	"strings"
)

// meanings say in words what the number in a field or parameter stands for.
var meanings = map[string]func(byte) string{
	"source_addr_ton":         tonMeaning,
	"dest_addr_ton":           tonMeaning,
	"esme_addr_ton":           tonMeaning,
	"addr_ton":                tonMeaning,
	"source_addr_npi":         npiMeaning,
	"dest_addr_npi":           npiMeaning,
	"esme_addr_npi":           npiMeaning,
	"addr_npi":                npiMeaning,
	"esm_class":               func(b byte) string { return ESMClass(b).String() },
	"data_coding":             func(b byte) string { return DataCoding(b).String() },
	"registered_delivery":     func(b byte) string { return RegisteredDelivery(b).String() },
	"message_state":           func(b byte) string { return MessageState(b).String() },
	"interface_version":       version,
	"sc_interface_version":    version,
	"priority_flag":           word("normal", "interactive", "urgent", "very urgent"),
	"replace_if_present_flag": word("do not replace", "replace"),
	"dest_flag":               word("", "an address", "a distribution list"),
	"payload_type":            word("default", "WCMP"),
	"more_messages_to_send":   word("no more", "more to follow"),
	"dpf_result":              word("not set", "set"),
	"set_dpf":                 word("not requested", "requested"),
	"ms_availability_status":  word("available", "denied", "unavailable"),
	"delivery_failure_reason": word("destination unavailable", "destination address invalid", "permanent network error", "temporary network error"),
	"privacy_indicator":       word("not restricted", "restricted", "confidential", "secret"),
	"language_indicator":      word("unspecified", "English", "French", "Spanish", "German", "Portuguese"),
	"display_time":            word("temporary", "default", "invoke"),
	"ms_validity":             word("store indefinitely", "power down", "registration area", "display only"),
	"dest_addr_subunit":       subunit,
	"source_addr_subunit":     subunit,
}

var (
	subunit    = word("unknown", "mobile display", "mobile equipment", "SIM", "external unit")
	tonMeaning = word("unknown", "international", "national", "network specific", "subscriber number", "alphanumeric", "abbreviated")
)

// word makes the meaning of a number that counts through words.
func word(words ...string) func(byte) string {
	return func(b byte) string {
		if int(b) < len(words) {
			return words[b]
		}
		return "reserved"
	}
}

func npiMeaning(b byte) string {
	names := map[NPI]string{
		NPIUnknown: "unknown", NPIISDN: "ISDN (E.164)", NPIData: "data (X.121)", NPITelex: "telex (F.69)",
		NPILandMobile: "land mobile (E.212)", NPINational: "national", NPIPrivate: "private", NPIERMES: "ERMES",
		NPIInternet: "internet (IP)", NPIWAP: "WAP client",
	}
	if name, ok := names[NPI(b)]; ok {
		return name
	}
	return "reserved"
}

func version(b byte) string {
	if b < 0x33 {
		return "SMPP 3.3 or older"
	}
	return fmt.Sprintf("SMPP %d.%d", b>>4, b&15)
}

// String names the parts of the class, such as "store and forward, user data header".
func (c ESMClass) String() string {
	parts := []string{[]string{"default mode", "datagram", "transaction", "store and forward"}[c&3]}
	switch c & esmTypeMask {
	case 0:
	case ESMReceipt:
		parts = append(parts, "delivery receipt")
	case ESMDeliveryAck:
		parts = append(parts, "delivery acknowledgement by the handset")
	case ESMManualAck:
		parts = append(parts, "acknowledgement by the user")
	case ESMConversationAbort:
		parts = append(parts, "conversation abort")
	case ESMIntermediateNotified:
		parts = append(parts, "intermediate notification")
	default:
		parts = append(parts, "reserved type")
	}
	if c&ESMUDHI != 0 {
		parts = append(parts, "user data header")
	}
	if c&ESMReplyPath != 0 {
		parts = append(parts, "reply path")
	}
	return strings.Join(parts, ", ")
}

// String names the alphabet, and the class where there is one.
func (c DataCoding) String() string {
	names := []string{
		"SMSC default alphabet", "ASCII", "octets", "Latin-1", "octets", "JIS", "Cyrillic", "Hebrew",
		"UCS-2", "pictogram", "music codes", 13: "extended JIS", 14: "KS C 5601",
	}
	switch {
	case int(c) < len(names) && names[c] != "":
		return names[c]
	case c&0xF0 == 0x10:
		return fmt.Sprintf("%s, class %d", [...]string{"GSM 7 bit", "octets", "UCS-2", "reserved"}[c>>2&3], c&3)
	case c&0xF0 == 0xF0:
		return fmt.Sprintf("%s, class %d", [...]string{"GSM 7 bit", "octets"}[c>>2&1], c&3)
	case c&0xE0 == 0xC0, c&0xF0 == 0xE0:
		return "message waiting indication"
	}
	return "reserved"
}

// String says which receipts are wanted.
func (r RegisteredDelivery) String() string {
	wanted := []string{[]string{"no receipt", "receipt", "receipt on failure", "reserved"}[r&3]}
	if r&RegisterDeliveryAck != 0 {
		wanted = append(wanted, "acknowledgement by the handset")
	}
	if r&RegisterManualAck != 0 {
		wanted = append(wanted, "acknowledgement by the user")
	}
	if r&RegisterIntermediate != 0 {
		wanted = append(wanted, "intermediate notification")
	}
	return strings.Join(wanted, ", ")
}
