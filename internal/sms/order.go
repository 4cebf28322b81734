package sms

import (
	"fmt"
	"time"
)

// Order is what a caller asks to send.
type Order struct {
	Text         string
	Receivers    []string // as written by the caller
	Sender       string
	ForResponse  bool // from a short number, so that the receiver can answer; wins over Sender
	NoStop       bool // no STOP clause, and no regard to opt-outs: not marketing
	ForceUnicode bool
	Class        Class
	Priority     Priority
	Tag          string
	QuoteID      string        // the quote that it must be charged by, empty = none
	QuotedAt     time.Time     // when that was made: its rates count
	TagMadeUp    bool          // not by the caller: nobody asks for a report on it
	Deferred     time.Duration // from now
	Validity     time.Duration // from the moment it is due
	Credential   int64
	QueryID      string
	// ReceiptTo says how a client over SMPP is to be told what became of the messages; only that door reads it. Empty = not at all.
	ReceiptTo string
	User      int64 // SMS user who orders, 0 = the owner of the service; his quota pays if he has one
	// Merge makes a text for each receiver of Text; nil = all get Text as it is.
	Merge *Merge
	// Texts are those of each receiver, none of them empty, instead of Text, which is the first of them; nil = all get Text.
	Texts []string
	// Repeats: a receiver may come several times, and gets as many messages.
	Repeats bool
	// Lines tell where each receiver stands in the document that it is from; empty = in none.
	Lines []int
	// Unreadable are rows of that document whose receiver cannot be read. They are invalid receivers.
	Unreadable []Refusal
	// Spread lets the messages leave one after the other; nil = all when they are due.
	Spread *Spread
}

// Limits bound an order. Zero means no limit.
type Limits struct {
	Receivers int // per order
	Parts     int // per message, at most 255
	Tag       int // characters
	Deferred  time.Duration
	Merged    int // bytes of the texts that a list makes, all together
}

// maxText is more bytes than any text has that fits into 255 parts.
const maxText = 128 << 10

// DefaultLimits are the ones a fresh installation has.
func DefaultLimits() Limits {
	return Limits{Receivers: 5000, Parts: 255, Tag: 255, Deferred: 366 * 24 * time.Hour, Merged: 32 << 20}
}

// MaxValidity is OVH's longest and default validity: two days.
const MaxValidity = 2880 * time.Minute

// Rules is what a plan is made by: the service and its senders, and what all services share. It is valid for the two
// revisions that it names.
type Rules struct {
	Service      Service
	Rev          int64 // of the service
	PlatformRev  int64 // of carriers, routes, rates and short numbers
	Senders      map[string]Sender
	HasOptOuts   bool            // somebody has opted out: OptedOut must be filled for orders of advertising
	OptedOut     map[string]bool // those of an order's receivers who have opted out of what it is; nil = not asked
	Routes       []Route         // by position
	Carriers     map[int64]Carrier
	Rates        map[string]Credits // of all customers, ever since, by country; "*" for the others
	Tariff       Tariff             // of all customers, from a time on
	OwnTariff    Tariff             // of the customer
	ShortNumbers []ShortNumber
	Templates    []Pattern         // approved ones
	StopClauses  map[string]string // text by country
	Limits       Limits
}

// Planned is one message as it will be sent.
type Planned struct {
	Input    string // the receiver as written
	Receiver string
	Country  string
	Text     string
	Source   string // the short number, if one answers
	Parts    int
	Credits  Credits
	Carrier  int64
	Route    int64
	DueAt    time.Time
	Delay    string // why DueAt is later than ordered, in plain words; empty if it is not
	// Refused: the message is recorded, but never sent and not charged; PTT says why.
	Refused bool
	PTT     int
	Line    int      // of its document, 0 = none
	Empty   []string // columns whose place in the text its row left empty
}

// Reason is why a receiver takes no message.
type Reason string

// The reasons beyond those of package phone.
const (
	NoRouteTo     Reason = "no_route"     // no route leads there
	NoRateFor     Reason = "no_rate"      // the country has no price
	NoShortNumber Reason = "short_number" // short numbers do not serve the country
	BadText       Reason = "text"         // the text that the values of its row make cannot be sent
	Damaged       Reason = "damaged"      // a spreadsheet has rounded the number
	// Of the service's Guards.
	CountryGuarded Reason = "guarded_country" // messages may not go to the country
	TooManyNow     Reason = "guarded_rate"    // the receiver or his range has had enough for now
	// Of messages that are recorded, not sent and not charged.
	OptedOutOf Reason = "opted_out"   // the receiver has answered STOP
	NoTemplate Reason = "no_template" // his country wants an approved template
)

// Refusal is one receiver that gets no message.
type Refusal struct {
	Receiver string // as written
	Reason   Reason
	Message  string // with the value and the cure
	Line     int    // of its document, 0 = none
}

// On adds where in its document the receiver stands. The words at the end are those that OVH's control panel looks for.
func (r Refusal) On(line int) Refusal {
	if line > 0 {
		r.Line = line
		r.Message += fmt.Sprintf(", on line %d", line)
	}
	return r
}

// line tells where a receiver stands in its document, 0 if in none.
func (o *Order) line(i int) int {
	if i < len(o.Lines) {
		return o.Lines[i]
	}
	return 0
}

// Plan is the verdict on an order.
type Plan struct {
	Service     Service
	Rev         int64
	PlatformRev int64
	Order       Order
	Sender      string // empty with a short number
	Tag         string
	At          time.Time
	DueAt       time.Time // as ordered; the messages may leave later
	Hours       string    // sending hours that were applied, empty = none
	Marketing   bool      // opt-outs count
	Messages    []Planned // those that leave earlier first, else in the order of the receivers
	Invalid     []Refusal
	Credits     Credits
}
