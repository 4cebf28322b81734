// Package ovh is the API in OVH's words: it reads requests as the schema describes them, calls an endpoint and writes
// its answer or error as OVH does. Each resource has a file of its own; routes.go lists them all.
package ovh

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"ramier/internal/auth"
	"ramier/internal/billing"
	"ramier/internal/campaign"
	"ramier/internal/fetch"
	"ramier/internal/limit"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

//go:generate go run ./gen types.gen.go everything_gen_test.go
//go:generate go test -run ^TestCoverage$ . -update

// Config is what the API is made with. Authenticate, Store, Submit, Auth, Fetch, Slots and Batches are needed; the rest has defaults.
type Config struct {
	// Authenticate proves who sent a request, from its headers, its address and the exact bytes of its body.
	Authenticate func(r *http.Request, body []byte) (*sms.Caller, error)

	Store    *store.Store
	Submit   *submit.Submitter
	Auth     *auth.Verifier
	Carriers Carriers
	Fetch    *fetch.Client // for documents of customers
	Billing  *billing.Desk
	SignIns  *auth.SignIns // on the web pages
	Webhooks Webhooks
	Slots    *campaign.Slots
	Batches  *campaign.Batches
	// Customers shares what can be done at once; nil = no limits.
	Customers *limit.Customers
	// Nudge is called when there is something to do in the background.
	Nudge func()
	// Started is when the program began, Version what it calls itself.
	Started time.Time
	Version string

	Now    func() time.Time // the clock
	Random func() uint64    // for query ids
	Log    *slog.Logger
	// PublicURLs are the bases that clients reach this place by; the first is that of the addresses in the served documents, like
	// "https://sms.example.org".
	PublicURLs []string
	Node       string         // part of the query ids, "ws-1"
	Zone       *time.Location // of datetimes in answers, and of those that clients send without an offset; Europe/Paris
	SMPP       SMPPAddresses
	MaxBody    int64 // bytes of a request body, 10 MiB
	MaxBatch   int   // ids in one batch GET, 500

	// Observe is told of each answer: the operation (empty when there was none), its HTTP status and its time.
	Observe func(operation string, status int, took time.Duration)
}

// Carriers is what the API needs of those who run the carriers.
type Carriers interface {
	// Status gives the state of a carrier; ok is false if it does not run here, and the state elsewhere if another node has it.
	Status(carrier int64) (status sms.CarrierStatus, ok bool)
	// Reload makes the carriers run as the store describes them now.
	Reload(ctx context.Context) error
	// PDUs gives what a message looks like on its way to a carrier, part by part.
	PDUs(c sms.Carrier, m sms.Outbound) ([]PDU, error)
}

// Webhooks is what the API needs of those who call webhooks.
type Webhooks interface {
	// Test calls a webhook of a service once with an event that says nothing.
	Test(ctx context.Context, service string, w sms.Webhook) sms.Attempt
}

// A PDU is one frame, as octets and field by field in words.
type PDU struct {
	Frame []byte
	Words string
}

// publicURL is the base of the addresses in the served documents.
func (c Config) publicURL() string {
	if len(c.PublicURLs) == 0 {
		return ""
	}
	return c.PublicURLs[0]
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Uint64
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Node == "" {
		c.Node = "ws-1"
	}
	if c.Zone == nil {
		c.Zone = paris
	}
	if c.MaxBody == 0 {
		c.MaxBody = 10 << 20
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = 500
	}
	if c.Nudge == nil {
		c.Nudge = func() {}
	}
	if c.Observe == nil {
		c.Observe = func(string, int, time.Duration) {}
	}
	return c
}

// API serves /1.0 and /v1. Its methods are the endpoints. Run has to run beside it.
type API struct {
	http.Handler
	server   *server
	now      func() time.Time
	store    *store.Store
	submit   *submit.Submitter
	auth     *auth.Verifier
	carriers Carriers
	fetch    *fetch.Client
	billing  *billing.Desk
	webhooks Webhooks
	slots    *campaign.Slots
	batches  *campaign.Batches
	started  time.Time
	version  string
	smpp     SMPPAddresses

	signIns    *auth.SignIns
	publicURLs []string
	zone       *time.Location
	uploads    chan struct{}
	calls      *callLog
	nudge      func() // there is something to do in the background
}

// New makes the API. It panics when the table of routes does not fit the schema, which is a mistake in the program.
func New(cfg Config) *API {
	must(cfg.Authenticate != nil, "Authenticate is missing")
	cfg = cfg.withDefaults()
	s, err := schema.Load()
	if err != nil {
		panic(err)
	}
	a := &API{
		now: cfg.Now, store: cfg.Store, submit: cfg.Submit, auth: cfg.Auth, carriers: cfg.Carriers, fetch: cfg.Fetch, billing: cfg.Billing, webhooks: cfg.Webhooks, slots: cfg.Slots, batches: cfg.Batches, started: cfg.Started, version: cfg.Version, smpp: cfg.SMPP,
		signIns: cfg.SignIns, publicURLs: cfg.PublicURLs,
		zone: cfg.Zone, uploads: make(chan struct{}, maxUploads), nudge: cfg.Nudge,
	}
	a.server = newServer(cfg, s, a.routes())
	if cfg.Store != nil {
		a.server.calls = newCallLog(cfg.Store, cfg.Log)
	}
	a.Handler, a.calls = a.server, a.server.calls
	return a
}
