package sms

// Role is what a person may do in an account, or an operator on the platform. What each role allows is a table of the doors.
type Role string

// The roles in an account.
const (
	OwnerRole   Role = "owner"   // everything
	SenderRole  Role = "sender"  // sends, keeps lists and templates, reads
	ReaderRole  Role = "reader"  // reads
	FinanceRole Role = "finance" // orders, invoices and what was used, no texts of messages; also an operator's
)

// The roles of operators, with FinanceRole.
const (
	AdminRole   Role = "admin"   // everything
	SupportRole Role = "support" // reads, and decides on what customers ask for
	NoRole      Role = "none"    // nothing
)

// RemovedRole is that of a person who is gone.
const RemovedRole Role = "removed"
