package smpp

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	// maxAnswers is how many octets of answers may wait for a peer that does not
	// read, until nothing more is read from it.
	maxAnswers = 256 << 10
	// keepBuffer is the largest write buffer that is used again.
	keepBuffer = 1 << 20
)

// write hands all that is queued to the connection, in as few calls as possible.
func (s *Session) write() {
	var spare []byte
	for {
		batch, finish := s.batch(spare)
		if len(batch) == 0 {
			if finish != nil {
				s.hangUp()
				return
			}
			select {
			case <-s.more:
			case <-s.over.Done():
				return
			}
			continue
		}
		if err := s.writeBatch(batch); err != nil {
			s.fail(fmt.Errorf("write: %w", err))
			return
		}
		spare = nil
		if cap(batch) <= keepBuffer {
			spare = batch[:0]
		}
	}
}

// batch takes all that is queued and leaves an empty buffer for what comes next.
func (s *Session) batch(spare []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.out) == 0 {
		return nil, s.finish
	}
	batch := s.out
	s.out, s.answers = spare, 0
	return batch, nil
}

func (s *Session) writeBatch(batch []byte) error {
	t := s.terms.Load()
	if t.Tap != nil {
		for rest := batch; len(rest) > 0; {
			n := binary.BigEndian.Uint32(rest)
			t.Tap(true, rest[:n])
			rest = rest[n:]
		}
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(t.WriteTimeout)); err != nil {
		return err
	}
	n, err := s.conn.Write(batch)
	s.written.Add(uint64(n))
	if s.full.Swap(false) {
		nudge(s.room)
	}
	return err
}

// hangUp closes our direction, after all was written, and gives the peer a moment.
func (s *Session) hangUp() {
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the keeper closes the connection soon anyway
	}
	s.mu.Lock()
	s.due.linger = s.clock() + linger
	s.mu.Unlock()
	nudge(s.poke)
}

// finishWith ends the session when all that is queued is written. The caller holds mu.
func (s *Session) finishWith(cause error) {
	if s.finish == nil {
		s.finish = cause
		nudge(s.more)
	}
}
