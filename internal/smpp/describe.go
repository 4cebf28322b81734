package smpp

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe tells what a frame says, a line per field: name, value, meaning. Of a
// malformed frame it tells what can be read, why no more, and the rest in hex.
// Passwords are not shown.
func Describe(frame []byte) string {
	d := &description{}
	h, err := DecodeHeader(frame)
	for i, name := range []string{"command_length", "command_id", "command_status", "sequence_number"} {
		if len(frame) < 4*i+4 {
			d.broken(err, frame[min(len(frame), 4*i):])
			return d.b.String()
		}
		d.header(i, name, binary.BigEndian.Uint32(frame[4*i:]))
	}
	if err != nil {
		d.line("!", "", fmt.Sprintf("the frame has %d octets", len(frame)))
	}
	if int64(h.Length) >= HeaderSize && int64(h.Length) < int64(len(frame)) {
		d.body(h, frame[:h.Length])
		d.hex("after the PDU", frame[h.Length:])
	} else {
		d.body(h, frame)
	}
	return d.b.String()
}

// A description grows line by line.
type description struct {
	b      strings.Builder
	esm    ESMClass // of the PDU, once read
	coding DataCoding
}

func (d *description) header(i int, name string, v uint32) {
	switch i {
	case 0:
		d.line(name, strconv.FormatUint(uint64(v), 10), "octets")
	case 1:
		d.line(name, fmt.Sprintf("0x%08X", v), Command(v).String())
	case 2:
		d.line(name, fmt.Sprintf("0x%08X", v), Status(v).String())
	default:
		d.line(name, strconv.FormatUint(uint64(v), 10), "")
	}
}

func (d *description) body(h Header, frame []byte) {
	if h.Command.IsResponse() && len(frame) == HeaderSize {
		return
	}
	p := newPDU(h.Command)
	c := &codec{buf: frame, pos: HeaderSize, command: h.Command, reading: true, note: d.field}
	p.fields(c)
	left := frame[c.pos:]
	switch {
	case c.err != nil:
		if carriesPassword(h.Command) {
			left = nil
		}
		d.broken(c.err, left)
		return
	case carriesPassword(h.Command):
	case len(left) > 0:
		d.hex("not understood", left)
	}
	if IsReceipt(p) {
		d.receipt(ParseReceipt(p, nil))
	}
	if concat, ok := tlvsOf(p).Concat(); ok {
		d.concat(concat)
	}
}

func carriesPassword(c Command) bool {
	_, bind := boundAs[c]
	return bind || c == CommandOutbind
}

func tlvsOf(p PDU) TLVs {
	switch p := p.(type) {
	case *SubmitSM:
		return p.TLVs
	case *DeliverSM:
		return p.TLVs
	case *DataSM:
		return p.TLVs
	case *SubmitMulti:
		return p.TLVs
	}
	return nil
}

// field is the codec's note.
func (d *description) field(name string, value any) {
	switch v := value.(type) {
	case byte:
		d.octet(name, v)
	case uint32:
		d.line(name, fmt.Sprintf("0x%08X", v), Status(v).String())
	case string:
		d.text(name, v)
	case []byte:
		d.message(name, v)
	case TLV:
		d.tlv(v)
	}
}

func (d *description) octet(name string, v byte) {
	switch name {
	case "esm_class":
		d.esm = ESMClass(v)
	case "data_coding":
		d.coding = DataCoding(v)
	}
	meaning, value := "", strconv.Itoa(int(v))
	if f, ok := meanings[name]; ok {
		meaning = f(v)
	}
	switch name {
	case "esm_class", "registered_delivery", "data_coding", "interface_version":
		value = fmt.Sprintf("0x%02X", v)
	}
	d.line(name, value, meaning)
}

func (d *description) text(name, v string) {
	meaning := ""
	switch {
	case name == "password" && v != "":
		d.line(name, "", fmt.Sprintf("%d characters, not shown", len(v)))
		return
	case len(v) == 16 && (name == "schedule_delivery_time" || name == "validity_period" || name == "final_date"):
		meaning = timeMeaning(v)
	}
	d.line(name, strconv.Quote(v), meaning)
}

