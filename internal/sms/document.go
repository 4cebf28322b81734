package sms

import "time"

// Document is a file of a customer.
type Document struct {
	ID          string // a UUID
	AccountID   int64
	ServiceID   int64  // 0 unless it belongs to one
	Kind        string // DocumentOfMe, DocumentOfSender or DocumentOfExport
	Sender      string // whose supporting document it is
	Name        string
	Description string
	Tags        []Tag
	// Secret makes the addresses of the content: who does not know it cannot guess them.
	Secret     string
	Upload     int64 // names the content, 0 while there is none
	Size       int64 // bytes
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero = never
	UploadedAt time.Time // zero while there is no content
}

// The kinds of documents.
const (
	DocumentOfMe     = "me"
	DocumentOfSender = "sender"
	DocumentOfExport = "export"
)

// Tag is a label of a document.
type Tag struct{ Key, Value string }

// The limits of a customer's documents.
const (
	MaxDocument       = 64 << 20 // bytes of one
	MaxDocuments      = 1000
	MaxDocumentsBytes = 1 << 30 // of all together
	// Histories that the platform writes may be longer.
	MaxExport       = 1 << 30
	MaxExportsBytes = 4 << 30
)
