package smppc_test

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/carrier/smppc"
	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

func frames(t *testing.T, change func(s *sms.CarrierSettings, m *sms.Outbound)) []*smpp.SubmitSM {
	t.Helper()
	s, m := settings(), message(0x123456, "Bonjour")
	change(&s, &m)
	got, err := smppc.Frames(s, m)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFrame(t *testing.T) {
	type change = func(s *sms.CarrierSettings, m *sms.Outbound)
	for name, c := range map[string]struct {
		change change
		want   func(p *smpp.SubmitSM)
	}{
		"plain":          {func(*sms.CarrierSettings, *sms.Outbound) {}, func(*smpp.SubmitSM) {}},
		"short number":   {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Source = "36180" }, func(p *smpp.SubmitSM) { p.Source = smpp.Address{TON: 3, NPI: 0, Addr: "36180"} }},
		"number, plus":   {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Source = "+33700" }, func(p *smpp.SubmitSM) { p.Source = smpp.Address{TON: 1, NPI: 1, Addr: "33700"} }},
		"number":         {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Source = "337000001" }, func(p *smpp.SubmitSM) { p.Source = smpp.Address{TON: 1, NPI: 1, Addr: "337000001"} }},
		"digits and all": {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Source = "24 Hours" }, func(p *smpp.SubmitSM) { p.Source.Addr = "24 Hours" }},
		"fixed source": {
			func(s *sms.CarrierSettings, m *sms.Outbound) { s.SourceTON, s.SourceNPI, m.Source = 6, 9, "36180" },
			func(p *smpp.SubmitSM) { p.Source = smpp.Address{TON: 6, NPI: 9, Addr: "36180"} },
		},
		"fixed source, half": {
			func(s *sms.CarrierSettings, m *sms.Outbound) { s.SourceNPI, m.Source = 1, "36180" },
			func(p *smpp.SubmitSM) { p.Source = smpp.Address{TON: 3, NPI: 1, Addr: "36180"} },
		},
		"destination": {
			func(s *sms.CarrierSettings, _ *sms.Outbound) { s.DestTON, s.DestNPI, s.AddressPlus = 0, 0, true },
			func(p *smpp.SubmitSM) { p.Dest = smpp.Address{Addr: "+33612345678"} },
		},
		"destination by kind": {func(s *sms.CarrierSettings, _ *sms.Outbound) { s.DestTON, s.DestNPI = -1, -1 }, func(*smpp.SubmitSM) {}},
		"no receipts":         {func(s *sms.CarrierSettings, _ *sms.Outbound) { s.RegisteredDelivery = 0 }, func(p *smpp.SubmitSM) { p.RegisteredDelivery = 0 }},
		"service type":        {func(s *sms.CarrierSettings, _ *sms.Outbound) { s.ServiceType = "CMT" }, func(p *smpp.SubmitSM) { p.ServiceType = "CMT" }},
		"high":                {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Priority = sms.High }, func(p *smpp.SubmitSM) { p.Priority = 3 }},
		"very low":            {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Priority = sms.VeryLow }, func(p *smpp.SubmitSM) { p.Priority = 0 }},
		"no priority":         {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Priority = "" }, func(p *smpp.SubmitSM) { p.Priority = 0 }},
		"validity": {
			func(_ *sms.CarrierSettings, m *sms.Outbound) {
				m.Expires = time.Date(2026, 3, 1, 13, 0, 5, 0, time.FixedZone("", 3600))
			},
			func(p *smpp.SubmitSM) { p.ValidityPeriod = "260301120005000+" },
		},
		"validity not sent": {func(s *sms.CarrierSettings, m *sms.Outbound) { s.Validity, m.Expires = false, time.Now() }, func(*smpp.SubmitSM) {}},

		"coding of the operator": {func(s *sms.CarrierSettings, _ *sms.Outbound) { s.DataCodingGSM7 = 0xf1 }, func(p *smpp.SubmitSM) { p.DataCoding = 0xf1 }},
		"flash":                  {func(s *sms.CarrierSettings, m *sms.Outbound) { s.DataCodingGSM7, m.Class = 1, sms.Flash }, func(p *smpp.SubmitSM) { p.DataCoding = 0x10 }},
		"SIM":                    {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Class = sms.SIM }, func(p *smpp.SubmitSM) { p.DataCoding = 0x12 }},
		"toolkit":                {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Class = sms.Toolkit }, func(p *smpp.SubmitSM) { p.DataCoding = 0x13 }},
		"septets":                {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Text = "@é€" }, func(p *smpp.SubmitSM) { p.ShortMessage = []byte{0, 5, 0x1b, 0x65} }},
		"Unicode":                {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Text = "ñ✓" }, unicode(8, "00f12713")},
		"Unicode wanted":         {func(s *sms.CarrierSettings, m *sms.Outbound) { s.Charset, m.Text, m.Unicode = "latin1", "a", true }, unicode(8, "0061")},
		"Unicode flash":          {func(_ *sms.CarrierSettings, m *sms.Outbound) { m.Text, m.Class = "✓", sms.Flash }, unicode(0x18, "2713")},
		"Latin-1": {
			func(s *sms.CarrierSettings, m *sms.Outbound) {
				s.Charset, s.DataCodingGSM7, m.Text = "latin1", 3, "@é[£"
			},
			func(p *smpp.SubmitSM) { p.DataCoding, p.ShortMessage = 3, []byte("@\xe9[\xa3") },
		},
		"not in Latin-1": {func(s *sms.CarrierSettings, m *sms.Outbound) { s.Charset, m.Text = "latin1", "Δ" }, unicode(8, "0394")},
		"ASCII":          {func(s *sms.CarrierSettings, m *sms.Outbound) { s.Charset, m.Text = "ascii", "a@b\n" }, func(p *smpp.SubmitSM) { p.ShortMessage = []byte("a@b\n") }},
		"not in ASCII":   {func(s *sms.CarrierSettings, m *sms.Outbound) { s.Charset, m.Text = "ascii", "é" }, unicode(8, "00e9")},
	} {
		t.Run(name, func(t *testing.T) {
			want := &smpp.SubmitSM{
				Source: smpp.Address{TON: 5, NPI: 0, Addr: "Ramier"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"},
				Priority: 2, RegisteredDelivery: 1, ShortMessage: []byte("Bonjour"),
			}
			c.want(want)
			if got := frames(t, c.change); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("got %+v, want %+v", got[0], want)
			}
		})
	}
}

