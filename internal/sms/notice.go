package sms

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoticeKind is what a Notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeMessage NoticeKind = "message" // a message has entered a state
	NoticeReply   NoticeKind = "reply"   // a handset has written
	NoticeOptOut  NoticeKind = "optout"  // a receiver wants no more messages
	NoticeOptIn   NoticeKind = "optin"   // a receiver wants messages again
	NoticeAnswer  NoticeKind = "answer"  // not told: an SMS that the platform sends by itself
	NoticeTest    NoticeKind = "test"    // somebody tries a webhook
)

// Notice is something that a customer is told, whole: it can be told again when the message is long gone.
type Notice struct {
	Kind    NoticeKind
	Service string
	At      time.Time

	// Of a message, and of the one that a reply or opt-out answers, which may be none.
	Outgoing  int64
	Job       int64
	Receiver  string // of the message; of an answer, to whom it goes
	Sender    string // empty = a short number
	Tag       string
	State     State
	PTT       int
	Error     string
	Parts     int
	Credits   Credits
	Duplicate bool

	// Of a reply, and of the one that an opt-out came by, which may be none.
	Incoming int64
	From     string // the handset
	Number   string // written to
	Text     string
	Keyword  string // of the rule that it has met
}

// deliveryPrefix begins the name of a delivery.
const deliveryPrefix = "dlv_"

// DeliveryName is what a delivery is called outside: in calls and, if it is an SMS, as the QueryID of its order.
func DeliveryName(id int64) string { return deliveryPrefix + strconv.FormatInt(id, 10) }

// DeliveryNamed gives the id of the delivery with a name, 0 if it is none.
func DeliveryNamed(name string) int64 {
	digits, ok := strings.CutPrefix(name, deliveryPrefix)
	if !ok {
		return 0
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Event gives the name that webhooks know it by.
func (n *Notice) Event() string {
	switch n.Kind {
	case NoticeMessage:
		return "message." + string(n.State)
	case NoticeReply:
		return "reply.received"
	case NoticeOptOut:
		return "optout.added"
	case NoticeOptIn:
		return "optout.removed"
	}
	return string(n.Kind)
}

// ToldStates are the states that customers are told of: what becomes of a message once it has left, or instead of leaving.
var ToldStates = []State{Sent, Buffered, Delivered, Failed, Expired, Refused}

// WebhookEvents are the events that a webhook can choose. The part before the point stands for all of its kind.
var WebhookEvents = []string{
	"message.sent", "message.buffered", "message.delivered", "message.failed", "message.expired", "message.refused",
	"reply.received", "optout.added", "optout.removed",
}

// Webhook is an address that gets signed JSON.
type Webhook struct {
	ID          int64
	ServiceID   int64
	URL         string
	Description string
	Events      []string // empty = all; else names or first parts of WebhookEvents
	Enabled     bool
	Secret      string // "whsec_" and 32 octets in base64
	OldSecret   string // signs as well until OldUntil
	OldUntil    time.Time
	CreatedAt   time.Time
}

// WantsEvent tells whether a choice of events has an event.
func WantsEvent(chosen []string, event string) bool {
	kind, _, _ := strings.Cut(event, ".")
	return len(chosen) == 0 || slices.Contains(chosen, event) || slices.Contains(chosen, kind)
}

// CheckEvents looks whether a choice of events can be made. Error: Invalid.
func CheckEvents(chosen []string) error {
	for _, name := range chosen {
		if !slices.ContainsFunc(WebhookEvents, func(event string) bool { return WantsEvent([]string{name}, event) }) {
			return Errorf(Invalid, "events: there is no event %.40q; there are %s, and message, reply and optout for all of a kind", name,
				strings.Join(WebhookEvents, ", "))
		}
	}
	return nil
}

// What a keyword rule does about opt-outs.
const (
	OptKeywordIn  = "in"
	OptKeywordOut = "out"
)

// KeywordRule says what a reply that begins with a word leads to.
type KeywordRule struct {
	ID          int64
	ServiceID   int64
	Word        string // as Keyword gives it
	Description string
	Answer      string // sent back; empty = nothing
	URL         string // called with the reply; empty = none
	Email       string // the reply is forwarded to it; empty = nowhere
	Tag         string // given to the reply; empty = it keeps that of the message it answers
	Opt         string // OptKeywordIn, OptKeywordOut or empty
	CreatedAt   time.Time
}

// Endpoint is where deliveries go: four times the id of a webhook or keyword rule; or of a service or SMS user, plus what of it is called.
// Services, users, webhooks and rules have their ids from one sequence.
type Endpoint int64

// Endpoints of a service.
const (
	answers Endpoint = iota
	callBack
	stopCallBack
	cgiURL
)

// AnswersOf is the endpoint of the SMS that a service sends by itself.
func AnswersOf(service int64) Endpoint { return Endpoint(4*service) + answers }

// CallBackOf is the endpoint of a service's callBack, or a user's.
func CallBackOf(service int64) Endpoint { return Endpoint(4*service) + callBack }

// StopCallBackOf is the endpoint of a service's stopCallBack, or a user's.
func StopCallBackOf(service int64) Endpoint { return Endpoint(4*service) + stopCallBack }

// CgiURLOf is the endpoint of a service's smsResponse.cgiUrl.
func CgiURLOf(service int64) Endpoint { return Endpoint(4*service) + cgiURL }

// ObjectEndpoint is that of a webhook or keyword rule.
func ObjectEndpoint(id int64) Endpoint { return Endpoint(4 * id) }

// Object gives the id that the endpoint is made of.
func (e Endpoint) Object() int64 { return int64(e) / 4 }

// Setting names the setting of a service or user that holds the endpoint's address, empty if it is none's.
func (e Endpoint) Setting() string { return [...]string{"", "callBack", "stopCallBack", "cgiUrl"}[e%4] }

// The states of a delivery.
const (
	DeliveryWaiting   = "waiting"
	DeliveryDelivered = "delivered"
	DeliveryFailed    = "failed" // given up
)

// Delivery is what an endpoint is owed, or has got.
type Delivery struct {
	ID        int64
	ServiceID int64
	Endpoint  Endpoint
	Subject   int64 // deliveries about the same one are made in order
	Notice    Notice
	Event     string
	State     string
	Attempts  int // since it was last ordered
	Replays   int // times it was ordered again
	CreatedAt time.Time
	DueAt     time.Time // of the next attempt
	DoneAt    time.Time
	Log       []Attempt // the last MaxAttempts
}

// MaxAttempts is how many attempts of a delivery are kept.
const MaxAttempts = 10

// Attempt is one call of an endpoint.
type Attempt struct {
	At     time.Time
	Status int           // of HTTP, 0 without an answer
	Answer string        // its beginning
	Error  string        // why there is none
	Took   time.Duration // by the system's clock
}

// OK tells that the endpoint has taken it.
func (a *Attempt) OK() bool { return a.Error == "" && (a.Status == 0 || a.Status/100 == 2) }

// DeliveryReceiptText says in a few words what a deliveryReceipt means: OVH's descriptionDlr.
func DeliveryReceiptText(deliveryReceipt int) string {
	return map[int]string{
		0: "Waiting", 1: "Delivered", 2: "Failed", 4: "Sent to the operator", 8: "Buffered at the operator", 16: "Refused",
	}[deliveryReceipt]
}
