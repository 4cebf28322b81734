package smpp_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ramier/internal/smpp"
)

func at(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC)
}

// The dialects of receipts, as they are met.
func TestReceiptTexts(t *testing.T) {
	submitted, done := at(2026, 11, 23, 6, 15, 0), at(2026, 11, 23, 6, 16, 0)
	for name, c := range map[string]struct {
		text string
		want smpp.Receipt
	}{
		"by the book": {
			"id:0123456789 sub:001 dlvrd:001 submit date:2611230615 done date:2611230616 stat:DELIVRD err:000 text:Hello world",
			smpp.Receipt{ID: "0123456789", State: smpp.StateDelivered, Err: "000", Submitted: submitted, Done: done, Text: "Hello world"},
		},
		"capitals": {
			"ID:7F Sub:001 Dlvrd:000 Submit Date:2611230615 Done Date:2611230616 Stat:UNDELIV Err:69 Text:",
			smpp.Receipt{ID: "7F", State: smpp.StateUndeliverable, Err: "69", Submitted: submitted, Done: done},
		},
		"another order": {
			"stat:EXPIRED err:027 id:a1b2-c3d4:5 done date:2611230616",
			smpp.Receipt{ID: "a1b2-c3d4:5", State: smpp.StateExpired, Err: "027", Done: done},
		},
		"seconds": {
			"id:1 submit date:261123061500 done date:20261123061601 stat:REJECTD",
			smpp.Receipt{ID: "1", State: smpp.StateRejected, Submitted: submitted, Done: at(2026, 11, 23, 6, 16, 1)},
		},
		"line breaks and commas": {
			"id:1,\r\nsub:001,\r\ndlvrd:001,\r\nstat: DELIVRD ,\r\nerr : 5\r\ntext: two words\r\n",
			smpp.Receipt{ID: "1", State: smpp.StateDelivered, Err: "5", Text: "two words"},
		},
		"underscores and words in full": {
			"id=1 submit_date=2611230615 done_date=2611230616 status=DELIVERED error=0",
			smpp.Receipt{ID: "1", State: smpp.StateDelivered, Err: "0", Submitted: submitted, Done: done},
		},
		"an empty id":      {"id: sub:001 stat:DELETED", smpp.Receipt{State: smpp.StateDeleted}},
		"a number":         {"id:1 stat:3", smpp.Receipt{ID: "1", State: smpp.StateExpired}},
		"a state unknown":  {"id:1 stat:WHATEVER", smpp.Receipt{ID: "1"}},
		"no date":          {"id:1 submit date:0000000000 done date:soon stat:ENROUTE", smpp.Receipt{ID: "1", State: smpp.StateEnroute}},
		"nothing":          {"", smpp.Receipt{}},
		"the text first":   {"text:Hello you id:1 stat:ACCEPTD", smpp.Receipt{ID: "1", State: smpp.StateAccepted, Text: "Hello you"}},
		"a key in a word":  {"paid:9 id:1 stat:UNKNOWN", smpp.Receipt{ID: "1", State: smpp.StateUnknown}},
		"said twice":       {"id:1 stat:DELIVRD id:2 stat:EXPIRED", smpp.Receipt{ID: "1", State: smpp.StateDelivered}},
		"a forged text":    {"id:1 stat:UNDELIV err:1 text:stat:DELIVRD id:2 err:000", smpp.Receipt{ID: "1", State: smpp.StateUndeliverable, Err: "1", Text: "stat:DELIVRD id:2 err:000"}},
		"a forged id only": {"stat:UNDELIV text:id:2 stat:DELIVRD", smpp.Receipt{State: smpp.StateUndeliverable, Text: "id:2 stat:DELIVRD"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &smpp.DeliverSM{ESMClass: smpp.ESMReceipt, ShortMessage: []byte(c.text)}
			c.want.Raw = c.text
			if got := smpp.ParseReceipt(p, nil); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, c.want)
			}
		})
	}
}

