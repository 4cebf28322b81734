package sms

import "time"

// Task is something that is done in the background.
type Task struct {
	ID        int64
	ServiceID int64
	Function  string
	Status    string // TaskTodo, TaskDoing, TaskPause, TaskDone or TaskError
	Step      string // starting, checkOrder, createHlrs, waitForHlrs, sendMailReport or finishing
	Object    string // what it works on: the key of a phonebook, with SheetEnding for an export as a spreadsheet; or an Extract as JSON
	Document  string // the file that it reads or makes
	Rev       int64  // of the object that it works on
	Message   string // what went wrong, in words
	DueAt     time.Time
	CreatedAt time.Time
	DoneAt    time.Time
}

// What tasks do. The first is OVH's, the others are ours.
const (
	CleanReceivers  = "cleanSmsReceivers"
	ImportPhonebook = "importPhonebook"
	ExportPhonebook = "exportPhonebook"
	ExportHistory   = "exportHistory"
)

// SheetEnding ends the names of spreadsheets.
const SheetEnding = ".xlsx"

// The states of a task.
const (
	TaskTodo  = "todo"
	TaskDoing = "doing"
	TaskPause = "pause"
	TaskDone  = "done"
	TaskError = "error"
)

// The first and the last step of every task, and those of a cleaning between.
const (
	StepStarting    = "starting"
	StepCreateHlrs  = "createHlrs"
	StepWaitForHlrs = "waitForHlrs"
	StepFinishing   = "finishing"
)
