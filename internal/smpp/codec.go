package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// A codec goes through the fields of a PDU, writing or reading. The first error
// stays, and after it nothing is done.
type codec struct {
	command   Command
	buf       []byte // writing: all so far; reading: the frame
	pos       int    // reading: the next octet of buf
	own       []byte // reading: a copy of buf[ownFrom:], made for the first octets kept
	ownFrom   int
	reading   bool
	substance bool // writing: there was more than empty strings and zeros
	err       error

	// note, when reading, is told of each field as it is read. It is asked for at each
	// place, since a value put into an interface costs an allocation.
	note func(field string, value any)
}

// FieldError says which field of a PDU could not be read or written.
type FieldError struct {
	Command Command
	Field   string // its name in the specification
	Offset  int    // in the frame, in octets; 0 when writing
	Reason  string
	Status  Status // what to answer to the one who sent it
}

func (e *FieldError) Error() string {
	at := ""
	if e.Offset > 0 {
		at = fmt.Sprintf(" at octet %d", e.Offset)
	}
	return fmt.Sprintf("%s: %s%s: %s", e.Command, e.Field, at, e.Reason)
}

// refusals are the statuses for faulty fields that have one of their own.
var refusals = map[string]Status{
	"system_id":              InvalidSystemID,
	"password":               InvalidPassword,
	"system_type":            InvalidSystemType,
	"service_type":           InvalidServiceType,
	"source_addr":            InvalidSource,
	"destination_addr":       InvalidDest,
	"message_id":             InvalidMessageID,
	"schedule_delivery_time": InvalidScheduleTime,
	"validity_period":        InvalidValidityPeriod,
	"number_of_dests":        InvalidNumberOfDests,
	"dest_flag":              InvalidDestFlag,
	"dl_name":                InvalidDLName,
	"sm_length":              InvalidMessageLength,
	"short_message":          InvalidMessageLength,
	"optional_parameter":     InvalidTLVStream,
}

func (c *codec) fail(field, reason string) {
	status, ok := refusals[field]
	if !ok {
		status = InvalidCommandLength
	}
	c.failWith(status, field, reason)
}

// cut is the fault of a PDU that ends too early.
func (c *codec) cut(field, reason string) {
	status := InvalidCommandLength
	if field == "optional_parameter" {
		status = InvalidTLVStream
	}
	c.failWith(status, field, reason)
}

func (c *codec) failWith(status Status, field, reason string) {
	if c.err != nil {
		return
	}
	at := 0
	if c.reading {
		at = c.pos
	}
	c.err = &FieldError{c.command, field, at, reason, status}
}

// take gives the next n octets of the frame; they are still the frame's.
func (c *codec) take(field string, n int) []byte {
	if c.err != nil {
		return nil
	}
	if len(c.buf)-c.pos < n {
		c.cut(field, "the PDU ends before it")
		return nil
	}
	b := c.buf[c.pos : c.pos+n]
	c.pos += n
	return b
}

// keep gives the next n octets for good. One copy serves all of a frame.
func (c *codec) keep(field string, n int) []byte {
	at := c.pos
	if c.take(field, n) == nil {
		return nil
	}
	if c.own == nil && n > 0 {
		c.own, c.ownFrom = bytes.Clone(c.buf[at:]), at
	}
	if n == 0 {
		return []byte{}
	}
	from := at - c.ownFrom
	return c.own[from : from+n : from+n]
}

func (c *codec) byte(field string, v *byte) {
	if !c.reading {
		c.buf = append(c.buf, *v)
		c.substance = c.substance || *v != 0
		return
	}
	if b := c.take(field, 1); b != nil {
		*v = b[0]
	}
	if c.note != nil && c.err == nil {
		c.note(field, *v)
	}
}

