package apptest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"ramier/internal/simulator"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A Count compares what customers were told with the database and with the handsets.
type Count struct {
	Orders, Accepted, Unknown, Refused int // orders by what the customer knows
	Written                            int // of the unknown ones, how many were accepted
	Messages                           int
	Lost                               int // accepted, and never sent
	Unmarked                           int // arrived twice, and are not marked
	Marked                             int // arrived twice, and are marked
	Cautious                           int // are marked, and arrived once
	Held                               int // in doubt after three attempts that all ended in doubt, as documented
	Findings                           []string

	mu      sync.Mutex
	arrived map[string]int // by tag and receiver
	states  map[string]string
	used    sms.Credits
	held    sms.Credits
}

// maxFindings is how many findings are told.
const maxFindings = 30

func (c *Count) found(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.Findings) < maxFindings {
		c.Findings = append(c.Findings, fmt.Sprintf(format, args...))
	}
}

// Count adds everything up. No server may run.
func (p *Platform) Count(orders []*Order) *Count {
	p.t.Helper()
	c := &Count{Orders: len(orders), arrived: map[string]int{}, states: map[string]string{}}
	all, err := p.Operator.Search(simulator.Query{})
	p.must(err)
	for _, m := range all {
		tag, _, _ := strings.Cut(m.Text, " ")
		key := tag + " " + m.To
		c.arrived[key]++
		c.states[key] += m.State + " "
	}
	p.Store(func(s *store.Store) {
		work := make(chan *Order)
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for o := range work {
					if err := c.order(p, s, o); err != nil {
						c.found("order %s: %v", o.Tag, err)
					}
				}
			})
		}
		for _, o := range orders {
			work <- o
		}
		close(work)
		workers.Wait()
		p.must(c.books(p, s))
	})
	for key, n := range c.arrived {
		c.found("%s arrived %d times, and nobody was promised that", key, n)
	}
	return c
}

// order checks one order.
func (c *Count) order(p *Platform, s *store.Store, o *Order) error {
	service := p.Shop.Service.ID
	ids, err := s.Outgoing(p.t.Context(), service, store.Filter{Tag: &o.Tag})
	if err != nil {
		return err
	}
	c.mu.Lock()
	switch {
	case o.Accepted > 0:
		c.Accepted++
	case o.Unanswered > 0:
		c.Unknown++
	default:
		c.Refused++
	}
	if o.Accepted == 0 && len(ids) > 0 {
		c.Written++
	}
	c.mu.Unlock()
	switch {
	case o.Unlike != "":
		c.found("order %s was answered with the ids %v, and its repetition with %s", o.Tag, o.IDs, o.Unlike)
	case o.Hopeless == "no receiver" && len(ids) == 0:
		return nil
	case o.Hopeless != "" && len(ids)+o.Accepted > 0:
		c.found("order %s (%s) was accepted", o.Tag, o.Hopeless)
	case o.Accepted > 0 && !slices.Equal(o.IDs, ids):
		c.found("order %s was answered with the ids %v, and its messages are %v", o.Tag, o.IDs, ids)
	case o.Accepted+o.Unanswered == 0 && len(ids) > 0:
		c.found("order %s was answered with errors only, and has %d messages", o.Tag, len(ids))
	case len(ids) != 0 && len(ids) != len(o.Receivers):
		c.found("order %s has %d messages instead of %d or none", o.Tag, len(ids), len(o.Receivers))
	}
	for i, id := range ids {
		m, _, err := s.Message(p.t.Context(), service, id)
		if err != nil {
			return err
		}
		if i < len(o.Receivers) && m.Receiver != o.Receivers[i] {
			c.found("message %d goes to %s instead of %s", id, m.Receiver, o.Receivers[i])
		}
		if c.message(o, m) {
			continue
		}
		trail, err := s.Events(p.t.Context(), id)
		if err != nil {
			return err
		}
		for _, e := range trail {
			p.t.Logf("message %d: %s %s: %s", id, e.At.Format("15:04:05.000"), e.Kind, e.Text)
		}
	}
	return nil
}

// message checks one message of an order, and is false if something is wrong with it.
func (c *Count) message(o *Order, m sms.Message) bool {
	c.mu.Lock()
	key := o.Tag + " " + m.Receiver
	arrived, states := c.arrived[key], c.states[key]
	delete(c.arrived, key)
	c.Messages++
	price := sms.Credits(o.Parts) * sms.Credit
	finding := ""
	switch {
	case m.State == sms.Refused && m.Receiver == Refused && arrived == 0 && m.Credits == 0:
		c.mu.Unlock()
		return true
	case m.State == sms.Failed && m.Receiver == Refused && arrived == 0 && m.Credits == 0:
		// Its first attempt was in doubt, so it is not known that nothing was sent.
		c.mu.Unlock()
		return true
	case m.State == sms.InDoubt && m.Duplicate && m.Attempts >= 3:
		c.Held++
		c.held += m.Credits
	case arrived == 0:
		c.Lost++
		finding = "never arrived"
	case !m.State.Final():
		finding = "has not ended"
	case m.Credits != price:
		finding = fmt.Sprintf("costs %v instead of %v", m.Credits, price)
	case arrived == 1 && !strings.HasPrefix(states, word(m.State)):
		finding = "is otherwise at the operator: " + states
	}
	if m.State.Final() {
		c.used += m.Credits
	}
	switch {
	case arrived > 1 && !m.Duplicate:
		c.Unmarked++
		finding = fmt.Sprintf("arrived %d times and is not marked", arrived)
	case arrived > 1:
		c.Marked++
	case m.Duplicate:
		c.Cautious++
	}
	c.mu.Unlock()
	if finding != "" {
		c.found("message %d of order %s to %s (%s, attempts %d, %d of %q arrived, %s at the operator): %s",
			m.ID, o.Tag, m.Receiver, m.State, m.Attempts, m.Arrived, m.Refs, states, finding)
	}
	return finding == ""
}

// word is how the operator begins to name a state.
func word(s sms.State) string {
	if s == sms.Failed {
		return "" // undeliverable or rejected
	}
	return string(s)
}

// books compares the books with the messages.
func (c *Count) books(p *Platform, s *store.Store) error {
	ctx := p.t.Context()
	b, err := s.Balance(ctx, p.Shop.Service.ID)
	if err != nil {
		return err
	}
	if b.Used != c.used || b.Held != c.held {
		c.found("used are %v credits and held %v, and the messages cost %v and hold %v", b.Used, b.Held, c.used, c.held)
	}
	a, err := s.Audit(ctx)
	if err != nil {
		return err
	}
	for _, f := range a.Findings {
		c.found("audit: %s %s %s", f.Service, f.Object, f.Text)
	}
	return nil
}

// String is the row of a table.
func (c *Count) String() string {
	return fmt.Sprintf("%d orders (%d accepted, %d refused, %d unknown of which %d were accepted), %d messages: %d lost, %d twice unmarked; "+
		"%d twice and marked, %d marked in vain, %d held in doubt; %d findings", c.Orders, c.Accepted, c.Refused, c.Unknown, c.Written,
		c.Messages, c.Lost, c.Unmarked, c.Marked, c.Cautious, c.Held, len(c.Findings))
}

// Check fails the test for what must not be.
func (p *Platform) Check(c *Count) {
	p.t.Helper()
	p.t.Log(c)
	for _, f := range c.Findings {
		p.t.Error(f)
	}
	if c.Lost+c.Unmarked > 0 {
		p.t.Errorf("%d messages lost, %d twice without a mark", c.Lost, c.Unmarked)
	}
}
