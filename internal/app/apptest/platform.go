package apptest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"ramier/internal/auth"
	"ramier/internal/calendar"
	"ramier/internal/config"
	"ramier/internal/simulator"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Options say what a platform looks like. Zero values stand for the usual.
type Options struct {
	Database string // sqlite or postgres, as storetest knows them
	URL      string // of a database, instead
	Nodes    int    // servers over the one database; 1
	Seed     uint64 // of load, kills and operator
	// Mix gives shares of the receivers a behaviour of the simulator's.
	Mix map[string]float64
	// Carrier changes the settings of the one carrier.
	Carrier func(*sms.CarrierSettings)
	// Config changes the settings of the servers.
	Config func(*config.Config)
}

// A Platform is one or more servers in processes of their own, with a simulated operator in this one.
type Platform struct {
	t        *testing.T
	Options  Options
	Operator *simulator.Simulator
	Nodes    []*Node
	Shop     storetest.Shop
	Line     *Proxy // between the servers and the operator
	// Poor is a service with credits for nothing.
	Poor string

	settings config.Config
	keys     auth.Token
}

// New makes a platform whose servers do not run yet. It goes with the test.
func New(t *testing.T, o Options) *Platform {
	t.Helper()
	o.Nodes, o.Seed = max(o.Nodes, 1), max(o.Seed, 1)
	p := &Platform{t: t, Options: o, Poor: "sms-poor-1"}
	p.Operator = simulator.New(simulator.Options{Seed: o.Seed, Mix: o.Mix, Keep: 5_000_000, Delay: time.Millisecond})
	p.Line = NewProxy(t, p.listen().String())
	at := p.Line.Addr()
	p.settings = config.Default()
	p.settings.DataDir = t.TempDir()
	p.settings.KeyFile = filepath.Join(p.settings.DataDir, "key")
	p.settings.HTTP.Listen, p.settings.AnyHost, p.settings.Log.Level = "127.0.0.1:0", true, "warn"
	if p.settings.Database = o.URL; o.URL == "" {
		p.settings.Database = storetest.URL(t, o.Database)
	}
	if o.Config != nil {
		o.Config(&p.settings)
	}
	p.Store(func(s *store.Store) { p.furnish(s, at) })
	for i := range o.Nodes {
		n := &Node{p: p, settings: p.settings}
		n.settings.Node = "ws-" + strconv.Itoa(i+1)
		p.Nodes = append(p.Nodes, n)
	}
	t.Cleanup(func() {
		for _, n := range p.Nodes {
			n.Kill()
		}
	})
	return p
}

// listen starts the operator and gives its address.
func (p *Platform) listen() *net.TCPAddr {
	p.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	p.must(err)
	served := make(chan error, 1)
	go func() { served <- p.Operator.Serve(l) }()
	p.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.Operator.Close(ctx)
		if err := <-served; err != nil {
			p.t.Log("the operator: ", err)
		}
	})
	return l.Addr().(*net.TCPAddr)
}

// furnish fills the database with customers, a carrier and keys.
func (p *Platform) furnish(s *store.Store, operator *net.TCPAddr) {
	p.t.Helper()
	ctx := p.t.Context()
	p.Shop = storetest.NewShop(p.t, s)
	p.must(s.ChangeService(ctx, p.Shop.Service.Name, withoutHours))
	_, err := s.Grant(ctx, p.Shop.Service.ID, 100_000_000*sms.Credit, "test", storetest.Noon)
	p.must(err)
	poor := sms.Service{
		Name: p.Poor, AccountID: p.Shop.Account.ID, Account: p.Shop.Account.Name, Country: "FR", Channel: "transactional",
		Status: sms.Enabled, CreatedAt: storetest.Noon,
	}
	p.must(withoutHours(&poor))
	p.must(s.AddService(ctx, &poor))
	p.must(s.AddSender(ctx, sms.Sender{
		ServiceID: poor.ID, Sender: "Ramier", Type: "alpha", Status: sms.Enabled, Referer: "custom", CreatedAt: storetest.Noon,
	}))
	p.Poor = poor.Name
	p.must(s.ChangeCarrier(ctx, p.Shop.Carrier.Name, func(c *sms.Carrier) error {
		c.Settings.Host, c.Settings.Port = operator.IP.String(), operator.Port
		c.Settings.SystemID, c.Settings.InDoubt, c.Settings.Window = "test", "resend", 50
		if p.Options.Carrier != nil {
			p.Options.Carrier(&c.Settings)
		}
		return nil
	}))
	p.keys, err = auth.CreateToken(ctx, s, time.Now(), p.Shop.Account, nil, "test", "", 0, nil)
	p.must(err)
}

// withoutHours has advertising sent at any time: these tests run by the clock on the wall.
func withoutHours(v *sms.Service) error {
	v.Settings.SendingHours = calendar.Never
	return nil
}

