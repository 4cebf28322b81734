package smpp

import (
	"encoding/binary"
	"sync"
)

const (
	// HeaderSize is the length of the header every PDU starts with, in octets.
	HeaderSize = 16
	// MaxFrame is the longest PDU that is read or written, in octets.
	MaxFrame = 64 << 10
	// Version is the interface_version of SMPP 3.4 (§5.2.4).
	Version = 0x34
)

// PDU is the body of a request or a response. The pointers to the structs of
// this package are PDUs, and nothing else is.
type PDU interface {
	Command() Command
	// fields lists the body in the order of the wire, for both directions.
	fields(*codec)
}

// Header starts every PDU (§3.2.1).
type Header struct {
	Length   uint32 // of the whole frame, in octets
	Command  Command
	Status   Status
	Sequence uint32
}

// Append writes p as a frame to the end of dst. A response that refuses and has
// nothing to say goes out as a mere header (§4.4.2). On an error dst comes back as it was.
func Append(dst []byte, seq uint32, status Status, p PDU) ([]byte, error) {
	c := codecs.Get().(*codec)
	start := len(dst)
	*c = codec{buf: appendHeader(dst, p.Command(), seq, status), command: p.Command()}
	p.fields(c)
	out, err, bare := c.buf, c.err, !c.substance
	*c = codec{}
	codecs.Put(c)

	switch {
	case err == nil && len(out)-start > MaxFrame:
		err = &FieldError{p.Command(), "command_length", len(out) - start, "the PDU is longer than 64 KiB", InvalidCommandLength}
		return out[:start], err
	case err != nil:
		return out[:start], err
	case bare && status != OK && p.Command().IsResponse():
		out = out[:start+HeaderSize]
	}
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start))
	return out, nil
}

// appendHeader writes a header with the length of a frame without a body.
func appendHeader(dst []byte, command Command, seq uint32, status Status) []byte {
	dst = binary.BigEndian.AppendUint32(dst, HeaderSize)
	dst = binary.BigEndian.AppendUint32(dst, uint32(command))
	dst = binary.BigEndian.AppendUint32(dst, uint32(status))
	return binary.BigEndian.AppendUint32(dst, seq)
}

// DecodeHeader reads the header of a frame and checks its length against the frame's.
func DecodeHeader(frame []byte) (Header, error) {
	if len(frame) < HeaderSize {
		return Header{}, &FieldError{0, "command_length", len(frame), "the header is not complete", InvalidCommandLength}
	}
	h := Header{
		Length:   binary.BigEndian.Uint32(frame),
		Command:  Command(binary.BigEndian.Uint32(frame[4:])),
		Status:   Status(binary.BigEndian.Uint32(frame[8:])),
		Sequence: binary.BigEndian.Uint32(frame[12:]),
	}
	if int64(h.Length) != int64(len(frame)) || h.Length > MaxFrame {
		return h, &FieldError{h.Command, "command_length", 0, "it is not the length of the frame", InvalidCommandLength}
	}
	return h, nil
}

// Decode reads one frame. The PDU keeps nothing of it. A command that is not
// known gives an [Unknown]. The header is as good as it could be read even if
// there is an error, which is a [FieldError].
func Decode(frame []byte) (Header, PDU, error) {
	h, err := DecodeHeader(frame)
	if err != nil {
		return h, nil, err
	}
	p, err := decodeBody(h, frame)
	return h, p, err
}

func decodeBody(h Header, frame []byte) (PDU, error) {
	p := newPDU(h.Command)
	if len(frame) == HeaderSize && h.Command.IsResponse() {
		return p, nil
	}
	c := codecs.Get().(*codec)
	*c = codec{buf: frame, pos: HeaderSize, command: h.Command, reading: true}
	p.fields(c)
	err := c.err
	*c = codec{}
	codecs.Put(c)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func newPDU(command Command) PDU {
	switch command { // the frequent ones
	case CommandSubmitSM:
		return &SubmitSM{}
	case CommandSubmitSMResp:
		return &SubmitSMResp{}
	case CommandDeliverSM:
		return &DeliverSM{}
	case CommandDeliverSMResp:
		return &DeliverSMResp{}
	}
	if k, ok := kinds[command]; ok {
		return k.make()
	}
	return &Unknown{ID: command}
}

// A codec handed to an interface method lives on the heap; the pool keeps
// encoding free of allocations.
var codecs = sync.Pool{New: func() any { return new(codec) }}
