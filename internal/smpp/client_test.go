package smpp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

var (
	ctx      = context.Background()
	aBind    = &smpp.Bind{Mode: smpp.Transceiver, SystemID: "shop", Password: "secret", InterfaceVersion: smpp.Version}
	accepted = smpptest.Answer(smpp.OK, &smpp.BindResp{SystemID: "SMSC"})
	hello    = &smpp.SubmitSM{Source: shop, Dest: paris, ShortMessage: []byte("hello")}
	incoming = &smpp.DeliverSM{Source: paris, Dest: shop, ShortMessage: []byte("STOP")}
)

// bound is a subject: a client that binds as shop and is then used.
func bound(t *testing.T, settings smpp.Settings, use func(s *smpp.Session)) func(net.Conn) {
	return func(conn net.Conn) {
		s, err := smpp.Client(ctx, conn, smpp.Config{Bind: *aBind, Settings: settings})
		if err != nil {
			t.Errorf("bind: %v", err)
			return
		}
		use(s)
		s.Close()
	}
}

// idle uses a session by waiting for its end, and wants it to be cause.
func idle(t *testing.T, cause error) func(s *smpp.Session) {
	return func(s *smpp.Session) {
		<-s.Done()
		if err := s.Err(); !errors.Is(err, cause) || !errors.Is(err, smpp.ErrClosed) {
			t.Errorf("session ended with %v, want %v", err, cause)
		}
	}
}

func TestBindSubmitUnbind(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		if b := s.Bind(); b.SystemID != "shop" || b.Password != "" || s.BindResp().SystemID != "SMSC" {
			t.Errorf("bound as %+v, by %+v", b, s.BindResp())
		}
		p, err := s.Request(ctx, hello)
		if r, ok := p.(*smpp.SubmitSMResp); err != nil || !ok || r.MessageID != "7f" {
			t.Errorf("got %+v, %v", p, err)
		}
		p, err = s.Request(ctx, hello)
		if r, ok := p.(*smpp.SubmitSMResp); err != smpp.Throttled || !ok || r.MessageID != "" {
			t.Errorf("got %+v, %v", p, err)
		}
		if err := s.Unbind(ctx); err != nil {
			t.Errorf("unbind: %v", err)
		}
		if err := s.Err(); !errors.Is(err, smpp.ErrUnbound) {
			t.Errorf("ended with %v", err)
		}
		if _, err := s.Request(ctx, hello); !errors.Is(err, smpp.ErrNotSent) || !errors.Is(err, smpp.ErrClosed) {
			t.Errorf("sent after the end: %v", err)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello), smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}),
		smpptest.Expect(hello), smpptest.Answer(smpp.Throttled, &smpp.SubmitSMResp{}),
		smpptest.Expect(&smpp.Unbind{}), smpptest.Answer(smpp.OK, &smpp.UnbindResp{}),
		smpptest.ExpectClose(),
	)
}

// bindFails is a subject that must not get a session, but an error that is want.
func bindFails(t *testing.T, want error, refused bool) func(net.Conn) {
	return func(conn net.Conn) {
		s, err := smpp.Client(ctx, conn, smpp.Config{Bind: smpp.Bind{SystemID: "shop", Password: "secret"}})
		_, isRefused := errors.AsType[*smpp.RefusedError](err)
		if s != nil || !errors.Is(err, want) || isRefused != refused {
			t.Errorf("got %v, %v (refused: %v), want %v", s, err, isRefused, want)
		}
	}
}

func TestBadPasswordClosesTheConnection(t *testing.T) {
	smpptest.Run(t, bindFails(t, smpp.InvalidPassword, true),
		smpptest.Expect(aBind),
		smpptest.Answer(smpp.InvalidPassword, &smpp.BindResp{}),
		smpptest.ExpectClose(),
	)
}

func TestBindAnsweredByGenericNack(t *testing.T) {
	smpptest.Run(t, bindFails(t, smpp.InvalidCommandID, true),
		smpptest.Expect(aBind), smpptest.Answer(smpp.InvalidCommandID, &smpp.GenericNack{}), smpptest.ExpectClose())
	smpptest.Run(t, bindFails(t, smpp.UnknownError, true),
		smpptest.Expect(aBind), smpptest.Answer(smpp.OK, &smpp.GenericNack{}), smpptest.ExpectClose())
}

