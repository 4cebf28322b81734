package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// callbacksOfMessage is how often a message is told of: sent, and delivered.
const callbacksOfMessage = 2

// callbacks runs the load for a customer whose server is called for each step of a message, and waits for the last call.
func (b *Bench) callbacks(ctx context.Context, s Scenario, database, dir string) (figures.Result, error) {
	return b.furnished(ctx, s, database, dir, []string{"RAMIER_FETCH_ALLOW=127.0.0.0/8"}, func(o *operator, p *platform, door *load.OVH) (r figures.Result, err error) {
		server, err := startListener(ctx)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, server.stop()) }()
		client, err := ovh.NewClient(door.Endpoint, door.ApplicationKey, door.ApplicationSecret, door.ConsumerKey)
		if err != nil {
			return r, err
		}
		if err := client.PutWithContext(ctx, "/sms/"+serviceName, map[string]any{"callBack": server.url}, nil); err != nil {
			return r, err
		}
		told := &told{bench: b, operator: o, platform: p, door: door, client: client, server: server}
		if s.Dead > 0 {
			return told.besideDead(ctx, s)
		}
		return told.run(ctx, s, firstMessage)
	})
}

// told is a customer who is told of each step of a message.
type told struct {
	bench    *Bench
	operator *operator
	platform *platform
	door     *load.OVH
	client   *ovh.Client
	server   *listener
	dead     *ovh.Client // of the customers whose endpoints are dead
}

// run runs the load and waits for the last callback.
func (t *told) run(ctx context.Context, s Scenario, first int) (figures.Result, error) {
	m := &measurement{bench: t.bench, scenario: s, door: t.door, operator: t.operator, platform: t.platform, first: first}
	t.server.begin()
	before, err := t.platform.delivered(ctx)
	if err != nil {
		return figures.Result{}, err
	}
	used := t.platform.usage()
	r, err := m.run(ctx)
	if err != nil {
		return r, err
	}
	t.bench.Tell.Stage(s.Name + ": the last callbacks")
	r.Delivered -= before
	want := callbacksOfMessage * r.Delivered
	told, calls, seconds := t.server.await(ctx, want, t.bench.Patience)
	cost := float64((t.platform.usage().CPU - used.CPU).Microseconds()) / float64(max(1, told))
	r.Callbacks, r.CallbacksMissing = told, want-told
	r.CallbacksPerSecond = float64(told) / max(seconds, 1e-9)
	r.Note = fmt.Sprintf("%s callbacks came within %.1f s of the first request, %s a second; %d came again, %d are missing; %.0f µs of the platform for each, with its half of the message",
		figures.Thousands(told), seconds, figures.Thousands(int(r.CallbacksPerSecond)), calls-told, r.CallbacksMissing, cost)
	if r.CallbacksMissing > 0 {
		r.Note += "; " + t.complaint(ctx)
	}
	return r, nil
}

// complaint tells why the first callback that is missing has not come.
func (t *told) complaint(ctx context.Context) string {
	var all []struct {
		Event      string
		OutgoingID int64
		Attempts   []struct {
			Status int
			Error  string
		}
	}
	if err := t.client.GetWithContext(ctx, "/sms/"+serviceName+"/deliveries?state=waiting&limit=1000", &all); err != nil {
		return "why is not known: " + err.Error()
	}
	for _, d := range all {
		for _, a := range d.Attempts {
			return fmt.Sprintf("one got the status %d %s", a.Status, a.Error)
		}
	}
	if len(all) == 0 {
		return "none waits"
	}
	return fmt.Sprintf("%d wait and were not tried, the first is %s of message %d", len(all), all[0].Event, all[0].OutgoingID)
}

// listener is the customer's server: it says yes and counts what it is told.
type listener struct {
	url    string
	server *http.Server
	ended  chan struct{}
	start  time.Time

	mu    sync.Mutex
	told  map[string]bool
	calls int
	last  time.Time // when something new came
}

func startListener(ctx context.Context) (*listener, error) {
	open, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &listener{url: "http://" + open.Addr().String() + "/dlr", ended: make(chan struct{}), told: map[string]bool{}, start: time.Now()}
	l.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: l}
	go func() {
		defer close(l.ended)
		_ = l.server.Serve(open) // until it is closed
	}()
	return l, nil
}

// ServeHTTP implements http.Handler.
func (l *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	what := q.Get("id") + " " + q.Get("ptt")
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if !l.told[what] {
		l.told[what], l.last = true, now
	}
}

// begin forgets what was told before.
func (l *listener) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.calls, l.start, l.last = map[string]bool{}, 0, time.Now(), time.Time{}
}

func (l *listener) state() (told, calls int, last time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told), l.calls, l.last
}

// await waits until so many different things were told, or nothing new is for as long as the patience lasts; it gives how many there
// were, how many calls, and how long after the start the last one came.
func (l *listener) await(ctx context.Context, want int, patience time.Duration) (told, calls int, seconds float64) {
	if patience == 0 {
		patience = 30 * time.Second
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	for {
		told, calls, last := l.state()
		if told >= want || time.Since(last) > patience && time.Since(begun) > patience || ctx.Err() != nil {
			return told, calls, last.Sub(l.start).Seconds()
		}
		<-tick.C
	}
}

func (l *listener) stop() error {
	err := l.server.Close()
	<-l.ended
	return err
}
