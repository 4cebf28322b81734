package app_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/auth"
	"ramier/internal/config"
	"ramier/internal/simulator"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// server is a server in a process of its own, with a simulated operator in this one.
type server struct {
	t        *testing.T
	settings config.Config
	keys     auth.Token
	operator *simulator.Simulator
	child    *exec.Cmd
	client   *ovh.Client
	shop     storetest.Shop
}

func newServer(t *testing.T, database string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, settings: config.Default(), operator: simulator.New(simulator.Options{Seed: 1})}
	s.settings.DataDir, s.settings.Database, s.settings.KeyFile = dir, storetest.URL(t, database), filepath.Join(dir, "key")
	s.settings.HTTP.Listen, s.settings.AnyHost = "127.0.0.1:0", true
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	s.must(err)
	served := make(chan error, 1)
	go func() { served <- s.operator.Serve(l) }()
	t.Cleanup(func() {
		_ = s.operator.Close(context.Background())
		<-served
	})
	s.store(func(db *store.Store) {
		s.shop = storetest.NewShop(t, db)
		_, err := db.Grant(t.Context(), s.shop.Service.ID, 10_000*sms.Credit, "test", storetest.Noon)
		s.must(err)
		s.must(db.ChangeCarrier(t.Context(), s.shop.Carrier.Name, func(c *sms.Carrier) error {
			at := l.Addr().(*net.TCPAddr)
			c.Settings.Host, c.Settings.Port, c.Settings.SystemID, c.Settings.InDoubt = at.IP.String(), at.Port, "test", "resend"
			c.Settings.Window = 20
			return nil
		}))
		s.keys, err = auth.CreateToken(t.Context(), db, time.Now(), s.shop.Account, nil, "test", "", 0, nil)
		s.must(err)
	})
	return s
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// store opens the database while no server has it.
func (s *server) store(f func(*store.Store)) {
	s.t.Helper()
	sealer, err := store.OpenSealer(s.settings.KeyFile)
	s.must(err)
	db, err := store.Open(s.t.Context(), s.settings.Database, store.Options{Sealer: sealer, Node: "look"})
	s.must(err)
	f(db)
	s.must(db.Close())
}

// start starts the child and waits until it takes requests.
func (s *server) start() {
	s.t.Helper()
	n := s.startNode(s.settings.Node)
	s.child, s.client = n.child, n.client
}

func (s *server) end(sig os.Signal) {
	s.t.Helper()
	s.endChild(s.child, sig)
}

// send posts a job and gives its ids; an error is for the caller to judge.
func (s *server) send(text string, receivers []string) ([]int64, error) {
	return s.post(s.client, text, receivers)
}

// until looks every 10 ms until done says so, for at most a minute.
func (s *server) until(what string, done func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 6000 {
		if done() {
			return
		}
		<-tick.C
	}
	s.t.Fatal("this did not happen: ", what)
}

func (s *server) submitted() uint64 { return s.operator.Status().Accepted }

// count compares what was accepted with what the handsets have.
func (s *server) count(accepted map[string]int64) {
	s.t.Helper()
	all, err := s.operator.Search(simulator.Query{Limit: 1_000_000})
	s.must(err)
	arrived := map[string]int{}
	for _, m := range all {
		arrived[m.Text+m.To]++
	}
	lost, unmarked, marked := 0, 0, 0
	s.store(func(db *store.Store) {
		for key, id := range accepted {
			m, _, err := db.Message(s.t.Context(), 0, id)
			s.must(err)
			switch {
			case arrived[key] == 0:
				lost++
			case arrived[key] > 1 && !m.Duplicate:
				unmarked++
			case arrived[key] > 1:
				marked++
			}
			if m.State != sms.Delivered {
				s.t.Errorf("message %d is %s", id, m.State)
			}
			delete(arrived, key)
		}
		a, err := db.Audit(s.t.Context())
		s.must(err)
		if len(a.Findings) > 0 {
			s.t.Errorf("the audit of %d messages finds %v", a.Messages, a.Findings)
		}
		b, err := db.Balance(s.t.Context(), s.shop.Service.ID)
		s.must(err)
		if used := sms.Credits(len(accepted)) * sms.Credit; b.Used != used || b.Held != 0 {
			s.t.Errorf("used %v, held %v; want %v and 0", b.Used, b.Held, used)
		}
	})
	if lost+unmarked+len(arrived) > 0 {
		s.t.Errorf("of %d accepted: %d lost, %d twice without a mark, %d that nobody was promised", len(accepted), lost, unmarked, len(arrived))
	}
	s.t.Logf("%d accepted, 0 lost, %d arrived twice and are marked", len(accepted), marked)
}
