package apptest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovh/go-ovh/ovh"
)

// A Load is customers that order messages without pause, through all that happens to the servers.
type Load struct {
	p       *Platform
	allowed chan struct{} // a token for each order
	running sync.WaitGroup
	cancel  context.CancelFunc
	ended   chan struct{} // closed when no new order is begun

	mu     sync.Mutex
	orders []*Order
	codes  map[int]int // answers by their HTTP status

	// Slowest is the longest time that a request waited for its answer.
	Slowest atomic.Int64
	// Hurried counts answers with 503 that do not say when to try again.
	Hurried atomic.Int64
}

// Load starts customers. They begin with no order: see Allow.
func (p *Platform) Load(customers int) *Load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Load{p: p, allowed: make(chan struct{}, 1_000_000), cancel: cancel, ended: make(chan struct{}), codes: map[int]int{}}
	for i := range customers {
		l.running.Go(func() { l.customer(ctx, i) })
	}
	p.t.Cleanup(func() { l.cancel(); l.running.Wait() })
	return l
}

// Allow lets the customers make so many more orders.
func (l *Load) Allow(orders int) {
	for range orders {
		l.allowed <- struct{}{}
	}
}

// End lets each customer end what it has begun, and gives all orders.
func (l *Load) End() []*Order {
	close(l.ended)
	l.running.Wait()
	l.cancel()
	return l.Orders()
}

// Orders gives the orders so far. They are not to be looked into before the end.
func (l *Load) Orders() []*Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.orders)
}

// Codes tells how many answers there were with each HTTP status; 0 stands for none.
func (l *Load) Codes() map[int]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	codes := map[int]int{}
	for code, n := range l.codes {
		codes[code] = n
	}
	return codes
}

func (l *Load) customer(ctx context.Context, i int) {
	r := rand.New(rand.NewPCG(l.p.Options.Seed, uint64(i))) //nolint:gosec // a number of a customer; chance is to be repeatable
	c := &customer{l: l, r: r}
	defer c.close()
	for n := 0; ; n++ {
		select {
		case <-l.ended:
			return
		case <-ctx.Done():
			return
		case <-l.allowed:
		}
		o := newOrder(r, fmt.Sprintf("c%d-%d-%d", l.p.Options.Seed, i, n), l.p.Shop.Service.Name, l.p.Poor)
		l.mu.Lock()
		l.orders = append(l.orders, o)
		l.mu.Unlock()
		c.order(ctx, o)
	}
}

// customer is one connection.
type customer struct {
	l       *Load
	r       *rand.Rand
	address string // that client is for
	client  *ovh.Client
	wire    *http.Transport
}

func (c *customer) close() {
	if c.wire != nil {
		c.wire.CloseIdleConnections()
	}
}

// order makes an order. With a key it repeats it until it knows, and now and then once more; without one it asks only once.
func (c *customer) order(ctx context.Context, o *Order) {
	for ctx.Err() == nil {
		known := c.once(ctx, o)
		switch {
		case o.Key == "":
			return
		case known && (o.Accepted == 0 || o.Accepted > 1 || c.r.IntN(8) > 0):
			return
		}
	}
}

// once sends the order to one of the servers, and tells whether the customer knows what became of it.
func (c *customer) once(ctx context.Context, o *Order) bool {
	if !c.connect(ctx) {
		return false
	}
	begun := time.Now()
	ids, status, err := c.post(ctx, o)
	if took := int64(time.Since(begun)); took > c.l.Slowest.Load() {
		c.l.Slowest.Store(took)
	}
	c.l.mu.Lock()
	c.l.codes[status]++
	c.l.mu.Unlock()
	refused, answered := errors.AsType[*ovh.APIError](err)
	switch {
	case err == nil:
		if o.Accepted++; o.Accepted == 1 {
			o.IDs = ids
		} else if !slices.Equal(ids, o.IDs) {
			o.Unlike = fmt.Sprint(ids)
		}
		return true
	case answered && refused.Details["outcome"] != "unknown":
		o.Refused++
		return status != http.StatusServiceUnavailable || o.Unanswered == 0
	}
	o.Unanswered++
	c.pause(ctx, 5*time.Millisecond)
	return false
}

// pause waits a little, so that a server that is down is not asked all the time.
func (c *customer) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// connect chooses a server that runs; it waits until there is one.
func (c *customer) connect(ctx context.Context) bool {
	for ctx.Err() == nil {
		nodes := c.l.p.Nodes
		address := nodes[c.r.IntN(len(nodes))].Address()
		if address == "" {
			c.pause(ctx, 2*time.Millisecond)
			continue
		}
		if address == c.address {
			return true
		}
		k := c.l.p.keys
		client, err := ovh.NewClient("http://"+address+"/1.0", k.ApplicationKey, k.ApplicationSecret, k.ConsumerKey)
		if err != nil {
			c.l.p.t.Error(err)
			return false
		}
		c.close()
		c.wire = &http.Transport{MaxIdleConnsPerHost: 1}
		client.Client = &http.Client{Transport: c.wire}
		client.Timeout = time.Minute
		c.client, c.address = client, address
		return true
	}
	return false
}

// post sends the order. Its status is 0 without an answer.
func (c *customer) post(ctx context.Context, o *Order) (ids []int64, status int, err error) {
	request, err := c.client.NewRequest(http.MethodPost, "/sms/"+o.Service+"/jobs", o.body, true)
	if err != nil {
		return nil, 0, err
	}
	if o.Key != "" {
		request.Header.Set("Idempotency-Key", o.Key)
	}
	answer, err := c.client.Do(request.WithContext(ctx)) //nolint:bodyclose // UnmarshalResponse closes it
	if err != nil {
		return nil, 0, err
	}
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
		c.l.Hurried.Add(1)
	}
	var report struct{ IDs []int64 }
	err = c.client.UnmarshalResponse(answer, &report)
	if err == nil {
		ids = report.IDs
	}
	return ids, answer.StatusCode, err
}