func TestReceiptParametersComeFirst(t *testing.T) {
	p := aReceipt()
	p.TLVs = smpp.TLVs{
		smpp.CString(smpp.TagReceiptedMessageID, "from the TLV"), smpp.Uint8(smpp.TagMessageState, 5),
		{Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0x01, 0x02}},
	}
	r := smpp.ParseReceipt(p, time.FixedZone("", 3600))
	if r.ID != "from the TLV" || r.State != smpp.StateUndeliverable || r.NetworkError != (smpp.NetworkError{Network: 3, Code: 0x0102}) {
		t.Errorf("got %+v", r)
	}
	if !r.Done.Equal(at(2026, 11, 23, 5, 16, 0)) {
		t.Errorf("done at %s", r.Done)
	}
	p.TLVs = smpp.TLVs{{Tag: smpp.TagReceiptedMessageID}, smpp.Uint8(smpp.TagMessageState, 99), {Tag: smpp.TagNetworkErrorCode, Value: []byte{3}}}
	if r := smpp.ParseReceipt(p, nil); r.ID != "0123456789" || r.State != smpp.StateDelivered || r.NetworkError.Network != 0 {
		t.Errorf("with empty parameters: %+v", r)
	}
}

func TestReceiptInDataSMAndInUCS2(t *testing.T) {
	text := "id:7f stat:DELIVRD done date:2611230616"
	payload := smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(text)}}
	wide := []byte{5, 0, 3, 1, 1, 1}
	for _, r := range text {
		wide = append(wide, 0, byte(r))
	}
	for _, p := range []smpp.PDU{
		&smpp.DataSM{ESMClass: smpp.ESMReceipt, TLVs: payload},
		&smpp.DeliverSM{TLVs: payload},
		&smpp.DeliverSM{ESMClass: smpp.ESMUDHI, DataCoding: smpp.CodingUCS2, ShortMessage: wide},
	} {
		if r := smpp.ParseReceipt(p, nil); !smpp.IsReceipt(p) || r.ID != "7f" || r.State != smpp.StateDelivered {
			t.Errorf("%+v gives %+v", p, r)
		}
	}
}

func TestIsReceipt(t *testing.T) {
	both := smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, "1"), smpp.Uint8(smpp.TagMessageState, 2)}
	text := []byte("id:1 sub:001 dlvrd:001 stat:DELIVRD")
	for name, c := range map[string]struct {
		pdu  smpp.PDU
		want bool
	}{
		"flag":                        {&smpp.DeliverSM{ESMClass: smpp.ESMReceipt}, true},
		"flag and header":             {&smpp.DeliverSM{ESMClass: smpp.ESMReceipt | smpp.ESMUDHI}, true},
		"intermediate":                {&smpp.DeliverSM{ESMClass: smpp.ESMIntermediateNotified}, true},
		"acknowledged, which?":        {&smpp.DeliverSM{ESMClass: smpp.ESMManualAck, ShortMessage: []byte("yes")}, false},
		"acknowledged":                {&smpp.DeliverSM{ESMClass: smpp.ESMDeliveryAck, TLVs: both}, true},
		"conversation abort":          {&smpp.DeliverSM{ESMClass: smpp.ESMConversationAbort}, false},
		"no flag, parameters":         {&smpp.DeliverSM{TLVs: both}, true},
		"no flag, one parameter":      {&smpp.DeliverSM{TLVs: both[:1]}, false},
		"no flag, text":               {&smpp.DeliverSM{ShortMessage: text}, true},
		"no flag, begins otherwise":   {&smpp.DeliverSM{ShortMessage: append([]byte("hm "), text...)}, false},
		"a person's words":            {&smpp.DeliverSM{ShortMessage: []byte("STOP")}, false},
		"a person who knows receipts": {&smpp.DeliverSM{ShortMessage: []byte("id:1 stat:fine")}, false},
		"a submit_sm":                 {&smpp.SubmitSM{ESMClass: smpp.ESMReceipt, ShortMessage: text}, false},
	} {
		if got := smpp.IsReceipt(c.pdu); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if r := smpp.ParseReceipt(hello, nil); r != (smpp.Receipt{}) {
		t.Errorf("a submit_sm gives %+v", r)
	}
}

