package smppc_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// deliver gives what a carrier makes of a deliver_sm.
func deliver(t *testing.T, s sms.CarrierSettings, p *smpp.DeliverSM) (got sms.Receipt) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newSMSC(t)
		r := launch(t, s, o)
		if status := o.request(smpp.Transceiver, p); status != smpp.OK {
			t.Errorf("answered with %s", status)
		}
		if len(r.inbox.receipts) != 1 || len(r.inbox.incoming) != 0 {
			t.Fatalf("%d receipts and %d incoming messages", len(r.inbox.receipts), len(r.inbox.incoming))
		}
		got = r.inbox.receipts[0]
		if got.At != time.Now() || got.CarrierID != 7 {
			t.Errorf("got %+v", got)
		}
	})
	return got
}

func TestReceiptDialects(t *testing.T) {
	state := func(n byte) smpp.TLV { return smpp.Uint8(smpp.TagMessageState, n) }
	network := func(code byte) smpp.TLV {
		return smpp.TLV{Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0, code}}
	}
	id := smpp.CString(smpp.TagReceiptedMessageID, "7f")
	for _, c := range []struct {
		text  string
		tlvs  smpp.TLVs
		state sms.State
		ptt   int
		code  string
	}{
		{"id:7f sub:001 dlvrd:001 submit date:0001010000 done date:0001010000 stat:DELIVRD err:000 text:Bon", nil, sms.Delivered, 4, ""},
		{"id:7f stat:EXPIRED err:000", nil, sms.Expired, 8, "EXPIRED"},
		{"id:7f stat:EXPIRED err:027", nil, sms.Expired, 8, "27"},
		{"id:7f stat:DELETED err:000", nil, sms.Failed, 5, "DELETED"},
		{"id:7f stat:ACCEPTD err:000", nil, sms.Buffered, 2, "ACCEPTD"},
		{"id:7f stat:ENROUTE err:000", nil, sms.Buffered, 2, "ENROUTE"},
		{"id:7f stat:SCHEDULED err:000", nil, sms.Buffered, 2, "SCHEDULED"},
		{"id:7f stat:SKIPPED err:000", nil, sms.Failed, 5, "SKIPPED"},
		{"id:7f stat:UNKNOWN err:000", nil, sms.Failed, 6, "UNKNOWN"},
		{"id:7f stat:REJECTD err:000", nil, sms.Failed, 20, "REJECTD"},
		{"id:7f stat:REJECTD err:036", nil, sms.Failed, 28, "36"},
		{"id:7f stat:UNDELIV err:000", nil, sms.Failed, 5, "UNDELIV"},
		{"id:7f stat:UNDELIV err:001", nil, sms.Failed, 23, "1"},
		{"id:7f stat:UNDELIV err:5", nil, sms.Failed, 23, "5"},
		{"id:7f stat:UNDELIV err:0009", nil, sms.Failed, 23, "9"},
		{"id:7f stat:UNDELIV err:13", nil, sms.Failed, 23, "13"},
		{"id:7f stat:UNDELIV err:11", nil, sms.Failed, 27, "11"},
		{"id:7f stat:UNDELIV err:12", nil, sms.Failed, 27, "12"},
		{"id:7f stat:UNDELIV err:21", nil, sms.Failed, 27, "21"},
		{"id:7f stat:UNDELIV err:27", nil, sms.Failed, 24, "27"},
		{"id:7f stat:UNDELIV err:6", nil, sms.Failed, 24, "6"},
		{"id:7f stat:UNDELIV err:31", nil, sms.Failed, 26, "31"},
		{"id:7f stat:UNDELIV err:32", nil, sms.Failed, 26, "32"},
		{"id:7f stat:UNDELIV err:34", nil, sms.Failed, 25, "34"},
		{"id:7f stat:UNDELIV err:36", nil, sms.Failed, 28, "36"},
		{"id:7f stat:UNDELIV err:37", nil, sms.Failed, 29, "37"},
		{"id:7f stat:UNDELIV err:4711", nil, sms.Failed, 5, "4711"},
		{"id:7f stat:UNDELIV err:X9", nil, sms.Failed, 5, "X9"},
		{"id:7f stat:UNDELIV err:X9", smpp.TLVs{network(1)}, sms.Failed, 23, "1"},
		{"id:7f stat:UNDELIV err:000", smpp.TLVs{network(27)}, sms.Failed, 24, "27"},
		{"id:7f stat:UNDELIV err:6", smpp.TLVs{network(1)}, sms.Failed, 24, "6"},
		{"id:7f stat:WHATEVER err:000", nil, sms.Buffered, 2, "WHATEVER"},
		{"", smpp.TLVs{id, state(2)}, sms.Delivered, 4, ""},
		{"", smpp.TLVs{id, state(5), network(11)}, sms.Failed, 27, "11"},
		{"", smpp.TLVs{id, state(9)}, sms.Failed, 5, ""},
		{"", smpp.TLVs{id, state(0)}, sms.Buffered, 2, ""},
		{"", smpp.TLVs{id}, sms.Buffered, 2, ""},
	} {
		from := smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}
		r := deliver(t, settings(), &smpp.DeliverSM{Source: from, ESMClass: smpp.ESMReceipt, ShortMessage: []byte(c.text), TLVs: c.tlvs})
		if r.State != c.state || r.PTT != c.ptt || r.Error != c.code || r.Receiver != "+33612345678" || !slices.Contains(r.Refs, "7f") || r.Raw == "" {
			t.Errorf("%q %v: got %+v", c.text, c.tlvs, r)
		}
	}
}

