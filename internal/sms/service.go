package sms

import "time"

// Service is one SMS account of a customer, named like "sms-ab12345-1".
type Service struct {
	ID          int64
	AccountID   int64
	Account     string
	Country     string // of the customer, ISO 3166 alpha-2
	Name        string
	Description string
	Channel     string // transactional or marketing
	Status      string // enable or disable
	Settings    Settings
	CreatedAt   time.Time
	Suspended   string // why its account may not send; empty = it may
}

// Settings is what may be set for a service: most of it by its owner, by the names of OVH's model sms.Account.
type Settings struct {
	AutomaticRecreditAmount int64 // credits, 0 = off
	RecreditThreshold       Credits
	CallBack, StopCallBack  string
	ResponseType            string // none, cgi or text
	ResponseCgiURL          string
	ResponseText            string
	ResponseTrackingSender  string
	ResponseTracking        []Tracking
	CustomizedEmail         bool
	CustomizedSMS           bool
	EmailBody, EmailFrom    string
	EmailSubject, SMSBody   string
	// SendingHours, set by the operator, is when advertising may leave: "country" (also when empty), "none", a part of a country such
	// as "FR-AM", or hours like "mon-fri 09:00-18:00". CheckSendingHours reads it.
	SendingHours string
	// StopScope, set by the operator, is what a STOP is from: "service" (also when empty), "sender" or "tag" of the answered message.
	StopScope string
	// Guards keep a stolen key or a mistake from spending everything.
	Guards Guards
	// StopConfirmation, set by the operator, is what answers a STOP: a text, NoConfirmation, or empty for one in the customer's language.
	StopConfirmation string
	// FreeText, set by the operator, lets messages go to countries whose operators want templates without one.
	FreeText bool
	// Renewal is what the owner has said about the end of the contract.
	Renewal Renewal
}

// Tracking is one way in which the owner learns of a reply.
type Tracking struct {
	Media  string // email, sms or voice
	Sender string
	Target string
}

// Sender is a name or number that a service may show as the origin of its messages.
type Sender struct {
	ServiceID   int64
	Sender      string
	Type        string // alpha, numeric, shortcode or virtual
	Status      string // waitingValidation, enable, disable or refused
	Description string
	Reason      string
	Comment     string // of who decided
	Referer     string
	CreatedAt   time.Time
}

// The statuses of a sender and of a service.
const (
	Enabled  = "enable"
	Disabled = "disable"
	Waiting  = "waitingValidation"
	Rejected = "refused"
)

// Balance is the state of a service's books, in double entry: the five sums are always zero together. Issued is the
// negative of what was ever put in.
type Balance struct {
	Available Credits // may be spent
	Held      Credits // of messages that wait or are under way to a carrier
	Quota     Credits // given to users
	Used      Credits // of messages that a carrier accepted
	Issued    Credits
}

// ShortNumber is one number of the pool that carries conversations.
type ShortNumber struct {
	Number    string
	Country   string
	CarrierID int64
}

// Account is a customer, named like "ab12345-ovh", or an operator of the platform.
type Account struct {
	ID          int64
	Name        string
	Country     string // ISO 3166 alpha-2; local numbers are read with it
	Description string
	Operator    bool
	CreatedAt   time.Time
	// OperatorRole is what an operator may do; empty = AdminRole.
	OperatorRole Role
	Resells      bool   // it may have sub-accounts
	Reseller     int64  // the account that made it as one of its sub-accounts; 0 = the platform's operator
	Suspended    string // why it may not send; empty = it may
	SuspendedBy  int64  // the reseller who said so, 0 = the operator
}
