package limit_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/limit"
	"ramier/internal/sms"
)

func TestOfOneAccountSoManyAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limit.NewCustomers(limit.Settings{AtOnce: 4, Now: time.Now})
		var mu sync.Mutex
		var working, most, done, refused int
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				place, err := c.Enter(t.Context(), 1, 0, false)
				mu.Lock()
				if err != nil {
					refused++
					if sms.CodeOf(err) != sms.TooFast {
						t.Error(err)
					}
					mu.Unlock()
					return
				}
				working++
				most = max(most, working)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				working--
				done++
				mu.Unlock()
				place.Leave()
			})
		}
		synctest.Wait()
		// The other account does not notice.
		other, err := c.Enter(t.Context(), 2, 0, true)
		if err != nil {
			t.Error(err)
		}
		other.Leave()
		all.Wait()
		if most != 4 || done != 8 || refused != 992 {
			t.Errorf("%d at once, %d done, %d refused", most, done, refused)
		}
		for range 10 { // all places are free again
			place, err := c.Enter(t.Context(), 1, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			place.Leave()
		}
	})
}

func TestWhoWaitsInVainIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limit.NewCustomers(limit.Settings{AtOnce: 1, Now: time.Now})
		first, err := c.Enter(t.Context(), 1, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Enter(ctx, 1, 0, false); sms.CodeOf(err) != sms.TooFast {
			t.Error("its time is over: ", err)
		}
		begun := time.Now()
		if _, err := c.Enter(t.Context(), 1, 0, false); sms.CodeOf(err) != sms.TooFast || time.Since(begun) != 10*time.Second {
			t.Error("nobody leaves: ", err, time.Since(begun))
		}
		if _, err := c.Enter(t.Context(), 1, 0, true); sms.CodeOf(err) != sms.TooFast {
			t.Error("there is no waiting in a crowd: ", err)
		}
		waited := make(chan error, 1)
		go func() {
			place, err := c.Wait(t.Context(), 1)
			place.Leave()
			waited <- err
		}()
		time.Sleep(time.Minute)
		first.Leave()
		if err := <-waited; err != nil {
			t.Error("it waits as long as it has to: ", err)
		}
	})
}

// In no span of time a caller does more than the rate allows, and the burst; and one who keeps to the rate is never refused.
func TestRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 50).Draw(t, "rate")
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		r := limit.NewRates[string](float64(rate), burst)
		every := time.Second / time.Duration(rate)
		now := time.Unix(1_800_000_000, 0)
		var taken []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, int(2*every)).Draw(t, "pause")))
			full := r.Full("a", now)
			wait := r.Take("a", now)
			if full != wait {
				t.Fatalf("would wait %v, waits %v", full, wait)
			}
			if wait == 0 {
				taken = append(taken, now)
				continue
			}
			if r.Full("a", now.Add(wait)) > 0 {
				t.Fatalf("after the wait of %v there is another", wait)
			}
		}
		for i := range taken {
			for j := i; j < len(taken); j++ {
				if most := int(taken[j].Sub(taken[i])/every) + 1 + burst; j-i+1 > most {
					t.Fatalf("%d within %v", j-i+1, taken[j].Sub(taken[i]))
				}
			}
		}
	})
}

func TestManyCallersAreForgotten(t *testing.T) {
	r := limit.NewRates[int](1, 1)
	now := time.Unix(1_800_000_000, 0)
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		if wait := r.Take(i, now); wait > 0 {
			t.Fatal(i, wait)
		}
	}
	if r.Take(99_999, now) == 0 {
		t.Error("the last one is forgotten, too")
	}
	// A clock that is set back locks nobody out for long.
	if wait := r.Take(99_999, now.Add(-24*time.Hour)); wait > 2*time.Second {
		t.Error(wait)
	}
}

// pipes is a listener whose connections come from addresses of the test's choice.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

type from struct {
	net.Conn
	at net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.at }

func connection(address string) (net.Conn, net.Conn) {
	a, b := net.Pipe()
	return from{a, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 1234))}, b
}

func TestConnections(t *testing.T) {
	c := limit.NewConns(5, 2, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	l := make(pipes, 100)
	closing, telling := c.Listener(l), c.TellingListener(l)
	open := func(with net.Listener, address string) net.Conn {
		t.Helper()
		conn, _ := connection(address)
		l <- conn
		got, err := with.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	excess := func(conn net.Conn) sms.Code {
		return sms.CodeOf(limit.Excess(limit.ConnContext(t.Context(), conn)))
	}
	one := open(closing, "192.0.2.1")
	open(closing, "192.0.2.1")
	if third := open(telling, "192.0.2.1"); excess(third) != sms.TooFast {
		t.Error("a third from one address")
	}
	six := []net.Conn{open(telling, "2001:db8::1"), open(telling, "2001:db8::2")}
	if other := open(telling, "2001:db8::3"); excess(other) != sms.TooFast {
		t.Error("a third from one network of IPv6")
	}
	if c.Crowded() != true || c.Open() != 4 {
		t.Error(c.Open())
	}
	proxied := open(telling, "10.1.1.1")
	if excess(proxied) != "" {
		t.Error("the fifth")
	}
	if more := open(telling, "10.1.1.1"); excess(more) != sms.Unavailable {
		t.Error("a sixth in all")
	}
	for _, conn := range append(six, one, one, proxied) {
		_ = conn.Close() // one of them twice
	}
	if c.Open() != 1 {
		t.Error(c.Open())
	}
	again := open(closing, "192.0.2.1")
	if excess(again) != "" {
		t.Error("there is room again")
	}
	// One that is too much is closed by a listener that cannot tell.
	far, near := connection("192.0.2.1")
	l <- far
	close(l)
	if _, err := closing.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("it is open")
	}
}

func BenchmarkEnter(b *testing.B) {
	for name, s := range map[string]limit.Settings{"places": {}, "rates": {AccountRate: 1e9, KeyRate: 1e9}} {
		s.Now = time.Now
		c := limit.NewCustomers(s)
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					place, err := c.Enter(b.Context(), 1, 1, false)
					if err == nil {
						place.Leave()
					}
				}
			})
		})
	}
}
