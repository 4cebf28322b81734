package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/clock"
	"ramier/internal/dispatch"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const alice, bob, carol = "+33639980001", "+33639980002", "+33639980003"

// port is a carrier that does what a test says. It answers Sent by itself unless it holds answers back.
type port struct {
	carrier sms.Carrier
	inbox   sms.Inbox

	mu     sync.Mutex
	up     bool
	room   int
	hold   bool
	reply  func(m sms.Outbound, n int) sms.Answer // to the nth message that was handed over
	handed []sms.Outbound
	open   []func(sms.Answer)
	cuts   int
	opens  sync.WaitGroup
	asked  []string
	told   func(ref string) (sms.Receipt, error)
	since  time.Time
}

// Run is up until ctx ends, and then waits for its answers.
func (p *port) Run(ctx context.Context) {
	p.set(func() { p.up = true })
	p.inbox.Wake()
	<-ctx.Done()
	p.opens.Wait()
	p.set(func() { p.up = false })
}

func (p *port) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *port) Room() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return 0
	}
	return max(0, p.room-len(p.open))
}

func (p *port) Status() sms.CarrierStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up && p.room > 0 {
		return sms.CarrierStatus{State: "connected", Since: p.since}
	}
	return sms.CarrierStatus{State: "connecting"}
}

func (p *port) Submit(_ context.Context, m sms.Outbound, answer func(sms.Answer)) {
	p.mu.Lock()
	p.handed = append(p.handed, m)
	if p.hold {
		p.opens.Add(1)
		p.open = append(p.open, func(a sms.Answer) { answer(a); p.opens.Done() })
		p.mu.Unlock()
		return
	}
	a := p.reply(m, len(p.handed))
	p.mu.Unlock()
	answer(a)
}

// Ask makes it a dispatch.Asker.
func (p *port) Ask(_ context.Context, ref, source string) (sms.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, ref+" "+source)
	return p.told(ref)
}

// questions gives what the operator was asked.
func (p *port) questions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// release answers what is held back, with one reference each or those given, and all that comes.
func (p *port) release(refs ...string) {
	p.mu.Lock()
	open := p.open
	p.open, p.hold = nil, false
	p.mu.Unlock()
	for i, answer := range open {
		a := sms.Answer{State: sms.Sent, Refs: refs, PTT: sms.PTTAccepted}
		if len(refs) == 0 {
			a.Refs = []string{fmt.Sprintf("held-%d", i)}
		}
		answer(a)
	}
}

// Cut leaves what has no answer in doubt.
func (p *port) Cut() {
	p.mu.Lock()
	open := p.open
	p.open, p.cuts = nil, p.cuts+1
	p.mu.Unlock()
	for _, answer := range open {
		answer(sms.Answer{State: sms.InDoubt, PTT: sms.PTTAccepted})
	}
}

func (p *port) texts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, m := range p.handed {
		all = append(all, m.Text)
	}
	return strings.Join(all, " ")
}

func (p *port) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.handed)
}

// accepts answers each message with references of its own.
func accepts(m sms.Outbound, n int) sms.Answer {
	refs := make([]string, m.Parts)
	for i := range refs {
		refs[i] = fmt.Sprintf("%d-%d-%d", m.MessageID, n, i)
	}
	return sms.Answer{State: sms.Sent, Refs: refs, PTT: sms.PTTAccepted}
}

func answers(state sms.State) func(sms.Outbound, int) sms.Answer {
	return func(sms.Outbound, int) sms.Answer { return sms.Answer{State: state} }
}

// first answers once in one way, and then in another.
func first(n int, a, then func(sms.Outbound, int) sms.Answer) func(sms.Outbound, int) sms.Answer {
	return func(m sms.Outbound, i int) sms.Answer {
		if i <= n {
			return a(m, i)
		}
		return then(m, i)
	}
}

// world is a store with a shop, a clock that stands still, and a dispatcher.
type world struct {
	t     *testing.T
	s     *store.Store
	shop  storetest.Shop
	clock *clock.Clock
	d     *dispatch.Dispatcher
	// patience is set if it is not zero.
	patience time.Duration

	mu    sync.Mutex
	ports []*port
	make  func(*port) // what a test wants of each carrier
}