// What the server end writes, the client end reads.
func TestReceiptWrittenAndRead(t *testing.T) {
	for state := smpp.StateEnroute; state <= smpp.StateRejected; state++ {
		want := smpp.Receipt{
			ID: "7f-3:a", State: state, Err: "012", NetworkError: smpp.NetworkError{Network: 3, Code: 300},
			Submitted: at(2026, 11, 23, 6, 15, 0), Done: at(2026, 11, 23, 6, 16, 0), Text: "Hello",
		}
		p := want.DeliverSM(paris, shop)
		want.Raw = string(p.ShortMessage)
		if got := smpp.ParseReceipt(p, nil); !smpp.IsReceipt(p) || got != want {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
		p.TLVs, want.NetworkError = nil, smpp.NetworkError{}
		if got := smpp.ParseReceipt(p, nil); got != want {
			t.Errorf("from the text:\n%+v\nwant\n%+v", got, want)
		}
	}
	short := smpp.Receipt{ID: strings.Repeat("9", 64), Text: strings.Repeat("é", 200)}
	p := short.DeliverSM(paris, shop)
	if _, err := smpp.Append(nil, 1, smpp.OK, p); err != nil || !utf8.Valid(p.ShortMessage) {
		t.Errorf("%v: %q", err, p.ShortMessage)
	}
	if got := smpp.ParseReceipt(p, nil); got.ID != short.ID || got.State != smpp.StateUnknown || !got.Done.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestIDForms(t *testing.T) {
	for _, c := range []struct {
		form     smpp.IDForm
		id, want string
	}{
		{smpp.IDAsIs, " 00aB ", "00aB"},
		{smpp.IDPlain, "00aB", "ab"},
		{smpp.IDPlain, "0000", "0"},
		{smpp.IDPlain, "0-X", "0-x"},
		{smpp.IDHex2Dec, "00FF", "255"},
		{smpp.IDHex2Dec, "ffffffffffffffffffff", "1208925819614629174706175"},
		{smpp.IDHex2Dec, "not-a-number", "not-a-number"},
		{smpp.IDDec2Hex, "0255", "ff"},
		{smpp.IDDec2Hex, "ff", "ff"},
		{smpp.IDDec2Hex, "", ""},
		{smpp.IDDec2Hex, strings.Repeat("9", 65), strings.Repeat("9", 65)},
	} {
		if got := c.form.Apply(c.id); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.form, c.id, got, c.want)
		}
		var back smpp.IDForm
		if err := back.UnmarshalText([]byte(c.form.String())); err != nil || back != c.form {
			t.Errorf("%s reads as %s, %v", c.form, back, err)
		}
	}
	if got := smpp.IDForms("00FF"); !reflect.DeepEqual(got, []string{"00FF", "ff", "255"}) {
		t.Errorf("forms %q", got)
	}
	if got := smpp.IDForms("16"); !reflect.DeepEqual(got, []string{"16", "22", "10"}) {
		t.Errorf("forms %q", got)
	}
	if err := new(smpp.IDForm).UnmarshalText([]byte("octal")); err == nil {
		t.Error("octal is a form")
	}
}

// FuzzReceipt: whatever the text, reading it ends, gives UTF-8, and a state that exists.
func FuzzReceipt(f *testing.F) {
	f.Add(aReceipt().ShortMessage, byte(4), byte(0))
	f.Add([]byte("text:Hello you id:1 stat:ACCEPTD"), byte(0), byte(8))
	f.Add([]byte("id: = :stat\x00:\xff"), byte(0x44), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, esm, coding byte) {
		p := &smpp.DeliverSM{ESMClass: smpp.ESMClass(esm), DataCoding: smpp.DataCoding(coding), ShortMessage: text}
		smpp.IsReceipt(p)
		r := smpp.ParseReceipt(p, nil)
		if !utf8.ValidString(r.ID+r.Err+r.Text+r.Raw) || r.State > smpp.StateRejected {
			t.Errorf("%+q", r)
		}
		for _, s := range []string{r.ID, r.Err, r.Text} {
			if !strings.Contains(r.Raw, s) {
				t.Errorf("%q is not in %q", s, r.Raw)
			}
		}
		for _, form := range smpp.IDForms(r.ID) {
			if !utf8.ValidString(form) || len(form) > len(r.ID)+64 {
				t.Errorf("form %q of %q", form, r.ID)
			}
		}
	})
}

func BenchmarkParseReceipt(b *testing.B) {
	p := aReceipt()
	b.ReportAllocs()
	for b.Loop() {
		if r := smpp.ParseReceipt(p, nil); r.State != smpp.StateDelivered {
			b.Fatal(r)
		}
	}
}
