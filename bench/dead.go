package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/bench/figures"
)

const (
	// deadHooks is how many dead endpoints a service has; a service may have 50 webhooks.
	deadHooks = 50
	// deadMessages is how many messages of each such service its endpoints are owed the steps of.
	deadMessages = 10
	// deadRounds is how often the load is run: alone, beside dead endpoints, and alone again.
	deadRounds = 3
)

// deadServices is how many services so many endpoints need.
func deadServices(endpoints int) int { return (endpoints + deadHooks - 1) / deadHooks }

func deadService(i int) string { return fmt.Sprintf("sms-dead-%d", i) }

// besideDead runs the load alone, beside endpoints of other customers that take nothing, and alone again, and compares the speed beside them
// with the mean of both others. The result is that beside them.
func (t *told) besideDead(ctx context.Context, s Scenario) (r figures.Result, err error) {
	hanging, err := hang(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, hanging.stop()) }()
	first := firstMessage
	next := func() int {
		n := first
		first += s.Requests * s.Receivers
		return n
	}
	before, err := t.run(ctx, s, next())
	if err != nil {
		return before, err
	}
	if err := t.kill(ctx, s.Dead, hanging.Addr().String()); err != nil {
		return r, err
	}
	if r, err = t.run(ctx, s, next()); err != nil {
		return r, err
	}
	if err := t.bury(ctx, s.Dead); err != nil {
		return r, err
	}
	after, err := t.run(ctx, s, next())
	if err != nil {
		return r, err
	}
	alone := (before.PerSecond + after.PerSecond) / 2
	r.Note = fmt.Sprintf("without the dead endpoints %s and %s messages a second (%.0f and %.0f µs of the platform each), beside %d of them %s: %+.1f %%. %s; without them %s and %s callbacks a second",
		figures.Thousands(int(before.PerSecond)), figures.Thousands(int(after.PerSecond)), before.CPU.Platform, after.CPU.Platform, s.Dead, figures.Thousands(int(r.PerSecond)),
		100*(r.PerSecond/alone-1), r.Note, figures.Thousands(int(before.CallbacksPerSecond)), figures.Thousands(int(after.CallbacksPerSecond)))
	return r, nil
}

// kill gives other customers webhooks, of which half refuse connections and half never answer, and has them be owed something.
func (t *told) kill(ctx context.Context, endpoints int, hanging string) error {
	t.bench.Tell.Stage(fmt.Sprintf("%d dead endpoints", endpoints))
	var names []string
	for i := range deadServices(endpoints) {
		names = append(names, deadService(i))
	}
	door, err := t.platform.customer(ctx, "dead", 10*deadMessages, names...)
	if err != nil {
		return err
	}
	if t.dead, err = ovh.NewClient(door.Endpoint, door.ApplicationKey, door.ApplicationSecret, door.ConsumerKey); err != nil {
		return err
	}
	refusing, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	for n := range endpoints {
		host := hanging
		if n%2 == 0 {
			host = fmt.Sprintf("127.0.0.1:%d", refusing[0])
		}
		hook := map[string]any{"url": fmt.Sprintf("http://%s/%d", host, n)}
		if err := t.dead.PostWithContext(ctx, "/sms/"+names[n/deadHooks]+"/webhooks", hook, nil); err != nil {
			return err
		}
	}
	return t.sendDead(ctx, names)
}

// sendDead sends a few messages of each such service, and waits until they are delivered.
func (t *told) sendDead(ctx context.Context, names []string) error {
	base, err := t.platform.delivered(ctx)
	if err != nil {
		return err
	}
	for i, name := range names {
		var receivers []string
		for n := range deadMessages {
			receivers = append(receivers, fmt.Sprintf("+3363000%04d", i*deadMessages+n))
		}
		err := t.dead.PostWithContext(ctx, "/sms/"+name+"/jobs", map[string]any{
			"message": "Bonjour", "sender": senderName, "receivers": receivers, "noStopClause": true,
		}, nil)
		if err != nil {
			return err
		}
	}
	return poll(ctx, time.Minute, "the receipts of what dead endpoints are owed", func() (bool, error) {
		now, err := t.platform.delivered(ctx)
		return now-base >= len(names)*deadMessages, err
	})
}

// bury removes those webhooks.
func (t *told) bury(ctx context.Context, endpoints int) error {
	for i := range deadServices(endpoints) {
		path := "/sms/" + deadService(i) + "/webhooks"
		var ids []int64
		if err := t.dead.GetWithContext(ctx, path, &ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.dead.DeleteWithContext(ctx, fmt.Sprintf("%s/%d", path, id), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// silence takes connections and says nothing.
type silence struct {
	net.Listener
	mu   sync.Mutex
	open []net.Conn
	done chan struct{}
}

func hang(ctx context.Context) (*silence, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &silence{Listener: l, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, c)
			s.mu.Unlock()
		}
	}()
	return s, nil
}

func (s *silence) stop() error {
	err := s.Close()
	<-s.done
	for _, c := range s.open {
		_ = c.Close() // the other side has given up long ago
	}
	return err
}
