// Package figures holds what was measured, and writes it as JSON, as tables and as pictures.
package figures

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"ramier/bench/proc"
)

// Format is the version of the JSON. It grows when a field changes its meaning or goes.
const Format = 1

// Report is what a run of `ramier bench` measured.
type Report struct {
	Format  int          `json:"format"`
	At      time.Time    `json:"at"` // when it began
	Version string       `json:"version"`
	Commit  string       `json:"commit,omitempty"`
	Machine proc.Machine `json:"machine"`
	Results []Result     `json:"results"`
}

// Result is what one scenario measured. Times are in milliseconds unless their name says otherwise.
type Result struct {
	Scenario string `json:"scenario"`
	Platform string `json:"platform"` // ramier, kannel, or an address
	Database string `json:"database"` // what keeps messages or receipts: sqlite, postgres, memory
	Note     string `json:"note,omitempty"`

	Connections int     `json:"connections"`
	Receivers   int     `json:"receivers"`      // in each request
	Rate        float64 `json:"rate,omitempty"` // requests a second, when paced

	Requests  int    `json:"requests"`
	Refused   int    `json:"refused"` // requests that were not accepted
	Refusal   string `json:"refusal,omitempty"`
	Accepted  int    `json:"accepted"`  // messages
	Arrived   int    `json:"arrived"`   // different ones, at the simulator
	Recorded  int    `json:"recorded"`  // receipts that were acknowledged to the simulator
	Delivered int    `json:"delivered"` // messages that the platform says are delivered; -1 = not asked

	Seconds           float64 `json:"seconds"`   // from the first request to the last receipt
	PerSecond         float64 `json:"perSecond"` // complete messages a second in that time
	AcceptedPerSecond float64 `json:"acceptedPerSecond"`

	Request Latency `json:"request"` // from sending a request to its answer
	Onward  Latency `json:"onward"`  // from the answer to the message's arrival at the simulator; 0 when that came first
	Whole   Latency `json:"whole"`   // from sending the request to the arrival

	CPU       CPU     `json:"cpu"`
	MemoryMiB float64 `json:"memoryMiB"` // the most that the platform took

	Lost       int      `json:"lost"`       // accepted and never arrived
	Duplicated int      `json:"duplicated"` // arrived more than once
	Unexpected int      `json:"unexpected"` // arrived although they were not accepted
	Audit      []string `json:"audit"`      // what the platform's own audit finds wrong; null = not asked

	// What a customer's server was told of the messages; zero where there is none.
	Callbacks          int     `json:"callbacks,omitempty"`
	CallbacksPerSecond float64 `json:"callbacksPerSecond,omitempty"` // from the start until the last came
	CallbacksMissing   int     `json:"callbacksMissing,omitempty"`

	Series []Point `json:"series,omitempty"`
}

// CPU is time per accepted message, in microseconds. Database is that of a database server of its own.
type CPU struct {
	Platform  float64 `json:"platform"`
	Load      float64 `json:"load"`
	Simulator float64 `json:"simulator"`
	Database  float64 `json:"database,omitempty"`
}

// Point is how things were at a moment.
type Point struct {
	At          float64 `json:"at"` // seconds since the first request
	Accepted    int     `json:"accepted"`
	Arrived     int     `json:"arrived"`
	Recorded    int     `json:"recorded"`
	MemoryMiB   float64 `json:"memoryMiB"`
	Files       int     `json:"files,omitempty"`
	Goroutines  int     `json:"goroutines,omitempty"`
	DatabaseMiB float64 `json:"databaseMiB,omitempty"` // all files of it, the log too
	LogMiB      float64 `json:"logMiB,omitempty"`      // SQLite's write-ahead log
}

// Latency is how long something took, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Distribution has the values that 0, 1, 2 ... 99 percent stayed below, then 99.5, 99.9, 99.99 and 100.
	Distribution []float64 `json:"distribution,omitempty"`
}

// shares of Distribution.
func shares() []float64 {
	list := make([]float64, 0, 104)
	for i := range 100 {
		list = append(list, float64(i)/100)
	}
	return append(list, 0.995, 0.999, 0.9999, 1)
}

// NewLatency sums up times in microseconds, which it puts in order.
func NewLatency(times []int64) Latency {
	if len(times) == 0 {
		return Latency{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[min(int(share*float64(len(times))), len(times)-1)]) / 1000
	}
	l := Latency{P50: at(0.5), P99: at(0.99), Max: at(1)}
	for _, share := range shares() {
		l.Distribution = append(l.Distribution, at(share))
	}
	return l
}

// Wrong says what must not be: messages that were lost or came twice, and books that do not agree. Speed is never wrong.
func (r Result) Wrong() []string {
	var wrong []string
	add := func(n int, what string) {
		if n > 0 {
			wrong = append(wrong, fmt.Sprintf("%s on %s: %d %s", r.Scenario, r.Database, n, what))
		}
	}
	add(r.Lost, "message(s) lost")
	add(r.Duplicated, "message(s) arrived more than once")
	add(r.Unexpected, "message(s) arrived that were not accepted")
	add(r.Refused, "request(s) refused: "+r.Refusal)
	if r.Delivered >= 0 {
		add(r.Accepted-r.Delivered, "message(s) not recorded as delivered")
	}
	add(r.CallbacksMissing, "callback(s) missing")
	add(len(r.Audit), "finding(s) of the audit")
	return wrong
}

// Name tells a result from the others of its report.
func (r Result) Name() string { return r.Scenario + ", " + r.Platform + ", " + r.Database }

// Write writes the report as JSON.
func (r Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // nothing in it is secret
}

// Read reads what Write wrote.
func Read(path string) (Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Report{}, err
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if r.Format != Format {
		return r, fmt.Errorf("%s has format %d, this program reads %d: measure again", path, r.Format, Format)
	}
	return r, nil
}
