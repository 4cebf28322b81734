package smpp_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"ramier/internal/smpp"
)

// A session that is closed while many send: each callback comes once, and what the
// server took is never called not sent.
func TestCloseUnderLoad(t *testing.T) {
	for range 20 {
		var taken, inDoubt, answered, notSent atomic.Int64
		srv := &smpp.Server{Bind: func(context.Context, net.Addr, smpp.Bind) (smpp.Settings, smpp.Status) {
			return smpp.Settings{Handler: func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
				taken.Add(1)
				respond(smpp.OK, nil)
			}}, smpp.OK
		}}
		s := serveAndDial(t, srv, smpp.Config{Settings: smpp.Settings{Window: 16}})
		const senders, each = 8, 200
		calls := make([]atomic.Int32, senders*each)
		var wait sync.WaitGroup
		for sender := range senders {
			wait.Go(func() {
				for i := range each {
					s.Send(ctx, hello, func(a smpp.Answer) {
						calls[sender*each+i].Add(1)
						switch {
						case a.Err == nil:
							answered.Add(1)
						case errors.Is(a.Err, smpp.ErrNotSent):
							notSent.Add(1)
						default:
							inDoubt.Add(1)
						}
						if answered.Load() == 300 {
							go s.Close()
						}
					})
				}
			})
		}
		wait.Wait()
		s.Close()
		for i := range calls {
			if n := calls[i].Load(); n != 1 {
				t.Fatalf("callback %d was called %d times", i, n)
			}
		}
		if err := srv.Shutdown(ctx); err != nil { // now taken is final
			t.Fatal(err)
		}
		if n := taken.Load(); n < answered.Load() || n > answered.Load()+inDoubt.Load() {
			t.Errorf("%d taken, but %d answered, %d in doubt, %d not sent", n, answered.Load(), inDoubt.Load(), notSent.Load())
		}
	}
}

// Both ends keep their windows full; neither may wait for the other.
func TestBothEndsAtFullSpeed(t *testing.T) {
	const each = 5000
	flood := func(s *smpp.Session, p smpp.PDU) {
		var wait sync.WaitGroup
		for range each {
			wait.Add(1)
			s.Send(ctx, p, func(a smpp.Answer) {
				if a.Err != nil || a.Status != smpp.OK {
					t.Errorf("%s: %+v", p.Command(), a)
				}
				wait.Done()
			})
		}
		wait.Wait()
	}
	settings := smpp.Settings{Window: 50, MaxInbound: 50, Handler: func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
		go respond(smpp.OK, nil)
	}}
	srv := admitting(settings)
	flooded := make(chan bool)
	srv.Bound = func(s *smpp.Session) {
		flood(s, incoming)
		close(flooded)
	}
	s := serveAndDial(t, srv, smpp.Config{Bind: *aBind, Settings: settings})
	flood(s, hello)
	<-flooded
	if st := s.Stats(); st.Window != 0 || st.Sent != 1+2*each || st.Received != 1+2*each {
		t.Errorf("stats %+v", st)
	}
}
