package sms

import (
	"errors"
	"time"
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
