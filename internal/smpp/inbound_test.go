package smpp_test

import (
	"bytes"
	"testing"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

// A shelf keeps requests to be answered later.
type shelf struct {
	pdus    []smpp.PDU
	respond []func(smpp.Status, smpp.PDU)
}

func (k *shelf) take(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
	k.pdus, k.respond = append(k.pdus, p), append(k.respond, respond)
}

// unbound ends a script in order, from the peer's side.
func unbound(steps ...smpptest.Step) []smpptest.Step {
	return append(append([]smpptest.Step{smpptest.Expect(aBind), accepted}, steps...),
		smpptest.Send(&smpp.Unbind{}), smpptest.ExpectAnswer(smpp.OK, &smpp.UnbindResp{}), smpptest.ExpectClose())
}

func TestRequestsMayBeAnsweredLaterAndInAnyOrder(t *testing.T) {
	k := &shelf{}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Send(incoming), smpptest.Send(incoming), smpptest.Wait(time.Second),
		smpptest.Do(func() {
			k.respond[1](smpp.OK, &smpp.DeliverSMResp{})
			k.respond[1](smpp.SystemError, nil) // only the first counts
		}),
		smpptest.ExpectReply(2, smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Do(func() { k.respond[0](smpp.ReceiverRejected, nil) }),
		smpptest.ExpectReply(1, smpp.ReceiverRejected, &smpp.DeliverSMResp{}),
	)...)
}

func TestAnswersThatAreNoneBecomeSystemErrors(t *testing.T) {
	k := &shelf{}
	answer := func(p smpp.PDU) smpptest.Step {
		return smpptest.Do(func() { k.respond[len(k.respond)-1](smpp.OK, p) })
	}
	failed := smpptest.ExpectAnswer(smpp.SystemError, &smpp.DeliverSMResp{})
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Send(incoming), answer(&smpp.SubmitSMResp{MessageID: "of another command"}), failed,
		smpptest.Send(incoming), answer(&smpp.DeliverSMResp{MessageID: "with\x00NUL"}), failed,
	)...)
}

func TestWithoutAHandlerRequestsAreRefused(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Send(incoming), smpptest.ExpectAnswer(smpp.SystemError, &smpp.DeliverSMResp{}),
	)...)
}

// Beyond the limit the peer is told to come again; the answers it gives meanwhile
// are taken, for what waits may depend on them.
func TestTooManyUnanswered(t *testing.T) {
	k := &shelf{}
	got := make(chan smpp.Answer, 1)
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take, MaxInbound: 2}, func(s *smpp.Session) {
		s.Send(ctx, hello, func(a smpp.Answer) { got <- a })
		idle(t, smpp.ErrUnbound)(s)
		if st := s.Stats(); st.Refused != 1 || st.Inbound != 0 {
			t.Errorf("stats %+v", st)
		}
	}), unbound(
		smpptest.Expect(hello),
		smpptest.Send(incoming), smpptest.Send(incoming), smpptest.Send(incoming),
		smpptest.ExpectAnswer(smpp.ReceiverTemporaryError, &smpp.DeliverSMResp{}),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}),
		smpptest.Do(func() {
			if a := <-got; a.Err != nil || a.Status != smpp.OK {
				t.Errorf("got %+v", a)
			}
			k.respond[0](smpp.OK, nil)
		}),
		smpptest.ExpectReply(1, smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Send(incoming),
		smpptest.Do(func() { k.respond[1](smpp.OK, nil); k.respond[2](smpp.OK, nil) }),
		smpptest.ExpectReply(2, smpp.OK, &smpp.DeliverSMResp{}), smpptest.ExpectReply(4, smpp.OK, &smpp.DeliverSMResp{}),
	)...)
}

func TestFullWindowDoesNotHoldUpAnswers(t *testing.T) {
	k := &shelf{}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take, Window: 1}, func(s *smpp.Session) {
		s.Send(ctx, hello, func(smpp.Answer) {})
		s.Send(ctx, hello, func(smpp.Answer) {})
		idle(t, smpp.ErrUnbound)(s)
	}), unbound(
		smpptest.Expect(hello),
		smpptest.Send(&smpp.EnquireLink{}), smpptest.ExpectAnswer(smpp.OK, &smpp.EnquireLinkResp{}),
		smpptest.Send(incoming), smpptest.Do(func() { k.respond[0](smpp.OK, nil) }), smpptest.ExpectAnswer(smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{}), smpptest.Expect(hello), smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{}),
	)...)
}

