package smpp

// ESMClass says what kind of message it is and how to handle it (§5.2.12).
type ESMClass byte

// The bits of esm_class. The lowest two are the messaging mode, 0x3C the type,
// the highest two the network's features.
const (
	ESMDatagram             ESMClass = 0x01
	ESMForward              ESMClass = 0x02 // transaction mode
	ESMStoreAndForward      ESMClass = 0x03
	ESMReceipt              ESMClass = 0x04 // SMSC delivery receipt
	ESMDeliveryAck          ESMClass = 0x08 // from the handset
	ESMManualAck            ESMClass = 0x10 // from its user
	ESMConversationAbort    ESMClass = 0x18
	ESMIntermediateNotified ESMClass = 0x20
	ESMUDHI                 ESMClass = 0x40 // the text begins with a user data header
	ESMReplyPath            ESMClass = 0x80

	esmTypeMask ESMClass = 0x3C
)

// DataCoding is the alphabet of a text (§5.2.19).
type DataCoding byte

// The alphabets, and the class-0 form of the default one.
const (
	CodingDefault DataCoding = 0x00 // the SMSC's: GSM 7 bit, one character an octet, mostly
	CodingASCII   DataCoding = 0x01
	CodingOctets  DataCoding = 0x04
	CodingLatin1  DataCoding = 0x03
	CodingUCS2    DataCoding = 0x08
	CodingFlash   DataCoding = 0x10 // default alphabet, class 0
)

// RegisteredDelivery says which receipts are wanted (§5.2.17).
type RegisteredDelivery byte

// The bits of registered_delivery.
const (
	RegisterNone         RegisteredDelivery = 0x00
	RegisterReceipt      RegisteredDelivery = 0x01 // for success and failure
	RegisterFailure      RegisteredDelivery = 0x02 // for failure only
	RegisterDeliveryAck  RegisteredDelivery = 0x04
	RegisterManualAck    RegisteredDelivery = 0x08
	RegisterIntermediate RegisteredDelivery = 0x10
)

// MessageState is the state of a message at the SMSC (§5.2.28).
type MessageState byte

// The states. Delivered, expired, deleted, undeliverable and rejected are final;
// accepted means that customer care read it on the subscriber's behalf, and is final too.
const (
	StateEnroute       MessageState = 1
	StateDelivered     MessageState = 2
	StateExpired       MessageState = 3
	StateDeleted       MessageState = 4
	StateUndeliverable MessageState = 5
	StateAccepted      MessageState = 6
	StateUnknown       MessageState = 7
	StateRejected      MessageState = 8
)

// String is the state in one word, such as "delivered".
func (s MessageState) String() string {
	if int(s) < len(stateWords) && s > 0 {
		return stateWords[s].word
	}
	return "none"
}

// stateWords holds the words for a state: ours, and the one of a receipt's text (appendix B).
var stateWords = [...]struct{ word, receipt string }{
	StateEnroute:       {"enroute", "ENROUTE"},
	StateDelivered:     {"delivered", "DELIVRD"},
	StateExpired:       {"expired", "EXPIRED"},
	StateDeleted:       {"deleted", "DELETED"},
	StateUndeliverable: {"undeliverable", "UNDELIV"},
	StateAccepted:      {"accepted", "ACCEPTD"},
	StateUnknown:       {"unknown", "UNKNOWN"},
	StateRejected:      {"rejected", "REJECTD"},
}