func unicode(coding smpp.DataCoding, octets string) func(p *smpp.SubmitSM) {
	return func(p *smpp.SubmitSM) {
		p.DataCoding = coding
		p.ShortMessage, _ = hex.DecodeString(octets)
	}
}

func TestParts(t *testing.T) {
	long := strings.Repeat("a", 160) + "b" // 153 + 8
	tight := strings.Repeat("a", 2*153)    // two parts, three with the longer header
	for name, c := range map[string]struct {
		way, text string
		parts     int
		esm       smpp.ESMClass
		begin     string // of the second one's text, in hex
		tlvs      smpp.TLVs
	}{
		"udh8":           {"udh8", long, 2, smpp.ESMUDHI, "050003560202" + "61", nil},
		"no such way":    {"", long, 2, smpp.ESMUDHI, "050003560202" + "61", nil},
		"udh16":          {"udh16", long, 2, smpp.ESMUDHI, "0608043456020261", nil},
		"udh16 too long": {"udh16", tight, 2, smpp.ESMUDHI, "05000356020261", nil},
		"sar": {"sar", long, 2, 0, "61", smpp.TLVs{
			{Tag: smpp.TagSARMsgRefNum, Value: []byte{0x34, 0x56}}, {Tag: smpp.TagSARTotalSegments, Value: []byte{2}}, {Tag: smpp.TagSARSegmentSeqnum, Value: []byte{2}},
		}},
		"payload": {"payload", long, 1, 0, "", smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(long)}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := frames(t, func(s *sms.CarrierSettings, m *sms.Outbound) { s.Concatenation, m.Text = c.way, c.text })
			if len(got) != c.parts {
				t.Fatalf("%d PDUs, want %d", len(got), c.parts)
			}
			last := got[len(got)-1]
			if last.ESMClass != c.esm || !strings.HasPrefix(hex.EncodeToString(last.ShortMessage), c.begin) || !reflect.DeepEqual(last.TLVs, c.tlvs) {
				t.Errorf("got %+v", last)
			}
			if last.RegisteredDelivery != 1 || got[0].RegisteredDelivery != 1 {
				t.Error("not all parts have receipts")
			}
		})
	}
}

