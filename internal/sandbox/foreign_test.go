package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// A foreigner is an operator that does all that real ones have been seen to do. What it does is chosen by chance, from a seed.
type foreigner struct {
	t        *testing.T
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	chance  *rand.Rand
	submits int
	calm    bool // it does nothing odd any more
	refuse  int  // so many binds are refused first
	lines   []*line
	next    int                       // number of the next id
	parcels map[string]map[int]parcel // by receiver and part
	owed    []*smpp.DeliverSM         // receipts that are not acknowledged
	seen    map[string]int            // how often it did what
}

// A parcel is what became of a part of a message.
type parcel struct {
	total  int
	taken  int  // copies that it took
	silent int  // copies of which it did not say whether it took them, or whose answer may not have come over
	odd    bool // it was answered without an id, or with that of another part
	same   bool // it has the id that many have
}

// A parcelID names a part of the message to a receiver.
type parcelID struct {
	receiver string
	part     int
}

// foreignWindow is how many submit_sm wait for their answers at most.
const foreignWindow = 10

// A line is a connection of the platform.
type line struct {
	conn  net.Conn
	last  []parcelID // the latest that came over it
	mu    sync.Mutex
	seq   uint32
	asked map[uint32]*smpp.DeliverSM
}

func newForeigner(t *testing.T, seed uint64) *foreigner {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	o := &foreigner{
		t: t, listener: l, chance: rand.New(rand.NewPCG(seed, 1)), refuse: 2, next: 0xabc000, //nolint:gosec // repeatable
		parcels: map[string]map[int]parcel{}, seen: map[string]int{},
	}
	o.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			o.running.Go(func() { o.serve(&line{conn: conn, asked: map[uint32]*smpp.DeliverSM{}}) })
		}
	})
	t.Cleanup(o.close)
	return o
}

func (o *foreigner) close() {
	o.listener.Close()
	o.mu.Lock()
	for _, l := range o.lines {
		l.conn.Close()
	}
	o.mu.Unlock()
	o.running.Wait()
}

// end takes note of answers that may have been under way when a connection ended.
func (o *foreigner) end(l *line) {
	l.conn.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range l.last {
		c := o.parcels[id.receiver][id.part]
		c.silent++
		o.parcels[id.receiver][id.part] = c
	}
}

func (o *foreigner) serve(l *line) {
	defer o.end(l)
	o.mu.Lock()
	o.lines = append(o.lines, l)
	o.mu.Unlock()
	for r := smpp.NewReader(l.conn); ; {
		frame, err := r.Next()
		if err != nil {
			return
		}
		h, p, err := smpp.Decode(frame)
		if err != nil {
			o.t.Errorf("the platform sends what cannot be read: %v\n%s", err, smpp.Describe(frame))
			return
		}
		switch p := p.(type) {
		case *smpp.Bind:
			o.bind(l, h, p)
		case *smpp.SubmitSM:
			o.submit(l, h, p)
		case *smpp.EnquireLink:
			l.write(h.Sequence, smpp.OK, &smpp.EnquireLinkResp{})
		case *smpp.Unbind:
			l.write(h.Sequence, smpp.OK, &smpp.UnbindResp{})
			return
		case *smpp.DeliverSMResp:
			o.acknowledged(l, h)
		}
	}
}

// write sends a PDU octet by octet now and then.
func (l *line) write(seq uint32, status smpp.Status, p smpp.PDU) {
	frame, err := smpp.Append(nil, seq, status, p)
	if err == nil {
		l.raw(frame)
	}
}

func (l *line) raw(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(frame)%3 == 0 {
		for i := range frame {
			if _, err := l.conn.Write(frame[i : i+1]); err != nil {
				return
			}
		}
		return
	}
	_, _ = l.conn.Write(frame)
}

func (o *foreigner) bind(l *line, h smpp.Header, b *smpp.Bind) {
	o.mu.Lock()
	refused := o.refuse > 0
	o.refuse--
	o.mu.Unlock()
	if refused {
		l.write(h.Sequence, smpp.BindFailed, &smpp.BindResp{Mode: b.Mode})
		l.conn.Close()
		return
	}
	// A name that is too long, and parameters that are none.
	body := append([]byte("an-smsc-with-a-very-long-name.example.org\x00"), 0x02, 0x10, 0x00, 0x09, 0x50)
	frame := []byte{0, 0, 0, byte(16 + len(body)), 0x80, 0, 0, 9, 0, 0, 0, 0, byte(h.Sequence >> 24), byte(h.Sequence >> 16), byte(h.Sequence >> 8), byte(h.Sequence)}
	l.raw(append(frame, body...))
	o.mu.Lock()
	owed := slices.Clone(o.owed)
	o.mu.Unlock()
	for _, d := range owed { // at once, before anything is submitted
		o.deliver(l, d)
	}
}

