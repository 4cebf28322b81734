package sandbox_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox"
	"ramier/internal/simulator"
)

const (
	restartJobs      = 10
	restartReceivers = 100
	restartAll       = restartJobs * restartReceivers
)

// A kill in the middle of a thousand messages loses none, neither here nor at the operator; who got one twice can be seen.
func TestASandboxThatIsKilledLosesNothing(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "ramier")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "ramier/cmd/ramier").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir := t.TempDir()
	p := startProcess(t, program, dir)
	keys := p.Keys
	before := p.credits()

	// The operator is away until all is ordered, and then takes its time, so that the kill falls in the middle.
	p.control("POST", "/faults", map[string]any{"kind": "drop"}, nil)
	ids := p.order()
	p.control("POST", "/faults", map[string]any{"kind": "slow", "delay": 0.2}, nil)
	p.control("DELETE", "/faults?kind=drop", nil, nil)
	p.until("half of it is at the operator", func() bool { return p.status().Accepted >= restartAll/2 })
	p.kill()

	p = startProcess(t, program, dir)
	if p.Keys != keys {
		t.Error("the keys are others")
	}
	t.Logf("killed with %d messages at the operator", p.status().Accepted)
	trails := p.awaitEnd(ids)
	p.until("the operator is done", func() bool {
		s := p.status()
		return s.Enroute == 0 && s.Receipts.Pending == 0
	})
	p.count(trails)
	if left := p.credits(); left != before-restartAll {
		t.Errorf("%v credits are left of %v", left, before)
	}
}

// process is the real program as a sandbox.
type process struct {
	sandbox.Info
	t      *testing.T
	cmd    *exec.Cmd
	client *ovh.Client
}

func startProcess(t *testing.T, program, dir string) *process {
	t.Helper()
	cmd := exec.Command(program, "sandbox", "--json", "--dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--smpp-tls", "127.0.0.1:0")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.Info)
	}
	if err != nil {
		t.Fatal("the sandbox does not start: ", err)
	}
	p.client, err = ovh.NewClient(p.Endpoint, p.ApplicationKey, p.ApplicationSecret, p.ConsumerKey)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// kill is kill -9. Killing again does nothing.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone
	_ = p.cmd.Wait()
}

func (p *process) get(path string, answer any) {
	p.t.Helper()
	if err := p.client.Get("/sms/"+p.ServiceName+path, answer); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) credits() float64 {
	p.t.Helper()
	var v struct{ CreditsLeft float64 }
	p.get("", &v)
	return v.CreditsLeft
}

// order posts the jobs, each to other receivers, and gives the messages by their text and receiver.
func (p *process) order() map[string]int64 {
	p.t.Helper()
	ids := map[string]int64{}
	for job := range restartJobs {
		text := fmt.Sprintf("Message %d", job)
		receivers := make([]string, restartReceivers)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+33612000%d%02d", job, i)
		}
		var r struct {
			IDs            []int64
			ValidReceivers []string
		}
		body := map[string]any{"message": text, "receivers": receivers, "sender": p.Sender, "noStopClause": true}
		if err := p.client.Post("/sms/"+p.ServiceName+"/jobs", body, &r); err != nil {
			p.t.Fatal(err)
		}
		for i, id := range r.IDs {
			ids[text+" to "+r.ValidReceivers[i]] = id
		}
	}
	if len(ids) != restartAll {
		p.t.Fatalf("%d messages were taken", len(ids))
	}
	return ids
}

// control calls the control API.
func (p *process) control(method, path string, body, answer any) {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.ControlURL+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *process) status() (s simulator.Status) {
	p.t.Helper()
	p.control("GET", "/status", nil, &s)
	return s
}

// until looks every 5 ms whether something is so, for a minute.
func (p *process) until(what string, done func() bool) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatal("in vain: ", what)
		}
	}
}

// trail is what became of a message.
type trail struct {
	State string
	Steps []struct{ Details map[string]string }
}

func (t trail) possibleDuplicate() bool {
	for _, s := range t.Steps {
		if s.Details["possibleDuplicate"] != "" {
			return true
		}
	}
	return false
}

// awaitEnd waits until all messages have ended, and gives their trails. The clock runs faster meanwhile: a message in doubt
// waits before it is sent again.
func (p *process) awaitEnd(ids map[string]int64) map[string]trail {
	p.t.Helper()
	trails := map[string]trail{}
	p.until("all messages have ended", func() bool {
		for name, id := range ids {
			var one trail
			if _, ended := trails[name]; ended {
				continue
			}
			p.get(fmt.Sprintf("/outgoing/%d/trail", id), &one)
			switch one.State {
			case "queued", "sending", "sent", "indoubt", "scheduled", "buffered":
				p.control("POST", "/clock/advance", map[string]any{"seconds": 0.05}, nil)
				return false
			}
			trails[name] = one
		}
		return true
	})
	return trails
}

// count compares what is on the handsets with what was ordered.
func (p *process) count(trails map[string]trail) {
	p.t.Helper()
	arrived := map[string]int{}
	for after := uint64(0); ; {
		var page []simulator.Message
		p.control("GET", fmt.Sprintf("/messages?after=%d&limit=300", after), nil, &page)
		for _, m := range page {
			if after = m.Seq; m.State == "delivered" {
				arrived[m.Text+" to "+m.To]++
			}
		}
		if len(page) == 0 {
			break
		}
	}
	again, flagged := 0, 0
	for name, one := range trails {
		n := arrived[name]
		duplicate := one.possibleDuplicate()
		if duplicate {
			flagged++
		}
		if again += max(n-1, 0); n == 0 || n > 1 && !duplicate || one.State != "delivered" {
			p.t.Errorf("%s arrived %d times; its trail says %s, possible duplicate: %v", name, n, one.State, duplicate)
		}
		delete(arrived, name)
	}
	if len(arrived) > 0 {
		p.t.Errorf("what nobody ordered arrived: %v", arrived)
	}
	p.t.Logf("%d messages may have arrived twice, %d copies did", flagged, again)
}
