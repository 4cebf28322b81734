package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// cluster is two nodes over one PostgreSQL.
type cluster struct {
	*server
	db       *store.Store
	nodes    map[string]*node
	mu       sync.Mutex
	accepted map[string]int64 // text and receiver -> id
}

// newCluster starts two nodes whose carrier has a rate, so that a claim is always in hand.
func newCluster(t *testing.T, rate int) *cluster {
	t.Helper()
	c := &cluster{server: newServer(t, "postgres"), nodes: map[string]*node{}, accepted: map[string]int64{}}
	sealer, err := store.OpenSealer(c.settings.KeyFile)
	c.must(err)
	c.db, err = store.Open(t.Context(), c.settings.Database, store.Options{Sealer: sealer, Node: "look"})
	c.must(err)
	t.Cleanup(func() { _ = c.db.Close() })
	c.must(c.db.ChangeCarrier(t.Context(), c.shop.Carrier.Name, func(k *sms.Carrier) error {
		k.Settings.Rate = rate
		return nil
	}))
	for _, name := range []string{"left", "right"} {
		c.nodes[name] = c.startNode(name)
	}
	return c
}

// roles tells which node has the carrier, and which has not.
func (c *cluster) roles() (holder, other *node) {
	c.t.Helper()
	c.until("one has the carrier", func() bool { return c.holder(c.db).Live })
	name, _, _ := strings.Cut(c.holder(c.db).Holder, ".")
	for _, n := range c.nodes {
		if n.name == name {
			holder = n
		} else {
			other = n
		}
	}
	if holder == nil || other == nil {
		c.t.Fatal("nobody knows the node ", name)
	}
	return holder, other
}

// load sends jobs by the nodes at once.
func (c *cluster) load(name string, jobs int, nodes ...*node) {
	c.t.Helper()
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			for job := range jobs {
				receivers := make([]string, 20)
				for k := range receivers {
					receivers[k] = "+3363998" + strconv.Itoa(1000+20*job+k)
				}
				text := fmt.Sprintf("%s by %d job %d", name, i, job)
				ids, err := c.post(n.client, text, receivers)
				if err != nil {
					c.t.Error(err)
					return
				}
				c.mu.Lock()
				for k, id := range ids {
					c.accepted[text+receivers[k]] = id
				}
				c.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// finish waits until all messages have their end, ends the nodes and counts.
func (c *cluster) finish(nodes ...*node) {
	c.t.Helper()
	for _, id := range c.accepted {
		c.until("an end of all messages", func() bool {
			m, _, err := c.db.Message(c.t.Context(), 0, id)
			c.must(err)
			return m.State.Final()
		})
	}
	for _, n := range nodes {
		c.endChild(n.child, syscall.SIGTERM)
	}
	c.count(c.accepted)
}

// takenFrom waits until another node has the carrier and has bound, and gives the time that took.
func (c *cluster) takenFrom(n *node, since time.Time) time.Duration {
	c.t.Helper()
	c.until("the other node has the carrier", func() bool {
		l := c.holder(c.db)
		return l.Live && !strings.HasPrefix(l.Holder, n.name+".")
	})
	before := c.submitted()
	c.until("the other node sends", func() bool { return c.submitted() > before })
	return time.Since(since)
}

// carrierAt asks a node for the state of the carrier.
func (c *cluster) carrierAt(n *node) string {
	c.t.Helper()
	r, err := http.Get("http://" + n.address + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	var answer struct{ Carriers map[string]string }
	c.must(json.NewDecoder(r.Body).Decode(&answer))
	return answer.Carriers[c.shop.Carrier.Name]
}

func TestTwoNodesShareTheLoad(t *testing.T) {
	c := newCluster(t, 0)
	holder, other := c.roles()
	c.load("both", 25, holder, other)
	if s := c.carrierAt(other); s != "elsewhere" {
		t.Errorf("the other node says %q", s)
	}
	c.finish(holder, other)
	if n := c.operator.Status().MostBinds; n != 1 {
		t.Errorf("%d binds at once", n)
	}
}

func TestAKilledNodeIsReplaced(t *testing.T) {
	c := newCluster(t, 60)
	holder, other := c.roles()
	c.load("before", 6, holder, other)
	c.until("some are at the operator", func() bool { return c.submitted() > 30 })
	killed := time.Now()
	c.endChild(holder.child, syscall.SIGKILL)
	c.load("after", 6, other)
	t.Logf("taken over and sending %v after the kill", c.takenFrom(holder, killed))
	c.finish(other)
	if n := c.operator.Status().MostBinds; n != 1 {
		t.Errorf("%d binds at once", n)
	}
}

func TestAStoppedNodeHandsOverAtOnce(t *testing.T) {
	c := newCluster(t, 60)
	holder, other := c.roles()
	c.load("before", 6, holder, other)
	c.until("some are at the operator", func() bool { return c.submitted() > 30 })
	start := time.Now()
	c.endChild(holder.child, syscall.SIGTERM)
	ended := time.Since(start)
	t.Logf("stopped after %v, the other sends after %v", ended, c.takenFrom(holder, start))
	c.finish(other)
	for _, id := range c.accepted {
		if m, _, err := c.db.Message(t.Context(), 0, id); err != nil || m.Duplicate {
			t.Errorf("%d was in doubt after a planned stop, %v", id, err)
		}
	}
	if n := c.operator.Status().MostBinds; n != 1 {
		t.Errorf("%d binds at once", n)
	}
}

// A node that sleeps past its lease and wakes up hands over nothing, whatever it had in hand.
func TestAPausedNodeSendsNothingWhenItWakes(t *testing.T) {
	c := newCluster(t, 40)
	holder, other := c.roles()
	c.load("x", 5, holder, other)
	c.until("some are at the operator", func() bool { return c.submitted() > 20 })
	paused := time.Now()
	c.must(holder.child.Process.Signal(syscall.SIGSTOP))
	t.Logf("taken over and sending %v after the pause", c.takenFrom(holder, paused))
	for _, id := range c.accepted {
		c.until("an end of all messages", func() bool {
			m, _, err := c.db.Message(t.Context(), 0, id)
			c.must(err)
			return m.State.Final()
		})
	}
	before := c.submitted()
	c.must(holder.child.Process.Signal(syscall.SIGCONT))
	c.until("it knows that it has lost the carrier", func() bool { return c.carrierAt(holder) == "elsewhere" })
	c.until("its connection is closed", func() bool { return len(c.operator.Status().Binds) == 1 })
	if after := c.submitted(); after != before {
		t.Errorf("it has sent %d messages after it woke", after-before)
	}
	c.load("y", 2, holder, other)
	c.finish(holder, other)
}
