package sms

// PTT is OVH's code for the state of a message at the operator. The meanings are OVH's, from its guide on SMS users and
// its SMPP specification; the words are ours.
type PTT struct {
	Code        int
	Comment     string
	Description string
	Duration    string // temporary, permanent or indeterminated
}

// The codes that the platform itself sets.
const (
	PTTNone        = 0
	PTTPhoneRetry  = 1
	PTTRetry       = 2
	PTTAccepted    = 3
	PTTDelivered   = 4
	PTTUndelivered = 5
	PTTUnknown     = 6
	PTTExpired     = 8
	PTTNoCredit    = 10
	PTTFormat      = 20
	PTTBarred      = 23
	PTTAbsent      = 24
	PTTTemporary   = 25
	PTTSpam        = 28
	PTTContent     = 29
	PTTOptedOut    = 53
	PTTForbidden   = 54
	PTTNoTemplate  = 1999
)

// PTTs lists the known codes in ascending order.
var PTTs = []PTT{
	{0, "Waiting", "The message has not been handed to an operator yet.", "temporary"},
	{1, "Retrying: phone", "The operator tries again because of a problem on the phone.", "temporary"},
	{2, "Retrying: operator", "The operator tries again because of a problem in its network.", "temporary"},
	{3, "Accepted", "The operator has accepted the message; its receipt is awaited.", "temporary"},
	{4, "Delivered", "The message has arrived on the handset.", "permanent"},
	{5, "Undelivered", "The message was not delivered; the operator gives no detail.", "permanent"},
	{6, "Unknown", "The final state is not known to the operator.", "indeterminated"},
	{8, "Expired", "The validity of the message ended at the operator.", "permanent"},
	{10, "No credit", "The account or user has not enough credits.", "temporary"},
	{20, "Undeliverable", "The message cannot be delivered in this form.", "permanent"},
	{21, "Subscriber without credit", "The subscriber's prepaid account is empty.", "temporary"},
	{23, "Number barred", "The number is invalid, or barred for good.", "permanent"},
	{24, "Absent", "The subscriber cannot be reached: phone off or out of coverage.", "temporary"},
	{25, "Operator trouble", "A temporary condition in the operator's network.", "temporary"},
	{26, "Phone trouble", "A temporary error of the phone, such as full memory.", "temporary"},
	{27, "Phone unable", "The phone can never take this type of message.", "permanent"},
	{28, "Taken as spam", "The operator took the message for spam.", "permanent"},
	{29, "Content refused", "The operator does not allow this content.", "permanent"},
	{33, "Parental lock", "The subscriber's parental lock refuses the message.", "permanent"},
	{39, "Operator failure", "A failure newly reported by the operator.", "temporary"},
	{53, "Opted out", "The receiver has answered STOP; the message was not sent and not charged.", "permanent"},
	{54, "Destination refused", "The destination is not allowed or not served; the message was not sent and not charged.", "permanent"},
	{73, "Ported number unreachable", "The number was ported and its new operator cannot be reached.", "indeterminated"},
	{74, "Roaming", "The number is roaming.", "temporary"},
	{76, "Ported destination blocked", "The operator that the number was ported to is blocked for this account.", "permanent"},
	{202, "Ported destination blocked", "As 76; the operator of the platform can tell more.", "permanent"},
	{1999, "No approved template", "Traffic to the United States must match an approved template.", "permanent"},
}

// PTTByCode finds a code.
func PTTByCode(code int) (PTT, bool) {
	for _, p := range PTTs {
		if p.Code == code {
			return p, true
		}
	}
	return PTT{}, false
}

// DeliveryReceipt gives OVH's deliveryReceipt ("DLR id") of a message: 0 waiting, 1 delivered, 2 failed, 4 handed over,
// 8 buffered, 16 refused and not billed.
func (m *Message) DeliveryReceipt() int { return deliveryReceipts[m.State] }

var deliveryReceipts = map[State]int{
	Sent: 4, InDoubt: 4, Buffered: 8, Delivered: 1, Failed: 2, Expired: 2, Refused: 16, Cancelled: 16,
}

// StatesOf gives the states that show as the deliveryReceipt, the inverse of DeliveryReceipt.
func StatesOf(deliveryReceipt int) []State {
	var states []State
	for _, s := range States {
		if deliveryReceipts[s] == deliveryReceipt {
			states = append(states, s)
		}
	}
	return states
}
