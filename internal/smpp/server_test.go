package smpp_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

// admitting is a server for shop with its secret; admitted sessions get settings.
func admitting(settings smpp.Settings) *smpp.Server {
	return &smpp.Server{
		SystemID: "Ramier",
		Bind: func(_ context.Context, _ net.Addr, b smpp.Bind) (smpp.Settings, smpp.Status) {
			if b.SystemID != "shop" || b.Password != "secret" {
				return smpp.Settings{}, smpp.InvalidPassword
			}
			return settings, smpp.OK
		},
	}
}

var welcome = &smpp.BindResp{SystemID: "Ramier", TLVs: smpp.TLVs{smpp.Uint8(smpp.TagSCInterfaceVersion, smpp.Version)}}

// bindAs is bind and the server's welcome, as a step.
func bindAs(mode smpp.BindMode) smpptest.Step {
	b, r := *aBind, *welcome
	b.Mode, r.Mode = mode, mode
	return smpptest.Steps(smpptest.Send(&b), smpptest.ExpectAnswer(smpp.OK, &r))
}

var leave = smpptest.Steps(smpptest.Send(&smpp.Unbind{}), smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.ExpectClose())

func accept(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
	switch p.(type) {
	case *smpp.SubmitSM:
		respond(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"})
	default:
		respond(smpp.QueryFailed, nil)
	}
}

func TestServerTakesAMessage(t *testing.T) {
	smpptest.Run(t, admitting(smpp.Settings{Handler: accept}).ServeConn,
		bindAs(smpp.Transceiver),
		smpptest.Send(hello), smpptest.ExpectAnswer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}),
		smpptest.Send(&smpp.QuerySM{MessageID: "7f"}), smpptest.ExpectAnswer(smpp.QueryFailed, &smpp.QuerySMResp{}),
		leave,
	)
}

func TestServerRefusesABind(t *testing.T) {
	smpptest.Run(t, admitting(smpp.Settings{}).ServeConn,
		smpptest.Send(&smpp.Bind{SystemID: "shop", Password: "guess"}),
		smpptest.ExpectAnswer(smpp.InvalidPassword, &smpp.BindResp{}),
		smpptest.ExpectCloseAfter(time.Second),
	)
}

// A client of version 3.3 knows no TLVs.
func TestOldClientGetsNoTLV(t *testing.T) {
	smpptest.Run(t, admitting(smpp.Settings{}).ServeConn,
		smpptest.Send(&smpp.Bind{Mode: smpp.Transmitter, SystemID: "shop", Password: "secret", InterfaceVersion: 0x33}),
		smpptest.ExpectAnswer(smpp.OK, &smpp.BindResp{Mode: smpp.Transmitter, SystemID: "Ramier"}),
		leave,
	)
}

func TestNothingBeforeTheBind(t *testing.T) {
	smpptest.Run(t, admitting(smpp.Settings{}).ServeConn,
		smpptest.Send(hello), smpptest.ExpectAnswer(smpp.InvalidBindStatus, &smpp.SubmitSMResp{}),
		smpptest.Send(&smpp.EnquireLink{}), smpptest.ExpectAnswer(smpp.OK, &smpp.EnquireLinkResp{}),
		leave,
	)
}

func TestWhatEachModeMayDo(t *testing.T) {
	wrong := smpptest.ExpectAnswer(smpp.InvalidBindStatus, &smpp.SubmitSMResp{})
	taken := smpptest.ExpectAnswer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"})
	delivers := func(err error) *smpp.Server {
		srv := admitting(smpp.Settings{Handler: accept})
		srv.Bound = func(s *smpp.Session) {
			if _, got := s.Request(ctx, incoming); !errors.Is(got, err) {
				t.Errorf("%s: deliver_sm gives %v, want %v", s.Bind().Mode, got, err)
			}
		}
		return srv
	}
	delivered := smpptest.Steps(smpptest.Expect(incoming), smpptest.Answer(smpp.OK, &smpp.DeliverSMResp{}))

	smpptest.Run(t, delivers(smpp.ErrNotSent).ServeConn, bindAs(smpp.Transmitter), smpptest.Send(hello), taken, leave)
	smpptest.Run(t, delivers(nil).ServeConn, bindAs(smpp.Receiver), delivered, smpptest.Send(hello), wrong, leave)
	smpptest.Run(t, delivers(nil).ServeConn, bindAs(smpp.Transceiver), delivered, smpptest.Send(hello), taken,
		smpptest.Send(aBind), smpptest.ExpectAnswer(smpp.AlreadyBound, &smpp.BindResp{}),
		smpptest.Send(incoming), smpptest.ExpectAnswer(smpp.InvalidBindStatus, &smpp.DeliverSMResp{}), leave)
}

func TestClientThatDoesNotBind(t *testing.T) {
	srv := admitting(smpp.Settings{})
	srv.BindTimeout = 4 * time.Second
	smpptest.Run(t, srv.ServeConn, smpptest.ExpectCloseAfter(4*time.Second))
}

