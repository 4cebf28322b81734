package smpp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

// Our unbind waits for the answers under way, on both sides, and takes nothing new.
func TestUnbindDrains(t *testing.T) {
	k := &shelf{}
	o := newOutcomes(t)
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take, Window: 1}, func(s *smpp.Session) {
		s.Send(ctx, hello, o.once())
		waiting := newOutcomes(t)
		go s.Send(ctx, hello, waiting.once())
		time.Sleep(time.Millisecond) // synthetic: all is under way
		if err := s.Unbind(ctx); err != nil {
			t.Errorf("unbind: %v", err)
		}
		if a := waiting.next(); !errors.Is(a.Err, smpp.ErrNotSent) || !errors.Is(a.Err, smpp.ErrLeaving) {
			t.Errorf("the one that waited: %+v", a)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Send(incoming), smpptest.Expect(hello), smpptest.Wait(time.Second),
		smpptest.Send(incoming), smpptest.ExpectReply(2, smpp.ReceiverTemporaryError, &smpp.DeliverSMResp{}),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}), smpptest.Wait(time.Second),
		smpptest.Do(func() {
			if a := o.next(); a.Err != nil || a.Status != smpp.OK {
				t.Errorf("got %+v", a)
			}
			k.respond[0](smpp.OK, nil)
		}),
		smpptest.ExpectReply(1, smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Expect(&smpp.Unbind{}), smpptest.Answer(smpp.OK, &smpp.UnbindResp{}),
		smpptest.ExpectClose(),
	)
}

func TestUnbindNotAnswered(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		if err := s.Unbind(ctx); !errors.Is(err, smpp.ErrTimeout) {
			t.Errorf("unbind: %v", err)
		}
	}), smpptest.Expect(aBind), accepted, smpptest.Expect(&smpp.Unbind{}), smpptest.ExpectCloseAfter(5*time.Second))

	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		if err := s.Unbind(ctx); !errors.Is(err, smpp.ErrClosed) || errors.Is(err, smpp.ErrUnbound) {
			t.Errorf("unbind: %v", err)
		}
	}), smpptest.Expect(aBind), accepted, smpptest.Expect(&smpp.Unbind{}), smpptest.Close())
}

func TestUnbindGivenUp(t *testing.T) {
	o := newOutcomes(t)
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		s.Send(ctx, hello, o.once())
		if err := s.Unbind(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("unbind: %v", err)
		}
		if a := o.next(); !errors.Is(a.Err, smpp.ErrClosed) || errors.Is(a.Err, smpp.ErrNotSent) {
			t.Errorf("got %+v", a)
		}
	}), smpptest.Expect(aBind), accepted, smpptest.Expect(hello), smpptest.ExpectCloseAfter(3*time.Second))
}

// The peer's unbind is answered when what is under way is answered.
func TestPeerUnbinds(t *testing.T) {
	o := newOutcomes(t)
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		s.Send(ctx, hello, o.once())
		idle(t, smpp.ErrUnbound)(s)
		s.Send(ctx, hello, func(a smpp.Answer) {
			if !errors.Is(a.Err, smpp.ErrNotSent) {
				t.Errorf("after the end: %+v", a)
			}
		})
	}),
		smpptest.Expect(aBind), accepted, smpptest.Expect(hello),
		smpptest.Send(&smpp.Unbind{}), smpptest.Wait(2*time.Second),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}),
		smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.ExpectCloseAfter(time.Second),
		smpptest.Do(func() {
			if a := o.next(); a.Err != nil || a.Status != smpp.OK {
				t.Errorf("got %+v", a)
			}
		}),
	)
}

// A peer that wants to go and leaves us without an answer goes all the same.
func TestPeerUnbindsWithoutAnswering(t *testing.T) {
	o := newOutcomes(t)
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		s.Send(ctx, hello, o.once())
		idle(t, smpp.ErrUnbound)(s)
	}),
		smpptest.Expect(aBind), accepted, smpptest.Expect(hello),
		smpptest.Send(&smpp.Unbind{}), smpptest.Wait(5*time.Second),
		smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.Close(),
		smpptest.Do(func() {
			if a := o.next(); !errors.Is(a.Err, smpp.ErrUnbound) || errors.Is(a.Err, smpp.ErrNotSent) {
				t.Errorf("got %+v", a)
			}
		}),
	)
}

func TestBothUnbindAtOnce(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
		if err := s.Unbind(ctx); err != nil {
			t.Errorf("unbind: %v", err)
		}
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(&smpp.Unbind{}), smpptest.Send(&smpp.Unbind{}),
		smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.Answer(smpp.OK, &smpp.UnbindResp{}),
		smpptest.ExpectClose(),
	)
}