// Store opens the database; on SQLite only while no server has it.
func (p *Platform) Store(f func(*store.Store)) {
	p.t.Helper()
	sealer, err := store.OpenSealer(p.settings.KeyFile)
	p.must(err)
	s, err := store.Open(p.t.Context(), p.settings.Database, store.Options{Sealer: sealer, Node: "look"})
	p.must(err)
	defer func() { p.must(s.Close()) }()
	f(s)
}

// Messages goes through all messages of the shop.
func (p *Platform) Messages(s *store.Store, each func(sms.Message, sms.Job)) {
	p.t.Helper()
	ids, err := s.Outgoing(p.t.Context(), p.Shop.Service.ID, store.Filter{})
	p.must(err)
	for _, id := range ids {
		m, j, err := s.Message(p.t.Context(), p.Shop.Service.ID, id)
		p.must(err)
		each(m, j)
	}
}

func (p *Platform) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Until looks every 10 ms until done says so, for at most patience.
func (p *Platform) Until(what string, done func() bool) {
	p.t.Helper()
	p.UntilAt(10*time.Millisecond, patience, what, done)
}

// UntilAt is Until with other times.
func (p *Platform) UntilAt(every, most time.Duration, what string, done func() bool) {
	p.t.Helper()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); <-tick.C {
		if done() {
			return
		}
	}
	p.t.Fatal("this did not happen: ", what)
}

// How long what has to happen may take: of one thing, and of thousands of messages.
const (
	patience     = 2 * time.Minute
	longPatience = 15 * time.Minute
)

// A Node is one server.
type Node struct {
	p        *Platform
	settings config.Config

	mu      sync.Mutex
	address string // while it takes requests
	child   *exec.Cmd
	stdin   io.WriteCloser
	obeyed  chan struct{} // told of each order that was obeyed
	ready   chan struct{} // closed when it takes requests, or has ended
	ended   chan struct{}
	err     error // of the end
}

// Start starts the server and does not wait for it.
func (n *Node) Start() {
	n.p.t.Helper()
	text, err := json.Marshal(n.settings)
	n.p.must(err)
	child := exec.Command(os.Args[0]) //nolint:gosec,noctx // the test itself; it ends with its input
	child.Env = append(os.Environ(), childSettings+"="+string(text))
	child.Stderr = n.p.t.Output()
	stdin, err := child.StdinPipe()
	n.p.must(err)
	out, err := child.StdoutPipe()
	n.p.must(err)
	n.p.must(child.Start())
	ready, ended := make(chan struct{}), make(chan struct{})
	n.mu.Lock()
	done := make(chan struct{}, 10)
	n.child, n.stdin, n.obeyed, n.ready, n.ended, n.err = child, stdin, done, ready, ended, nil
	n.mu.Unlock()
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		if lines.Scan() {
			n.mu.Lock()
			n.address = lines.Text()
			n.mu.Unlock()
		}
		close(ready)
		for lines.Scan() {
			if lines.Text() == obeyed {
				done <- struct{}{}
			}
		}
		err := child.Wait()
		n.mu.Lock()
		n.address, n.err = "", err
		n.mu.Unlock()
	}()
}

// Ready waits until the server takes requests.
func (n *Node) Ready() {
	n.p.t.Helper()
	select {
	case <-n.ready:
	case <-time.After(patience):
	}
	if n.Address() == "" {
		n.p.t.Fatalf("%s does not take requests", n.settings.Node)
	}
}

// Up is closed when the server takes requests, or has ended.
func (n *Node) Up() <-chan struct{} { return n.ready }

// Address is where the server takes requests, empty while it does not.
func (n *Node) Address() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.address
}

// PID is the number of the server's process.
func (n *Node) PID() int { return n.child.Process.Pid }

// Pause stops the server's process where it is, until it is resumed.
func (n *Node) Pause() { n.p.must(n.child.Process.Signal(syscall.SIGSTOP)) }

// Resume has a paused server go on.
func (n *Node) Resume() { n.p.must(n.child.Process.Signal(syscall.SIGCONT)) }

// Name is what the server is called among the nodes.
func (n *Node) Name() string { return n.settings.Node }

// Kill ends the server as kill -9 does, if it runs.
func (n *Node) Kill() {
	if n.child == nil {
		return
	}
	_ = n.child.Process.Signal(syscall.SIGKILL)
	_ = n.gone()
}

// Stop ends the server in good order.
func (n *Node) Stop() {
	n.p.t.Helper()
	n.p.must(n.child.Process.Signal(syscall.SIGTERM))
	if err := n.gone(); err != nil {
		n.p.t.Errorf("the planned stop of %s: %v", n.settings.Node, err)
	}
}

func (n *Node) gone() error {
	<-n.ended
	_ = n.stdin.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.child = nil
	return n.err
}
