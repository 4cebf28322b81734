package smpp_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

// outcomes collects answers; a request that is answered twice fails the test.
type outcomes struct {
	t       *testing.T
	answers chan smpp.Answer
}

func newOutcomes(t *testing.T) *outcomes { return &outcomes{t, make(chan smpp.Answer, 1000)} }

// once is the callback for one request.
func (o *outcomes) once() func(smpp.Answer) {
	called := false
	return func(a smpp.Answer) {
		if called {
			o.t.Errorf("called again, with %+v", a)
		}
		called = true
		o.answers <- a
	}
}

// next waits for the next outcome.
func (o *outcomes) next() smpp.Answer {
	o.t.Helper()
	select {
	case a := <-o.answers:
		return a
	case <-time.After(time.Hour):
		o.t.Error("no outcome")
		return smpp.Answer{}
	}
}

// none wants no outcome yet.
func (o *outcomes) none() {
	o.t.Helper()
	select {
	case a := <-o.answers:
		o.t.Errorf("outcome %+v", a)
	default:
	}
}

func TestFullWindowWaits(t *testing.T) {
	answer := smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"})
	o := newOutcomes(t)
	var session *smpp.Session
	smpptest.Run(t, bound(t, smpp.Settings{Window: 2}, func(s *smpp.Session) {
		session = s
		s.Send(ctx, hello, o.once())
		s.Send(ctx, hello, o.once())
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		s.Send(short, hello, func(a smpp.Answer) {
			if !errors.Is(a.Err, smpp.ErrNotSent) || !errors.Is(a.Err, context.DeadlineExceeded) {
				t.Errorf("third request: %+v", a)
			}
		})
		s.Send(ctx, hello, o.once()) // waits for the answer of the first
		<-s.Done()
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello), smpptest.Expect(hello),
		smpptest.Wait(2*time.Second),
		smpptest.Do(func() {
			o.none()
			if st := session.Stats(); st.Window != 2 {
				t.Errorf("%d in the window", st.Window)
			}
		}),
		answer, smpptest.Expect(hello), answer, answer,
		smpptest.Do(func() {
			for range 3 {
				if a := o.next(); a.Err != nil || a.Status != smpp.OK || a.PDU.(*smpp.SubmitSMResp).MessageID != "7f" {
					t.Errorf("got %+v", a)
				}
			}
			if st := session.Stats(); st.Window != 0 || st.Sent != 4 || st.Received != 4 {
				t.Errorf("stats %+v", st)
			}
		}),
		smpptest.Close(),
	)
}

func TestTimeoutFreesTheSlotAndLateAnswersAreDropped(t *testing.T) {
	o := newOutcomes(t)
	settings := smpp.Settings{Window: 1, ResponseTimeout: 20 * time.Second}
	smpptest.Run(t, bound(t, settings, func(s *smpp.Session) {
		for range 4 {
			s.Send(ctx, hello, o.once())
		}
		if a := o.next(); a.Err != smpp.ErrTimeout || errors.Is(a.Err, smpp.ErrNotSent) {
			t.Errorf("first: %+v", a)
		}
		<-s.Done()
		if st := s.Stats(); st.Timeouts != 2 || st.Unexpected != 2 || st.Window != 0 {
			t.Errorf("stats %+v", st)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello),
		smpptest.ExpectAfter(20*time.Second, hello),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "late"}),
		smpptest.ExpectAfter(20*time.Second, hello),
		smpptest.Forget(),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "in time"}),
		smpptest.Expect(hello),
		smpptest.Do(func() {
			if a := o.next(); a.Err != smpp.ErrTimeout {
				t.Errorf("second: %+v", a)
			}
			if a := o.next(); a.Err != nil || a.PDU.(*smpp.SubmitSMResp).MessageID != "in time" {
				t.Errorf("third: %+v", a)
			}
		}),
		smpptest.Answer(smpp.OK, &smpp.DataSMResp{}), // the answer to something else
		smpptest.Close(),
		smpptest.Do(func() {
			if a := o.next(); !errors.Is(a.Err, smpp.ErrClosed) || errors.Is(a.Err, smpp.ErrNotSent) {
				t.Errorf("fourth: %+v", a)
			}
		}),
	)
}