// A message in a smaller alphabet goes in as many parts of UCS-2 as it takes.
func TestPartsBeyondTheAlphabet(t *testing.T) {
	got := frames(t, func(s *sms.CarrierSettings, m *sms.Outbound) {
		s.Charset, m.Text = "latin1", strings.Repeat("é", 100)+"€"
	})
	if len(got) != 2 || got[0].DataCoding != 8 {
		t.Errorf("%d PDUs, %+v", len(got), got[0])
	}
}

func TestNoFrames(t *testing.T) {
	for _, text := range []string{"\xff", strings.Repeat("a", 256*153)} {
		if p, err := smppc.Frames(settings(), message(1, text)); err == nil {
			t.Errorf("got %d frames", len(p))
		}
	}
}

// Whatever the settings: the frames can be written, are the same each time, are as many as the parts that are billed, and the
// parts make the text.
func TestFramesHoldTheText(t *testing.T) {
	ways, charsets := []string{"udh8", "udh16", "sar", "payload"}, []string{"gsm0338", "latin1", "ascii"}
	rapid.Check(t, func(t *rapid.T) {
		s := settings()
		s.Concatenation, s.Charset = rapid.SampledFrom(ways).Draw(t, "way"), rapid.SampledFrom(charsets).Draw(t, "charset")
		if s.Charset != "gsm0338" {
			s.DataCodingGSM7 = 3
		}
		// Repeating makes long ones, and the odd piece before it moves where the parts end.
		runes := rapid.SampledFrom([]rune("abc éèÇ@£[]{}€^ΔΩ\n✓😀"))
		some := rapid.StringOfN(runes, 1, 10, -1)
		body := some.Draw(t, "body")
		text := some.Draw(t, "beginning") + strings.Repeat(body, rapid.IntRange(0, 600).Draw(t, "repeated")/len(body))
		m := message(rapid.Int64Range(1, 1<<53).Draw(t, "id"), text)
		m.Unicode = rapid.Bool().Draw(t, "unicode")
		first, err := smppc.Frames(s, m)
		again, _ := smppc.Frames(s, m)
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Fatalf("%v, or not the same", err)
		}
		var pieces []gsm.Piece
		for i, p := range first {
			if _, err := smpp.Append(nil, 1, smpp.OK, p); err != nil {
				t.Fatal(err)
			}
			pieces = append(pieces, piece(t, i, len(first), p))
		}
		if text, whole := gsm.Join(pieces); !whole || text != m.Text {
			t.Fatalf("%q became %q", m.Text, text)
		}
		want := gsm.GSM7
		if first[0].DataCoding == 8 {
			want = gsm.UCS2
		}
		if a, err := gsm.Analyse(m.Text, want); err != nil || len(first) != a.Parts && s.Concatenation != "payload" {
			t.Fatalf("%d PDUs for %d parts", len(first), a.Parts)
		}
	})
}

// piece reads a part as a handset would, which must say that it is the one at i.
func piece(t *rapid.T, i, total int, p *smpp.SubmitSM) gsm.Piece {
	text := p.Text()
	place, ok := p.TLVs.Concat()
	if p.ESMClass == smpp.ESMUDHI {
		var h smpp.UDH
		h, text, _ = smpp.ParseUDH(text)
		place, ok = h.Concat()
	}
	if ok != (total > 1) || ok && (int(place.Seq) != i+1 || int(place.Total) != total) {
		t.Fatalf("part %d of %d says %+v", i+1, total, place)
	}
	return gsm.Piece{Index: byte(i + 1), Total: byte(total), Coding: byte(p.DataCoding), Octets: text}
}
