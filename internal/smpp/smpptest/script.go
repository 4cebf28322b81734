// Package smpptest plays the peer of an SMPP session from a script, under
// synthetic time: a minute of waiting costs none.
package smpptest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
)

// A Step is one move of the scripted peer.
type Step func(*peer)

// Run gives subject one end of a connection and plays the steps at the other, in a
// bubble of synthetic time. Then it closes the connection and waits for subject. A
// frame that no step expected fails the test.
func Run(t *testing.T, subject func(conn net.Conn), steps ...Step) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		Play(t, subject, steps...)
	})
}

// Play is Run for a test that is in such a bubble already.
func Play(t *testing.T, subject func(conn net.Conn), steps ...Step) {
	t.Helper()
	ours, theirs := net.Pipe()
	p := &peer{t: t, conn: ours, frames: make(chan arrival, 1024)}
	go p.read()
	over := make(chan struct{})
	go func() {
		defer close(over)
		subject(theirs)
	}()
	for _, step := range steps {
		if t.Failed() {
			break
		}
		step(p)
	}
	if !t.Failed() {
		p.nothingLeft()
	}
	ours.Close()
	<-over
}

// patience is how long a step waits for the subject, in synthetic time.
const patience = time.Hour

type peer struct {
	t      *testing.T
	conn   net.Conn
	frames chan arrival  // closed when the subject closed
	asked  []smpp.Header // expected and not answered yet
	seq    uint32        // of the last request sent
}

// An arrival is a frame of the subject and when it came.
type arrival struct {
	frame []byte
	at    time.Time
}

// read takes frames as they come, so that no step depends on another one reading.
func (p *peer) read() {
	defer close(p.frames)
	r := smpp.NewReader(p.conn)
	for {
		frame, err := r.Next()
		if err != nil {
			return
		}
		p.frames <- arrival{bytes.Clone(frame), time.Now()}
	}
}

// next waits for a frame; it is false when the subject closed or took too long.
func (p *peer) next() (arrival, bool) {
	select {
	case a, ok := <-p.frames:
		return a, ok
	case <-time.After(patience):
		return arrival{}, false
	}
}

// closed waits until the subject closes and says how long that took.
func (p *peer) closed() time.Duration {
	p.t.Helper()
	start := time.Now()
	a, ok := p.next()
	took := time.Since(start)
	switch {
	case ok:
		p.t.Errorf("want the connection closed, got\n%s", smpp.Describe(a.frame))
	case took >= patience:
		p.t.Error("the connection was not closed")
	}
	return took
}

func (p *peer) nothingLeft() {
	p.t.Helper()
	synctest.Wait()
	for {
		select {
		case a, ok := <-p.frames:
			if !ok {
				return
			}
			p.t.Errorf("unexpected:\n%s", smpp.Describe(a.frame))
		default:
			return
		}
	}
}

// receive takes the next frame, which must be want with that status.
func (p *peer) receive(status smpp.Status, want smpp.PDU) (smpp.Header, time.Time) {
	p.t.Helper()
	a, ok := p.next()
	if !ok {
		p.t.Errorf("got nothing, want %s", want.Command())
		return smpp.Header{}, a.at
	}
	h, got, err := smpp.Decode(a.frame)
	switch {
	case err != nil:
		p.t.Errorf("unreadable, %v:\n%s", err, smpp.Describe(a.frame))
	case h.Status != status || h.Command != want.Command() || !reflect.DeepEqual(got, normal(p.t, want)):
		p.t.Errorf("got\n%swant\n%s", smpp.Describe(a.frame), smpp.Describe(encode(p.t, h.Sequence, status, want)))
	}
	return h, a.at
}

// normal is the PDU as it comes out of the codec, where empty and absent are the same.
func normal(t *testing.T, p smpp.PDU) smpp.PDU {
	t.Helper()
	_, got, err := smpp.Decode(encode(t, 1, smpp.OK, p))
	if err != nil {
		t.Fatalf("%s cannot be expected: %v", p.Command(), err)
	}
	return got
}

func encode(t *testing.T, seq uint32, status smpp.Status, p smpp.PDU) []byte {
	t.Helper()
	frame, err := smpp.Append(nil, seq, status, p)
	if err != nil {
		t.Fatalf("%s cannot be encoded: %v", p.Command(), err)
	}
	return frame
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	_ = p.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.conn.Write(b); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Errorf("write: %v", err)
	}
}
