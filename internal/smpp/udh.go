package smpp

import (
	"encoding/binary"
	"errors"
)

// UDH is a user data header, the elements before a text with ESMUDHI (3GPP TS
// 23.040 §9.2.3.24), in order and including what we do not know.
type UDH []Element

// Element is an information element. Data has at most 255 octets.
type Element struct {
	ID   byte
	Data []byte
}

// The information elements this package knows.
const (
	ElementConcat8  byte = 0x00 // part of a long message, 8-bit reference
	ElementPorts8   byte = 0x04
	ElementPorts16  byte = 0x05
	ElementConcat16 byte = 0x08 // part of a long message, 16-bit reference
	ElementShift    byte = 0x24 // national language, single shift
	ElementLock     byte = 0x25 // national language, locking shift
)

var (
	errUDHLong    = errors.New("the user data header has more than 255 octets")
	errUDHMissing = errors.New("the text ends within its user data header")
	errUDHBroken  = errors.New("an element goes beyond the user data header")
)

// ParseUDH parts a text into its header and what follows; both are still the text's
// memory. On an error rest is the whole text.
func ParseUDH(text []byte) (h UDH, rest []byte, err error) {
	if len(text) == 0 || len(text)-1 < int(text[0]) {
		return nil, text, errUDHMissing
	}
	header, rest := text[1:1+int(text[0])], text[1+int(text[0]):]
	for len(header) > 0 {
		if len(header) < 2 || len(header)-2 < int(header[1]) {
			return nil, text, errUDHBroken
		}
		end := 2 + int(header[1])
		h = append(h, Element{header[0], header[2:end:end]})
		header = header[end:]
	}
	return h, rest, nil
}

// Append writes the header, its length first, to the end of dst.
func (h UDH) Append(dst []byte) ([]byte, error) {
	start := len(dst)
	out := append(dst, 0)
	for _, e := range h {
		if len(e.Data) > 255 {
			return dst, errUDHLong
		}
		out = append(append(out, e.ID, byte(len(e.Data))), e.Data...)
	}
	if len(out)-start-1 > 255 {
		return dst, errUDHLong
	}
	out[start] = byte(len(out) - start - 1)
	return out, nil
}

// Concat says which part of which long message a text is.
type Concat struct {
	Ref   uint16 // with the addresses, it names the long message
	Total byte   // parts, at least 1
	Seq   byte   // this one, from 1
	Wide  bool   // in a header, Ref has 16 bits, not 8
}

// valid is what 3GPP TS 23.040 §9.2.3.24.1 asks for; otherwise the element is as if absent.
func (c Concat) valid() bool { return c.Seq >= 1 && c.Seq <= c.Total }

// Element is c for a header.
func (c Concat) Element() Element {
	if c.Wide {
		return Element{ElementConcat16, []byte{byte(c.Ref >> 8), byte(c.Ref), c.Total, c.Seq}}
	}
	return Element{ElementConcat8, []byte{byte(c.Ref), c.Total, c.Seq}}
}

// TLVs is c for an operator that wants sar_msg_ref_num and its kin in the place of a header.
func (c Concat) TLVs() TLVs {
	return TLVs{Uint16(TagSARMsgRefNum, c.Ref), Uint8(TagSARTotalSegments, c.Total), Uint8(TagSARSegmentSeqnum, c.Seq)}
}

// Concat finds which part of a long message the header belongs to; if it says so
// twice, the last one counts (§9.2.3.24).
func (h UDH) Concat() (c Concat, ok bool) {
	for _, e := range h {
		var found Concat
		switch {
		case e.ID == ElementConcat8 && len(e.Data) == 3:
			found = Concat{Ref: uint16(e.Data[0]), Total: e.Data[1], Seq: e.Data[2]}
		case e.ID == ElementConcat16 && len(e.Data) == 4:
			found = Concat{Ref: binary.BigEndian.Uint16(e.Data), Total: e.Data[2], Seq: e.Data[3], Wide: true}
		}
		if found.valid() {
			c, ok = found, true
		}
	}
	return c, ok
}

// Languages gives the national languages of the locking and of the single shift table that the text is written with, 0 for none
// (3GPP TS 23.040, 9.2.3.24.15 and 16).
func (h UDH) Languages() (lock, shift byte) {
	for _, e := range h {
		switch {
		case e.ID == ElementLock && len(e.Data) == 1:
			lock = e.Data[0]
		case e.ID == ElementShift && len(e.Data) == 1:
			shift = e.Data[0]
		}
	}
	return lock, shift
}

// Ports gives the application ports of the header, if it has any.
func (h UDH) Ports() (dest, source uint16, ok bool) {
	for _, e := range h {
		switch {
		case e.ID == ElementPorts8 && len(e.Data) == 2:
			dest, source, ok = uint16(e.Data[0]), uint16(e.Data[1]), true
		case e.ID == ElementPorts16 && len(e.Data) == 4:
			dest, source, ok = binary.BigEndian.Uint16(e.Data), binary.BigEndian.Uint16(e.Data[2:]), true
		}
	}
	return dest, source, ok
}

// Concat finds which part of a long message a PDU is by its sar_* parameters (§5.3.2.22 to 24).
func (l TLVs) Concat() (Concat, bool) {
	ref, ok1 := l.Uint(TagSARMsgRefNum)
	total, ok2 := l.Uint(TagSARTotalSegments)
	seq, ok3 := l.Uint(TagSARSegmentSeqnum)
	if !ok1 || !ok2 || !ok3 || ref > 0xFFFF || total > 0xFF || seq > 0xFF {
		return Concat{}, false
	}
	c := Concat{Ref: uint16(ref), Total: byte(total), Seq: byte(seq), Wide: true}
	return c, c.valid()
}