// Nothing is dropped because it is not understood.
func TestReceiptOfNoMessage(t *testing.T) {
	text := []byte("it has\narrived\x00 \xff" + strings.Repeat("!", 1000))
	r := deliver(t, settings(), &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: text}}})
	if len(r.Refs) != 0 || r.Receiver != "" || r.State != sms.Buffered || !strings.HasPrefix(r.Raw, "it has\\x0Aarrived\\x00 \uFFFD!") || len(r.Raw) > 512 {
		t.Errorf("got %+v", r)
	}
}

func TestReceiptWithoutText(t *testing.T) {
	tlvs := smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, "7f"), smpp.Uint8(smpp.TagMessageState, 2)}
	r := deliver(t, settings(), &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, TLVs: tlvs})
	if r.Raw != "receipted_message_id=7f message_state=02" {
		t.Errorf("got %q", r.Raw)
	}
}

// The bubble's time begins on 1 January 2000 at 0:00.
func TestReceiptDates(t *testing.T) {
	arrival := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for date, want := range map[string]time.Time{
		"9912312350":   arrival.Add(-10 * time.Minute),
		"000101000010": arrival.Add(10 * time.Second),
		"9912312300":   arrival, // a zone to the west
		"0001010100":   arrival, // to the east
		"2601010000":   arrival,
		"yesterday":    arrival,
	} {
		r := deliver(t, settings(), &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, ShortMessage: []byte("id:7f done date:" + date + " stat:DELIVRD")})
		if !r.DoneAt.Equal(want) {
			t.Errorf("%s: got %v, want %v", date, r.DoneAt, want)
		}
	}
}