func TestBindNotAnswered(t *testing.T) {
	smpptest.Run(t, bindFails(t, smpp.ErrTimeout, false), smpptest.Expect(aBind), smpptest.ExpectClose())
	smpptest.Run(t, bindFails(t, smpp.ErrClosed, false), smpptest.Expect(aBind), smpptest.Close())
}

func TestBindGivenUp(t *testing.T) {
	smpptest.Run(t, func(conn net.Conn) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := smpp.Client(ctx, conn, smpp.Config{Bind: *aBind}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}, smpptest.Expect(aBind), smpptest.ExpectClose())
}

func TestBindThatCannotBeWritten(t *testing.T) {
	smpptest.Run(t, func(conn net.Conn) {
		_, err := smpp.Client(ctx, conn, smpp.Config{Bind: smpp.Bind{Password: strings.Repeat("much too long", 5)}})
		if f, ok := errors.AsType[*smpp.FieldError](err); !ok || f.Field != "password" {
			t.Errorf("got %v", err)
		}
	}, smpptest.ExpectClose())
}

// An SMSC may send what it kept for us in the very segment of its answer.
func TestDeliverRightBehindTheBindAnswer(t *testing.T) {
	answer, _ := smpp.Append(nil, 1, smpp.OK, &smpp.BindResp{})
	both, _ := smpp.Append(answer, 9, smpp.OK, incoming)
	got := make(chan smpp.PDU, 1)
	take := func(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
		got <- p
		respond(smpp.OK, nil)
	}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: take}, idle(t, smpp.ErrUnbound)),
		smpptest.Expect(aBind), smpptest.Raw(both),
		smpptest.ExpectReply(9, smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Do(func() {
			if len(got) != 1 {
				t.Error("the handler was not called")
			}
		}),
		smpptest.Send(&smpp.Unbind{}), smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.ExpectClose(),
	)
}

func TestIdleSessionEnquires(t *testing.T) {
	enquire, alive := &smpp.EnquireLink{}, smpptest.Answer(smpp.OK, &smpp.EnquireLinkResp{})
	smpptest.Run(t, bound(t, smpp.Settings{}, idle(t, smpp.ErrSilent)),
		smpptest.Expect(aBind), accepted,
		smpptest.ExpectAfter(30*time.Second, enquire), alive,
		smpptest.ExpectAfter(30*time.Second, enquire), smpptest.Answer(smpp.InvalidCommandID, &smpp.GenericNack{}),
		smpptest.Wait(20*time.Second), smpptest.Send(enquire), smpptest.ExpectAnswer(smpp.OK, &smpp.EnquireLinkResp{}),
		smpptest.ExpectAfter(30*time.Second, enquire), smpptest.Forget(),
		smpptest.ExpectCloseAfter(10*time.Second),
	)
}

// A peer that answers no enquire_link but sends other things lives.
func TestTrafficIsLife(t *testing.T) {
	enquire := &smpp.EnquireLink{}
	smpptest.Run(t, bound(t, smpp.Settings{}, idle(t, smpp.ErrSilent)),
		smpptest.Expect(aBind), accepted,
		smpptest.ExpectAfter(30*time.Second, enquire), smpptest.Forget(),
		smpptest.Wait(5*time.Second), smpptest.Send(enquire), smpptest.ExpectAnswer(smpp.OK, &smpp.EnquireLinkResp{}),
		smpptest.ExpectAfter(30*time.Second, enquire), smpptest.Forget(),
		smpptest.ExpectCloseAfter(10*time.Second),
	)
}

func TestInactiveSessionEnds(t *testing.T) {
	settings := smpp.Settings{InactivityTimeout: 50 * time.Second}
	smpptest.Run(t, bound(t, settings, idle(t, smpp.ErrInactive)),
		smpptest.Expect(aBind), accepted,
		smpptest.ExpectAfter(30*time.Second, &smpp.EnquireLink{}), smpptest.Answer(smpp.OK, &smpp.EnquireLinkResp{}),
		smpptest.ExpectCloseAfter(20*time.Second),
	)
}

func TestNeverEnquiring(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{EnquireInterval: -1}, idle(t, smpp.ErrClosed)),
		smpptest.Expect(aBind), accepted, smpptest.Wait(24*time.Hour), smpptest.Close())
}
