package app_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"syscall"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/app/apptest"
	"ramier/internal/store"
)

// node is one of the processes that share a server's database.
type node struct {
	name    string
	child   *exec.Cmd
	client  *ovh.Client
	address string // of its API, host:port
}

// startNode starts a child with a name of its own, and waits until it takes requests. It is killed with the test, if it still runs.
func (s *server) startNode(name string) *node {
	s.t.Helper()
	settings := s.settings
	settings.Node = name
	text, err := json.Marshal(settings)
	s.must(err)
	n := &node{name: name, child: exec.Command(os.Args[0])} //nolint:gosec // the test itself
	n.child.Env = append(os.Environ(), apptest.ChildSettings+"="+string(text))
	n.child.Stderr = s.t.Output()
	_, err = n.child.StdinPipe() // it ends with its input
	s.must(err)
	out, err := n.child.StdoutPipe()
	s.must(err)
	s.must(n.child.Start())
	s.t.Cleanup(func() { _ = n.child.Process.Kill() }) // an error means that it is gone
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		s.t.Fatal("the server ended at its start")
	}
	n.address = lines.Text()
	n.client, err = ovh.NewClient("http://"+n.address+"/1.0", s.keys.ApplicationKey, s.keys.ApplicationSecret, s.keys.ConsumerKey)
	s.must(err)
	return n
}

// endChild sends a signal and waits for the end. A planned stop must not fail.
func (s *server) endChild(child *exec.Cmd, sig os.Signal) {
	s.t.Helper()
	s.must(child.Process.Signal(sig))
	err := child.Wait()
	if sig == syscall.SIGTERM && err != nil {
		s.t.Error("the planned stop: ", err)
	}
}

// post sends a job by a client and gives its ids; an error is for the caller to judge.
func (s *server) post(client *ovh.Client, text string, receivers []string) ([]int64, error) {
	var r struct{ IDs []int64 }
	err := client.Post("/sms/"+s.shop.Service.Name+"/jobs", map[string]any{
		"message": text, "receivers": receivers, "sender": "Ramier", "noStopClause": true,
	}, &r)
	return r.IDs, err
}

// holder gives the lease of the shop's carrier, as it is in a database that others have open, too.
func (s *server) holder(db *store.Store) store.Lease {
	s.t.Helper()
	all, err := db.Leases(s.t.Context())
	s.must(err)
	for _, l := range all {
		if l.Name == store.CarrierLease(s.shop.Carrier.ID) {
			return l
		}
	}
	return store.Lease{}
}
