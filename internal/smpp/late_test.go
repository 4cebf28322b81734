package smpp_test

import (
	"errors"
	"testing"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/smpp/smpptest"
)

func TestALateAnswerIsGivenToThoseWhoStillWantIt(t *testing.T) {
	o, late := newOutcomes(t), newOutcomes(t)
	var session *smpp.Session
	settings := smpp.Settings{Window: 2, ResponseTimeout: 10 * time.Second}
	smpptest.Run(t, bound(t, settings, func(s *smpp.Session) {
		session = s
		s.SendPatiently(ctx, hello, o.once(), late.once())
		s.Send(ctx, hello, o.once())
		<-s.Done()
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello), smpptest.Expect(hello),
		smpptest.Wait(15*time.Second),
		smpptest.Do(func() {
			for range 2 {
				if a := o.next(); !errors.Is(a.Err, smpp.ErrTimeout) {
					t.Errorf("%+v", a)
				}
			}
			late.none()
		}),
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "7f"}), // the one that is wanted
		smpptest.Answer(smpp.OK, &smpp.SubmitSMResp{MessageID: "80"}),
		smpptest.Wait(time.Second),
		smpptest.Do(func() {
			if a := late.next(); a.Err != nil || a.Status != smpp.OK || a.PDU.(*smpp.SubmitSMResp).MessageID != "7f" {
				t.Errorf("late: %+v", a)
			}
			late.none()
			o.none()
			if st := session.Stats(); st.Unexpected != 2 || st.Timeouts != 2 {
				t.Errorf("%+v", st)
			}
		}),
	)
}

func TestALateRefusalAndARepeatedAnswer(t *testing.T) {
	o, late := newOutcomes(t), newOutcomes(t)
	smpptest.Run(t, bound(t, smpp.Settings{ResponseTimeout: time.Second}, func(s *smpp.Session) {
		s.SendPatiently(ctx, hello, o.once(), late.once())
		<-s.Done()
	}),
		smpptest.Expect(aBind), accepted,
		smpptest.Expect(hello),
		smpptest.Wait(2*time.Second),
		smpptest.Raw(frame(t, smpp.OK, &smpp.QuerySMResp{})), // of another command
		smpptest.Raw(frame(t, smpp.Throttled, &smpp.SubmitSMResp{})),
		smpptest.Raw(frame(t, smpp.Throttled, &smpp.SubmitSMResp{})),
		smpptest.Wait(time.Second),
		smpptest.Do(func() {
			if a := late.next(); a.Status != smpp.Throttled {
				t.Errorf("late: %+v", a)
			}
			late.none()
		}),
	)
}

// frame is an answer to the first request after the bind.
func frame(t *testing.T, status smpp.Status, p smpp.PDU) []byte {
	t.Helper()
	octets, err := smpp.Append(nil, 2, status, p)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}
