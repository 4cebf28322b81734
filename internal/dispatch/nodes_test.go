package dispatch_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// another gives a world of another node over the same database, with the same shop and clock.
func (w *world) another(address string, prepare func(*port)) *world {
	w.t.Helper()
	return &world{t: w.t, s: storetest.Open(w.t, address), shop: w.shop, clock: w.clock, make: prepare}
}

// pair gives two worlds over one PostgreSQL. The first one runs.
func pair(t *testing.T, prepare func(*port)) (a, b *world, address string) {
	t.Helper()
	address = storetest.URL(t, "postgres")
	a = newWorld(t, storetest.Open(t, address), prepare)
	a.change(doubtPolicy("resend"))
	a.start()
	return a, a.another(address, prepare), address
}

// runs tells whether the node has started a carrier.
func (w *world) runs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ports) > 0
}

// eventually is until for what takes as long as a lease, on a machine that may be slow.
func (w *world) eventually(what string, done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(2 * time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			w.t.Fatal("this did not happen: ", what)
		}
	}
}

func (w *world) lease() store.Lease {
	w.t.Helper()
	all, err := w.s.Leases(w.t.Context())
	w.must(err)
	for _, l := range all {
		if l.Name == store.CarrierLease(w.shop.Carrier.ID) {
			return l
		}
	}
	return store.Lease{}
}

func TestACarrierRunsOnOneNode(t *testing.T) {
	a, b, _ := pair(t, nil)
	b.start()
	b.until("the other node says where it runs", func() bool {
		s, here := b.d.Status(b.shop.Carrier.ID)
		return s.State == "elsewhere" && !here
	})
	if b.runs() || !a.d.Holds(a.shop.Carrier.ID) || b.d.Holds(a.shop.Carrier.ID) || !a.d.RunsTimers() || b.d.RunsTimers() {
		t.Error("it runs on both")
	}
	b.becomes(b.send("accepted elsewhere", alice), sms.Sent)
	start := time.Now()
	b.becomes(b.send("and one more", alice), sms.Sent)
	t.Logf("accepted on one node and sent by the other in %v", time.Since(start))

	b.change(func(c *sms.Carrier) { c.Settings.Window = 3 })
	b.must(b.d.Reload(t.Context()))
	a.until("a change on one node reaches the other", func() bool { return a.port().carrier.Settings.Window == 3 })
	a.becomes(b.send("after the change", alice), sms.Sent)
}

func TestAPlannedStopHandsOver(t *testing.T) {
	a, b, _ := pair(t, nil)
	b.start()
	a.becomes(a.send("one", alice), sms.Sent)
	term := a.lease().Term
	start := time.Now()
	a.stop()
	b.until("the other node has it", b.runs)
	t.Logf("handed over in %v", time.Since(start))
	if l := b.lease(); l.Term != term+1 || !l.Live {
		t.Errorf("%+v after term %d", l, term)
	}
	m := b.becomes(b.send("two", alice), sms.Sent)
	if m.Duplicate || m.Attempts != 0 {
		t.Errorf("%+v", m)
	}
	b.until("the timers move, too", b.d.RunsTimers)
}

// A node that has lost its lease hands over nothing more, and what it had in hand is in doubt.
func TestALostLeaseEndsTheLine(t *testing.T) {
	a, b, address := pair(t, func(p *port) { p.hold = true })
	id := a.send("in hand", alice)
	a.until("it is at the carrier", func() bool { return a.port().count() == 1 })
	old := a.port()
	storetest.Exec(t, address, fmt.Sprintf("UPDATE lease SET holder = 'thief', term = term + 1, until = until + 60000000 WHERE name = '%s'",
		store.CarrierLease(a.shop.Carrier.ID)))
	other := a.send("not in hand", bob)
	a.until("the connection is cut", func() bool {
		old.mu.Lock()
		defer old.mu.Unlock()
		return old.cuts > 0
	})
	a.becomes(id, sms.InDoubt)
	if n := old.count(); n != 1 || a.message(other).State != sms.Queued {
		t.Errorf("%d hand-overs, the other is %s", n, a.message(other).State)
	}
	b.make = nil
	b.start()
	if b.runs() {
		t.Fatal("the thief has it")
	}
	a.stop()
	storetest.Exec(t, address, "UPDATE lease SET until = 0 WHERE holder = 'thief'")
	b.becomes(other, sms.Sent)
	b.clock.Advance(5 * time.Second)
	if m := b.becomes(id, sms.Sent); !m.Duplicate {
		t.Error("not marked")
	}
	b.until("the claims end", func() bool { return b.claims() == 0 })
	b.books(0, 2*sms.Credit)
}

// Claims of a carrier that nobody runs are settled all the same.
func TestClaimsOfADisabledCarrierAreSettled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, nil)
		w.change(func(c *sms.Carrier) { c.Enabled, c.Settings.InDoubt = false, "fail" })
		hold := w.shop.Hold(t, s)
		w.change(func(c *sms.Carrier) { c.Enabled = true })
		id := w.send("x", alice)
		if c, err := s.Claim(t.Context(), w.shop.Carrier.ID, hold, 10, w.clock.Now()); err != nil || len(c.Messages) != 1 {
			t.Fatal("claim: ", err)
		}
		w.change(func(c *sms.Carrier) { c.Enabled = false })
		w.must(s.Release(t.Context(), hold))
		w.start()
		w.becomes(id, sms.Failed)
		w.until("the claims end", func() bool { return w.claims() == 0 })
		if w.runs() {
			t.Error("it runs")
		}
	})
}