// oddities are what it may do with a submit_sm, and how likely each is.
var oddities = []struct {
	name   string
	weight int
}{
	{"accept", 40},
	{"receipt first", 8},
	{"throttle", 6},
	{"queue full", 3},
	{"system error", 4},
	{"temporary", 2},
	{"silent, taken", 4},
	{"silent, not taken", 3},
	{"late answer", 4},
	{"cut, taken", 2},
	{"cut, not taken", 2},
	{"nack", 1},
	{"refuse", 3},
	{"strange status", 1},
	{"no id", 2},
	{"long id", 3},
	{"same id", 3},
	{"broken TLV", 3},
	{"unbind", 1},
	{"answered twice", 3},
	{"answer to nothing", 2},
}

// oddSubmits is after how many submit_sm it becomes well-behaved.
const oddSubmits = 250

func (o *foreigner) choose() string {
	if o.calm {
		return "accept"
	}
	sum := 0
	for _, c := range oddities {
		sum += c.weight
	}
	n := o.chance.IntN(sum)
	for _, c := range oddities {
		if n -= c.weight; n < 0 {
			return c.name
		}
	}
	return "accept"
}

// part tells which part of its message a PDU is.
func part(p *smpp.SubmitSM) (seq, total int) {
	if p.ESMClass&smpp.ESMUDHI != 0 {
		if header, _, err := smpp.ParseUDH(p.Text()); err == nil {
			if c, ok := header.Concat(); ok {
				return int(c.Seq), int(c.Total)
			}
		}
	}
	return 1, 1
}

func (o *foreigner) submit(l *line, h smpp.Header, p *smpp.SubmitSM) {
	o.mu.Lock()
	o.submits++
	o.calm = o.submits > oddSubmits
	what := o.choose()
	o.seen[what]++
	o.next++
	id := fmt.Sprintf("%08X", o.next)
	switch what {
	case "long id":
		id = strings.Repeat("0123456789", 8) + id
	case "same id":
		id = "SAME"
	}
	taken := !slices.Contains([]string{"throttle", "queue full", "system error", "temporary", "silent, not taken", "cut, not taken", "nack", "refuse", "strange status"}, what)
	seq, total := part(p)
	if o.parcels[p.Dest.Addr] == nil {
		o.parcels[p.Dest.Addr] = map[int]parcel{}
	}
	c := o.parcels[p.Dest.Addr][seq]
	c.total = total
	l.last = append(l.last, parcelID{p.Dest.Addr, seq})
	l.last = l.last[max(0, len(l.last)-foreignWindow):]
	if taken {
		c.taken++
	}
	if strings.HasPrefix(what, "silent") || strings.HasPrefix(what, "cut") || what == "late answer" {
		c.silent++
	}
	c.odd = c.odd || what == "no id"
	if what == "same id" {
		for _, other := range o.parcels[p.Dest.Addr] {
			c.odd = c.odd || other.same
		}
		c.same = true
	}
	o.parcels[p.Dest.Addr][seq] = c
	var receipts []*smpp.DeliverSM
	if taken {
		receipts = o.receipts(id, p)
		o.owed = append(o.owed, receipts...)
	}
	o.mu.Unlock()

	answer := func(status smpp.Status) { l.write(h.Sequence, status, &smpp.SubmitSMResp{MessageID: id}) }
	rest := receipts
	switch what {
	case "receipt first":
		for _, d := range receipts {
			o.deliver(l, d)
		}
		rest = nil
		answer(smpp.OK)
	case "throttle":
		answer(smpp.Throttled)
	case "queue full":
		answer(smpp.QueueFull)
	case "system error":
		answer(smpp.SystemError)
	case "temporary":
		answer(smpp.ReceiverTemporaryError)
	case "silent, taken", "silent, not taken":
	case "late answer":
		o.running.Go(func() {
			<-time.After(1500 * time.Millisecond)
			answer(smpp.OK)
		})
	case "cut, taken", "cut, not taken":
		l.conn.Close()
		return
	case "nack":
		l.write(h.Sequence, smpp.InvalidCommandLength, &smpp.GenericNack{})
	case "refuse":
		answer(smpp.InvalidDest)
	case "strange status":
		answer(smpp.Status(0x4ff))
	case "no id":
		l.write(h.Sequence, smpp.OK, &smpp.SubmitSMResp{})
	case "long id":
		body := append([]byte(id), 0)
		l.raw(append([]byte{0, 0, 0, byte(16 + len(body)), 0x80, 0, 0, 4, 0, 0, 0, 0, byte(h.Sequence >> 24), byte(h.Sequence >> 16), byte(h.Sequence >> 8), byte(h.Sequence)}, body...))
	case "broken TLV":
		body := append([]byte(id), 0, 4, 0x24, 0xff, 0xff, 1)
		l.raw(append([]byte{0, 0, 0, byte(16 + len(body)), 0x80, 0, 0, 4, 0, 0, 0, 0, byte(h.Sequence >> 24), byte(h.Sequence >> 16), byte(h.Sequence >> 8), byte(h.Sequence)}, body...))
	case "unbind":
		answer(smpp.OK)
		l.write(o.seq(l, nil), smpp.OK, &smpp.Unbind{})
	case "answered twice":
		answer(smpp.OK)
		answer(smpp.Throttled)
	case "answer to nothing":
		l.write(h.Sequence+1_000_000, smpp.OK, &smpp.SubmitSMResp{MessageID: "nobody"})
		answer(smpp.OK)
	default:
		answer(smpp.OK)
	}
	for _, d := range rest {
		o.deliver(l, d)
	}
}

