package smppc_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

func TestAsk(t *testing.T) {
	answered := func(s smpp.Status, p smpp.PDU) func(*smpp.QuerySM) (smpp.Status, smpp.PDU) {
		return func(*smpp.QuerySM) (smpp.Status, smpp.PDU) { return s, p }
	}
	for name, c := range map[string]struct {
		query func(*smpp.QuerySM) (smpp.Status, smpp.PDU)
		state sms.State
		ptt   int
		err   error // nil: a receipt
		words string
	}{
		"delivered": {
			answered(smpp.OK, &smpp.QuerySMResp{MessageID: "7f3a", State: smpp.StateDelivered, FinalDate: "000101000500000+"}),
			sms.Delivered, sms.PTTDelivered, nil, "query_sm: message_id 7f3a, message_state delivered, final_date 000101000500000+, error_code 0",
		},
		"barred":    {answered(smpp.OK, &smpp.QuerySMResp{State: smpp.StateUndeliverable, ErrorCode: 13}), sms.Failed, sms.PTTBarred, nil, "error_code 13"},
		"expired":   {answered(smpp.OK, &smpp.QuerySMResp{State: smpp.StateExpired}), sms.Expired, sms.PTTExpired, nil, "expired"},
		"under way": {answered(smpp.OK, &smpp.QuerySMResp{State: smpp.StateEnroute}), sms.Buffered, sms.PTTRetry, nil, "enroute"},
		"forgotten": {answered(smpp.OK, &smpp.QuerySMResp{State: smpp.StateUnknown}), "", 0, sms.ErrUnknownReference, ""},
		"not known": {answered(smpp.QueryFailed, nil), "", 0, sms.ErrUnknownReference, "ESME_RQUERYFAIL"},
		"wrong id":  {answered(smpp.InvalidMessageID, nil), "", 0, sms.ErrUnknownReference, "ESME_RINVMSGID"},
		"no such":   {nil, "", 0, sms.ErrNoQueries, "ESME_RINVCMDID"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t)
				r := launch(t, settings(), o)
				time.Sleep(time.Hour)
				var asked *smpp.QuerySM
				if c.query != nil {
					o.query = func(q *smpp.QuerySM) (smpp.Status, smpp.PDU) {
						asked = q
						return c.query(q)
					}
				}
				got, err := r.Ask(t.Context(), "7f3a", "+33639981234")
				if !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
					t.Fatalf("%v, want %v", err, c.err)
				}
				if asked != nil && (asked.MessageID != "7f3a" || asked.Source != smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "33639981234"}) {
					t.Errorf("asked %+v", asked)
				}
				if err != nil {
					if !strings.Contains(err.Error(), c.words) {
						t.Errorf("%v", err)
					}
					return
				}
				if got.State != c.state || got.PTT != c.ptt || !got.Asked || got.CarrierID != 7 || got.Refs[0] != "7f3a" || !strings.Contains(got.Raw, c.words) {
					t.Errorf("%+v", got)
				}
				if want := time.Date(2000, 1, 1, 0, 5, 0, 0, time.UTC); name == "delivered" && !got.DoneAt.Equal(want) {
					t.Errorf("done at %v", got.DoneAt)
				}
			})
		})
	}
}

func TestNobodyToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		o.down = true
		r := launch(t, settings(), o)
		if _, err := r.Ask(t.Context(), "7f3a", "Ramier"); err == nil || errors.Is(err, sms.ErrUnknownReference) || errors.Is(err, sms.ErrNoQueries) {
			t.Errorf("%v", err)
		}
	})
}
