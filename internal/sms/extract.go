package sms

import "time"

// An Extract says which part of a history is exported.
type Extract struct {
	Incoming bool    // else outgoing
	User     int64   // only what this SMS user has ordered, and the answers to it
	Batch    *string // UUID
	Tag      *string
	From     time.Time // both included
	To       time.Time
	Zone     string // of the dates in it
}

// Exports of a history: how many may be under way for one service, and how long the document stays.
const (
	MaxOpenExtracts = 5
	ExtractKept     = 30 * 24 * time.Hour
)
