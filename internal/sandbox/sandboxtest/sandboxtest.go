// Package sandboxtest runs the real program in a test: a sandbox with OVH's own client in front, on either database.
package sandboxtest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/clock"
	"ramier/internal/sandbox"
	"ramier/internal/sms"
	"ramier/internal/store/storetest"
)

// Platform is a sandbox with its clients. Its clock runs, and can be moved.
type Platform struct {
	*sandbox.Sandbox
	Clock    *clock.Clock
	OVH      *ovh.Client // of the first customer
	Other    *ovh.Client
	Operator *ovh.Client
	options  sandbox.Options
	t        *testing.T
}

// Each runs f as a subtest on SQLite and on PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, p *Platform)) {
	t.Helper()
	EachWith(t, func(*sandbox.Options) {}, f)
}

// EachWith is Each with other options.
func EachWith(t *testing.T, change func(*sandbox.Options), f func(t *testing.T, p *Platform)) {
	t.Helper()
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			f(t, Start(t, storetest.URL(t, database), change))
		})
	}
}

// Start starts a platform on a database, an empty one for SQLite in the sandbox's folder. It goes with the test.
func Start(t *testing.T, database string, change ...func(*sandbox.Options)) *Platform {
	t.Helper()
	p := &Platform{Clock: clock.New(), t: t, options: sandbox.Options{
		Dir: t.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Database: database, Seed: 1, Version: "test",
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}}
	p.options.Clock = p.Clock
	for _, f := range change {
		f(&p.options)
	}
	p.start()
	t.Cleanup(func() { p.Stop() })
	return p
}

func (p *Platform) start() {
	p.t.Helper()
	s, err := sandbox.Start(context.WithoutCancel(p.t.Context()), p.options)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Sandbox = s
	p.OVH, p.Other, p.Operator = p.Client(s.Info.Keys), p.Client(s.Info.Other), p.Client(s.Info.Operator)
}

// Client makes OVH's client with keys.
func (p *Platform) Client(k sandbox.Keys) *ovh.Client {
	p.t.Helper()
	c, err := ovh.NewClient(p.Info.Endpoint, k.ApplicationKey, k.ApplicationSecret, k.ConsumerKey)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// Stop stops the platform as an operator would.
func (p *Platform) Stop() {
	if p.Sandbox == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := p.Sandbox.Stop(ctx); err != nil {
		p.t.Error("stop: ", err)
	}
	p.Sandbox = nil
}

// Restart stops the platform and starts it again over the same folder and database.
func (p *Platform) Restart() {
	p.t.Helper()
	p.Stop()
	p.start()
}

// Get calls the API as the first customer and fails the test on an error. The path stands below the first service: "/jobs".
func (p *Platform) Get(path string, answer any) {
	p.t.Helper()
	p.check(p.OVH.Get(p.Path(path), answer))
}

// Post is like Get.
func (p *Platform) Post(path string, body, answer any) {
	p.t.Helper()
	p.check(p.OVH.Post(p.Path(path), body, answer))
}

// Delete is like Get.
func (p *Platform) Delete(path string) {
	p.t.Helper()
	p.check(p.OVH.Delete(p.Path(path), nil))
}

// Path gives the path below the first service.
func (p *Platform) Path(path string) string { return "/sms/" + p.Info.ServiceName + path }

func (p *Platform) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// SetCarrier changes settings of the simulated carrier, as an operator would.
func (p *Platform) SetCarrier(settings map[string]any) {
	p.t.Helper()
	p.check(p.Operator.Put("/operator/carriers/simulator", settings, nil))
}

// Audit fails the test if the books, jobs and messages do not agree.
func (p *Platform) Audit() {
	p.t.Helper()
	var r struct {
		Messages int
		Findings []struct{ Object, Text string }
	}
	p.check(p.Operator.Get("/operator/audit", &r))
	if len(r.Findings) > 0 || r.Messages == 0 {
		p.t.Errorf("the audit of %d messages finds %v", r.Messages, r.Findings)
	}
}

// Token makes keys of the first customer with access rules, all of them if none is given.
func (p *Platform) Token(rules ...string) sandbox.Keys {
	p.t.Helper()
	if len(rules) == 0 {
		rules = []string{"GET /*", "POST /*", "PUT /*", "DELETE /*"}
	}
	var list []map[string]string
	for _, r := range rules {
		method, path, _ := strings.Cut(r, " ")
		list = append(list, map[string]string{"method": method, "path": path})
	}
	var keys sandbox.Keys
	p.check(p.Operator.Post("/operator/tokens", map[string]any{"account": "rm12345-ovh", "name": "test", "description": "", "rules": list}, &keys))
	return keys
}

// Report is the answer to POST jobs.
type Report struct {
	IDs                 []int64  `json:"ids"`
	ValidReceivers      []string `json:"validReceivers"`
	InvalidReceivers    []string `json:"invalidReceivers"`
	Tag                 string   `json:"tag"`
	TotalCreditsRemoved float64  `json:"totalCreditsRemoved"`
	InvalidReasons      []struct {
		Receiver, Reason, Message string
	} `json:"invalidReasons"`
}

// Send posts a job from the sandbox's sender, without STOP clause. More fields may replace those.
func (p *Platform) Send(text string, receivers []string, more ...map[string]any) Report {
	p.t.Helper()
	body := map[string]any{"message": text, "receivers": receivers, "sender": p.Info.Sender, "noStopClause": true}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	var r Report
	p.Post("/jobs", body, &r)
	return r
}

// Outgoing is a message as the API shows it.
type Outgoing struct {
	ID              int64   `json:"id"`
	Message         string  `json:"message"`
	Receiver        string  `json:"receiver"`
	Sender          string  `json:"sender"`
	Tag             string  `json:"tag"`
	DeliveryReceipt int     `json:"deliveryReceipt"`
	PTT             int     `json:"ptt"`
	Credits         float64 `json:"credits"`
	NumberOfSms     int     `json:"numberOfSms"`
	SentAt          *string `json:"sentAt"`
	DeliveredAt     *string `json:"deliveredAt"`
}

// Outgoing gives a message.
func (p *Platform) Outgoing(id int64) (o Outgoing) {
	p.t.Helper()
	p.Get(fmt.Sprintf("/outgoing/%d", id), &o)
	return o
}

// Await waits until a message is in a state. The clock runs a hundred times as fast meanwhile.
func (p *Platform) Await(id int64, want sms.State) sms.Message {
	p.t.Helper()
	var last sms.State
	for range p.ticks() {
		m, _, err := p.App.Store.Message(p.t.Context(), 0, id)
		p.check(err)
		if last = m.State; last == want {
			return m
		}
		p.Clock.Advance(time.Second)
	}
	p.t.Fatalf("message %d is %s, want %s", id, last, want)
	return sms.Message{}
}

// Until waits until done says so.
func (p *Platform) Until(what string, done func() bool) {
	p.t.Helper()
	for range p.ticks() {
		if done() {
			return
		}
	}
	p.t.Fatal("this did not happen: ", what)
}

// ticks gives a chance to look every 10 ms, for a minute.
func (p *Platform) ticks() func(func(int) bool) {
	return func(yield func(int) bool) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := range 6000 {
			if !yield(i) {
				return
			}
			<-tick.C
		}
	}
}
