package smpp

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
)

// Numbers go from 1 to 0x7FFFFFFF and around, past those that wait for an answer.
func TestSequenceNumbersWrapAndSkip(t *testing.T) {
	s := &Session{pending: map[uint32]pending{1: {}, 2: {}, 0x7FFFFFFF: {}}}
	for _, c := range []struct{ last, want uint32 }{
		{0, 3}, {3, 4}, {0x7FFFFFFD, 0x7FFFFFFE}, {0x7FFFFFFE, 3}, {0x7FFFFFFF, 3},
	} {
		s.seq = c.last
		if got := s.nextSeq(); got != c.want {
			t.Errorf("after %d: %d, want %d", c.last, got, c.want)
		}
	}
	s.pending, s.seq = nil, 0x7FFFFFFF
	if got := s.nextSeq(); got != 1 {
		t.Errorf("at the end: %d", got)
	}
}

// FuzzSession: whatever a peer sends to a server, before its bind or after, the
// session neither panics nor hangs, writes whole PDUs only, asks the handler only
// what the bind allows, and is gone when the peer is.
func FuzzSession(f *testing.F) {
	for _, p := range []PDU{&EnquireLink{}, &Unbind{}, &Bind{Mode: Receiver}, &SubmitSM{}, &DeliverSM{}, &SubmitSMResp{}, &Unknown{ID: 9}, &GenericNack{}} {
		frame, _ := Append(nil, 2, OK, p)
		f.Add(frame, byte(Transceiver), 7)
		f.Add(append(frame, frame...), byte(0), 100)
	}
	f.Add([]byte{0, 0, 0, 15, 1, 2, 3}, byte(Receiver), 1)
	f.Fuzz(func(t *testing.T, stream []byte, mode byte, step int) {
		synctest.Test(t, func(t *testing.T) { talk(t, stream, BindMode(mode), 1+(step%100+100)%100) })
	})
}

func talk(t *testing.T, stream []byte, mode BindMode, step int) {
	answered := map[Command]bool{}
	srv := &Server{
		Bind: func(context.Context, net.Addr, Bind) (Settings, Status) {
			return Settings{MaxInbound: 2, Handler: func(s *Session, p PDU, respond func(Status, PDU)) {
				if !esme.mayAsk(boundAs[s.Bind().Mode.command()], p.Command()) {
					t.Errorf("a %s may ask %s", s.Bind().Mode, p.Command())
				}
				answered[p.Command()] = true
				if len(answered)%2 == 0 {
					respond(OK, nil)
				}
			}}, OK
		},
	}
	ours, theirs := net.Pipe()
	over := make(chan struct{})
	go func() {
		srv.ServeConn(theirs)
		close(over)
	}()
	go func() {
		if mode == Receiver || mode == Transmitter || mode == Transceiver {
			frame, _ := Append(nil, 1, OK, &Bind{Mode: mode})
			_, _ = ours.Write(frame)
			synctest.Wait()
		}
		for len(stream) > 0 {
			n := min(step, len(stream))
			if _, err := ours.Write(stream[:n]); err != nil {
				break // the session had enough
			}
			stream = stream[n:]
		}
		synctest.Wait()
		ours.Close()
	}()
	for r := NewReader(ours); ; {
		frame, err := r.Next()
		if err != nil {
			break
		}
		if _, p, err := Decode(frame); err != nil {
			t.Errorf("wrote %v, %v", p, err)
		}
	}
	<-over
}

// What would take too much memory is forgotten, the oldest first.
func TestOnlySoManyLateAnswersAreWaitedFor(t *testing.T) {
	var b backlog
	e := pending{command: CommandSubmitSM, late: func(Answer) {}}
	for seq := uint32(1); seq <= maxLate+2; seq++ {
		b.add(seq, e)
	}
	taken := func(seq uint32) bool {
		return b.take(Header{Command: CommandSubmitSMResp, Sequence: seq}) != nil
	}
	if taken(1) || taken(2) || !taken(3) || taken(3) || !taken(maxLate+2) || len(b.order) != maxLate {
		t.Errorf("%d requests, %d in order", len(b.requests), len(b.order))
	}
}
