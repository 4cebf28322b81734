package smpptest

import (
	"testing/synctest"
	"time"

	"ramier/internal/smpp"
)

// Steps makes one step of several.
func Steps(steps ...Step) Step {
	return func(p *peer) {
		p.t.Helper()
		for _, step := range steps {
			if !p.t.Failed() {
				step(p)
			}
		}
	}
}

// Expect waits for a request of the subject, which must equal want.
func Expect(want smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		h, _ := p.receive(smpp.OK, want)
		p.asked = append(p.asked, h)
	}
}

// ExpectAfter is Expect for a request that comes when exactly d has passed.
func ExpectAfter(d time.Duration, want smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		start := time.Now()
		h, at := p.receive(smpp.OK, want)
		p.asked = append(p.asked, h)
		if got := at.Sub(start); got != d && !p.t.Failed() {
			p.t.Errorf("%s came after %s, want %s", want.Command(), got, d)
		}
	}
}

// Answer answers the oldest expected request that has no answer yet.
func Answer(status smpp.Status, resp smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		if len(p.asked) == 0 {
			p.t.Fatalf("%s answers no request", resp.Command())
		}
		h := p.asked[0]
		p.asked = p.asked[1:]
		p.write(encode(p.t, h.Sequence, status, resp))
	}
}

// Forget leaves the oldest expected request without an answer.
func Forget() Step {
	return func(p *peer) { p.asked = p.asked[1:] }
}

// Send sends a request with the next sequence number, from 1.
func Send(req smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		p.seq++
		p.write(encode(p.t, p.seq, smpp.OK, req))
	}
}

// ExpectAnswer waits for the answer to the request sent last.
func ExpectAnswer(status smpp.Status, want smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		ExpectReply(p.seq, status, want)(p)
	}
}

// ExpectReply waits for the answer to the request with that sequence number.
func ExpectReply(seq uint32, status smpp.Status, want smpp.PDU) Step {
	return func(p *peer) {
		p.t.Helper()
		h, _ := p.receive(status, want)
		if h.Sequence != seq && !p.t.Failed() {
			p.t.Errorf("%s has sequence number %d, want %d", want.Command(), h.Sequence, seq)
		}
	}
}

// Raw writes octets as they are, each piece in a write of its own.
func Raw(pieces ...[]byte) Step {
	return func(p *peer) {
		p.t.Helper()
		for _, b := range pieces {
			p.write(b)
		}
	}
}

// Wait lets time pass, and lets the subject do all it can before and after.
func Wait(d time.Duration) Step {
	return func(*peer) {
		synctest.Wait()
		time.Sleep(d)
		synctest.Wait()
	}
}

// Do calls f when the subject has done all it can.
func Do(f func()) Step {
	return func(*peer) {
		synctest.Wait()
		f()
	}
}

// ExpectClose waits until the subject closes; nothing may come before.
func ExpectClose() Step {
	return func(p *peer) {
		p.t.Helper()
		p.closed()
	}
}

// ExpectCloseAfter is ExpectClose for a subject that closes when exactly d has passed.
func ExpectCloseAfter(d time.Duration) Step {
	return func(p *peer) {
		p.t.Helper()
		if got := p.closed(); got != d && !p.t.Failed() {
			p.t.Errorf("closed after %s, want %s", got, d)
		}
	}
}

// Close closes the peer's end.
func Close() Step {
	return func(p *peer) { _ = p.conn.Close() }
}
