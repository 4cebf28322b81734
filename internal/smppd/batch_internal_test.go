package smppd

import (
	"testing"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// FuzzAlike takes two frames as submit_sm, data_sm or submit_multi and puts what is readable to those that are alike: nothing gets lost, nothing
// fails, and the coding is found again.
func FuzzAlike(f *testing.F) {
	for _, p := range []smpp.PDU{
		&smpp.SubmitSM{Dest: smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}, RegisteredDelivery: 1, ShortMessage: []byte("a")},
		&smpp.DataSM{Dest: smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}, TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("a")}}},
		&smpp.SubmitMulti{Dests: []smpp.Dest{{List: "friends"}}, ShortMessage: []byte("a")},
	} {
		frame, err := smpp.Append(nil, 1, smpp.OK, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame, frame)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var gs groups
		put := 0
		for _, frame := range [][]byte{a, b} {
			_, pdu, err := smpp.Decode(frame)
			if err != nil {
				continue
			}
			var m *smpp.SubmitSM
			switch p := pdu.(type) {
			case *smpp.SubmitSM:
				m = p
			case *smpp.DataSM:
				m, _ = fromData(p)
			case *smpp.SubmitMulti:
				if receivers, _, status := receiversOf(p.Dests); status == smpp.OK && len(receivers) != len(p.Dests) {
					t.Errorf("%d receivers of %d", len(receivers), len(p.Dests))
				}
			}
			if m == nil {
				continue
			}
			gs.add(arrival{p: m}, "text", destination(m.Dest), "FR")
			put++
			j := sms.Job{QueryID: queryID(sms.Service{Name: "sms-ab1-1"}, m.DataCoding), Unicode: m.DataCoding == smpp.CodingUCS2}
			if c := codingOf(j); c != m.DataCoding {
				t.Errorf("coding %v instead of %v", c, m.DataCoding)
			}
		}
		for _, g := range gs.all {
			if len(g.receivers) != len(g.arrivals) || len(g.texts) != len(g.arrivals) || len(g.arrivals) == 0 {
				t.Errorf("%d receivers, %d texts of %d", len(g.receivers), len(g.texts), len(g.arrivals))
			}
			put -= len(g.arrivals)
		}
		if put != 0 {
			t.Errorf("%d are lost", put)
		}
	})
}
