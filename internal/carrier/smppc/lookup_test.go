package smppc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

const asked = "+33639980001"

// told is what an operator says about a number.
func told(id, text string, state smpp.MessageState, tlvs ...smpp.TLV) *smpp.DeliverSM {
	return &smpp.DeliverSM{
		Source: smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: asked[1:]}, ESMClass: smpp.ESMReceipt, ShortMessage: []byte("id:" + id + " " + text),
		TLVs: append(smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, id), smpp.Uint8(smpp.TagMessageState, byte(state))}, tlvs...),
	}
}

type found struct {
	answer sms.LookupAnswer
	err    error
}

// lookUp asks in the background; the answer comes by the channel.
func (r *rig) lookUp(t *testing.T) chan found {
	got := make(chan found, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		a, err := r.LookUp(ctx, asked)
		got <- found{a, err}
	}()
	synctest.Wait()
	return got
}

// passed are the receipts that were taken for those of messages.
func (b *inbox) passed() []sms.Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.receipts)
}

func lookups() sms.CarrierSettings {
	s := settings()
	s.Lookups = true
	return s
}

func TestLookUp(t *testing.T) {
	for name, c := range map[string]struct {
		reply reply
		pdu   *smpp.DeliverSM // nil: none comes
		want  sms.LookupAnswer
		err   string
	}{
		"reachable": {
			reply{},
			told("id-1", "stat:DELIVRD err:000 ported:1", smpp.StateDelivered, smpp.CString(0x1402, "20801")),
			sms.LookupAnswer{Valid: true, Reachable: true, Ported: true, Network: "20801"},
			"",
		},
		"network in words": {
			reply{},
			told("id-1", "stat:DELIVRD err:000 MCCMNC:310260 roaming:1", smpp.StateDelivered),
			sms.LookupAnswer{Valid: true, Reachable: true, Roaming: true, Network: "310260"},
			"",
		},
		"no network":  {reply{}, told("id-1", "stat:DELIVRD mccmnc:Orange", smpp.StateDelivered), sms.LookupAnswer{Valid: true, Reachable: true}, ""},
		"absent":      {reply{}, told("id-1", "stat:UNDELIV err:027", smpp.StateUndeliverable), sms.LookupAnswer{Valid: true}, ""},
		"unknown":     {reply{}, told("id-1", "stat:UNDELIV err:001", smpp.StateUndeliverable), sms.LookupAnswer{}, ""},
		"refused":     {reply{status: smpp.InvalidDest}, nil, sms.LookupAnswer{}, ""},
		"failure":     {reply{}, told("id-1", "stat:UNDELIV err:034", smpp.StateUndeliverable), sms.LookupAnswer{}, "network has failed"},
		"throttled":   {reply{status: smpp.Throttled}, nil, sms.LookupAnswer{}, "ESME_RTHROTTLED"},
		"never":       {reply{}, nil, sms.LookupAnswer{}, "not answered it in time"},
		"no id":       {reply{id: "none"}, nil, sms.LookupAnswer{}, "no reference"},
		"other's":     {reply{}, told("id-9", "stat:DELIVRD", smpp.StateDelivered), sms.LookupAnswer{}, "not answered it in time"},
		"still looks": {reply{}, told("id-1", "stat:ENROUTE", smpp.StateEnroute), sms.LookupAnswer{}, "not answered it in time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newSMSC(t, c.reply)
				r := launch(t, lookups(), o)
				got := r.lookUp(t)
				if c.pdu != nil {
					if status := o.request(smpp.Transceiver, c.pdu); status != smpp.OK {
						t.Error(status)
					}
				}
				f := <-got
				if (c.err == "") != (f.err == nil) || (f.err != nil && !strings.Contains(f.err.Error(), c.err)) || (f.err == nil && f.answer != c.want) {
					t.Errorf("%+v, %v", f.answer, f.err)
				}
				if p := o.submits[0]; p.ServiceType != "HLR" || p.Dest.Addr != asked[1:] || p.RegisteredDelivery != smpp.RegisterReceipt || len(p.ShortMessage) > 0 {
					t.Errorf("asked by %+v", p)
				}
				if passed := len(r.inbox.passed()); (passed == 1) != (name == "other's") {
					t.Errorf("%d receipts were taken for those of messages", passed)
				}
			})
		})
	}
}

// A receipt may overtake the answer that names it; one of a message to the same number goes on to those who wait for it.
func TestLookUpOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t, reply{after: 2 * time.Second})
		r := launch(t, lookups(), o)
		got := r.lookUp(t)
		statuses := make(chan smpp.Status, 2)
		for _, p := range []*smpp.DeliverSM{told("id-1", "stat:DELIVRD", smpp.StateDelivered), told("message", "stat:DELIVRD", smpp.StateDelivered)} {
			go func() { statuses <- o.request(smpp.Transceiver, p) }()
		}
		synctest.Wait()
		if len(statuses) > 0 || len(r.inbox.passed()) > 0 {
			t.Error("they were settled before it is known what they are")
		}
		if f := <-got; f.err != nil || !f.answer.Reachable {
			t.Errorf("%+v", f)
		}
		synctest.Wait()
		if got := r.inbox.passed(); len(got) != 1 || got[0].Refs[0] != "message" || <-statuses != smpp.OK || <-statuses != smpp.OK {
			t.Errorf("%+v", got)
		}
	})
}

func TestNobodyToLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		r := launch(t, settings(), o)
		if _, err := r.LookUp(t.Context(), asked); !errors.Is(err, sms.ErrNoLookups) {
			t.Errorf("%v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		o.down = true
		r := launch(t, lookups(), o)
		if _, err := r.LookUp(t.Context(), asked); err == nil || errors.Is(err, sms.ErrNoLookups) {
			t.Errorf("%v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		r := launch(t, lookups(), o)
		got := r.lookUp(t)
		o.session(smpp.Transceiver).Close()
		if f := <-got; f.err == nil || !strings.Contains(f.err.Error(), "connection ended") {
			t.Errorf("%+v", f)
		}
	})
}
