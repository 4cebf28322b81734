package smpp_test

import (
	"bytes"
	"reflect"
	"testing"

	"ramier/internal/smpp"
)

var (
	paris = smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "33612"}
	shop  = smpp.Address{TON: smpp.TONAlphanumeric, Addr: "shop"}
)

// golden frames were written by hand from the tables of the specification; the
// first is its own example (§3.2.3).
var golden = []struct {
	frame  string
	status smpp.Status
	pdu    smpp.PDU
}{
	{
		"0000002F 00000002 00000000 00000001 'SMPP3TEST' 00 'secret08' 00 'SUBMIT1' 00 00 01 01 00", 0,
		&smpp.Bind{Mode: smpp.Transmitter, SystemID: "SMPP3TEST", Password: "secret08", SystemType: "SUBMIT1", AddrTON: 1, AddrNPI: 1},
	},
	{
		"0000001B 00000001 00000000 00000001 'a' 00 'b' 00 00 34 00 00 '^3' 00", 0,
		&smpp.Bind{Mode: smpp.Receiver, SystemID: "a", Password: "b", InterfaceVersion: 0x34, AddressRange: "^3"},
	},
	{
		"00000019 00000009 00000000 00000001 'a' 00 'b' 00 00 34 00 00 00", 0,
		&smpp.Bind{Mode: smpp.Transceiver, SystemID: "a", Password: "b", InterfaceVersion: 0x34},
	},
	{
		"0000001A 80000009 00000000 00000001 'SMSC' 00 0210 0001 34", 0,
		&smpp.BindResp{Mode: smpp.Transceiver, SystemID: "SMSC", TLVs: smpp.TLVs{smpp.Uint8(smpp.TagSCInterfaceVersion, 0x34)}},
	},
	{"00000010 80000002 0000000E 00000001", smpp.InvalidPassword, &smpp.BindResp{Mode: smpp.Transmitter}},
	{"00000010 80000001 0000000D 00000001", smpp.BindFailed, &smpp.BindResp{Mode: smpp.Receiver}},
	{"00000019 0000000B 00000000 00000001 'smsc' 00 'pwd' 00", 0, &smpp.Outbind{SystemID: "smsc", Password: "pwd"}},
	{"00000010 00000006 00000000 00000001", 0, &smpp.Unbind{}},
	{"00000010 80000006 00000000 00000001", 0, &smpp.UnbindResp{}},
	{"00000010 00000015 00000000 00000001", 0, &smpp.EnquireLink{}},
	{"00000010 80000015 00000000 00000001", 0, &smpp.EnquireLinkResp{}},
	{"00000010 80000000 00000003 00000001", smpp.InvalidCommandID, &smpp.GenericNack{}},
	{
		"00000047 00000004 00000000 00000001 00 0500 'shop' 00 0101 '33612' 00 40 01 02" +
			"00 '000002000000000R' 00 01 00 08 00 07 05 0003 07 02 01 41 0204 0002 0007", 0,
		&smpp.SubmitSM{
			Source: shop, Dest: paris, ESMClass: smpp.ESMUDHI, ProtocolID: 1, Priority: 2, ValidityPeriod: "000002000000000R",
			RegisteredDelivery: smpp.RegisterReceipt, DataCoding: smpp.CodingUCS2, ShortMessage: []byte("\x05\x00\x03\x07\x02\x01A"),
			TLVs: smpp.TLVs{smpp.Uint16(smpp.TagUserMessageReference, 7)},
		},
	},
	{"00000014 80000004 00000000 00000001 '7f3' 00", 0, &smpp.SubmitSMResp{MessageID: "7f3"}},
	{"00000010 80000004 00000058 00000001", smpp.Throttled, &smpp.SubmitSMResp{}},
	{
		"00000038 00000005 00000000 00000001 'CMT' 00 0101 '33612' 00 0500 'shop' 00 04 00 00" +
			"00 00 00 00 00 00 02 'hi' 0427 0001 02 130C 0000", 0,
		&smpp.DeliverSM{
			ServiceType: "CMT", Source: paris, Dest: shop, ESMClass: smpp.ESMReceipt, ShortMessage: []byte("hi"),
			TLVs: smpp.TLVs{smpp.Uint8(smpp.TagMessageState, 2), {Tag: smpp.TagAlertOnMessageDelivery}},
		},
	},
	{"00000011 80000005 00000000 00000001 00", 0, &smpp.DeliverSMResp{}},
	{
		"0000003C 00000021 00000000 00000001 00 0500 'shop' 00 02 01 0101 '33612' 00 02 'friends' 00" +
			"00 00 00 00 00 00 00 00 00 02 'hi' 0019 0001 00", 0,
		&smpp.SubmitMulti{
			Source: shop, Dests: []smpp.Dest{{Address: paris}, {List: "friends"}}, ShortMessage: []byte("hi"),
			TLVs: smpp.TLVs{smpp.Uint8(smpp.TagPayloadType, 0)},
		},
	},
	{
		"00000020 80000021 00000000 00000001 '7f' 00 01 0101 '33612' 00 0000000B", 0,
		&smpp.SubmitMultiResp{MessageID: "7f", Unsuccess: []smpp.Unsuccess{{Address: paris, Status: smpp.InvalidDest}}},
	},
	{
		"00000029 00000103 00000000 00000001 00 0500 'shop' 00 0101 '33612' 00 00 01 00 0424 0002 'hi'", 0,
		&smpp.DataSM{Source: shop, Dest: paris, RegisteredDelivery: 1, TLVs: smpp.TLVs{{smpp.TagMessagePayload, []byte("hi")}}},
	},
	{
		"00000018 80000103 000000FE 00000001 '7f' 00 0425 0001 00", smpp.DeliveryFailed,
		&smpp.DataSMResp{MessageID: "7f", TLVs: smpp.TLVs{smpp.Uint8(smpp.TagDeliveryFailureReason, 0)}},
	},
	{"0000001A 00000003 00000000 00000001 '7f' 00 0500 'shop' 00", 0, &smpp.QuerySM{MessageID: "7f", Source: shop}},
	{
		"00000026 80000003 00000000 00000001 '7f' 00 '261123061500000+' 00 02 00", 0,
		&smpp.QuerySMResp{MessageID: "7f", FinalDate: "261123061500000+", State: smpp.StateDelivered},
	},
	{"00000010 80000003 00000067 00000001", smpp.QueryFailed, &smpp.QuerySMResp{}},
	{
		"00000023 00000008 00000000 00000001 00 '7f' 00 0500 'shop' 00 0101 '33612' 00", 0,
		&smpp.CancelSM{MessageID: "7f", Source: shop, Dest: paris},
	},
	{"00000010 80000008 00000011 00000001", smpp.CancelFailed, &smpp.CancelSMResp{}},
	{
		"00000021 00000007 00000000 00000001 '7f' 00 0500 'shop' 00 00 00 01 00 02 'hi'", 0,
		&smpp.ReplaceSM{MessageID: "7f", Source: shop, RegisteredDelivery: 1, ShortMessage: []byte("hi")},
	},
	{"00000010 80000007 00000000 00000001", 0, &smpp.ReplaceSMResp{}},
	{
		"00000024 00000102 00000000 00000001 0101 '33612' 00 0500 'shop' 00 0422 0001 00", 0,
		&smpp.AlertNotification{Source: paris, ESME: shop, TLVs: smpp.TLVs{smpp.Uint8(smpp.TagMSAvailabilityStatus, 0)}},
	},
	{"00000013 00010000 00000000 00000001 010203", 0, &smpp.Unknown{ID: 0x00010000, Body: []byte{1, 2, 3}}},
}

func TestGoldenFrames(t *testing.T) {
	for _, g := range golden {
		t.Run(g.pdu.Command().String(), func(t *testing.T) {
			want := wire(t, g.frame)
			got, err := smpp.Append(nil, 1, g.status, g.pdu)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("Append gives %v\n%x, want\n%x", err, got, want)
			}
			h, p, err := smpp.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if h != (smpp.Header{Length: uint32(len(want)), Command: g.pdu.Command(), Status: g.status, Sequence: 1}) {
				t.Errorf("header %+v", h)
			}
			again, err := smpp.Append(nil, 1, h.Status, p)
			if err != nil || !bytes.Equal(again, want) {
				t.Errorf("decoded and encoded %v\n%x, want\n%x", err, again, want)
			}
			if reflect.TypeOf(p) != reflect.TypeOf(g.pdu) {
				t.Errorf("decoded a %T, want a %T", p, g.pdu)
			}
		})
	}
}
