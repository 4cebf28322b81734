package smpp

import (
	"bytes"
	"encoding/binary"
)

// TLV is an optional parameter (§3.2.4.1). Its value has at most 65,535 octets and may be empty.
type TLV struct {
	Tag   Tag
	Value []byte
}

// Uint8 makes a TLV of one octet.
func Uint8(tag Tag, v uint8) TLV { return TLV{tag, []byte{v}} }

// Uint16 makes a TLV of two octets.
func Uint16(tag Tag, v uint16) TLV { return TLV{tag, binary.BigEndian.AppendUint16(nil, v)} }

// CString makes a TLV that holds a C-octet string; it adds the NUL.
func CString(tag Tag, s string) TLV { return TLV{tag, append([]byte(s), 0)} }

// TLVs are the optional parameters of a PDU in the order of the wire, unknown and
// repeated ones included.
type TLVs []TLV

// Get gives the value of the first TLV with this tag.
func (l TLVs) Get(tag Tag) ([]byte, bool) {
	for i := range l {
		if l[i].Tag == tag {
			return l[i].Value, true
		}
	}
	return nil, false
}

// Uint gives the first TLV with this tag as a number, if it has one to four octets.
func (l TLVs) Uint(tag Tag) (uint32, bool) {
	v, ok := l.Get(tag)
	if !ok {
		return 0, false
	}
	return number(v)
}

// Text gives the first TLV with this tag up to its NUL, which may be missing.
func (l TLVs) Text(tag Tag) (string, bool) {
	v, ok := l.Get(tag)
	v, _, _ = bytes.Cut(v, []byte{0})
	return string(v), ok
}

// Set puts t in the place of the first TLV with its tag, or at the end.
func (l *TLVs) Set(t TLV) {
	for i := range *l {
		if (*l)[i].Tag == t.Tag {
			(*l)[i] = t
			return
		}
	}
	*l = append(*l, t)
}

func number(v []byte) (uint32, bool) {
	if len(v) == 0 || len(v) > 4 {
		return 0, false
	}
	var n uint32
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n, true
}