func newWorld(t *testing.T, s *store.Store, prepare func(*port)) *world {
	t.Helper()
	return &world{t: t, s: s, shop: storetest.NewShop(t, s), clock: clock.At(storetest.Noon), make: prepare}
}

func (w *world) start() *world {
	w.t.Helper()
	w.d = dispatch.New(dispatch.Config{Store: w.s, Clock: w.clock, NewCarrier: func(c sms.Carrier, inbox sms.Inbox) dispatch.Carrier {
		p := &port{carrier: c, inbox: inbox, room: c.Settings.Window, reply: accepts}
		if w.make != nil {
			w.make(p)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ports = append(w.ports, p)
		return p
	}})
	if w.patience > 0 {
		w.d.SetPatience(w.patience)
	}
	w.must(w.d.Start(w.t.Context()))
	w.t.Cleanup(w.stop)
	return w
}

func (w *world) stop() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), time.Minute)
	defer cancel()
	w.d.Stop(ctx)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// port gives the latest carrier.
func (w *world) port() *port {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ports) == 0 {
		w.t.Fatal("no carrier was started")
	}
	return w.ports[len(w.ports)-1]
}

func (w *world) change(f func(*sms.Carrier)) {
	w.t.Helper()
	w.must(w.s.ChangeCarrier(w.t.Context(), w.shop.Carrier.Name, func(c *sms.Carrier) error {
		f(c)
		return nil
	}))
}

func (w *world) send(text string, receivers ...string) int64 {
	w.t.Helper()
	return w.accept(storetest.Order(text, receivers...))
}

func (w *world) accept(o sms.Order) int64 {
	w.t.Helper()
	return w.shop.Accept(w.t, w.s, o, w.clock.Now())
}

func marketing(text string, receivers ...string) sms.Order {
	o := storetest.Order(text, receivers...)
	o.NoStop = false
	return o
}

// until looks every 2 ms until done says so.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			w.t.Fatal("this did not happen: ", what)
		}
	}
}

func (w *world) message(id int64) sms.Message {
	w.t.Helper()
	m, _, err := w.s.Message(w.t.Context(), 0, id)
	w.must(err)
	return m
}

func (w *world) becomes(id int64, state sms.State) sms.Message {
	w.t.Helper()
	w.until(fmt.Sprintf("message %d becomes %s, it is %s", id, state, w.message(id).State), func() bool { return w.message(id).State == state })
	return w.message(id)
}

func (w *world) books(held, used sms.Credits) {
	w.t.Helper()
	b, err := w.s.Balance(w.t.Context(), w.shop.Service.ID)
	w.must(err)
	if b.Held != held || b.Used != used || b.Available+held+used != 100*sms.Credit {
		w.t.Errorf("available %v, held %v, used %v; want held %v, used %v", b.Available, b.Held, b.Used, held, used)
	}
}

func (w *world) kinds(id int64) string {
	w.t.Helper()
	events, err := w.s.Events(w.t.Context(), id)
	w.must(err)
	var all []string
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return strings.Join(all, " ")
}

// bring gives a receipt to the dispatcher as the carrier would, and its ack.
func (w *world) bring(r sms.Receipt) error {
	w.t.Helper()
	r.CarrierID, r.At, r.DoneAt, r.Raw = w.shop.Carrier.ID, w.clock.Now(), w.clock.Now(), "id:"+strings.Join(r.Refs, ",")
	acked := make(chan error, 1)
	w.port().inbox.Receipt(r, func(err error) { acked <- err })
	return w.acked(acked)
}

func (w *world) reply(number, text string) error {
	w.t.Helper()
	acked := make(chan error, 1)
	w.port().inbox.Incoming(sms.Incoming{CarrierID: w.shop.Carrier.ID, Sender: alice, Number: number, Text: text, At: w.clock.Now()},
		func(err error) { acked <- err })
	return w.acked(acked)
}

func (w *world) acked(c chan error) error {
	w.t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(time.Minute):
		w.t.Fatal("no acknowledgement")
		return nil
	}
}

func delivered(receiver string, refs ...string) sms.Receipt {
	return sms.Receipt{Refs: refs, Receiver: receiver, State: sms.Delivered, PTT: sms.PTTDelivered}
}
