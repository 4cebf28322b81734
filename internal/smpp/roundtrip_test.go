package smpp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/smpp"
)

// Generators for what a field may hold.
func str(most int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, most), func(b []byte) string { return string(b) })
}

func address(most int) *rapid.Generator[smpp.Address] {
	return rapid.Custom(func(t *rapid.T) smpp.Address {
		return smpp.Address{TON: smpp.TON(octet(t)), NPI: smpp.NPI(octet(t)), Addr: str(most).Draw(t, "addr")}
	})
}

func octet(t *rapid.T) byte { return rapid.Byte().Draw(t, "octet") }

func octets(t *rapid.T, most int) []byte {
	b := rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, "octets")
	if len(b) == 0 {
		return nil
	}
	return b
}

func period(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "000001000000000R", "261123061500004+"}).Draw(t, "time")
}

func tlvs(t *rapid.T) smpp.TLVs {
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) smpp.TLV {
		return smpp.TLV{Tag: smpp.Tag(rapid.Uint16Range(1, 0xFFFF).Draw(t, "tag")), Value: append([]byte{}, octets(t, 300)...)}
	}), 0, 5).Draw(t, "tlvs")
	if len(list) == 0 {
		return nil
	}
	return list
}

func mode(t *rapid.T) smpp.BindMode {
	return rapid.SampledFrom([]smpp.BindMode{smpp.Receiver, smpp.Transmitter, smpp.Transceiver}).Draw(t, "mode")
}

func submit(t *rapid.T) smpp.SubmitSM {
	return smpp.SubmitSM{
		ServiceType: str(5).Draw(t, "service"), Source: address(20).Draw(t, "source"), Dest: address(20).Draw(t, "dest"),
		ESMClass: smpp.ESMClass(octet(t)), ProtocolID: octet(t), Priority: octet(t), ScheduleTime: period(t), ValidityPeriod: period(t),
		RegisteredDelivery: smpp.RegisteredDelivery(octet(t)), ReplaceIfPresent: octet(t), DataCoding: smpp.DataCoding(octet(t)),
		DefaultMsgID: octet(t), ShortMessage: octets(t, 254), TLVs: tlvs(t),
	}
}

func submitMulti(t *rapid.T) *smpp.SubmitMulti {
	p := &smpp.SubmitMulti{
		ServiceType: str(5).Draw(t, "service"), Source: address(20).Draw(t, "source"), ESMClass: smpp.ESMClass(octet(t)),
		ScheduleTime: period(t), ShortMessage: octets(t, 254), TLVs: tlvs(t),
	}
	for range rapid.IntRange(1, 254).Draw(t, "dests") {
		d := smpp.Dest{Address: address(20).Draw(t, "dest")}
		if rapid.Bool().Draw(t, "list") {
			d = smpp.Dest{List: "x" + str(19).Draw(t, "name")}
		}
		p.Dests = append(p.Dests, d)
	}
	return p
}

func submitMultiResp(t *rapid.T) *smpp.SubmitMultiResp {
	p := &smpp.SubmitMultiResp{MessageID: str(64).Draw(t, "id"), TLVs: tlvs(t)}
	for range rapid.IntRange(0, 255).Draw(t, "unsuccess") {
		p.Unsuccess = append(p.Unsuccess, smpp.Unsuccess{Address: address(20).Draw(t, "dest"), Status: smpp.Status(rapid.Uint32().Draw(t, "status"))})
	}
	return p
}

