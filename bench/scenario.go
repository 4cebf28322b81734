package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Scenario is a load, and what is to be in place before it.
type Scenario struct {
	Name        string
	Title       string // in a few words
	Kind        Kind
	Requests    int           // 0 = as many as fit into Duration
	Duration    time.Duration // 0 = until all requests are answered
	Receivers   int           // of each request
	Connections int
	Rate        float64 // requests a second; 0 = as fast as possible

	// Of old scenarios: how many services and messages are in the store before, and the loads that follow.
	Services, Stored int
	Loads            []Scenario

	// Dead is how many endpoints of other customers take nothing meanwhile.
	Dead int
}

// Kind is how a scenario is run.
type Kind string

// The kinds.
const (
	Plain  Kind = "plain"  // the load alone, on an empty store
	Old    Kind = "old"    // the load, in a store that is full of old messages
	Queue  Kind = "queue"  // a long queue for a slow carrier, then urgent messages
	Batch  Kind = "batch"  // a campaign to a long list, planned and not sent
	Soak   Kind = "soak"   // half of what the first scenario measured, for long
	Kannel Kind = "kannel" // the load, on Kannel

	HTTP2SMS  Kind = "http2sms"  // the load, over http2sms
	SMPP      Kind = "smpp"      // the load, from clients over SMPP
	Callbacks Kind = "callbacks" // the load, of which a customer's server is told
)

// Connections is how many customers send at a time.
const Connections = 64

// Scenarios are those that have a name. Quick ones make up the short form.
func Scenarios() []Scenario {
	const second = time.Second
	return []Scenario{
		{Name: "single", Title: "one receiver a request", Kind: Plain, Requests: 100_000, Receivers: 1, Connections: Connections},
		{Name: "bulk", Title: "1,000 receivers a request", Kind: Plain, Requests: 400, Receivers: 1000, Connections: 8},
		{Name: "latency", Title: "1,000 single sends a second", Kind: Plain, Duration: 15 * second, Receivers: 1, Connections: Connections, Rate: 1000},
		{
			Name: "old", Title: "beside 10,000 services with 5 million old messages", Kind: Old, Services: 10_000, Stored: 5_000_000,
			Loads: []Scenario{
				{Name: "old-single", Title: "one receiver a request, in a full store", Kind: Old, Requests: 100_000, Receivers: 1, Connections: Connections},
				{Name: "old-bulk", Title: "1,000 receivers a request, in a full store", Kind: Old, Requests: 400, Receivers: 1000, Connections: 8},
			},
		},
		{Name: "http2sms", Title: "one receiver a call of http2sms", Kind: HTTP2SMS, Requests: 50_000, Receivers: 1, Connections: Connections},
		{Name: "smpp", Title: "submits of clients over SMPP", Kind: SMPP, Requests: 200_000, Receivers: 1, Connections: 8},
		{Name: "callbacks", Title: "a customer's server is told of each message", Kind: Callbacks, Requests: 50, Receivers: 1000, Connections: 8},
		{Name: "callbacks-dead", Title: "the same, for longer, beside 1,000 dead endpoints", Kind: Callbacks, Requests: 250, Receivers: 1000, Connections: 8, Dead: 1000},
		{Name: "queue", Title: "urgent messages past 2 million waiting ones", Kind: Queue, Requests: 400, Receivers: 5000, Connections: 4},
		{Name: "batch", Title: "a campaign to 1,000,000 rows with mail merge", Kind: Batch, Requests: 1, Receivers: 1_000_000, Connections: 1},
		{Name: "kannel-single", Title: "Kannel, one receiver a request", Kind: Kannel, Requests: 100_000, Receivers: 1, Connections: Connections},
		{Name: "kannel-latency", Title: "Kannel, 1,000 single sends a second", Kind: Kannel, Duration: 15 * second, Receivers: 1, Connections: Connections, Rate: 1000},
		{Name: "soak", Title: "ten minutes at half speed", Kind: Soak, Duration: 10 * time.Minute, Receivers: 1, Connections: Connections},
	}
}

// Quick are the scenarios of the short form.
var Quick = []string{"single", "bulk", "latency"}

// Find gives the scenarios of some names, "all" standing for all there are.
func Find(names []string) ([]Scenario, error) {
	known := Scenarios()
	if slices.Contains(names, "all") {
		return known, nil
	}
	var found []Scenario
	for _, name := range names {
		i := slices.IndexFunc(known, func(s Scenario) bool { return s.Name == name })
		if i < 0 {
			var all []string
			for _, s := range known {
				all = append(all, s.Name)
			}
			return nil, fmt.Errorf("there is no scenario %q: there are %s, and all", name, strings.Join(all, ", "))
		}
		found = append(found, known[i])
	}
	return found, nil
}

// messages is how many a scenario sends, at most.
func (s Scenario) messages() int {
	if s.Kind == Old && s.Loads != nil {
		n := s.Services * jobsOfService * receiversOfJob
		for _, one := range s.Loads {
			n += one.messages()
		}
		return n
	}
	if s.Dead > 0 {
		alone := s
		alone.Dead = 0
		return deadRounds*alone.messages() + deadMessages*deadServices(s.Dead)
	}
	if s.Requests > 0 {
		return s.Requests * s.Receivers
	}
	rate := s.Rate
	if rate == 0 {
		rate = 50_000 / float64(s.Receivers) // nothing here is faster
	}
	return int(s.Duration.Seconds()*rate+1) * s.Receivers
}

// With puts numbers of another one in the place of the scenario's, where there are any.
func (s Scenario) With(o Scenario) Scenario {
	if s.Loads != nil {
		loads := make([]Scenario, len(s.Loads))
		for i, one := range s.Loads {
			loads[i] = one.With(o)
		}
		s.Loads = loads
	}
	if o.Services > 0 {
		s.Services = o.Services
	}
	if o.Stored > 0 {
		s.Stored = o.Stored
	}
	if o.Requests > 0 {
		s.Requests, s.Duration = o.Requests, 0
	}
	if o.Duration > 0 {
		s.Duration, s.Requests = o.Duration, o.Requests
	}
	if o.Receivers > 0 {
		s.Receivers = o.Receivers
	}
	if o.Connections > 0 {
		s.Connections = o.Connections
	}
	if o.Rate > 0 {
		s.Rate = o.Rate
	}
	return s
}

// Databases are those of some that make sense for the scenario. Kannel keeps receipts in memory or in SQLite, and with SQLite it cannot keep
// a pace of 1,000 a second.
func (s Scenario) Databases(wanted []string) []string {
	switch {
	case s.Kind != Kannel:
		return wanted
	case s.Rate > 0:
		return []string{"memory"}
	}
	return []string{"memory", SQLite}
}

// audited tells whether the platform is asked to add up everything afterwards. An audit reads every message, and a request must be
// answered within two minutes: millions of messages may take longer.
func (s Scenario) audited() bool {
	return slices.Contains([]Kind{Plain, HTTP2SMS, SMPP, Callbacks}, s.Kind) || s.Kind == Old && s.Stored <= 100_000
}
