package sms

import "slices"

// Class is the message class of GSM 03.38 by OVH's names: where the handset puts the text.
type Class string

// The classes.
const (
	Flash        Class = "flash"        // 0: shown at once, not stored
	PhoneDisplay Class = "phoneDisplay" // 1: phone memory
	SIM          Class = "sim"          // 2: SIM card
	Toolkit      Class = "toolkit"      // 3: terminal equipment
)

// Number gives the class's number, 0 to 3.
func (c Class) Number() int {
	return slices.Index([]Class{Flash, PhoneDisplay, SIM, Toolkit}, c)
}

// Priority is the lane of a message.
type Priority string

// The priorities, in the order of their lanes.
const (
	High    Priority = "high"
	Medium  Priority = "medium"
	Low     Priority = "low"
	VeryLow Priority = "veryLow"
)

// Priorities lists the lanes: index 0 leaves first.
var Priorities = []Priority{High, Medium, Low, VeryLow}

// Lane gives the index of the priority in Priorities.
func (p Priority) Lane() int { return slices.Index(Priorities, p) }