// doomed receivers are never reached.
func doomed(receiver string) bool { return strings.HasSuffix(receiver, "7") }

// receipts makes what it will say about a message it has taken: in this form or that. The caller holds mu.
func (o *foreigner) receipts(id string, p *smpp.SubmitSM) (all []*smpp.DeliverSM) {
	stat, state, code := "DELIVRD", smpp.StateDelivered, "000"
	if doomed(p.Dest.Addr) {
		stat, state, code = "UNDELIV", smpp.StateUndeliverable, "001"
	}
	make1 := func(stat string, state smpp.MessageState) *smpp.DeliverSM {
		d := &smpp.DeliverSM{Source: p.Dest, Dest: p.Source, ESMClass: smpp.ESMReceipt}
		text := fmt.Sprintf("id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:%s err:%s text:id:0 stat:REJECTD", id, stat, code)
		form := o.chance.IntN(6)
		if o.calm {
			form = 5
		}
		switch form {
		case 0: // only parameters
			d.TLVs = smpp.TLVs{smpp.CString(smpp.TagReceiptedMessageID, id), smpp.Uint8(smpp.TagMessageState, byte(state))}
			return d
		case 1: // in the payload, lower case, order changed
			text = fmt.Sprintf("stat=%s err=%s id=%s", strings.ToLower(stat), code, strings.ToLower(id))
			d.TLVs = smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte(text)}}
			return d
		case 2: // without esm_class
			d.ESMClass = 0
		case 3: // hardly anything
			text = fmt.Sprintf("id:%s stat:%s", id, stat)
		case 4: // with a header, and seconds
			text = "\x05\x00\x03\x01\x01\x01" + strings.ReplaceAll(text, "2601010000", "20260101000000")
			d.ESMClass |= smpp.ESMUDHI
		}
		d.ShortMessage = []byte(text)
		return d
	}
	if o.chance.IntN(4) == 0 {
		all = append(all, make1([]string{"ENROUTE", "ACCEPTD", "BUFFRED", "XYZ"}[o.chance.IntN(4)], smpp.StateEnroute))
	}
	all = append(all, make1(stat, state))
	if o.chance.IntN(5) == 0 {
		all = append(all, make1(stat, state)) // again
	}
	if o.chance.IntN(10) == 0 {
		d := *all[len(all)-1]
		d.ESMClass, d.TLVs, d.ShortMessage = smpp.ESMReceipt, nil, []byte("id:NOBODY stat:DELIVRD")
		d.Source.Addr = "33600000000"
		all = append(all, &d)
	}
	return all
}

func (o *foreigner) seq(l *line, d *smpp.DeliverSM) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	if d != nil {
		l.asked[l.seq] = d
	}
	return l.seq
}

func (o *foreigner) deliver(l *line, d *smpp.DeliverSM) { l.write(o.seq(l, d), smpp.OK, d) }

// acknowledged forgets a receipt that was taken; one that was refused comes again.
func (o *foreigner) acknowledged(l *line, h smpp.Header) {
	l.mu.Lock()
	d := l.asked[h.Sequence]
	delete(l.asked, h.Sequence)
	l.mu.Unlock()
	if d == nil {
		return
	}
	if h.Status != smpp.OK {
		o.deliver(l, d)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.owed, d); i >= 0 {
		o.owed = slices.Delete(o.owed, i, i+1)
	}
}

