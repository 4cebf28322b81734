package apptest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Line is what is wrong with the line between two peers. The zero value is a sound one.
type Line struct {
	// Down takes no connections, and cuts those that are there.
	Down bool
	// StallUp and StallDown let nothing through, to the server or to the client, without closing anything.
	StallUp, StallDown bool
	// Delay holds back all that comes, in both directions.
	Delay time.Duration
	// Trickle delivers octet by octet.
	Trickle bool
	// Cut is after how many octets, in either direction, the next connection breaks; 0 = it does not.
	Cut int
	// Poison breaks each connection on which it is sent to the server.
	Poison string
	// Overtake lets what the operator begins, such as receipts, overtake its answers to submit_sm.
	Overtake bool
}

// A Proxy stands between a client and a server, and breaks the line between them.
type Proxy struct {
	server  string
	l       net.Listener
	running sync.WaitGroup

	mu      sync.Mutex
	line    Line
	changed chan struct{} // closed when line changes
	conns   map[net.Conn]bool
	held    int // pieces that wait for the end of a stall
}

// NewProxy starts a proxy to a server; it goes with the test.
func NewProxy(t *testing.T, server string) *Proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{server: server, l: l, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Set(Line{Down: true})
		p.running.Wait()
	})
	return p
}

// Addr is where clients connect.
func (p *Proxy) Addr() *net.TCPAddr { return p.l.Addr().(*net.TCPAddr) }

// Set changes the line, for the connections that are there as for new ones.
func (p *Proxy) Set(line Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = line
	close(p.changed)
	p.changed = make(chan struct{})
	if line.Down {
		for c := range p.conns {
			c.Close()
		}
	}
}

// Break cuts the connections that are there.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Holds tells that something waits for the end of a stall.
func (p *Proxy) Holds() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held > 0
}

func (p *Proxy) holds(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held += n
}

func (p *Proxy) now() (Line, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line, p.changed
}

func (p *Proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server) //nolint:noctx // it is on this machine
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	line := p.line
	p.line.Cut = 0
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()
	if line.Down {
		return
	}
	w := &wire{p: p, left: line.Cut, over: make(chan struct{})}
	var both sync.WaitGroup
	both.Go(func() { w.carry(server, client, true) })
	both.Go(func() { w.carry(client, server, false) })
	both.Wait()
}

// wire is one connection through the proxy.
type wire struct {
	p    *Proxy
	once sync.Once
	over chan struct{} // closed with the first end
	mu   sync.Mutex
	left int // octets until it breaks, if it is to
}

// carry brings what comes from one end to the other.
func (w *wire) carry(to, from net.Conn, up bool) {
	defer w.once.Do(func() { close(w.over) })
	defer to.Close()
	defer from.Close()
	if line, _ := w.p.now(); line.Overtake && !up {
		w.overtake(to, from)
		return
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !w.forward(to, buf[:n], up) {
			return
		}
		if err != nil {
			return
		}
	}
}

// forward writes what the line lets through.
func (w *wire) forward(to net.Conn, b []byte, up bool) bool {
	if !w.hold(up) {
		return false
	}
	cut := false
	w.mu.Lock()
	if w.left > 0 {
		if cut = len(b) >= w.left; cut {
			b = b[:w.left-1]
		}
		w.left = max(1, w.left-len(b))
	}
	w.mu.Unlock()
	line, _ := w.p.now()
	if up && line.Poison != "" && bytes.Contains(b, []byte(line.Poison)) {
		return false
	}
	step := len(b)
	if line.Trickle {
		step = 1
	}
	for ; len(b) > 0; b = b[min(step, len(b)):] {
		if _, err := to.Write(b[:min(step, len(b))]); err != nil {
			return false
		}
	}
	return !cut
}

// hold waits while the line stalls.
func (w *wire) hold(up bool) bool {
	line, changed := w.p.now()
	if line.Delay > 0 && !w.wait(line.Delay) {
		return false
	}
	w.p.holds(1)
	defer w.p.holds(-1)
	for up && line.StallUp || !up && line.StallDown {
		select {
		case <-changed:
		case <-w.over:
			return false
		}
		line, changed = w.p.now()
	}
	return true
}

func (w *wire) wait(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-w.over:
		return false
	}
}

// lag is by how much answers are late when they are overtaken.
const lag = 30 * time.Millisecond

// submitAnswer is the command_id of submit_sm_resp.
const submitAnswer = 0x80000004

// overtake brings the operator's PDUs to the client, answers to submit_sm later than all else.
func (w *wire) overtake(to, from net.Conn) {
	var writing sync.Mutex
	var late sync.WaitGroup
	defer late.Wait()
	defer w.once.Do(func() { close(w.over) })
	write := func(pdu []byte) bool {
		writing.Lock()
		defer writing.Unlock()
		return w.forward(to, pdu, false)
	}
	for {
		head := make([]byte, 16)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head)
		if length < 16 || length > 1<<20 {
			return
		}
		pdu := make([]byte, length)
		copy(pdu, head)
		if _, err := io.ReadFull(from, pdu[16:]); err != nil {
			return
		}
		if binary.BigEndian.Uint32(pdu[4:]) == submitAnswer {
			late.Go(func() {
				if w.wait(lag) {
					write(pdu)
				}
			})
		} else if !write(pdu) {
			return
		}
	}
}
