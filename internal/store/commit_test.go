package store_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// breaker stands between a store and PostgreSQL, and breaks a connection at its next COMMIT.
type breaker struct {
	server string
	// armed: 1 breaks before the server has seen the COMMIT, 2 after it has done it.
	armed atomic.Int32
	open  sync.WaitGroup
}

// newBreaker gives the address of a database behind a breaker.
func newBreaker(t *testing.T, address string) (*breaker, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{server: u.Host}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.open.Go(func() { b.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		b.open.Wait()
	})
	u.Host = l.Addr().String()
	return b, u.String()
}

func (b *breaker) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", b.server)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool
	b.open.Go(func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if mute.Load() || err != nil {
				return // what the server said of the COMMIT is lost
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
			switch b.armed.Swap(0) {
			case 1:
				return
			case 2:
				mute.Store(true)
			}
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Whether the server has done a COMMIT whose answer is lost is found out, and then either nothing or all of it has happened.
func TestALostAnswerToACommitIsFoundOut(t *testing.T) {
	for name, how := range map[string]int32{"before": 1, "after": 2} {
		t.Run(name, func(t *testing.T) {
			b, address := newBreaker(t, storetest.URL(t, "postgres"))
			s := storetest.Open(t, address)
			shop := storetest.NewShop(t, s)
			shop.Accept(t, s, storetest.Order("warm", bob), storetest.Noon)
			settle(t, s, sent(claimAll(t, s, shop, 1, storetest.Noon), shop, "w"))

			b.armed.Store(how)
			r, err := s.Rules(t.Context(), shop.Service.Name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := sms.NewPlan(storetest.Order("x", alice), r, storetest.Noon)
			if err != nil {
				t.Fatal(err)
			}
			id, _, err := s.Accept(t.Context(), &store.Acceptance{Plan: p})
			if b.armed.Load() != 0 {
				t.Fatal("nothing was broken")
			}
			if how == 1 && err != nil { // nothing has happened, and it was said so
				wantBalance(t, s, shop, 99_000, 0, 1_000)
				id = shop.Accept(t, s, storetest.Order("x", alice), storetest.Noon)
			} else if err != nil {
				t.Fatal("accepted, and answered as refused: ", err)
			}
			wantBalance(t, s, shop, 98_000, 1_000, 1_000)

			hold := shop.Hold(t, s)
			b.armed.Store(how)
			c, err := s.Claim(t.Context(), shop.Carrier.ID, hold, 10, storetest.Noon)
			if err != nil && how == 1 {
				c, err = s.Claim(t.Context(), shop.Carrier.ID, hold, 10, storetest.Noon)
			}
			if err != nil || len(messages(c)) != 1 {
				t.Fatal("the claim belongs to nobody: ", err)
			}
			b.armed.Store(how)
			answer := &store.Outcome{Ended: []int64{c.ID}, Answers: []sms.Answer{{
				MessageID: id, CarrierID: shop.Carrier.ID, State: sms.Queued, RetryAt: storetest.Noon, At: storetest.Noon,
			}}}
			if err := s.Settle(t.Context(), answer); err != nil {
				settle(t, s, answer)
			}
			if m := wantState(t, s, id, sms.Queued); m.Attempts != 1 {
				t.Errorf("%d attempts", m.Attempts)
			}
			b.armed.Store(how)
			in := &store.Outcome{Incoming: []sms.Incoming{{CarrierID: shop.Carrier.ID, Sender: bob, Number: "38000", Text: "yes", At: storetest.Noon}}}
			if err := s.Settle(t.Context(), in); err != nil {
				settle(t, s, in)
			}
			if events, err := s.Events(t.Context(), 1); err != nil || len(events) != 1 {
				t.Errorf("the reply is stored %d times, %v", len(events), err)
			}
			wantBalance(t, s, shop, 98_000, 1_000, 1_000)
		})
	}
}

// An answer that is settled again, since nobody knows whether it was, changes nothing and breaks nothing.
func TestARepeatedAnswerChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		for _, state := range []sms.State{sms.Queued, sms.InDoubt, sms.Sent} {
			id := shop.Accept(t, s, storetest.Order(string(state), alice), storetest.Noon)
			c := claimAll(t, s, shop, 1, storetest.Noon)
			o := store.Outcome{Ended: []int64{c.ID}, Answers: []sms.Answer{{
				MessageID: id, CarrierID: shop.Carrier.ID, State: state, At: storetest.Noon, Refs: []string{"r"}[:1],
			}}}
			if state != sms.Sent {
				o.Answers[0].RetryAt, o.Answers[0].Refs = storetest.Noon.Add(1e9), nil
			}
			for range 3 {
				again := o
				settle(t, s, &again)
			}
			m := wantState(t, s, id, state)
			if m.Duplicate || (state != sms.Sent && m.Attempts != 1) {
				t.Errorf("%s: %d attempts, marked %v", state, m.Attempts, m.Duplicate)
			}
			if state != sms.Sent {
				c = claimAll(t, s, shop, 1, storetest.Noon.Add(1e9))
				o := sent(c, shop, "s-"+string(state))
				settle(t, s, o)
			}
		}
		wantBalance(t, s, shop, 97_000, 0, 3_000)
	})
}
