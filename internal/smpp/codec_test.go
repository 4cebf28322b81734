package smpp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"ramier/internal/smpp"
)

// A frame cut anywhere is refused or, if only TLVs are missing, read; it never panics
// and never reads beyond its end.
func TestEveryCutOfEveryFrame(t *testing.T) {
	for _, g := range golden {
		whole := wire(t, g.frame)
		for n := smpp.HeaderSize + 1; n < len(whole); n++ {
			cut := bytes.Clone(whole[:n])
			binary.BigEndian.PutUint32(cut, uint32(n))
			_, p, err := smpp.Decode(cut)
			if (p == nil) == (err == nil) {
				t.Fatalf("%s cut at %d: %v, %v", g.pdu.Command(), n, p, err)
			}
			if smpp.Describe(cut) == "" {
				t.Fatalf("%s cut at %d is not described", g.pdu.Command(), n)
			}
		}
	}
}

func TestWhatIsNotWritten(t *testing.T) {
	long := strings.Repeat("x", 70000)
	for name, c := range map[string]struct {
		pdu    smpp.PDU
		field  string
		status smpp.Status
	}{
		"NUL in an address": {&smpp.SubmitSM{Source: smpp.Address{Addr: "a\x00b"}}, "source_addr", smpp.InvalidSource},
		"long address":      {&smpp.SubmitSM{Dest: smpp.Address{Addr: long[:21]}}, "destination_addr", smpp.InvalidDest},
		"long password":     {&smpp.Bind{Password: long[:65]}, "password", smpp.InvalidPassword},
		"long system id":    {&smpp.Bind{SystemID: long[:65]}, "system_id", smpp.InvalidSystemID},
		"long text":         {&smpp.DeliverSM{ShortMessage: []byte(long[:255])}, "sm_length", smpp.InvalidMessageLength},
		"odd time":          {&smpp.SubmitSM{ValidityPeriod: "60"}, "validity_period", smpp.InvalidValidityPeriod},
		"no destination":    {&smpp.SubmitMulti{}, "number_of_dests", smpp.InvalidNumberOfDests},
		"255 destinations":  {&smpp.SubmitMulti{Dests: make([]smpp.Dest, 255)}, "number_of_dests", smpp.InvalidNumberOfDests},
		"long TLV":          {&smpp.DataSM{TLVs: smpp.TLVs{{smpp.TagMessagePayload, []byte(long)}}}, "optional_parameter", smpp.InvalidTLVStream},
		"long PDU":          {&smpp.DataSM{TLVs: smpp.TLVs{{1, []byte(long[:40000])}, {2, []byte(long[:40000])}}}, "command_length", smpp.InvalidCommandLength},
	} {
		t.Run(name, func(t *testing.T) {
			before := []byte("before")
			got, err := smpp.Append(before, 1, smpp.OK, c.pdu)
			f, ok := errors.AsType[*smpp.FieldError](err)
			if !ok || f.Field != c.field || f.Status != c.status {
				t.Errorf("error %v, want one about %s with %s", err, c.field, c.status.Name())
			}
			if !bytes.Equal(got, before) {
				t.Errorf("left %d octets behind", len(got)-len(before))
			}
		})
	}
}

func TestWhatIsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		frame  string
		status smpp.Status
	}{
		"short header":        {"00000010 00000015", smpp.InvalidCommandLength},
		"length of another":   {"00000011 00000015 00000000 00000001", smpp.InvalidCommandLength},
		"no NUL":              {"00000013 00000003 00000000 00000001 '123'", smpp.InvalidCommandLength},
		"long service type":   {"00000018 00000004 00000000 00000001 '1234567' 00", smpp.InvalidServiceType},
		"destination flag 3":  {"00000016 00000021 00000000 00000001 00 0000 00 01 03", smpp.InvalidDestFlag},
		"list without a name": {"00000017 00000021 00000000 00000001 00 0000 00 01 02 00", smpp.InvalidDLName},
		"no destinations":     {"00000015 00000021 00000000 00000001 00 0000 00 00", smpp.InvalidNumberOfDests},
		"text of 255 octets":  {"00000017 00000007 00000000 00000001 00 0000 00 00 00 00 00 FF", smpp.InvalidMessageLength},
		"TLV beyond the end":  {"0000001D 00000102 00000000 00000001 0000 00 0000 00 0422 0002 00 00 00", smpp.OK},
		"TLV cut":             {"0000001B 00000102 00000000 00000001 0000 00 0000 00 0422 0002 00", smpp.InvalidTLVStream},
		"half a TLV":          {"00000018 00000102 00000000 00000001 0000 00 0000 00 0422", smpp.InvalidTLVStream},
	} {
		t.Run(name, func(t *testing.T) {
			frame := wire(t, c.frame)
			if len(frame) >= 16 && name != "length of another" {
				binary.BigEndian.PutUint32(frame, uint32(len(frame)))
			}
			_, p, err := smpp.Decode(frame)
			f, ok := errors.AsType[*smpp.FieldError](err)
			switch {
			case c.status == smpp.OK && err != nil:
				t.Errorf("refused with %v", err)
			case c.status != smpp.OK && (!ok || f.Status != c.status):
				t.Errorf("got %+v, %v, want %s", p, err, c.status.Name())
			}
		})
	}
}

func TestWhatIsReadAllTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		frame string
		want  smpp.PDU
	}{
		"an answer without a body":       {"00000010 80000004 00000000 00000001", &smpp.SubmitSMResp{}},
		"an answer without a NUL":        {"00000013 80000004 00000000 00000001 '7f3'", &smpp.SubmitSMResp{MessageID: "7f3"}},
		"an answer with padding":         {"00000014 80000004 00000000 00000001 '7' 00 0000", &smpp.SubmitSMResp{MessageID: "7"}},
		"an answer with a TLV":           {"00000018 80000004 00000000 00000001 '7f' 00 1401 0001 09", &smpp.SubmitSMResp{MessageID: "7f", TLVs: smpp.TLVs{{0x1401, []byte{9}}}}},
		"a refusal with a body":          {"00000013 80000004 0000000B 00000001 '7f' 00", &smpp.SubmitSMResp{MessageID: "7f"}},
		"an enquire_link with something": {"00000012 00000015 00000000 00000000 0102", &smpp.EnquireLink{}},
		"a query_sm with a TLV":          {"00000019 00000003 00000000 00000001 00 0000 00 1401 0001 09", &smpp.QuerySM{}},
		"a bind_resp without a body":     {"00000010 80000009 00000000 00000001", &smpp.BindResp{Mode: smpp.Transceiver}},
		"an answer with a long id":       {"00000010 80000004 00000000 00000001 LONG 00", &smpp.SubmitSMResp{MessageID: strings.Repeat("0123456789", 7)}},
		"an answer with a broken TLV":    {"00000010 80000004 00000000 00000001 '7f' 00 0424 FFFF 01", &smpp.SubmitSMResp{MessageID: "7f"}},
		"a bind_resp with a long name":   {"00000010 80000009 00000000 00000001 LONG 00 0210 0001 34", &smpp.BindResp{Mode: smpp.Transceiver, SystemID: strings.Repeat("0123456789", 7), TLVs: smpp.TLVs{{0x0210, []byte{0x34}}}}},
		"a deliver_sm with a long address and half a TLV": {
			"00000010 00000005 00000000 00000001 00 0101 LONG 00 0101 '1' 00 00 00 00 00 00 00 00 00 00 01 61 0427 0001 02 001E",
			&smpp.DeliverSM{
				Source: smpp.Address{TON: 1, NPI: 1, Addr: strings.Repeat("0123456789", 7)}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "1"}, ShortMessage: []byte("a"),
				TLVs: smpp.TLVs{{0x0427, []byte{2}}},
			},
		},
		"an odd time": {
			"0000001A 00000007 00000000 00000001 00 0000 00 00 '60' 00 00 00 00",
			&smpp.ReplaceSM{ValidityPeriod: "60"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			frame := wire(t, strings.ReplaceAll(c.frame, "LONG", "'"+strings.Repeat("0123456789", 7)+"'"))
			binary.BigEndian.PutUint32(frame, uint32(len(frame)))
			if _, p, err := smpp.Decode(frame); err != nil || !reflect.DeepEqual(p, c.want) {
				t.Errorf("got %+v, %v, want %+v", p, err, c.want)
			}
		})
	}
}