// A node that comes later gets its share, in good order.
func TestNodesShareTheCarriers(t *testing.T) {
	address := storetest.URL(t, "postgres")
	a := newWorld(t, storetest.Open(t, address), nil)
	for i := range 3 {
		c := sms.Carrier{Name: fmt.Sprint("more", i), Kind: "smpp", Enabled: true, Settings: sms.DefaultCarrierSettings()}
		a.must(a.s.AddCarrier(t.Context(), &c, storetest.Noon))
		a.must(a.s.AddRoute(t.Context(), &sms.Route{Prefix: fmt.Sprint("+3363998000", i), CarrierID: c.ID, Enabled: true}))
	}
	a.patience, a.make = time.Millisecond, nil
	b := a.another(address, nil)
	b.patience = time.Millisecond
	a.start()
	carriers, err := a.s.Carriers(t.Context())
	a.must(err)
	count := func(w *world) (n int) {
		for _, c := range carriers {
			if _, here := w.d.Status(c.ID); here {
				n++
			}
		}
		return n
	}
	if n := count(a); n != 4 {
		t.Fatalf("the only node runs %d", n)
	}
	b.start()
	var ids []int64
	a.eventually("each runs two", func() bool {
		for i := range 4 {
			if len(ids) < 80 {
				ids = append(ids, a.send("x", fmt.Sprint("+3363998000", i)))
			}
		}
		return count(a) == 2 && count(b) == 2
	})
	for _, id := range ids {
		if m := a.becomes(id, sms.Sent); m.Duplicate || m.Attempts > 1 {
			t.Errorf("%+v", m)
		}
	}
	a.books(0, sms.Credits(len(ids))*sms.Credit)
	if err := a.s.DeleteRoute(t.Context(), 0); sms.CodeOf(err) != sms.NoObject {
		t.Error(err)
	}
	b.stop()
	a.eventually("all are back", func() bool { return count(a) == 4 })
}

// gate stands between a node and PostgreSQL, and can be shut.
type gate struct {
	server string
	mu     sync.Mutex
	shut   bool
	conns  map[net.Conn]bool
	open   sync.WaitGroup
}

// newGate gives the address of a database behind a gate.
func newGate(t *testing.T, address string) (*gate, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{server: u.Host, conns: map[net.Conn]bool{}}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			g.open.Go(func() { g.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		g.set(true)
		g.open.Wait()
	})
	u.Host = l.Addr().String()
	return g, u.String()
}

// set shuts the gate, which breaks all connections, or opens it.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	for c := range g.conns {
		if shut {
			c.Close()
		}
	}
}

func (g *gate) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		return
	}
	defer server.Close()
	g.mu.Lock()
	if g.shut {
		g.mu.Unlock()
		return
	}
	g.conns[client], g.conns[server] = true, true
	g.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		client.Close()
	})
	_, _ = io.Copy(server, client)
	server.Close()
	back.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, server)
}

// A node that cannot reach the database stops before its lease ends. Another takes over, and it goes on when it can.
func TestANodeWithoutTheDatabaseStopsInTime(t *testing.T) {
	address := storetest.URL(t, "postgres")
	b := newWorld(t, storetest.Open(t, address), nil)
	b.change(func(c *sms.Carrier) { c.Settings.InDoubt, c.Settings.Rate = "resend", 20 })
	g, behind := newGate(t, address)
	a := b.another(behind, nil)
	a.start()
	b.start()
	receivers := make([]string, 50)
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+336399800%02d", i)
	}
	id := b.send("x", receivers...)
	a.until("some are at the carrier", func() bool { return a.port().count() > 5 })
	g.set(true)
	start := time.Now()
	b.eventually("the other has it", func() bool { return b.runs() && b.port().count() > 0 })
	handed := a.port().count()
	t.Logf("taken over after %v; the node without the database has handed over %d", time.Since(start), handed)
	b.clock.Advance(time.Minute)
	for i := range receivers {
		b.eventually("all are sent", func() bool { return b.message(id+int64(i)).State == sms.Sent })
	}
	if n := a.port().count(); n != handed || a.d.Holds(a.shop.Carrier.ID) {
		t.Errorf("%d hand-overs after the other has begun", n-handed)
	}
	copies := map[int64]int{}
	for _, w := range []*world{a, b} {
		for _, m := range w.port().handed {
			copies[m.MessageID]++
		}
	}
	for i := range receivers {
		m := b.message(id + int64(i))
		if n := copies[m.ID]; n == 0 || n > 1 && !m.Duplicate {
			t.Errorf("%d has left %d times, marked %v", m.ID, n, m.Duplicate)
		}
	}
	g.set(false)
	b.stop()
	a.eventually("the first has it again", func() bool { return a.d.Holds(a.shop.Carrier.ID) })
	a.becomes(a.send("again", alice), sms.Sent)
	a.eventually("the claims end", func() bool { return a.claims() == 0 })
	a.books(0, 51*sms.Credit)
}