// A check that takes too long, or whose client left, is told so by its context.
func TestSlowBind(t *testing.T) {
	for _, c := range []struct {
		end  smpptest.Step
		want error
	}{
		{smpptest.ExpectCloseAfter(10 * time.Second), smpp.ErrNoBind},
		{smpptest.Close(), smpp.ErrClosed},
	} {
		srv := &smpp.Server{Bind: func(ctx context.Context, _ net.Addr, _ smpp.Bind) (smpp.Settings, smpp.Status) {
			<-ctx.Done()
			if err := context.Cause(ctx); !errors.Is(err, c.want) {
				t.Errorf("the check was ended by %v, want %v", err, c.want)
			}
			return smpp.Settings{}, smpp.OK
		}}
		smpptest.Run(t, srv.ServeConn, smpptest.Send(aBind), smpptest.Send(aBind),
			smpptest.ExpectAnswer(smpp.AlreadyBound, &smpp.BindResp{}), c.end)
	}
}

func TestServerIsBusy(t *testing.T) {
	k := &shelf{}
	smpptest.Run(t, admitting(smpp.Settings{Handler: k.take, MaxInbound: 1}).ServeConn,
		bindAs(smpp.Transmitter), smpptest.Send(hello), smpptest.Send(hello),
		smpptest.ExpectAnswer(smpp.Throttled, &smpp.SubmitSMResp{}),
		smpptest.Do(func() { k.respond[0](smpp.OK, nil) }), smpptest.ExpectReply(2, smpp.OK, &smpp.SubmitSMResp{}),
		leave,
	)
}

func TestShutdownUnbinds(t *testing.T) {
	k := &shelf{}
	srv := admitting(smpp.Settings{Handler: k.take})
	left := make(chan error, 1)
	smpptest.Run(t, srv.ServeConn,
		bindAs(smpp.Transceiver), smpptest.Send(hello),
		smpptest.Do(func() { go func() { left <- srv.Shutdown(ctx) }() }), smpptest.Wait(time.Second),
		smpptest.Do(func() { k.respond[0](smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}) }),
		smpptest.ExpectAnswer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}),
		smpptest.Expect(&smpp.Unbind{}), smpptest.Answer(smpp.OK, &smpp.UnbindResp{}),
		smpptest.ExpectClose(),
		smpptest.Do(func() {
			if err := <-left; err != nil {
				t.Error(err)
			}
			smpptest.Play(t, srv.ServeConn, smpptest.ExpectCloseAfter(0)) // no more connections
		}),
	)
}

func TestShutdownDoesNotWaitForever(t *testing.T) {
	k := &shelf{}
	srv := admitting(smpp.Settings{Handler: k.take})
	smpptest.Run(t, srv.ServeConn,
		bindAs(smpp.Transceiver), smpptest.Send(hello),
		smpptest.Do(func() {
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}),
		smpptest.ExpectCloseAfter(0),
	)
}

func TestShutdownClosesTheUnbound(t *testing.T) {
	srv := admitting(smpp.Settings{})
	smpptest.Run(t, srv.ServeConn, smpptest.Do(func() {
		if err := srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}), smpptest.ExpectCloseAfter(0))
}

func TestTooManySessions(t *testing.T) {
	srv := admitting(smpp.Settings{})
	srv.MaxSessions = 1
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go srv.ServeConn(theirs)
		synctest.Wait()
		smpptest.Play(t, srv.ServeConn, smpptest.ExpectCloseAfter(0))
		ours.Close()
		synctest.Wait()
		smpptest.Play(t, srv.ServeConn, bindAs(smpp.Transceiver), leave)
	})
}

func TestOutbindAndAlert(t *testing.T) {
	srv := admitting(smpp.Settings{})
	alert := &smpp.AlertNotification{Source: paris, ESME: shop}
	srv.Bound = func(s *smpp.Session) {
		if err := s.Notify(alert); err != nil {
			t.Error(err)
		}
		for _, p := range []smpp.PDU{&smpp.Outbind{}, hello, &smpp.AlertNotification{Source: smpp.Address{Addr: "a\x00"}}} {
			if err := s.Notify(p); !errors.Is(err, smpp.ErrNotSent) {
				t.Errorf("%s: %v", p.Command(), err)
			}
		}
		if _, err := s.Request(ctx, &smpp.DeliverSMResp{}); !errors.Is(err, smpp.ErrNotSent) {
			t.Errorf("a response was sent as a request: %v", err)
		}
		if _, err := s.Request(ctx, &smpp.DeliverSM{ServiceType: "much too long"}); !errors.Is(err, smpp.ErrNotSent) || s.Stats().Window != 0 {
			t.Errorf("a faulty request: %v, %+v", err, s.Stats())
		}
	}
	smpptest.Run(t, srv.ServeConn, bindAs(smpp.Receiver), smpptest.Expect(alert), leave)
}
