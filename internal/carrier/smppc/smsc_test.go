package smppc_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/carrier/smppc"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A reply is how the operator treats one submit_sm; the zero value accepts it with the next of id-1, id-2, ...
type reply struct {
	status smpp.Status
	id     string // "none" for an answer without one
	after  time.Duration
	silent bool
	cut    bool // closes the connection instead
	tlvs   smpp.TLVs
}

// An smsc is the operator at the other end of a carrier.
type smsc struct {
	t      testing.TB
	server smpp.Server

	mu       sync.Mutex
	replies  []reply
	refusals []smpp.Status // of the binds to come
	down     bool          // nobody answers the telephone
	submits  []*smpp.SubmitSM
	binds    []smpp.Bind
	bound    []*smpp.Session
	live     int // connections
	most     int // at the same time
	accepted int
	timers   sync.WaitGroup
	query    func(*smpp.QuerySM) (smpp.Status, smpp.PDU) // nil: it knows no such request
}

func newSMSC(t testing.TB, replies ...reply) *smsc {
	o := &smsc{t: t, replies: replies}
	o.server.SystemID = "operator"
	o.server.Bind = func(_ context.Context, _ net.Addr, b smpp.Bind) (smpp.Settings, smpp.Status) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.binds = append(o.binds, b)
		if len(o.refusals) > 0 {
			status := o.refusals[0]
			o.refusals = o.refusals[1:]
			return smpp.Settings{Handler: o.handle}, status
		}
		return smpp.Settings{Handler: o.handle}, smpp.OK
	}
	o.server.Bound = func(s *smpp.Session) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.bound = append(o.bound, s)
	}
	return o
}

// dial connects a carrier to the operator.
func (o *smsc) dial(context.Context, string, string) (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	o.live++
	o.most = max(o.most, o.live)
	go func() {
		o.server.ServeConn(ours)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.live--
	}()
	return theirs, nil
}

func (o *smsc) handle(s *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
	if q, ok := p.(*smpp.QuerySM); ok && o.query != nil {
		respond(o.query(q))
		return
	}
	submit, ok := p.(*smpp.SubmitSM)
	if !ok {
		respond(smpp.InvalidCommandID, nil)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.submits = append(o.submits, submit)
	var r reply
	if len(o.replies) > 0 {
		r, o.replies = o.replies[0], o.replies[1:]
	}
	resp := &smpp.SubmitSMResp{TLVs: r.tlvs}
	if r.status == smpp.OK && !r.silent && !r.cut {
		o.accepted++
		resp.MessageID = cmp.Or(r.id, fmt.Sprintf("id-%d", o.accepted))
	}
	if r.id == "none" {
		resp.MessageID = ""
	}
	switch {
	case r.cut:
		go s.Close()
	case r.silent:
	case r.after > 0:
		o.timers.Go(func() {
			time.Sleep(r.after) // the operator takes its time
			respond(r.status, resp)
		})
	default:
		respond(r.status, resp)
	}
}

// session gives the youngest session that is bound like that.
func (o *smsc) session(mode smpp.BindMode) *smpp.Session {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range slices.Backward(o.bound) {
		if s.Bind().Mode == mode && s.Err() == nil {
			return s
		}
	}
	o.t.Fatalf("no session is bound as %s", mode)
	return nil
}

// A tally is what an operator has counted.
type tally struct{ binds, submits, live, most int }

func (o *smsc) count() tally {
	o.mu.Lock()
	defer o.mu.Unlock()
	return tally{len(o.binds), len(o.submits), o.live, o.most}
}

// sessions gives those that were ever bound.
func (o *smsc) sessions() []*smpp.Session {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.bound)
}

// request sends p to the carrier and gives the status of its answer.
func (o *smsc) request(mode smpp.BindMode, p smpp.PDU) smpp.Status {
	o.t.Helper()
	_, err := o.session(mode).Request(context.Background(), p)
	status, refused := errors.AsType[smpp.Status](err)
	if err != nil && !refused {
		o.t.Errorf("%s: %v", p.Command(), err)
	}
	return status
}

func (o *smsc) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = o.server.Shutdown(ctx) // at once
	o.timers.Wait()
}

// An inbox keeps what a carrier brings; it acknowledges everything with err.
type inbox struct {
	mu       sync.Mutex
	receipts []sms.Receipt
	incoming []sms.Incoming
	late     []sms.Answer
	err      error
	wakes    int
}

func (b *inbox) port() sms.Inbox {
	return sms.Inbox{
		Receipt: func(r sms.Receipt, ack func(error)) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.receipts = append(b.receipts, r)
			ack(b.err)
		},
		Incoming: func(in sms.Incoming, ack func(error)) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.incoming = append(b.incoming, in)
			ack(b.err)
		},
		Late: func(a sms.Answer) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.late = append(b.late, a)
		},
		Wake: func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.wakes++
		},
	}
}

func (b *inbox) woken() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wakes
}

// A rig is a carrier that runs, with what is at its two ends.
type rig struct {
	*smppc.Carrier
	smsc  *smsc
	inbox *inbox
	stop  func() // and wait

	mu      sync.Mutex
	answers []sms.Answer
}

func settings() sms.CarrierSettings {
	s := sms.DefaultCarrierSettings()
	s.Host, s.SystemID = "smsc.example", "ramier"
	return s
}

func carrierOf(s sms.CarrierSettings) sms.Carrier {
	return sms.Carrier{ID: 7, Name: "operator", Kind: "smpp", Rev: 3, Settings: s, Password: "secret"}
}

// options draws 0 for chance: all pauses are as long as they get.
func options(o *smsc) smppc.Options {
	return smppc.Options{Dial: o.dial, Random: func() float64 { return 0 }}
}

// launch runs a carrier in the bubble of t until the test is over.
func launch(t *testing.T, s sms.CarrierSettings, o *smsc) *rig {
	r := &rig{smsc: o, inbox: &inbox{}}
	r.Carrier = smppc.New(carrierOf(s), r.inbox.port(), options(o))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(func() {
		r.stop()
		o.close()
	})
	synctest.Wait()
	return r
}

// message is one to send; they differ in their ids.
func message(id int64, text string) sms.Outbound {
	return sms.Outbound{MessageID: id, Source: "Ramier", Receiver: "+33612345678", Text: text, Class: sms.PhoneDisplay, Priority: sms.Medium, Parts: 1}
}

func (r *rig) send(id int64, text string) { r.hand(message(id, text)) }

func (r *rig) hand(m sms.Outbound) {
	r.Submit(context.Background(), m, func(a sms.Answer) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.answers = append(r.answers, a)
	})
}

// states gives the states of the answers so far, in the order of the messages' ids.
func (r *rig) states() []sms.State {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.answers, func(a, b sms.Answer) int { return cmp.Compare(a.MessageID, b.MessageID) })
	var states []sms.State
	for _, a := range r.answers {
		states = append(states, a.State)
	}
	return states
}

func (r *rig) want(t *testing.T, states ...sms.State) {
	t.Helper()
	if got := r.states(); !slices.Equal(got, states) {
		t.Errorf("the messages are %q, want %q", got, states)
	}
}