func TestTLVsKeepOrderAndCopies(t *testing.T) {
	want := smpp.TLVs{{0x1402, []byte{1}}, {smpp.TagAlertOnMessageDelivery, []byte{}}, {0x1402, []byte{2}}, {0x0005, []byte{3}}}
	frame, err := smpp.Append(nil, 1, smpp.OK, &smpp.SubmitSM{TLVs: want})
	if err != nil {
		t.Fatal(err)
	}
	_, p, err := smpp.Decode(frame)
	if err != nil || !reflect.DeepEqual(p.(*smpp.SubmitSM).TLVs, want) {
		t.Errorf("got %v, %v, want %v", p, err, want)
	}
}

func TestTLVsAsValues(t *testing.T) {
	l := smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, "7f"), smpp.Uint16(smpp.TagUserMessageReference, 300), {Tag: 0x1400}}
	l.Set(smpp.Uint8(smpp.TagMessageState, 2))
	l.Set(smpp.Uint16(smpp.TagUserMessageReference, 301))
	if s, ok := l.Text(smpp.TagReceiptedMessageID); s != "7f" || !ok {
		t.Errorf("Text gives %q, %v", s, ok)
	}
	if n, ok := l.Uint(smpp.TagUserMessageReference); n != 301 || !ok || len(l) != 4 {
		t.Errorf("Uint gives %d, %v, of %v", n, ok, l)
	}
	if _, ok := l.Uint(0x1400); ok {
		t.Error("an empty value is a number")
	}
	if _, ok := l.Text(smpp.TagMessagePayload); ok {
		t.Error("there is a message_payload")
	}
}

// What was decoded does not change with the buffer it was read from.
func TestDecodedIsACopy(t *testing.T) {
	frame, _ := smpp.Append(nil, 1, smpp.OK, aSubmit())
	_, p, _ := smpp.Decode(frame)
	clear(frame)
	m := p.(*smpp.SubmitSM)
	again, _ := smpp.Append(nil, 1, smpp.OK, m)
	want, _ := smpp.Append(nil, 1, smpp.OK, aSubmit())
	if !bytes.Equal(again, want) {
		t.Errorf("got\n%swant\n%s", smpp.Describe(again), smpp.Describe(want))
	}
	m.ShortMessage = append(m.ShortMessage, "more"...)
	if v, _ := m.TLVs.Uint(smpp.TagUserMessageReference); v != 7 {
		t.Error("appending to the text wrote into a TLV")
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	submit, receipt := aSubmit(), aReceipt()
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		buf, _ = smpp.Append(buf[:0], 1, smpp.OK, submit)
		buf, _ = smpp.Append(buf, 2, smpp.OK, receipt)
	}); n >= 1 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

func TestTextIsShortMessageOrPayload(t *testing.T) {
	payload := smpp.TLVs{{smpp.TagMessagePayload, []byte("long")}}
	for got, want := range map[string]string{
		string((&smpp.SubmitSM{ShortMessage: []byte("short")}).Text()): "short",
		string((&smpp.DeliverSM{TLVs: payload}).Text()):                "long",
		string((&smpp.DataSM{TLVs: payload}).Text()):                   "long",
		string((&smpp.SubmitMulti{TLVs: payload}).Text()):              "long",
		string((&smpp.SubmitSM{}).Text()):                              "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	for s, want := range map[smpp.Status]string{
		smpp.Throttled: "ESME_RTHROTTLED: too many messages in too little time",
		0x0410:         "0x00000410: a code of the operator's own",
		0x0000ABCD:     "0x0000ABCD: a code that SMPP 3.4 does not define",
	} {
		if got := s.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
