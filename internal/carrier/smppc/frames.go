package smppc

import (
	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// Frames gives the submit_sm PDUs of a message, those of all its parts. It depends on nothing but its arguments: another
// attempt makes the same parts, with the same concatenation reference, which the handset joins with those of the first.
//
// One field leaves in another form: the validity is given here as the point in time that it is, and is sent as the span left.
//
// There are as many PDUs as the message has parts, with two exceptions. With the concatenation "payload" there is one. And an
// operator that takes its default alphabet in Latin-1 or ASCII gets a text with other characters in UCS-2, in as many parts as
// that needs.
func Frames(c sms.CarrierSettings, m sms.Outbound) ([]*smpp.SubmitSM, error) {
	t, err := encode(c, m)
	if err != nil {
		return nil, err
	}
	common := smpp.SubmitSM{
		ServiceType:        c.ServiceType,
		Source:             source(c, m.Source),
		Dest:               destination(c, m.Receiver),
		Priority:           priority(m.Priority),
		RegisteredDelivery: smpp.RegisteredDelivery(c.RegisteredDelivery),
		DataCoding:         dataCoding(c, t.alphabet, m.Class),
	}
	if c.Validity && !m.Expires.IsZero() {
		common.ValidityPeriod = smpp.FormatTime(m.Expires.UTC())
	}
	if len(t.parts) == 1 {
		common.ShortMessage = t.parts[0]
		return []*smpp.SubmitSM{&common}, nil
	}
	if c.Concatenation == "payload" {
		var whole []byte
		for _, part := range t.parts {
			whole = append(whole, part...)
		}
		common.TLVs = smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: whole}}
		return []*smpp.SubmitSM{&common}, nil
	}
	frames := make([]*smpp.SubmitSM, len(t.parts))
	for i, part := range t.parts {
		p := common
		place := smpp.Concat{Ref: uint16(m.MessageID), Total: byte(len(t.parts)), Seq: byte(i + 1), Wide: t.header == gsm.Header16}
		if err := concatenate(&p, c.Concatenation, place, part); err != nil {
			return nil, err
		}
		frames[i] = &p
	}
	return frames, nil
}

// concatenate puts a part into a PDU, with its place in the message.
func concatenate(p *smpp.SubmitSM, way string, place smpp.Concat, part []byte) error {
	if way == "sar" {
		p.ShortMessage, p.TLVs = part, place.TLVs()
		return nil
	}
	header, err := smpp.UDH{place.Element()}.Append(make([]byte, 0, int(gsm.Header16)+len(part)))
	p.ShortMessage, p.ESMClass = append(header, part...), smpp.ESMUDHI
	return err
}

// dataCoding names the alphabet, and the message class where it matters. Phone memory, the default, is not named: many
// operators refuse the values that would say it, or take them for something else.
func dataCoding(c sms.CarrierSettings, a gsm.Alphabet, class sms.Class) smpp.DataCoding {
	const withClass = 0x10 // the general group of 3GPP TS 23.038 §4; 0x18 is UCS-2
	coding := smpp.DataCoding(c.DataCodingGSM7)
	if a == gsm.UCS2 {
		coding = smpp.CodingUCS2
	}
	switch class {
	case sms.Flash, sms.SIM, sms.Toolkit:
		return smpp.DataCoding(withClass | a.DataCoding() | byte(class.Number()))
	}
	return coding
}

// priority is 3 for the first lane, and 0 for the last or none.
func priority(p sms.Priority) byte {
	lane := p.Lane()
	if lane < 0 {
		return 0
	}
	return byte(max(0, 3-lane))
}