func TestReceiver(t *testing.T) {
	for from, want := range map[smpp.Address]string{
		{TON: 1, NPI: 1, Addr: "33612345678"}:      "+33612345678",
		{TON: 1, NPI: 1, Addr: "+33612345678"}:     "+33612345678",
		{TON: 1, NPI: 1, Addr: "0033612345678"}:    "+33612345678",
		{TON: 1, NPI: 1, Addr: "4512345678"}:       "+4512345678",
		{TON: 0, NPI: 0, Addr: "+4512345678"}:      "+4512345678",
		{TON: 0, NPI: 0, Addr: "33612345678"}:      "+33612345678",
		{TON: 0, NPI: 0, Addr: "0033612345678"}:    "+33612345678",
		{TON: 0, NPI: 0, Addr: "2025550123"}:       "", // of which country?
		{TON: 0, NPI: 0, Addr: "0612345678"}:       "",
		{TON: 2, NPI: 1, Addr: "33612345678"}:      "",
		{TON: 1, NPI: 1, Addr: "0612345678"}:       "",
		{TON: 1, NPI: 1, Addr: "1234567890123456"}: "",
		{TON: 1, NPI: 1, Addr: "36180"}:            "",
		{TON: 5, NPI: 0, Addr: "Ramier"}:           "",
		{}:                                         "",
	} {
		r := deliver(t, settings(), &smpp.DeliverSM{Source: from, ESMClass: smpp.ESMReceipt, ShortMessage: []byte("id:7f stat:DELIVRD")})
		if r.Receiver != want {
			t.Errorf("%+v: got %q, want %q", from, r.Receiver, want)
		}
	}
}

// Each line is a pair as operators are known to have: the id in the answer and that in the receipt.
func TestReferences(t *testing.T) {
	for _, c := range []struct {
		setting, answer, receipt string
		hit                      bool
	}{
		{"asIs", "0A1B", "0A1B", true},
		{"asIs", "0A1B", "0a1b", false},
		{"asIs", "2587", "0A1B", false},
		{"hexToDecimal", "2587", "0A1B", true},
		{"hexToDecimal", "0000002587", "a1b", true},
		{"hexToDecimal", "no-number", "no-number", true},
		{"decimalToHex", "A1B", "2587", true},
		{"decimalToHex", "a1b", "0000002587", true},
		{"decimalToHex", "00000A1B", "2587", true},
		{"decimalToHex", "2587", "2587", true},
		{"automatic", "0A1B", "0A1B", true},
		{"automatic", " 0A1B ", "0A1B", true},
		{"automatic", "A1B", "0a1b", true},
		{"automatic", "00000a1b", "A1B", true},
		{"automatic", "2587", "0000002587", true},
		{"automatic", "0000002587", "2587", true},
		{"automatic", "a1b", "2587", true},
		{"automatic", "A1B", "0000002587", true},
		{"automatic", "00000A1B", "2587", true},
		{"automatic", "2587", "A1B", true},
		{"automatic", "0000002587", "00000a1b", true},
		{"automatic", "10", "16", true},
		{"automatic", "16", "10", true},
		{"automatic", "7F3A-11E0-x", "7f3a-11e0-X", false},
		{"automatic", "7F3A-11E0-X", "7f3a-11e0-x", true},
		{"automatic", "0A1B2C3D4E5F", "0a1b2c3d4e5f", true},
		{"automatic", "a\xff", "a\xff", true},
		{"nonsense", "2587", "A1B", true},
	} {
		s := settings()
		s.ReceiptID = c.setting
		synctest.Test(t, func(t *testing.T) {
			o := newSMSC(t, reply{id: c.answer})
			r := launch(t, s, o)
			r.send(1, "a")
			r.want(t, sms.Sent)
			o.request(smpp.Transceiver, &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, ShortMessage: []byte("id:" + c.receipt + " stat:DELIVRD")})
			forms := r.inbox.receipts[0].Refs
			if hit := slices.Contains(forms, r.answers[0].Refs[0]); hit != c.hit {
				t.Errorf("%s: %q gives %q, answered with %q", c.setting, c.receipt, forms, c.answer)
			}
			if !slices.Equal(forms, unique(forms)) || c.setting == "automatic" && forms[0] != strings.ToValidUTF8(c.receipt, "\uFFFD") {
				t.Errorf("%s: %q", c.setting, forms)
			}
		})
	}
}

func unique(list []string) (once []string) {
	for _, s := range list {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