// Whatever an operator does: nothing is lost, nothing is sent twice without a mark, states and books are right.
func TestAForeignOperator(t *testing.T) {
	const messages = 100
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		o := newForeigner(t, 1)
		addr := o.listener.Addr().(*net.TCPAddr)
		p.SetCarrier(map[string]any{
			"host": "127.0.0.1", "port": addr.Port, "responseTimeoutSeconds": 1, "window": foreignWindow, "inDoubt": "resend", "systemId": "ramier", "password": "secret",
		})
		ids := map[int64]string{}
		for i := 0; i < messages; i += 10 {
			var to []string
			for j := range 10 {
				to = append(to, fmt.Sprintf("+336123%05d", i+j))
			}
			text := "One part"
			if i%30 == 0 {
				text = strings.Repeat("Three parts of a text that is long. ", 10)
			}
			r := p.Send(text, to, map[string]any{"validityPeriod": 600})
			for k, id := range r.IDs {
				ids[id] = strings.TrimPrefix(r.ValidReceivers[k], "+")
			}
		}
		left, carrier := map[int64]sms.Message{}, int64(0)
		settled := func() bool {
			clear(left)
			lanes, err := p.App.Store.Lanes(t.Context())
			check(t, err)
			for id, to := range ids {
				m, _, err := p.App.Store.Message(t.Context(), 0, id)
				check(t, err)
				carrier = m.CarrierID
				if !m.State.Final() && !o.allows(to, m) {
					left[id] = m
				}
			}
			claims, err := p.App.Store.CountClaims(t.Context(), carrier, "")
			check(t, err)
			return claims == 0 && len(lanes) == 0 && len(left) == 0
		}
		deadline := time.Now().Add(4 * time.Minute)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for !settled() && time.Now().Before(deadline) {
			p.Clock.Advance(2 * time.Second)
			<-tick.C
		}
		t.Log("it did: ", o.seen)
		for id, m := range left {
			var trail story
			check(t, p.OVH.Get(fmt.Sprintf("%s/outgoing/%d/trail", p.Path(""), id), &trail))
			owes := 0
			for _, d := range o.owed {
				if d.Source.Addr == ids[id] {
					owes++
				}
			}
			t.Errorf("message %d to %s is %s (%s), refs %q: %+v, owes %d\n%v", id, m.Receiver, m.State, m.Error, m.Refs, o.parcels[ids[id]], owes, trail.Steps[2:])
		}
		for id, to := range ids {
			o.judge(t, p, id, to)
		}
		p.Audit()
	})
}

// allows tells whether a message may stay as it is for ever.
func (o *foreigner) allows(to string, m sms.Message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken, odd := 0, false
	for _, c := range o.parcels[to] {
		taken, odd = taken+c.taken, odd || c.odd
	}
	switch m.State {
	case sms.Sent, sms.Buffered:
		return odd // no receipt can be known for it
	case sms.InDoubt:
		return m.Attempts >= 3 && (taken == 0 || m.PDUs() > 1) // held: it was tried three times, and no receipt came
	}
	return false
}

// judge compares a message with what the operator knows about it.
func (o *foreigner) judge(t *testing.T, p *sandboxtest.Platform, id int64, to string) {
	t.Helper()
	o.mu.Lock()
	parts := o.parcels[to]
	o.mu.Unlock()
	m, _, err := p.App.Store.Message(t.Context(), 0, id)
	check(t, err)
	taken, twice, odd, silent, whole := 0, false, false, 0, len(parts) > 0
	for _, c := range parts {
		taken, twice, odd, silent = taken+c.taken, twice || c.taken > 1, odd || c.odd, silent+c.silent
		whole = whole && c.taken > 0 && len(parts) == c.total
	}
	var trail story
	check(t, p.OVH.Get(fmt.Sprintf("%s/outgoing/%d/trail", p.Path(""), id), &trail))
	tell := func(what string) {
		t.Errorf("message %d to %s is %s, credits %v, %s: %+v, %q\n%v", id, to, m.State, m.Credits, what, parts, m.Error, trail.Steps)
	}
	held := m.State == sms.InDoubt // or still to be tried again: nothing is lost
	switch {
	case twice && !trail.PossibleDuplicate:
		tell("was sent twice and is not marked")
	case m.State == sms.Refused && taken > 0:
		tell("is said not to have been sent")
	case m.State == sms.Delivered && (!whole || doomed(to)):
		tell("did not arrive")
	case whole && !odd && silent == 0 && !held && !doomed(to) && m.State != sms.Delivered:
		tell("arrived")
	case whole && !odd && silent == 0 && !held && doomed(to) && m.State != sms.Failed:
		tell("could not arrive")
	}
}
