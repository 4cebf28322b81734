package smppc_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/carrier/carriertest"
	"ramier/internal/carrier/smppc"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// newLine is a carrier with the settings of most operators.
func newLine(t *testing.T, inbox sms.Inbox, replies ...reply) carriertest.Line {
	o := newSMSC(t, replies...)
	return carriertest.Line{
		Carrier: smppc.New(carrierOf(settings()), inbox, options(o)),
		Receipt: func(ref string) bool {
			r := smpp.Receipt{ID: ref, State: smpp.StateDelivered, Done: time.Now()}
			p := r.DeliverSM(smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}, smpp.Address{TON: 5, Addr: "Ramier"})
			_, err := o.session(smpp.Transceiver).Request(context.Background(), p)
			return err == nil
		},
		Close: o.close,
	}
}

func TestSubmit(t *testing.T) {
	threeParts := carriertest.Message
	threeParts.Text, threeParts.Parts = strings.Repeat("a", 400), 3
	oneGone := threeParts
	oneGone.Refs = []string{"", "7f3a", ""}
	otherwise := threeParts // as the operator's settings were when one part left
	otherwise.Refs = []string{"7f3a", ""}
	late := carriertest.Message
	late.Expires = time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
	endless := carriertest.Message
	endless.Text = strings.Repeat("a", 40_000)
	monstrous := carriertest.Message
	monstrous.Source = strings.Repeat("a", 21)

	carriertest.Submit(t, newLine, []carriertest.Case[reply]{
		{Name: "accepted", Replies: []reply{{id: "7f3a"}}, State: sms.Sent, PTT: 3, Refs: []string{"7f3a"}},
		{Name: "accepted without an id", Replies: []reply{{id: "none"}}, State: sms.Sent, PTT: 3, Refs: []string{"-7001.1"}},
		{Name: "id with control characters", Replies: []reply{{id: "a\nb\xff "}}, State: sms.Sent, PTT: 3, Refs: []string{"a\\x0Ab\uFFFD"}},
		{Name: "parts", Message: threeParts, State: sms.Sent, PTT: 3, Refs: []string{"id-1", "id-2", "id-3"}},
		{Name: "the other parts", Message: oneGone, State: sms.Sent, PTT: 3, Refs: []string{"id-1", "7f3a", "id-2"}},
		{Name: "parts of another kind gone before", Message: otherwise, State: sms.Sent, PTT: 3, Refs: []string{"id-1", "id-2", "id-3"}},
		{
			Name: "refused after parts of another kind", Message: otherwise, Replies: slices.Repeat([]reply{{status: smpp.InvalidDest}}, 3),
			State: sms.Failed, PTT: 23, Refs: []string{"", "", ""}, Error: "ESME_RINVDSTADR",
		},
		{
			Name: "all parts gone before", Message: sms.Outbound{MessageID: 1, Text: "a", Parts: 1, Refs: []string{"7f3a"}},
			State: sms.Sent, PTT: 3, Refs: []string{"7f3a"},
		},

		{
			Name: "unknown number", Replies: []reply{{status: smpp.InvalidDest}}, State: sms.Refused, PTT: 23, Refs: []string{""},
			Error: "ESME_RINVDSTADR (0x0000000B): the destination address is not valid",
		},
		{
			Name: "refused in words", Replies: []reply{{status: 0x455, tlvs: smpp.TLVs{smpp.CString(smpp.TagAdditionalStatusInfoText, "no\nway")}}},
			State: sms.Refused, PTT: 5, Refs: []string{""}, Error: `0x00000455: a code of the operator's own (no\x0Away)`,
		},
		{
			Name: "last part refused", Message: threeParts, Replies: []reply{{}, {}, {status: smpp.InvalidMessageLength}}, State: sms.Failed, PTT: 20,
			Refs: []string{"id-1", "id-2", ""}, Error: "part 3 of 3: ESME_RINVMSGLEN",
		},
		{
			Name: "refused and in doubt", Message: threeParts, Replies: []reply{{silent: true}, {after: 15 * time.Second}, {status: smpp.InvalidDest, after: time.Second}},
			State: sms.Failed, PTT: 23, Refs: []string{"", "", ""}, Error: "part 3 of 3: ESME_RINVDSTADR",
		},
		{Name: "too long", Message: endless, State: sms.Refused, PTT: 20, Error: "shorten it"},
		{Name: "cannot be written", Message: monstrous, State: sms.Refused, PTT: 20, Refs: []string{""}, Error: "source_addr"},
		{Name: "too late", Message: late, State: sms.Expired, PTT: 8, Refs: []string{""}, Error: "validity"},

		{Name: "trouble", Replies: []reply{{status: smpp.SystemError}}, State: sms.Queued, Refs: []string{""}, Error: "ESME_RSYSERR"},
		{
			Name: "trouble with one part", Message: threeParts, Replies: []reply{{}, {status: smpp.ReceiverTemporaryError}}, State: sms.Queued,
			Refs: []string{"id-1", "", "id-2"}, Error: "part 2 of 3: ESME_RX_T_APPN",
		},
		{Name: "too fast", Replies: []reply{{status: smpp.Throttled}}, State: sms.Queued, Refs: []string{""}, Error: "ESME_RTHROTTLED", Retry: 200 * time.Millisecond},
		{Name: "queue full", Replies: []reply{{status: smpp.QueueFull}}, State: sms.Queued, Refs: []string{""}, Error: "ESME_RMSGQFUL", Retry: 200 * time.Millisecond},

		{Name: "no answer", Replies: []reply{{silent: true}}, State: sms.InDoubt, PTT: 3, Refs: []string{""}, Error: "no answer in time"},
		{Name: "answer too late", Replies: []reply{{after: 11 * time.Second}}, State: sms.InDoubt, PTT: 3, Refs: []string{""}, Error: "no answer in time"},
		{Name: "connection cut", Replies: []reply{{cut: true}}, State: sms.InDoubt, PTT: 3, Refs: []string{""}, Error: "session closed"},
		{
			Name: "one answer missing", Message: threeParts, Replies: []reply{{}, {silent: true}}, State: sms.InDoubt, PTT: 3,
			Refs: []string{"id-1", "", "id-2"}, Error: "part 2 of 3: the operator's answer is lost",
		},
	})
}

func TestReceiptsAreAcknowledgedWhenTheyAreStored(t *testing.T) {
	carriertest.Receipts(t, newLine)
}

func TestStop(t *testing.T) {
	carriertest.Stop(t, newLine, reply{after: 9 * time.Second})
}

func TestCut(t *testing.T) {
	carriertest.Cut(t, newLine, reply{silent: true})
}

// Nothing is sent by one that is cut before it runs.
func TestCutBeforeTheStart(t *testing.T) {
	c := smppc.New(carrierOf(settings()), sms.Inbox{}, smppc.Options{})
	c.Cut()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Run(ctx)
	if s := c.Status(); s.State != "stopped" {
		t.Errorf("%+v", s)
	}
}
