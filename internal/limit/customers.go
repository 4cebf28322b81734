package limit

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
)

// Settings say how much customers may do. Zero values stand for the default given with each.
type Settings struct {
	// AtOnce is how many requests of one account, over all doors, are worked on at once: 256. As many more wait for their turn.
	AtOnce int
	// AccountRate and KeyRate are how many requests a second one account may make over all doors, and one key; 0 = any number.
	AccountRate, KeyRate float64
	Now                  func() time.Time
}

// Customers shares what the doors can do at once among accounts. A nil one has no limits.
type Customers struct {
	atOnce   int
	now      func() time.Time
	accounts *Rates[int64]
	keys     *Rates[int64]
	parts    [32]placesPart
}

type placesPart struct {
	mu  sync.RWMutex
	all map[int64]*places
}

// NewCustomers makes limits by settings.
func NewCustomers(s Settings) *Customers {
	if s.AtOnce == 0 {
		s.AtOnce = 256
	}
	// What comes within a second may come at once.
	return &Customers{
		atOnce: s.AtOnce, now: s.Now, accounts: NewRates[int64](s.AccountRate, int(s.AccountRate)), keys: NewRates[int64](s.KeyRate, int(s.KeyRate)),
	}
}

// A Place is the right to work on a request of a customer. Leave gives it back.
type Place struct{ of *places }

// Leave gives the place to the next request of the customer.
func (p Place) Leave() {
	if p.of != nil {
		p.of.leave()
	}
}

// maxWait is how long a request waits for its turn.
const maxWait = 10 * time.Second

// Enter takes a place for a request of an account, made with a key, 0 for none. It waits while the account has as many under way as it
// may. When the door is crowded there is no waiting, and a quarter of the places. Error: TooFast.
func (c *Customers) Enter(ctx context.Context, account, key int64, crowded bool) (Place, error) {
	if c == nil {
		return Place{}, nil
	}
	if err := c.pay(account, key); err != nil {
		return Place{}, err
	}
	most, waiting := c.atOnce, c.atOnce
	if crowded {
		most, waiting = max(most/4, 1), 0
	}
	return c.places(account).enter(ctx, most, waiting, maxWait)
}

// Pay takes a request of an account from what it may make now, for a peer that Waits with several at once. Error: TooFast.
func (c *Customers) Pay(account int64) error {
	if c == nil {
		return nil
	}
	return c.pay(account, 0)
}

// Wait is Enter for a peer whose window bounds how much it has under way: what it asks for, and has paid for, waits for as long as ctx
// lasts.
func (c *Customers) Wait(ctx context.Context, account int64) (Place, error) {
	if c == nil {
		return Place{}, nil
	}
	const anyNumber, long = 1 << 30, time.Hour
	return c.places(account).enter(ctx, c.atOnce, anyNumber, long)
}

// pay takes a request from what the account and its key may make now.
func (c *Customers) pay(account, key int64) error {
	if c.accounts == nil && c.keys == nil {
		return nil
	}
	now := c.now()
	if key != 0 {
		if wait := c.keys.Take(key, now); wait > 0 {
			return tooFast("this key makes more requests a second than it may", wait)
		}
	}
	if wait := c.accounts.Take(account, now); wait > 0 {
		return tooFast("this account makes more requests a second than it may", wait)
	}
	return nil
}

func tooFast(why string, wait time.Duration) error {
	return &sms.Error{Code: sms.TooFast, Message: why + ": wait, then go on", RetryAfter: wait}
}

func (c *Customers) places(account int64) *places {
	part := &c.parts[uint64(account)%uint64(len(c.parts))] //nolint:gosec // any part does
	part.mu.RLock()
	p := part.all[account]
	part.mu.RUnlock()
	if p != nil {
		return p
	}
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.all == nil {
		part.all = map[int64]*places{}
	}
	if p = part.all[account]; p == nil {
		p = &places{}
		part.all[account] = p
	}
	return p
}

// places are those of one account.
type places struct {
	mu    sync.Mutex
	taken int
	queue []chan struct{} // closed for whoever's turn it is
}

func (p *places) enter(ctx context.Context, most, waiting int, patience time.Duration) (Place, error) {
	p.mu.Lock()
	if p.taken < most && len(p.queue) == 0 {
		p.taken++
		p.mu.Unlock()
		return Place{p}, nil
	}
	if len(p.queue) >= waiting {
		n := p.taken + len(p.queue)
		p.mu.Unlock()
		e := sms.Errorf(sms.TooFast, "%d requests of this account are under way: wait for their answers", n)
		e.RetryAfter = time.Second
		return Place{}, e
	}
	turn := make(chan struct{})
	p.queue = append(p.queue, turn)
	p.mu.Unlock()
	end := time.NewTimer(patience)
	defer end.Stop()
	select {
	case <-turn:
		return Place{p}, nil
	case <-ctx.Done():
	case <-end.C:
	}
	if p.quit(turn) {
		return Place{}, &sms.Error{
			Code: sms.TooFast, Message: "too many requests of this account are under way: none ended in time", RetryAfter: time.Second,
		}
	}
	return Place{p}, nil // its turn came just now
}

// quit leaves the queue, and is false if the turn has come.
func (p *places) quit(turn chan struct{}) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.queue, turn)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	return i >= 0
}

func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.taken--
		return
	}
	close(p.queue[0])
	p.queue = slices.Delete(p.queue, 0, 1)
}
