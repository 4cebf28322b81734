package app_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// cluster is two nodes over one PostgreSQL, with customers.
type cluster struct {
	*apptest.Platform
	t    *testing.T
	load *apptest.Load
}

// newCluster starts two nodes whose carrier has a rate, 0 for none, so that a claim is always in hand.
func newCluster(t *testing.T, rate int) *cluster {
	t.Helper()
	o := options("postgres", seedOf(t), false)
	o.Nodes, o.Mix = 2, nil
	o.Carrier = func(s *sms.CarrierSettings) { s.Rate = rate }
	c := &cluster{Platform: apptest.New(t, o), t: t}
	for _, n := range c.Nodes {
		n.Start()
		n.Ready()
	}
	c.load = c.Load(4)
	return c
}

// lease is that of the carrier.
func (c *cluster) lease() (lease store.Lease) {
	c.t.Helper()
	c.Store(func(s *store.Store) {
		all, err := s.Leases(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, l := range all {
			if l.Name == store.CarrierLease(c.Shop.Carrier.ID) {
				lease = l
			}
		}
	})
	return lease
}

// has tells whether a node has the carrier.
func (c *cluster) has(n *apptest.Node) bool {
	l := c.lease()
	return l.Live && strings.HasPrefix(l.Holder, n.Name()+".")
}

// roles tells which node has the carrier, and which has not.
func (c *cluster) roles() (holder, other *apptest.Node) {
	c.t.Helper()
	c.Until("one has the carrier", func() bool { return c.lease().Live })
	if c.has(c.Nodes[0]) {
		return c.Nodes[0], c.Nodes[1]
	}
	return c.Nodes[1], c.Nodes[0]
}

// flows waits until some messages are at the operator.
func (c *cluster) flows(parts uint64) {
	c.t.Helper()
	before := c.Submitted()
	c.Until("messages at the operator", func() bool { return c.Submitted() > before+parts })
}

// taken waits until a node has the carrier and sends, and gives the time that took.
func (c *cluster) taken(by *apptest.Node, since time.Time) time.Duration {
	c.t.Helper()
	c.Until("the other node has the carrier", func() bool { return c.has(by) })
	c.flows(0)
	return time.Since(since)
}

// finish waits until all messages have their end, ends the nodes and counts.
func (c *cluster) finish(nodes ...*apptest.Node) *apptest.Count {
	c.t.Helper()
	orders := c.load.End()
	c.Settle()
	for _, n := range nodes {
		n.Stop()
	}
	count := c.Count(orders)
	c.Check(count)
	return count
}

// oneBind checks that the operator never had two connections at once.
func (c *cluster) oneBind() {
	c.t.Helper()
	if n := c.Operator.Status().MostBinds; n != 1 {
		c.t.Errorf("%d binds at once", n)
	}
}

func TestTwoNodesShareTheLoad(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	holder, other := c.roles()
	c.load.Allow(60)
	c.flows(50)
	if s := other.Carrier(); s != "elsewhere" {
		t.Errorf("the other node says %q", s)
	}
	c.finish(holder, other)
	c.oneBind()
}

func TestAKilledNodeIsReplaced(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 60)
	holder, other := c.roles()
	c.load.Allow(25)
	c.flows(30)
	killed := time.Now()
	holder.Kill()
	t.Logf("taken over and sending %v after the kill", c.taken(other, killed))
	c.finish(other)
	c.oneBind()
}

func TestAStoppedNodeHandsOverAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 60)
	holder, other := c.roles()
	c.load.Allow(25)
	c.flows(30)
	start := time.Now()
	holder.Stop()
	ended := time.Since(start)
	t.Logf("stopped after %v, the other sends after %v", ended, c.taken(other, start))
	if n := c.finish(other); n.Marked+n.Cautious > 0 {
		t.Errorf("%d were in doubt after a planned stop", n.Marked+n.Cautious)
	}
	c.oneBind()
}

// A node that sleeps past its lease and wakes up hands over nothing, whatever it had in hand.
func TestAPausedNodeSendsNothingWhenItWakes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 40)
	holder, other := c.roles()
	c.load.Allow(40)
	c.Until("all orders", func() bool { return len(c.load.Orders()) == 40 })
	orders := c.load.End()
	paused := time.Now()
	holder.Pause()
	t.Logf("taken over and sending %v after the pause", c.taken(other, paused))
	c.SettleAt(other)
	before := c.Submitted()
	holder.Resume()
	c.Until("it knows that it has lost the carrier", func() bool { return holder.Carrier() == "elsewhere" })
	c.Until("its connection is closed", func() bool { return len(c.Operator.Status().Binds) == 1 })
	c.SettleAt(other) // the receipts that the operator had sent to the one that slept
	if after := c.Submitted(); after != before {
		t.Errorf("it has sent %d messages after it woke", after-before)
	}
	holder.Stop()
	other.Stop()
	c.Check(c.Count(orders))
}
