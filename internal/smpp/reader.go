package smpp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Reader cuts a stream into frames.
type Reader struct {
	r     *bufio.Reader
	frame int // octets of the frame handed out last that still lie in r
}

// readBuffer holds some eighty ordinary messages; a longer frame gets its own memory.
const readBuffer = 16 << 10

// NewReader reads frames from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, readBuffer)}
}

// LengthError says that a peer announced a PDU shorter than its header or longer
// than [MaxFrame]. The stream cannot be followed further.
type LengthError struct{ Length uint32 }

func (e *LengthError) Error() string {
	return fmt.Sprintf("a PDU of %d octets was announced, where %d to %d are allowed", e.Length, HeaderSize, MaxFrame)
}

// Next gives the next frame, which is valid until the next call. At the end of the
// stream it gives io.EOF, within a frame io.ErrUnexpectedEOF.
func (r *Reader) Next() ([]byte, error) {
	if _, err := r.r.Discard(r.frame); err != nil {
		return nil, err
	}
	r.frame = 0
	head, err := r.r.Peek(4)
	if err != nil {
		return nil, within(len(head), err)
	}
	length := binary.BigEndian.Uint32(head)
	if length < HeaderSize || length > MaxFrame {
		return nil, &LengthError{length}
	}
	if length > readBuffer {
		frame := make([]byte, length)
		n, err := io.ReadFull(r.r, frame)
		return frame, within(n, err)
	}
	frame, err := r.r.Peek(int(length))
	if err != nil {
		return nil, within(len(frame), err)
	}
	r.frame = int(length)
	return frame, nil
}

// More tells whether another whole frame has arrived already, so that Next gives it without waiting.
func (r *Reader) More() bool {
	arrived := r.r.Buffered() - r.frame
	if arrived < HeaderSize {
		return false
	}
	head, err := r.r.Peek(r.frame + 4)
	return err == nil && uint32(arrived) >= binary.BigEndian.Uint32(head[r.frame:]) //nolint:gosec // it is within the buffer
}

func within(n int, err error) error {
	if n > 0 && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
