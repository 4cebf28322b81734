package sms

import "time"

// An Extract says which part of a history is exported.
type Extract struct {
	Incoming bool      `json:"incoming,omitempty"` // else outgoing
	User     int64     `json:"user,omitempty"`     // only what this SMS user has ordered, and the answers to it
	Batch    *string   `json:"batch,omitempty"`    // UUID
	Tag      *string   `json:"tag,omitempty"`
	From     time.Time `json:"from,omitzero"` // both included
	To       time.Time `json:"to"`
	Zone     string    `json:"zone"` // of the dates in it
}

// Exports of a history: how many may be under way for one service, and how long the document stays.
const (
	MaxOpenExtracts = 5
	ExtractKept     = 30 * 24 * time.Hour
)
