package smpp_test

import (
	"strings"
	"testing"

	"ramier/internal/smpp"
)

func TestDescribe(t *testing.T) {
	wide := &smpp.SubmitSM{DataCoding: smpp.CodingUCS2, ShortMessage: []byte{0, 'h', 0x20, 0xAC}, RegisteredDelivery: 0x1D}
	for name, c := range map[string]struct {
		pdu    smpp.PDU
		status smpp.Status
		want   []string
	}{
		"a part": {aSubmit(), 0, []string{
			"submit_sm\n", "source_addr_ton          5 alphanumeric\n", "esm_class                0x40 default mode, user data header\n",
			"validity_period          \"000002000000000R\" after 48h0m0s\n", "part                   1 of 2 reference 7\n", "0x0204 user_message_reference 7\n",
		}},
		"a receipt": {aReceipt(), 0, []string{"delivery receipt\n", "receipt                  message \"0123456789\" is delivered\n", "done                   2026-11-23 06:16:00"}},
		"UCS-2":     {wide, 0, []string{"data_coding              0x08 UCS-2\n", "text                   \"h€\"\n", "receipt, acknowledgement by the handset, acknowledgement by the user, intermediate notification\n"}},
		"a refusal": {&smpp.SubmitSMResp{}, smpp.Throttled, []string{"command_status           0x00000058 ESME_RTHROTTLED: too many messages in too little time\n"}},
		"a final date": {
			&smpp.QuerySMResp{FinalDate: "261123061500004+", State: 2}, 0,
			[]string{"final_date               \"261123061500004+\" 2026-11-23 06:15:00 +01:00\n", "message_state            2 delivered\n"},
		},
		"a vendor's": {&smpp.Unknown{ID: 0x10000, Body: []byte{1, 2}}, 0, []string{"command 0x00010000\n", "body                     0102\n"}},
		"sar": {
			&smpp.DataSM{TLVs: append(smpp.Concat{Ref: 9, Total: 3, Seq: 2}.TLVs(), smpp.TLV{Tag: smpp.TagMessagePayload, Value: []byte("payload")}, smpp.TLV{Tag: 0x1401, Value: []byte{7}})}, 0,
			[]string{"sar_total_segments 3\n", "part                   2 of 3 reference 9\n", "text                   \"payload\"\n", "0x1401                   1 octets 07\n"},
		},
		"a list": {&smpp.SubmitMulti{Dests: []smpp.Dest{{List: "friends"}}}, 0, []string{"dest_flag                2 a distribution list\n", "dl_name                  \"friends\"\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			frame, err := smpp.Append(nil, 1, c.status, c.pdu)
			if err != nil {
				t.Fatal(err)
			}
			got := smpp.Describe(frame)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "!") {
				t.Errorf("something is wrong:\n%s", got)
			}
		})
	}
}

func TestDescribeWhatIsBroken(t *testing.T) {
	for frame, want := range map[string][]string{
		"":                                    {"! ", "the header is not complete"},
		"00000010 00000015 0000":              {"enquire_link\n", "the header is not complete", "not read                 0000\n"},
		"00000020 00000015 00000000 00000001": {"the frame has 16 octets\n"},
		"00000010 00000015 00000000 00000001 AABB":                          {"after the PDU            aabb\n"},
		"00000012 00000015 00000000 00000001 AABB":                          {"not understood           aabb\n"},
		"00000018 00000004 00000000 00000001 '1234567' 00":                  {"service_type: more than 5 characters", "not read                 3132333435363700\n"},
		"0000001B 00000007 00000000 00000001 00 0000 00 '60' 00 00 00 00":   {"schedule_delivery_time   \"60\"\n"},
		"00000025 80000003 00000000 00000001 00 '999999999999999+' 00 0200": {"not a time\n"},
	} {
		got := smpp.Describe(wire(t, frame))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", frame, w, got)
			}
		}
	}
}

func TestDescribeShowsNoPassword(t *testing.T) {
	good, _ := smpp.Append(nil, 1, smpp.OK, aBind)
	for _, frame := range [][]byte{
		good,
		wire(t, "0000001E 00000009 00000000 00000001 'shop' 00 'secretive' 00"),
		wire(t, "0000001B 00000009 00000000 00000001 'shop' 00 'secret'"),
	} {
		got := smpp.Describe(frame)
		if strings.Contains(got, "secret") || strings.Contains(got, "736563") || !strings.Contains(got, "shop") {
			t.Errorf("described as\n%s", got)
		}
	}
}
