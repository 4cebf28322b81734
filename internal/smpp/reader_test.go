package smpp_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"ramier/internal/smpp"
)

func TestReader(t *testing.T) {
	var stream []byte
	var want [][]byte
	for _, n := range []int{0, 1, 200, 16 << 10, 60000, 5} { // below, at and above the buffer
		before := len(stream)
		stream, _ = smpp.Append(stream, 1, smpp.OK, &smpp.Unknown{ID: 9, Body: make([]byte, n)})
		want = append(want, stream[before:])
	}
	for name, source := range map[string]io.Reader{
		"whole":  bytes.NewReader(stream),
		"octets": iotest.OneByteReader(bytes.NewReader(stream)),
		"halves": iotest.HalfReader(bytes.NewReader(stream)),
	} {
		r := smpp.NewReader(source)
		for i, w := range want {
			if got, err := r.Next(); err != nil || !bytes.Equal(got, w) {
				t.Errorf("%s: frame %d has %d octets, %v, want %d", name, i, len(got), err, len(w))
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: %v at the end", name, err)
		}
	}
}

func TestReaderOfBrokenStreams(t *testing.T) {
	for stream, want := range map[string]error{
		"":                           io.EOF,
		"000000":                     io.ErrUnexpectedEOF,
		"00000010 00000015":          io.ErrUnexpectedEOF,
		"00008000 00000004 00000000": io.ErrUnexpectedEOF,
	} {
		if _, err := smpp.NewReader(bytes.NewReader(wire(t, stream))).Next(); err != want {
			t.Errorf("%q gives %v, want %v", stream, err, want)
		}
	}
	for stream, want := range map[string]uint32{"0000000F": 15, "00010001": 65537, "FFFFFFFF": 1<<32 - 1} {
		_, err := smpp.NewReader(bytes.NewReader(wire(t, stream))).Next()
		if e, ok := errors.AsType[*smpp.LengthError](err); !ok || e.Length != want {
			t.Errorf("%q gives %v, want length %d", stream, err, want)
		}
	}
}