// pdus draw every PDU that has a body.
var pdus = map[string]func(t *rapid.T) smpp.PDU{
	"bind": func(t *rapid.T) smpp.PDU {
		return &smpp.Bind{
			Mode: mode(t), SystemID: str(64).Draw(t, "id"), Password: str(64).Draw(t, "password"), SystemType: str(12).Draw(t, "type"),
			InterfaceVersion: octet(t), AddrTON: smpp.TON(octet(t)), AddrNPI: smpp.NPI(octet(t)), AddressRange: str(40).Draw(t, "range"),
		}
	},
	"bind_resp": func(t *rapid.T) smpp.PDU {
		return &smpp.BindResp{Mode: mode(t), SystemID: str(64).Draw(t, "id"), TLVs: tlvs(t)}
	},
	"outbind": func(t *rapid.T) smpp.PDU {
		return &smpp.Outbind{SystemID: str(64).Draw(t, "id"), Password: str(64).Draw(t, "password")}
	},
	"submit_sm":         func(t *rapid.T) smpp.PDU { p := submit(t); return &p },
	"submit_sm_resp":    func(t *rapid.T) smpp.PDU { return &smpp.SubmitSMResp{MessageID: str(64).Draw(t, "id"), TLVs: tlvs(t)} },
	"deliver_sm":        func(t *rapid.T) smpp.PDU { p := smpp.DeliverSM(submit(t)); return &p },
	"deliver_sm_resp":   func(t *rapid.T) smpp.PDU { return &smpp.DeliverSMResp{MessageID: str(64).Draw(t, "id"), TLVs: tlvs(t)} },
	"submit_multi":      func(t *rapid.T) smpp.PDU { return submitMulti(t) },
	"submit_multi_resp": func(t *rapid.T) smpp.PDU { return submitMultiResp(t) },
	"data_sm": func(t *rapid.T) smpp.PDU {
		return &smpp.DataSM{
			ServiceType: str(5).Draw(t, "service"), Source: address(64).Draw(t, "source"), Dest: address(64).Draw(t, "dest"),
			ESMClass: smpp.ESMClass(octet(t)), DataCoding: smpp.DataCoding(octet(t)), TLVs: tlvs(t),
		}
	},
	"data_sm_resp": func(t *rapid.T) smpp.PDU { return &smpp.DataSMResp{MessageID: str(64).Draw(t, "id"), TLVs: tlvs(t)} },
	"alert_notification": func(t *rapid.T) smpp.PDU {
		return &smpp.AlertNotification{Source: address(64).Draw(t, "source"), ESME: address(64).Draw(t, "esme"), TLVs: tlvs(t)}
	},
	"query_sm": func(t *rapid.T) smpp.PDU {
		return &smpp.QuerySM{MessageID: str(64).Draw(t, "id"), Source: address(20).Draw(t, "source")}
	},
	"query_sm_resp": func(t *rapid.T) smpp.PDU {
		return &smpp.QuerySMResp{MessageID: str(64).Draw(t, "id"), FinalDate: period(t), State: smpp.MessageState(octet(t)), ErrorCode: octet(t)}
	},
	"cancel_sm": func(t *rapid.T) smpp.PDU {
		return &smpp.CancelSM{ServiceType: str(5).Draw(t, "service"), MessageID: str(64).Draw(t, "id"), Source: address(20).Draw(t, "source"), Dest: address(20).Draw(t, "dest")}
	},
	"replace_sm": func(t *rapid.T) smpp.PDU {
		return &smpp.ReplaceSM{
			MessageID: str(64).Draw(t, "id"), Source: address(20).Draw(t, "source"), ScheduleTime: period(t),
			ValidityPeriod: period(t), RegisteredDelivery: smpp.RegisteredDelivery(octet(t)), DefaultMsgID: octet(t), ShortMessage: octets(t, 254),
		}
	},
	"unknown": func(t *rapid.T) smpp.PDU {
		return &smpp.Unknown{ID: 0x00010000, Body: append([]byte{}, octets(t, 500)...)}
	},
}

func TestRoundTrip(t *testing.T) {
	for name, draw := range pdus {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want, seq, status := draw(t), rapid.Uint32().Draw(t, "seq"), smpp.Status(rapid.Uint32().Draw(t, "status"))
				frame, err := smpp.Append([]byte("before"), seq, status, want)
				if err != nil {
					t.Fatal(err)
				}
				h, got, err := smpp.Decode(frame[6:])
				if err != nil || h.Sequence != seq || h.Status != status || h.Command != want.Command() {
					t.Fatalf("%+v, %v", h, err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("got\n%+v\nwant\n%+v", got, want)
				}
			})
		})
	}
}

// FuzzDecode: whatever comes, nothing panics, and what can be read can be written
// and says the same when it is read again.
func FuzzDecode(f *testing.F) {
	for _, g := range golden {
		f.Add(wire(f, g.frame))
	}
	f.Add(wire(f, "00000012 80000009 30303030 30303030 00 30"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if d := smpp.Describe(frame); d == "" || strings.Count(d, "\n") > 10+3*len(frame) {
			t.Errorf("described by %q", d)
		}
		if len(frame) >= smpp.HeaderSize && len(frame) <= smpp.MaxFrame {
			binary.BigEndian.PutUint32(frame, uint32(len(frame)))
		}
		h, p, err := smpp.Decode(frame)
		if err != nil {
			if p != nil {
				t.Errorf("both %v and %+v", err, p)
			}
			return
		}
		again, err := smpp.Append(nil, h.Sequence, h.Status, p)
		if oddTime(err) || tooLong(err) {
			return // read, so that it can be refused by name or since operators send it, but not written
		}
		if err != nil {
			t.Fatalf("%v cannot be written: %+v", err, p)
		}
		h2, p2, err := smpp.Decode(again)
		h.Length = h2.Length
		if err != nil || h != h2 || !reflect.DeepEqual(p, p2) {
			t.Errorf("%v\n%+v %+v\n%+v %+v", err, h, p, h2, p2)
		}
	})
}

func oddTime(err error) bool {
	e, ok := errors.AsType[*smpp.FieldError](err)
	return ok && strings.HasPrefix(e.Reason, "a time has")
}

func tooLong(err error) bool {
	e, ok := errors.AsType[*smpp.FieldError](err)
	return ok && strings.Contains(e.Reason, " are allowed")
}

// FuzzReader: frames come out of a stream as they went in, however it is cut.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 0, 0, 16, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 1}, 3)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		r := smpp.NewReader(&stutter{stream, 1 + (step%50+50)%50})
		var got []byte
		for {
			frame, err := r.Next()
			if err != nil {
				break
			}
			got = append(got, frame...)
		}
		if !bytes.HasPrefix(stream, got) {
			t.Errorf("got %x of %x", got, stream)
		}
	})
}

// A stutter gives a stream in pieces of at most step octets.
type stutter struct {
	rest []byte
	step int
}

func (s *stutter) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.rest[:min(s.step, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}
