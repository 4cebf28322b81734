package simulator_test

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/clock"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests begin.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// patience is how long a test waits for what is sure to come.
const patience = 10 * time.Second

// An operator is a simulator on loopback, whose clock stands still until it is moved.
type operator struct {
	*simulator.Simulator
	t       testing.TB
	clock   *clock.Clock
	address string
	journal string // its file, if there is one
}

func start(t testing.TB, o simulator.Options) *operator {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.At(noon)
	}
	if o.Seed == 0 {
		o.Seed = 7
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := simulator.New(o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return &operator{s, t, o.Clock, l.Addr().String(), o.Journal}
}

// A client is an ESME that keeps what it is sent.
type client struct {
	*smpp.Session
	t   testing.TB
	got chan smpp.PDU
	say chan smpp.Status // how to answer what comes; with none, OK
}

// dial binds as a client of the name.
func (o *operator) dial(name string, mode smpp.BindMode) *client {
	o.t.Helper()
	c := &client{t: o.t, got: make(chan smpp.PDU, 1000), say: make(chan smpp.Status, 100)}
	s, err := smpp.Dial(context.Background(), smpp.Config{
		Address: o.address,
		Bind:    smpp.Bind{Mode: mode, SystemID: name, Password: "secret"},
		Settings: smpp.Settings{Window: 256, Handler: func(_ *smpp.Session, p smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
			status := smpp.OK
			select {
			case status = <-c.say:
			default:
			}
			c.got <- p
			respond(status, nil)
		}},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	c.Session = s
	o.t.Cleanup(s.Close)
	return c
}

// bind is the usual client.
func (o *operator) bind() *client { return o.dial("shop", smpp.Transceiver) }

// to is a message of a name to a number.
func to(number, text string) *smpp.SubmitSM {
	return &smpp.SubmitSM{
		Source:             smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Ramier"},
		Dest:               smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: number[1:]},
		RegisteredDelivery: smpp.RegisterReceipt,
		ShortMessage:       []byte(text),
	}
}

// shortNumber lets the message come from one that can be answered.
func shortNumber(p *smpp.SubmitSM) *smpp.SubmitSM {
	p.Source = smpp.Address{TON: smpp.TONNetworkSpecific, Addr: "38080"}
	return p
}

// ask sends a request and gives its answer.
func (c *client) ask(p smpp.PDU) (smpp.PDU, error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.Request(ctx, p)
}

// submit sends a message that is taken, and gives its id.
func (c *client) submit(p *smpp.SubmitSM) string {
	c.t.Helper()
	answer, err := c.ask(p)
	if err != nil {
		c.t.Fatalf("submit_sm to %s: %v", p.Dest.Addr, err)
	}
	return answer.(*smpp.SubmitSMResp).MessageID
}

// deliver waits for the next deliver_sm.
func (c *client) deliver() *smpp.DeliverSM {
	c.t.Helper()
	select {
	case p := <-c.got:
		return p.(*smpp.DeliverSM)
	case <-time.After(patience):
		c.t.Fatal("nothing came")
		return nil
	}
}

// receipt waits for the next receipt.
func (c *client) receipt() smpp.Receipt {
	c.t.Helper()
	p := c.deliver()
	if !smpp.IsReceipt(p) {
		c.t.Fatalf("no receipt came, but %q", p.ShortMessage)
	}
	return smpp.ParseReceipt(p, time.UTC)
}

// until waits until something is true of the operator's state.
func (o *operator) until(what string, done func(simulator.Status) bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done(o.Status()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			o.t.Fatalf("in vain: %s; %+v", what, o.Status())
		}
	}
}

// quiet waits until nothing is under way, and checks that nothing came that was not looked at.
func (o *operator) quiet(c *client) {
	o.t.Helper()
	o.until("all is done", func(s simulator.Status) bool {
		return s.Enroute == 0 && s.Receipts.Pending == 0 && s.Replies.Pending == 0
	})
	select {
	case p := <-c.got:
		o.t.Errorf("there came also %+v", p)
	default:
	}
}