func TestGenericNackIsAnAnswer(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		p, err := s.Request(ctx, hello)
		if _, nack := p.(*smpp.GenericNack); !nack || err != smpp.InvalidCommandLength {
			t.Errorf("got %+v, %v", p, err)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello), smpptest.Answer(smpp.InvalidCommandLength, &smpp.GenericNack{}),
		smpptest.ExpectClose(),
	)
}

// The header of an answer says whether the message was accepted; a body that cannot be read does not put that in doubt.
func TestAnswersWithABrokenBodyCount(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		if p, err := s.Request(ctx, hello); err != nil || p.(*smpp.SubmitSMResp).MessageID != "" {
			t.Errorf("got %+v, %v", p, err)
		}
		if _, err := s.Request(ctx, hello); err != smpp.Throttled {
			t.Errorf("a refusal is one whatever its body: %v", err)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello), smpptest.Raw(wire(t, "00000015 80000004 00000000 00000002 00 01020304")),
		smpptest.Expect(hello), smpptest.Raw(wire(t, "00000015 80000004 00000058 00000003 00 01020304")),
		smpptest.ExpectClose(),
	)
}

// A receipt may overtake the answer of its message.
func TestReceiptBeforeTheAnswer(t *testing.T) {
	order := make(chan string, 2)
	take := func(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
		order <- smpp.ParseReceipt(p, nil).ID
		respond(smpp.OK, nil)
	}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: take}, func(s *smpp.Session) {
		p, err := s.Request(ctx, hello)
		if err != nil {
			t.Error(err)
			return
		}
		order <- p.(*smpp.SubmitSMResp).MessageID
	}),
		smpptest.Expect(aBind), accepted, smpptest.Expect(hello),
		smpptest.Send(aReceipt()), smpptest.ExpectAnswer(smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "answer"}),
		smpptest.ExpectClose(),
		smpptest.Do(func() {
			if a, b := <-order, <-order; a != "0123456789" || b != "answer" {
				t.Errorf("got %s, then %s", a, b)
			}
		}),
	)
}

// stalled binds over a pipe whose other end then reads nothing.
func stalled(t *testing.T, settings smpp.Settings) (*smpp.Session, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		r := smpp.NewReader(ours)
		if _, err := r.Next(); err != nil {
			t.Error(err)
		}
		answer, _ := smpp.Append(nil, 1, smpp.OK, &smpp.BindResp{})
		if _, err := ours.Write(answer); err != nil {
			t.Error(err)
		}
	}()
	s, err := smpp.Client(ctx, theirs, smpp.Config{Bind: *aBind, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return s, ours
}

// What is certain and what is not, when a session ends: of the first request the
// peer took all, of the second a part, of the third nothing.
func TestCloseTellsWhatWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := stalled(t, smpp.Settings{})
		first, second, third := newOutcomes(t), newOutcomes(t), newOutcomes(t)
		s.Send(ctx, hello, first.once())
		synctest.Wait() // the writer is at it
		s.Send(ctx, hello, second.once())
		s.Send(ctx, hello, third.once())
		frame, _ := smpp.Append(nil, 1, smpp.OK, hello)
		if _, err := peer.Read(make([]byte, len(frame))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := peer.Read(make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if a := first.next(); !errors.Is(a.Err, smpp.ErrClosed) || errors.Is(a.Err, smpp.ErrNotSent) {
			t.Errorf("first: %+v", a)
		}
		for i, o := range []*outcomes{second, third} {
			if a := o.next(); !errors.Is(a.Err, smpp.ErrNotSent) || !errors.Is(a.Err, smpp.ErrClosed) {
				t.Errorf("%d: %+v", i+2, a)
			}
		}
		peer.Close()
	})
}

func TestPeerThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s, peer := stalled(t, smpp.Settings{WriteTimeout: 7 * time.Second})
		o := newOutcomes(t)
		s.Send(ctx, hello, o.once())
		<-s.Done()
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("given up after %s", took)
		}
		if a := o.next(); !errors.Is(a.Err, smpp.ErrNotSent) {
			t.Errorf("got %+v", a)
		}
		peer.Close()
	})
}

// A peer that asks and asks and reads no answer is not read from any more, long
// before it costs memory.
func TestPeerThatOnlyWritesIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := stalled(t, smpp.Settings{WriteTimeout: time.Minute, EnquireInterval: -1})
		frame, _ := smpp.Append(nil, 1, smpp.OK, &smpp.EnquireLink{})
		written := 0
		_ = peer.SetWriteDeadline(time.Now().Add(30 * time.Second))
		for {
			n, err := peer.Write(frame)
			written += n
			if err != nil {
				break
			}
		}
		if written < 200<<10 || written > 700<<10 {
			t.Errorf("%d octets were taken", written)
		}
		<-s.Done()
		peer.Close()
	})
}

// Many waiters, many answers out of order: each gets its own.
func TestAnswersFindTheirRequests(t *testing.T) {
	srv := &smpp.Server{Bind: func(context.Context, net.Addr, smpp.Bind) (smpp.Settings, smpp.Status) {
		return smpp.Settings{Handler: func(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
			go respond(smpp.OK, &smpp.SubmitSMResp{MessageID: string(p.(*smpp.SubmitSM).ShortMessage)})
		}}, smpp.OK
	}}
	s := serveAndDial(t, srv, smpp.Config{Settings: smpp.Settings{Window: 20}})
	done := make(chan bool)
	for worker := range 40 {
		go func() {
			defer func() { done <- true }()
			for i := range 50 {
				id := string(rune('A'+worker)) + string(rune('A'+i))
				p, err := s.Request(ctx, &smpp.SubmitSM{ShortMessage: []byte(id)})
				if r, ok := p.(*smpp.SubmitSMResp); err != nil || !ok || r.MessageID != id {
					t.Errorf("asked for %s, got %+v, %v", id, p, err)
				}
			}
		}()
	}
	for range 40 {
		<-done
	}
	if st := s.Stats(); st.Window != 0 || st.Sent != 2001 || st.Received != 2001 {
		t.Errorf("stats %+v", st)
	}
}

// lapsed is a context whose time is known to be over before anybody has said so.
type lapsed struct {
	context.Context
	over *atomic.Bool
}

func (c lapsed) Err() error {
	if c.over.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

// A request that has waited for the window is not sent when its time has ended meanwhile.
func TestARequestIsNotSentAfterItsTime(t *testing.T) {
	answer := smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"})
	o := newOutcomes(t)
	var over atomic.Bool
	smpptest.Run(t, bound(t, smpp.Settings{Window: 1}, func(s *smpp.Session) {
		s.Send(ctx, hello, o.once())
		s.Send(lapsed{ctx, &over}, hello, func(a smpp.Answer) {
			if !errors.Is(a.Err, smpp.ErrNotSent) || !errors.Is(a.Err, context.DeadlineExceeded) {
				t.Errorf("the request that waited: %+v", a)
			}
		})
		s.Send(ctx, hello, o.once()) // the slot is free again
		<-s.Done()
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello),
		smpptest.Wait(time.Second),
		smpptest.Do(func() { over.Store(true) }),
		answer, smpptest.Expect(hello), answer,
		smpptest.Do(func() {
			for range 2 {
				if a := o.next(); a.Err != nil {
					t.Errorf("got %+v", a)
				}
			}
		}),
		smpptest.Close(),
	)
}
