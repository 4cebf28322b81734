package sms

import (
	"errors"
	"strings"
	"time"

	"ramier/internal/phone"
)

// Lookup is a question to an operator's home location register about a number, and its answer.
type Lookup struct {
	ID        int64
	ServiceID int64
	CarrierID int64 // 0: none
	Receiver  string
	Country   string
	Status    string // TaskTodo, TaskDoing, TaskDone or TaskError
	Credits   Credits
	Attempts  int64
	LookupAnswer
	Error     string // why there is no answer
	CreatedAt time.Time
	DoneAt    time.Time
}

// LookupAnswer is what a register knows about a number.
type LookupAnswer struct {
	Valid     bool   // somebody has the number
	Reachable bool   // the phone is switched on
	Roaming   bool   // it is abroad
	Ported    bool   // the number has moved to another operator
	Network   string // MCC and MNC, like 20801; empty if it is not known
}

// LookupPrice is what a question costs, from OVH's guide on HLR.
const LookupPrice Credits = 100

// Limits of questions: how many one call may ask, how often one is put, and how long it may take all together.
const (
	MaxLookups        = 5000
	MaxLookupAttempts = 3
	LookupPatience    = 10 * time.Minute
)

// ErrNoLookups is the error of carriers that answer no questions about numbers.
var ErrNoLookups = errors.New("the carrier answers no questions about numbers")

// Lookers are the carriers that answer questions about numbers.
type Lookers map[int64]bool

// NewLookers gives those of the carriers. Error: Unavailable if there is none.
func NewLookers(carriers []Carrier) (Lookers, error) {
	can := Lookers{}
	for _, c := range carriers {
		if c.Enabled && c.Settings.Lookups {
			can[c.ID] = true
		}
	}
	if len(can) == 0 {
		return nil, Errorf(Unavailable, "no carrier of this platform answers questions about numbers: ask the operator for one that does")
	}
	return can, nil
}

// For gives the carrier that is asked about a number: the one that a message would take, if it answers, else the first that does.
func (k Lookers) For(r *Rules, n phone.Number) int64 {
	for _, t := range r.Routes {
		if t.Enabled && k[t.CarrierID] && (t.Country == "" || t.Country == n.Country) && strings.HasPrefix(n.E164, t.Prefix) &&
			(t.Service == "" || t.Service == r.Service.Name) && t.Sender == "" && t.Tag == "" {
			return t.CarrierID
		}
	}
	first := int64(0)
	for id := range k {
		if first == 0 || id < first {
			first = id
		}
	}
	return first
}