func timeMeaning(s string) string {
	t, err := ParseTime(s, time.Unix(0, 0).UTC())
	switch {
	case err != nil:
		return "not a time"
	case s[15] == 'R':
		return "after " + t.Sub(time.Unix(0, 0)).String()
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// message shows a text: its header, its length, its octets and, where the alphabet allows, its letters.
func (d *description) message(name string, b []byte) {
	if name == "body" {
		d.hex(name, b)
		return
	}
	d.line(name, fmt.Sprintf("%d octets", len(b)), "")
	rest := b
	if d.esm&ESMUDHI != 0 {
		h, after, err := ParseUDH(b)
		rest = after
		d.udh(h, err)
	}
	if letters, ok := d.coding.letters(rest); ok && len(rest) > 0 {
		d.line("  text", strconv.Quote(letters), "")
	}
	if len(b) > 0 {
		d.hex("  octets", b)
	}
}

func (d *description) udh(h UDH, err error) {
	if err != nil {
		d.line("  header", "", err.Error())
	}
	for _, e := range h {
		d.line("  element", fmt.Sprintf("0x%02X", e.ID), hex.EncodeToString(e.Data))
	}
	if c, ok := h.Concat(); ok {
		d.concat(c)
	}
	if dest, source, ok := h.Ports(); ok {
		d.line("  ports", "", fmt.Sprintf("to %d, from %d", dest, source))
	}
}

func (d *description) concat(c Concat) {
	d.line("  part", fmt.Sprintf("%d of %d", c.Seq, c.Total), fmt.Sprintf("reference %d", c.Ref))
}

// letters reads a text as far as that can be done without the tables of the default
// alphabet: its letters and digits are those of ASCII.
func (c DataCoding) letters(b []byte) (string, bool) {
	switch {
	case c == CodingUCS2, c&0xFC == 0x18:
		return ucs2(b), true
	case c == CodingLatin1:
		runes := make([]rune, len(b))
		for i, x := range b {
			runes[i] = rune(x)
		}
		return string(runes), true
	case c == CodingDefault, c == CodingASCII, c == CodingFlash, c&0xF4 == 0xF0:
		return string(b), true
	}
	return "", false
}

func (d *description) tlv(t TLV) {
	name := fmt.Sprintf("0x%04X %s", uint16(t.Tag), t.Tag)
	known, ok := tags[t.Tag]
	if !ok {
		name = fmt.Sprintf("0x%04X", uint16(t.Tag))
	}
	n, isNumber := number(t.Value)
	switch {
	case t.Tag == TagMessagePayload:
		d.message(name, t.Value)
	case known.shape == shapeText:
		s, _ := TLVs{t}.Text(t.Tag)
		d.line(name, strconv.Quote(s), "")
	case known.shape == shapeInteger && isNumber:
		meaning := ""
		if f, ok := meanings[known.name]; ok && n <= 0xFF {
			meaning = f(byte(n))
		}
		d.line(name, strconv.FormatUint(uint64(n), 10), meaning)
	default:
		d.line(name, fmt.Sprintf("%d octets", len(t.Value)), hex.EncodeToString(t.Value))
	}
}

func (d *description) receipt(r Receipt) {
	d.line("receipt", "", fmt.Sprintf("message %q is %s", r.ID, r.State))
	if !r.Done.IsZero() {
		d.line("  done", "", r.Done.Format("2006-01-02 15:04:05")+" in the SMSC's zone")
	}
	if r.Err != "" {
		d.line("  err", strconv.Quote(r.Err), "")
	}
	if r.NetworkError.Network != 0 {
		d.line("  network error", strconv.Itoa(int(r.NetworkError.Code)), fmt.Sprintf("network type %d", r.NetworkError.Network))
	}
}

func (d *description) broken(err error, rest []byte) {
	reason := err.Error()
	if f, ok := errors.AsType[*FieldError](err); ok {
		reason = f.Field + ": " + f.Reason
	}
	d.line("!", "", reason)
	d.hex("not read", rest)
}

// hexShown is how many octets are shown in hex at most.
const hexShown = 512

func (d *description) hex(name string, b []byte) {
	more := ""
	if len(b) > hexShown {
		more = fmt.Sprintf(" and %d octets more", len(b)-hexShown)
		b = b[:hexShown]
	}
	if len(b) > 0 {
		d.line(name, hex.EncodeToString(b)+more, "")
	}
}

func (d *description) line(name, value, meaning string) {
	fmt.Fprintln(&d.b, strings.TrimRight(fmt.Sprintf("%-24s %s", name, strings.TrimSpace(value+" "+meaning)), " "))
}
