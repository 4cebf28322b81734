package simulator

import (
	"fmt"
	"strings"
	"time"

	"ramier/internal/smpp"
)

// MagicNumber is a number whose messages meet a fate of their own.
type MagicNumber struct {
	Number   string `json:"number"`
	Name     string `json:"name"`
	Sentence string `json:"sentence"` // what the operator does
	State    string `json:"state"`    // where Ramier's message ends, in the words of its states
}

// Magic lists the magic numbers. They lie in a range that is kept for fiction (+33 6 39 98), so nobody will ever have one.
func Magic() []MagicNumber {
	list := make([]MagicNumber, len(table))
	for i, b := range table {
		list[i] = MagicNumber{magicNumber(i), b.Name, b.Sentence, b.State}
	}
	return list
}

const magicPrefix = "+336399800"

func magicNumber(i int) string { return fmt.Sprintf("%s%02d", magicPrefix, i) }

// behaviourAt is the behaviour of a magic number, nil for any other.
func behaviourAt(to string) *behaviour {
	if len(to) != len(magicPrefix)+2 || !strings.HasPrefix(to, magicPrefix) {
		return nil
	}
	if i := int(to[len(to)-2]-'0')*10 + int(to[len(to)-1]-'0'); i < len(table) {
		return &table[i]
	}
	return nil
}

// A behaviour is what the operator does with a message. The zero value of each field is what it does with an
// ordinary one.
type behaviour struct {
	Name, Sentence, State string

	refuse smpp.Status // answer to an attempt to submit the message
	times  int         // how many attempts are refused; 0 for all
	answer answer
	wait   time.Duration // until the answer, if it is late

	life    []step
	silent  bool // without receipts
	copies  int  // receipts beyond the one
	bare    bool // receipts in words only
	replies string
}

// answer is how a message that was taken is answered.
type answer byte

const (
	atOnce       answer = iota
	late                // after some time
	afterReceipt        // only when the receipt is on its way
	never               // and the connection stays
	cut                 // and the connection ends, at the first attempt
)

// A step in the life of a message: after some time it gets into a state. If that is no final one, another step follows.
type step struct {
	after time.Duration // ordinary, if it is 0
	state smpp.MessageState
	err   uint16 // reason in the words of GSM networks' numbers
}

// Reasons why a message is not on its handset.
const (
	unknownSubscriber uint16 = 1
	barred            uint16 = 13
	absent            uint16 = 27
	memoryFull        uint16 = 32
	systemFailure     uint16 = 34
	spam              uint16 = 36
	content           uint16 = 37
)

var ordinary = []step{{state: smpp.StateDelivered}}

// failing is a life that ends at the first step.
func failing(state smpp.MessageState, err uint16) []step { return []step{{0, state, err}} }

// table holds the behaviours by the last two digits of their numbers. The first one is that of all other numbers too.
var table = []behaviour{
	{
		Name: "delivered", State: "delivered", life: ordinary,
		Sentence: "The message is on the handset at once, and the receipt says so; all other numbers do the same.",
	},
	{
		Name: "delayed", State: "delivered", life: []step{{10 * time.Second, smpp.StateDelivered, 0}},
		Sentence: "The message is on the handset after 10 seconds.",
	},
	{
		Name: "absent", State: "delivered", life: []step{{0, smpp.StateEnroute, absent}, {time.Minute, smpp.StateDelivered, 0}},
		Sentence: "The handset is switched off: an intermediate receipt says that the operator tries again (err:027), and a minute later the message is delivered.",
	},
	{
		Name: "barred", State: "failed", life: failing(smpp.StateUndeliverable, barred),
		Sentence: "The subscriber may not receive messages: UNDELIV, err:013.",
	},
	{
		Name: "unknown", State: "failed", life: failing(smpp.StateUndeliverable, unknownSubscriber),
		Sentence: "Nobody has this number: UNDELIV, err:001.",
	},
	{
		Name: "expired", State: "expired", life: []step{{30 * time.Second, smpp.StateExpired, absent}},
		Sentence: "The handset stays switched off: after 30 seconds, or the message's validity if that is shorter, EXPIRED, err:027.",
	},
	{
		Name: "spam", State: "failed", life: failing(smpp.StateRejected, spam),
		Sentence: "The operator's filter takes the message for spam: REJECTD, err:036.",
	},
	{
		Name: "no-receipt", State: "sent", life: ordinary, silent: true,
		Sentence: "The message is on the handset, but no receipt is ever sent; query_sm tells.",
	},
	{
		Name: "double-receipt", State: "delivered", life: ordinary, copies: 1,
		Sentence: "The message is delivered, and its receipt is sent twice.",
	},
	{
		Name: "receipt-first", State: "delivered", life: ordinary, answer: afterReceipt,
		Sentence: "The receipt overtakes the answer: deliver_sm comes before submit_sm_resp.",
	},
	{
		Name: "throttled", State: "delivered", life: ordinary, refuse: smpp.Throttled, times: 2,
		Sentence: "The first two attempts are throttled (ESME_RTHROTTLED), the third is taken and delivered.",
	},
	{
		Name: "answer-lost", State: "delivered", life: ordinary, answer: never,
		Sentence: "The message is on the handset, but submit_sm is never answered: it is in doubt until the answer's time-out, and then settled by its receipt, which has an id that nobody was told.",
	},
	{
		Name: "connection-dropped", State: "delivered", life: ordinary, answer: cut,
		Sentence: "The message is taken and the connection cut before the answer; the second attempt is taken as an ordinary one, so the handset shows the text twice.",
	},
	{
		Name: "replies-stop", State: "delivered", life: ordinary, replies: "STOP",
		Sentence: "A second after the message, the handset answers STOP; to 36111 if the sender is a name.",
	},
	{
		Name: "replies", State: "delivered", life: ordinary, replies: "Merci !",
		Sentence: "A second after the message, the handset answers \"Merci !\", unless the sender is a name.",
	},
	{
		Name: "refused", State: "refused", refuse: smpp.InvalidDest,
		Sentence: "The operator refuses the number at once (ESME_RINVDSTADR).",
	},
	{
		Name: "busy", State: "delivered", life: ordinary, refuse: smpp.SystemError, times: 2,
		Sentence: "The first two attempts meet a fault of the operator (ESME_RSYSERR), the third is taken and delivered.",
	},
	{
		Name: "slow-answer", State: "delivered", life: ordinary, answer: late, wait: 3 * time.Second,
		Sentence: "The answer to submit_sm takes 3 seconds; then all is as usual.",
	},
	{
		Name: "bare-receipt", State: "delivered", life: ordinary, bare: true,
		Sentence: "The message is delivered, and its receipt says so in words only, without parameters.",
	},
	{
		Name: "content", State: "failed", life: failing(smpp.StateRejected, content),
		Sentence: "The operator does not let this content through: REJECTD, err:037.",
	},
	{
		Name: "memory-full", State: "failed", life: failing(smpp.StateUndeliverable, memoryFull),
		Sentence: "The handset has no room left: UNDELIV, err:032.",
	},
	{
		Name: "failure", State: "failed", life: failing(smpp.StateUndeliverable, systemFailure),
		Sentence: "The network fails: UNDELIV, err:034.",
	},
}
