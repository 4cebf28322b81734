package smppc

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// receive takes what the operator sends. It is called by the session's reader.
func (c *Carrier) receive(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
	m, ok := delivered(p)
	switch {
	case !ok:
		c.log.Debug("not for us", "command", p.Command())
		respond(smpp.InvalidCommandID, nil)
	case smpp.IsReceipt(p):
		r := c.receipt(p, m)
		if len(r.Refs) == 0 {
			c.log.Warn("receipt without a reference", "receiver", mask(r.Receiver))
		}
		ack := c.acknowledge("receipt", respond)
		pass := func() { c.inbox.Receipt(r, ack) }
		if !c.lookups.take(early{r, p, ack, pass}) {
			pass()
		}
	default:
		c.inbox.Incoming(c.incoming(m), c.acknowledge("incoming message", respond))
	}
}

// A delivery is what deliver_sm and data_sm have in common.
type delivery struct {
	source, dest smpp.Address
	esm          smpp.ESMClass
	coding       smpp.DataCoding
	text         []byte
	tlvs         smpp.TLVs
}

func delivered(p smpp.PDU) (delivery, bool) {
	switch p := p.(type) {
	case *smpp.DeliverSM:
		return delivery{p.Source, p.Dest, p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	case *smpp.DataSM:
		return delivery{p.Source, p.Dest, p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	}
	return delivery{}, false
}

// acknowledge makes the ack of what came. What could not be stored is refused for now, so that the operator sends it again.
func (c *Carrier) acknowledge(what string, respond func(smpp.Status, smpp.PDU)) func(error) {
	return func(err error) {
		if err != nil {
			c.log.Warn("not stored, so the operator will send it again", "what", what, "error", err)
			respond(smpp.ReceiverTemporaryError, nil)
			return
		}
		respond(smpp.OK, nil)
	}
}

// incoming reads a message of a handset, or a part of one.
func (c *Carrier) incoming(m delivery) sms.Incoming {
	octets := m.text
	part, isPart := m.tlvs.Concat()
	var header smpp.UDH
	if m.esm&smpp.ESMUDHI != 0 {
		header, octets, _ = smpp.ParseUDH(octets) // a broken header stays in the text
		if p, ok := header.Concat(); ok {
			part, isPart = p, true
		}
	}
	coding := m.coding
	if coding == smpp.CodingDefault && (c.settings.Charset == "latin1" || c.settings.Charset == "ascii") {
		coding = smpp.CodingLatin1
	}
	if lock, shift := header.Languages(); (lock != 0 || shift != 0) && gsm.Septets(byte(coding)) {
		// The languages go with the header, so the part is kept as what it says.
		octets, coding = wide(gsm.DecodeNational(octets, gsm.Language(lock), gsm.Language(shift))), smpp.CodingUCS2
	}
	in := sms.Incoming{
		CarrierID: c.id, Sender: shown(m.source), Number: shown(m.dest), At: c.now(), Text: sms.DecodeIncoming(octets, byte(coding)),
	}
	if isPart && part.Total > 1 {
		in.Part = sms.IncomingPart{
			Ref: int(part.Ref), Total: int(part.Total), Place: int(part.Seq), Coding: byte(coding), Octets: bytes.Clone(octets),
		}
		if part.Wide {
			in.Part.Ref += 1 << 16
		}
	}
	return in
}

// wide writes a text in UTF-16, big end first.
func wide(text string) []byte {
	var octets []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = binary.BigEndian.AppendUint16(octets, unit)
	}
	return octets
}
