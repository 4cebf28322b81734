package bench_test

import (
	"os"
	"strings"
	"testing"

	"ramier/bench"
	"ramier/bench/load"
	"ramier/internal/sandbox"
)

// A repeater is told of each stage, and sends the whole load by itself when the real one is about to begin.
type repeater struct {
	t    *testing.T
	door *load.OVH
	todo load.Options
	text []string
}

func (r *repeater) Stage(text string) {
	r.text = append(r.text, text)
	if len(r.text) > 1 {
		return
	}
	if sent, err := load.Run(r.t.Context(), r.door, r.todo); err != nil || sent.Refused > 0 {
		r.t.Error(err, sent.First)
	}
}

func (r *repeater) Load(int, int) {}

func TestWhatComesTwiceIsDoubled(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Options{Dir: t.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(t.Context()) })
	door, control, err := bench.Sandbox(t.Context(), strings.TrimSuffix(s.Info.Endpoint, "/1.0"))
	if err != nil {
		t.Fatal(err)
	}
	if door.Service != s.Info.ServiceName || door.Sender != s.Info.Sender {
		t.Errorf("the way into the sandbox is %+v", door)
	}
	r := &repeater{t: t, door: door, todo: load.Options{Requests: 3, Receivers: 4, Connections: 1, First: 70}}
	b := &bench.Bench{Tell: r}
	// The last of the three requests that the repeater sends is not among those of the load.
	got, err := b.External(t.Context(), bench.Scenario{Name: "twice", Kind: bench.Plain, Requests: 2, Receivers: 4, Connections: 2}, door, control, 70)
	if err != nil {
		t.Fatal(err)
	}
	if got.Accepted != 8 || got.Arrived != 8 || got.Duplicated != 8 || got.Unexpected != 4 || got.Lost != 0 {
		t.Errorf("%d accepted, %d arrived, %d doubled, %d unexpected, %d lost; want 8, 8, 8, 4, 0", got.Accepted, got.Arrived, got.Duplicated, got.Unexpected, got.Lost)
	}
	if wrong := strings.Join(got.Wrong(), "\n"); !strings.Contains(wrong, "8 message(s) arrived more than once") || !strings.Contains(wrong, "4 message(s) arrived that were not accepted") {
		t.Errorf("it finds wrong: %s", wrong)
	}
}

func TestADatabaseThatIsNotDurableIsRefused(t *testing.T) {
	server := os.Getenv("RAMIER_TEST_POSTGRES")
	if server == "" {
		t.Fatal("RAMIER_TEST_POSTGRES names no PostgreSQL server: run make test, or scripts/with-postgres go test ./...")
	}
	b := &bench.Bench{Dir: t.TempDir(), Tell: &repeater{text: []string{"begun"}}, Program: bench.Program{Path: os.Args[0], Args: []string{"-test.run=^$"}}}
	scenario := bench.Scenario{Name: "here", Kind: bench.Plain, Requests: 1, Receivers: 1, Connections: 1}
	if _, err := b.Run(t.Context(), scenario, bench.SQLite); err == nil || !strings.Contains(err.Error(), "simulator ended at once") {
		t.Errorf("a program that is not ramier: %v", err)
	}
	if err := bench.CheckDurable(t.Context(), server); err != nil {
		t.Error(err)
	}
	if err := bench.CheckDurable(t.Context(), server+"&options=-c%20synchronous_commit%3Doff"); err == nil || !strings.Contains(err.Error(), "synchronous_commit = off") {
		t.Errorf("a server that acknowledges too early: %v", err)
	}
}