func TestWhatCannotBeUnderstoodIsNackedAndTheSessionGoesOn(t *testing.T) {
	k := &shelf{}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take}, func(s *smpp.Session) {
		idle(t, smpp.ErrUnbound)(s)
		if st := s.Stats(); st.Malformed != 3 || st.Unexpected != 2 || len(k.pdus) != 1 {
			t.Errorf("stats %+v, %d requests", st, len(k.pdus))
		}
	}), unbound(
		smpptest.Send(&smpp.Unknown{ID: 0x00010203, Body: []byte("vendor")}),
		smpptest.ExpectAnswer(smpp.InvalidCommandID, &smpp.GenericNack{}),
		smpptest.Raw(wire(t, "00000013 00000005 00000000 00000000 '123'")),
		smpptest.ExpectReply(0, smpp.InvalidCommandLength, &smpp.GenericNack{}),
		smpptest.Raw(wire(t, "00000018 00000005 00000000 00000009 '1234567' 00")),
		smpptest.ExpectReply(9, smpp.InvalidCommandLength, &smpp.GenericNack{}),
		smpptest.Raw(wire(t, "00000010 80000004 00000000 00000077"), wire(t, "00000010 80010203 00000000 00000001")), // nobody asked
		smpptest.Send(incoming), smpptest.Do(func() { k.respond[0](smpp.OK, nil) }), smpptest.ExpectAnswer(smpp.OK, &smpp.DeliverSMResp{}),
	)...)
}

func TestInsaneLengthEndsTheSession(t *testing.T) {
	for _, length := range []string{"0000000F", "00010001", "FFFFFFFF"} {
		smpptest.Run(t, bound(t, smpp.Settings{}, func(s *smpp.Session) {
			idle(t, smpp.ErrClosed)(s)
			if e := s.Err().Error(); !bytes.Contains([]byte(e), []byte("announced")) {
				t.Errorf("ended with %s", e)
			}
		}),
			smpptest.Expect(aBind), accepted,
			smpptest.Raw(wire(t, length), bytes.Repeat([]byte("garbage"), 1000)),
			smpptest.ExpectReply(0, smpp.InvalidCommandLength, &smpp.GenericNack{}),
			smpptest.ExpectClose(),
		)
	}
}

func TestSplitSegments(t *testing.T) {
	k := &shelf{}
	frame, _ := smpp.Append(nil, 1, smpp.OK, incoming)
	long, _ := smpp.Append(nil, 2, smpp.OK, &smpp.DeliverSM{TLVs: smpp.TLVs{{smpp.TagMessagePayload, make([]byte, 60000)}}})
	octets := make([][]byte, len(frame))
	for i := range frame {
		octets[i] = frame[i : i+1]
	}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Raw(octets...), smpptest.Raw(long[:17], long[17:30000], long[30000:]),
		smpptest.Do(func() {
			if len(k.pdus) != 2 || string(k.pdus[0].(*smpp.DeliverSM).Text()) != "STOP" || len(k.pdus[1].(*smpp.DeliverSM).Text()) != 60000 {
				t.Errorf("got %d requests", len(k.pdus))
			}
			k.respond[0](smpp.OK, nil)
			k.respond[1](smpp.OK, nil)
		}),
		smpptest.ExpectReply(1, smpp.OK, &smpp.DeliverSMResp{}), smpptest.ExpectReply(2, smpp.OK, &smpp.DeliverSMResp{}),
		smpptest.Send(&smpp.EnquireLink{}), smpptest.ExpectAnswer(smpp.OK, &smpp.EnquireLinkResp{}),
	)...)
}

// alert_notification is not answered, and outbind comes too late.
func TestWhatIsNotAnswered(t *testing.T) {
	k := &shelf{}
	smpptest.Run(t, bound(t, smpp.Settings{Handler: k.take}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Send(&smpp.AlertNotification{Source: paris, ESME: shop}),
		smpptest.Send(&smpp.Outbind{}),
		smpptest.Do(func() {
			if len(k.pdus) != 1 || k.pdus[0].Command() != smpp.CommandAlertNotification {
				t.Fatalf("got %v", k.pdus)
			}
			k.respond[0](smpp.OK, nil)
		}),
	)...)
}

func TestWrongRole(t *testing.T) {
	smpptest.Run(t, bound(t, smpp.Settings{}, idle(t, smpp.ErrUnbound)), unbound(
		smpptest.Send(hello), smpptest.ExpectAnswer(smpp.InvalidBindStatus, &smpp.SubmitSMResp{}),
		smpptest.Send(aBind), smpptest.ExpectAnswer(smpp.InvalidBindStatus, &smpp.BindResp{}),
	)...)
}
