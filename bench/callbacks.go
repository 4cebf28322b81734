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
		m := &measurement{bench: b, scenario: s, door: door, operator: o, platform: p, first: firstMessage}
		if r, err = m.run(ctx); err != nil {
			return r, err
		}
		b.Tell.Stage(s.Name + ": the last callbacks")
		told, calls, seconds := server.await(ctx, callbacksOfMessage*r.Delivered, b.Patience)
		r.Callbacks, r.CallbacksMissing = told, callbacksOfMessage*r.Delivered-told
		r.CallbacksPerSecond = float64(told) / max(seconds, 1e-9)
		r.Note = fmt.Sprintf("%s callbacks came within %.1f s of the first request, %s a second; %d came again, %d are missing",
			figures.Thousands(told), seconds, figures.Thousands(int(r.CallbacksPerSecond)), calls-told, r.CallbacksMissing)
		return r, nil
	})
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