func (c *codec) uint32(field string, v *uint32) {
	if !c.reading {
		c.buf = binary.BigEndian.AppendUint32(c.buf, *v)
		c.substance = c.substance || *v != 0
		return
	}
	if b := c.take(field, 4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
	if c.note != nil && c.err == nil {
		c.note(field, *v)
	}
}

// cstring is a C-octet string of at most size octets, its NUL included (§3.1).
func (c *codec) cstring(field string, v *string, size int) {
	if c.err != nil {
		return
	}
	if c.reading {
		c.readCString(field, v, size)
		return
	}
	switch {
	case len(*v) >= size:
		c.fail(field, fmt.Sprintf("%d characters where %d are allowed", len(*v), size-1))
	case strings.IndexByte(*v, 0) >= 0:
		c.fail(field, "it contains a NUL")
	default:
		c.buf = append(append(c.buf, *v...), 0)
		c.substance = c.substance || *v != ""
	}
}

// fromOperator is for what only operators send. It is read as far as it can be: an answer whose id or parameters are not of the
// right form has accepted the message all the same, and a receipt that is refused for its form comes again and again.
func (c *codec) fromOperator() bool { return c.command.IsResponse() || c.command == CommandDeliverSM }

func (c *codec) readCString(field string, v *string, size int) {
	rest := c.buf[c.pos:]
	if c.fromOperator() {
		size = max(size, len(rest)) // operators exceed what 3.4 allows
	}
	within := rest[:min(size, len(rest))]
	n := bytes.IndexByte(within, 0)
	switch {
	case n >= 0:
		c.pos += n + 1
	case c.command.IsResponse():
		n = len(rest)
		c.pos += n
	case len(rest) < size || c.fromOperator():
		c.cut(field, "the PDU ends before its NUL")
		return
	default:
		c.fail(field, fmt.Sprintf("more than %d characters", size-1))
		return
	}
	*v = string(rest[:n])
	if c.note != nil && c.err == nil {
		c.note(field, *v)
	}
}

// time is a C-octet string of no or 16 characters (§7.1.1). One of another length
// is read, so that the receiver can refuse it by name, but not written.
func (c *codec) time(field string, v *string) {
	if !c.reading && *v != "" && len(*v) != 16 {
		c.fail(field, "a time has 16 characters or none")
	}
	c.cstring(field, v, 17)
}

// address is a type, a plan and a string of at most size octets, NUL included.
// prefix is "source", "dest" or "esme", as the names of the fields have it.
func (c *codec) address(names addressNames, a *Address, size int) {
	c.byte(names.ton, (*byte)(&a.TON))
	c.byte(names.npi, (*byte)(&a.NPI))
	c.cstring(names.addr, &a.Addr, size)
}

type addressNames struct{ ton, npi, addr string }

var (
	sourceAddr = addressNames{"source_addr_ton", "source_addr_npi", "source_addr"}
	destAddr   = addressNames{"dest_addr_ton", "dest_addr_npi", "destination_addr"}
	esmeAddr   = addressNames{"esme_addr_ton", "esme_addr_npi", "esme_addr"}
)

// shortMessage is an octet of length and up to 254 octets (§5.2.21, §5.2.22).
func (c *codec) shortMessage(v *[]byte) {
	n := c.count("sm_length", len(*v), 0, 254)
	if c.err != nil {
		return
	}
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	if n > 0 {
		*v = c.keep("short_message", n)
	}
	if c.note != nil && c.err == nil {
		c.note("short_message", *v)
	}
}

// count is an octet that says how many there are to come, from least to most.
func (c *codec) count(field string, n, least, most int) int {
	if c.err != nil {
		return 0
	}
	if !c.reading && (n < least || n > most) {
		c.fail(field, fmt.Sprintf("%d where %d to %d are allowed", n, least, most))
		return 0
	}
	b := byte(n)
	c.byte(field, &b)
	if c.err == nil && (int(b) < least || int(b) > most) {
		c.pos--
		c.fail(field, fmt.Sprintf("%d where %d to %d are allowed", b, least, most))
	}
	if c.err != nil {
		return 0
	}
	return int(b)
}

// rest is all that is left of the body.
func (c *codec) rest(field string, v *[]byte) {
	if !c.reading {
		c.buf = append(c.buf, *v...)
		c.substance = c.substance || len(*v) > 0
		return
	}
	*v = c.keep(field, len(c.buf)-c.pos)
	if c.note != nil {
		c.note(field, *v)
	}
}

// tlvs are the optional parameters, up to the end of the PDU.
func (c *codec) tlvs(list *TLVs) {
	if c.reading {
		c.readTLVs(list)
		return
	}
	for i := range *list {
		t := &(*list)[i]
		if len(t.Value) > 0xFFFF {
			c.fail("optional_parameter", t.Tag.String()+" has more than 65,535 octets")
			return
		}
		c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(t.Tag))
		c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(len(t.Value)))
		c.buf = append(c.buf, t.Value...)
		c.substance = true
	}
}

func (c *codec) readTLVs(list *TLVs) {
	if c.err == nil && c.pos < len(c.buf) && !c.padding() {
		*list = make(TLVs, 0, 4)
	}
	for c.err == nil && c.pos < len(c.buf) && !c.padding() {
		if c.fromOperator() && !c.wholeTLV() {
			if c.pos = len(c.buf); len(*list) == 0 {
				*list = nil
			}
			return
		}
		head := c.take("optional_parameter", 4)
		if head == nil {
			return
		}
		t := TLV{Tag: Tag(binary.BigEndian.Uint16(head))}
		t.Value = c.keep("optional_parameter", int(binary.BigEndian.Uint16(head[2:])))
		if c.err != nil {
			return
		}
		*list = append(*list, t)
		if c.note != nil {
			c.note("optional_parameter", t)
		}
	}
}

// wholeTLV tells whether the next parameter is within the PDU.
func (c *codec) wholeTLV() bool {
	rest := c.buf[c.pos:]
	return len(rest) >= 4 && len(rest)-4 >= int(binary.BigEndian.Uint16(rest[2:]))
}

// padding tells whether only one to three NULs are left, which some peers append.
func (c *codec) padding() bool {
	left := c.buf[c.pos:]
	return len(left) < 4 && len(bytes.Trim(left, "\x00")) == 0
}
