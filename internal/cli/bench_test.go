package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ramier/bench/figures"
	"ramier/internal/cli"
)

// asRamier names the environment variable that makes the test's binary be ramier: a benchmark starts it again for the platform and
// the simulator.
const asRamier = "RAMIER_TEST_AS_RAMIER"

func TestMain(m *testing.M) {
	if os.Getenv(asRamier) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	code := cli.Build{Version: "1.2.3"}.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// measure runs a benchmark that must succeed, and reads its results.
func (m *terminal) measure(args string) (figures.Report, string) {
	m.t.Helper()
	out := m.ok("bench --json results.json "+args, "Nothing lost, nothing doubled.")
	r, err := figures.Read("results.json")
	if err != nil {
		m.t.Fatal(err)
	}
	return r, out
}

func newBenchmark(t *testing.T) *terminal {
	t.Helper()
	t.Setenv(asRamier, "yes")
	return newTerminal(t)
}

func TestBenchMeasuresTheWholeWay(t *testing.T) {
	m := newBenchmark(t)
	if err := os.Mkdir("here", 0o700); err != nil {
		t.Fatal(err)
	}
	r, out := m.measure("--dir here --scenario single --scenario bulk --requests 30 --receivers 5 --connections 3 --plot plot.svg --profile profiles --profile-time 1s")
	if len(r.Results) != 2 || r.Version != "1.2.3" || r.Machine.Cores == 0 {
		t.Fatalf("results: %+v", r)
	}
	for _, one := range r.Results {
		if one.Accepted != 150 || one.Arrived != 150 || one.Recorded != 150 || one.Delivered != 150 || one.Requests != 30 {
			t.Errorf("%s: %d accepted, %d arrived, %d recorded, %d delivered of 150", one.Scenario, one.Accepted, one.Arrived, one.Recorded, one.Delivered)
		}
		if one.Audit == nil || one.PerSecond <= 0 || one.MemoryMiB <= 0 || one.Request.P50 <= 0 || one.Whole.P50 <= 0 || len(one.Series) == 0 {
			t.Errorf("%s: not all was measured: %+v", one.Scenario, one)
		}
		if one.Platform != "ramier" || one.Database != "sqlite" {
			t.Errorf("%s: measured on %s, %s", one.Scenario, one.Platform, one.Database)
		}
	}
	if !strings.Contains(out, "clean") {
		t.Errorf("the table tells nothing of the audit:\n%s", out)
	}
	for _, name := range []string{"plot.svg", "profiles/bulk-sqlite-cpu.pprof", "profiles/bulk-sqlite-heap.pprof", "profiles/bulk-sqlite-allocs.pprof"} {
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir("here"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBenchSeesWhatIsWrong(t *testing.T) {
	m := newBenchmark(t)
	for _, c := range []struct{ mix, want string }{
		{"refused=0.5", "message(s) lost"},
		{"barred=0.5", "message(s) not recorded as delivered"},
	} {
		code, out, errOut := m.run(split("bench --scenario single --requests 40 --connections 4 --patience 2s --mix " + c.mix)...)
		if code != 1 || !strings.Contains(out, "WRONG: single on sqlite: ") || !strings.Contains(out, c.want) || strings.Contains(out, "Nothing lost") {
			t.Errorf("with %s: exit code %d, want 1 with %q\n%s%s", c.mix, code, c.want, out, errOut)
		}
	}
}

func TestBenchInAFullStore(t *testing.T) {
	m := newBenchmark(t)
	for _, database := range []string{"sqlite", postgres(t)} {
		r, _ := m.measure("--scenario old --services 3 --stored 100 --requests 20 --receivers 2 --connections 2 --database " + database)
		if len(r.Results) != 3 {
			t.Fatalf("results: %+v", r)
		}
		if one := r.Results[2]; one.Scenario != "old-tag" || one.Requests != 3 || one.Request.P99 <= 0 || !strings.Contains(one.Note, "3 services with 30 messages each") {
			t.Errorf("by tag on %s: %+v", one.Database, one)
		}
		for _, one := range r.Results[:2] {
			// The books are in order with the copies among them.
			if one.Accepted != 40 || one.Delivered != 40 || one.Audit == nil || !strings.Contains(one.Note, "3 services and 100 messages") {
				t.Errorf("%s on %s: %+v", one.Scenario, one.Database, one)
			}
		}
	}
}

func TestBenchOfACampaign(t *testing.T) {
	m := newBenchmark(t)
	for _, database := range []string{"sqlite", postgres(t)} {
		r, _ := m.measure("--scenario batch --receivers 7000 --database " + database)
		one := r.Results[0]
		if one.Accepted != 7000 || one.AcceptedPerSecond <= 0 || one.MemoryMiB <= 0 || one.Lost != 0 || !strings.Contains(one.Note, "a slot of 7,000 rows with mail merge") {
			t.Errorf("%+v", one)
		}
	}
}

// postgres gives the address of the server for tests.
func postgres(t *testing.T) string {
	t.Helper()
	address := os.Getenv("RAMIER_TEST_POSTGRES")
	if address == "" {
		t.Fatal("RAMIER_TEST_POSTGRES names no PostgreSQL server: run make test, or scripts/with-postgres go test ./...")
	}
	return address
}

func TestBenchPastALongQueue(t *testing.T) {
	m := newBenchmark(t)
	r, _ := m.measure("--scenario queue --requests 4 --receivers 1000 --connections 2")
	if one := r.Results[0]; one.Accepted != 4000 || one.Whole.Max <= 0 || one.Lost != 0 || one.PerSecond != 0 {
		t.Errorf("%+v", one)
	}
}

func TestBenchForLong(t *testing.T) {
	m := newBenchmark(t)
	r, _ := m.measure("--scenario soak --duration 3s --rate 40")
	one := r.Results[0]
	if one.Accepted != 120 || one.Delivered != 120 || !strings.Contains(one.Note, "memory") {
		t.Errorf("%+v", one)
	}
	if first := one.Series[0]; first.Goroutines == 0 || first.Files == 0 || first.DatabaseMiB == 0 {
		t.Errorf("not all was looked at: %+v", first)
	}
}

func TestBenchOfARunningSandbox(t *testing.T) {
	m := newBenchmark(t)
	at, _ := m.start(`"endpoint":"(http://[^"]+)/1\.0".*"dir":"([^"]+)"`, "sandbox --http 127.0.0.1:0 --https 127.0.0.1:0 --json")
	r, _ := m.measure("--sandbox " + at[1] + " --requests 50 --receivers 2 --connections 4")
	if one := r.Results[0]; one.Accepted != 100 || one.Arrived != 100 || one.Recorded != 100 {
		t.Errorf("%+v", one)
	}
	var content struct{ ServiceName string }
	text, err := os.ReadFile(filepath.Join(at[2], "sandbox.json"))
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	to := "--endpoint " + at[1] + "/1.0 --conf " + at[2] + "/ovh.conf --service " + content.ServiceName
	r, _ = m.measure(to + " --sender Ramier --priority low --duration 500ms --rate 40")
	if one := r.Results[0]; one.Accepted != 20 || one.Arrived != 0 || !strings.Contains(one.Note, "--simulator") {
		t.Errorf("%+v", one)
	}
	code, out, _ := m.run(split("bench --requests 5 --sender Nobody " + to)...)
	if code != 1 || !strings.Contains(out, "5 request(s) refused: ") || !strings.Contains(out, "Nobody") {
		t.Errorf("a sender that is none: exit code %d\n%s", code, out)
	}
	m.fails(2, "bench "+to, "give --service and --sender")
	m.fails(2, "bench --sandbox "+at[1]+" --scenario queue", "needs a platform of its own")
	m.fails(2, "bench --sandbox "+at[1]+" --scenario single --scenario bulk", "takes one --scenario")
}

func TestBenchCalledWrongly(t *testing.T) {
	m := newTerminal(t)
	m.fails(2, "bench --scenario fast", `there is no scenario "fast": there are single, bulk`)
	m.fails(2, "bench --database mysql://me:secret@here/sms", "--database here: give sqlite, or postgres://")
	m.fails(2, "bench --endpoint http://127.0.0.1:1/1.0", "there are no keys for http://127.0.0.1:1/1.0")
	m.fails(2, "serve --profiles 0.0.0.0:6060", "loopback")
}

func TestBenchReportWritesIntoAPage(t *testing.T) {
	m := newTerminal(t)
	r := figures.Report{Format: figures.Format, Results: []figures.Result{{Scenario: "single", Platform: "ramier", Database: "sqlite", Accepted: 1234567}}}
	if err := r.Write("a.json"); err != nil {
		t.Fatal(err)
	}
	r.Results[0].Scenario = "bulk"
	if err := r.Write("b.json"); err != nil {
		t.Fatal(err)
	}
	m.ok("bench report a.json b.json --plot plot.svg", "single ramier sqlite 1,234,567", "bulk ramier sqlite 1,234,567")
	page := "# Speed\n\n<!-- figures: written by `ramier bench report`, do not edit -->\nold\n<!-- end of figures -->\nmore\n"
	if err := os.WriteFile("page.md", []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	m.ok("bench report a.json --page page.md")
	text, _ := os.ReadFile("page.md")
	if got := string(text); !strings.Contains(got, "| single | ramier | sqlite | 1,234,567 |") || strings.Contains(got, "old") || !strings.HasSuffix(got, "\nmore\n") {
		t.Errorf("the page is\n%s", got)
	}
	if err := os.WriteFile("page.md", []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.fails(1, "bench report a.json --page page.md", "to write between")
	m.fails(1, "bench report c.json", "c.json")
}
