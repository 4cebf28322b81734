package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/simulator"
	"ramier/internal/sms"
)

// node makes a command of one of the scripts that drive foreign clients. `make test` installs what they need.
func node(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat("../../e2e/node_modules"); err != nil {
		t.Fatal("the packages of the foreign clients are missing: run make test, or scripts/install-clients")
	}
	c := exec.Command("node", append([]string{script}, args...)...) //nolint:gosec // our own scripts, which end by themselves
	c.Dir = "../../e2e"
	return c
}

func TestOVHsClientForNode(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		info, err := json.Marshal(p.Info)
		if err != nil {
			t.Fatal(err)
		}
		c := node(t, "ovh.js", string(info))
		c.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+p.Info.CAFile)
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "node: all well") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// taken is what the foreign SMSC says of a message.
type taken struct {
	ID, FromTON, Coding, Registered int
	From, To, Text                  string
	UDH                             []string
}

func TestAForeignSMSC(t *testing.T) {
	smsc := node(t, "smsc.js")
	in, err := smsc.StdinPipe()
	check(t, err)
	out, err := smsc.StdoutPipe()
	check(t, err)
	var complaints bytes.Buffer
	smsc.Stderr = &complaints
	check(t, smsc.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if err := smsc.Wait(); err != nil {
			t.Errorf("%v\n%s", err, complaints.String())
		}
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	port, err := strconv.Atoi(lines.Text())
	check(t, err)

	p := sandboxtest.Start(t, "")
	for _, way := range []string{"udh8", "udh16"} {
		p.SetCarrier(map[string]any{"host": "127.0.0.1", "port": port, "systemId": "ramier", "password": "secret", "concatenation": way, "receiptId": "automatic"})
		short := p.Send("Été 5 €", []string{handset})
		long := p.Send(strings.Repeat("abcdefghij", 20), []string{handset})
		unicode := p.Send("Noël 😀", []string{handset})
		var got []taken
		for range 4 {
			if !lines.Scan() {
				t.Fatal("the SMSC ended: ", complaints.String())
			}
			var m taken
			check(t, json.Unmarshal(lines.Bytes(), &m))
			got = append(got, m)
		}
		for _, r := range []sandboxtest.Report{short, long, unicode} {
			p.Await(r.IDs[0], sms.Delivered)
		}
		checkTaken(t, got)
	}
}

func checkTaken(t *testing.T, got []taken) {
	t.Helper()
	long := ""
	seen := map[string]bool{}
	for _, m := range got {
		if m.From != "Ramier" || m.FromTON != 5 || m.To != handset[1:] || m.Registered != 1 {
			t.Errorf("taken %+v", m)
		}
		if len(m.UDH) > 0 {
			long += m.Text
		}
		seen[fmt.Sprint(m.Coding, m.Text)] = true
	}
	if !seen["0Été 5 €"] || !seen["8Noël 😀"] {
		t.Errorf("texts %v", seen)
	}
	if long != strings.Repeat("abcdefghij", 20) {
		t.Errorf("the long text came as %q", long)
	}
}

func TestAForeignESME(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	s := simulator.New(simulator.Options{Seed: 1})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	host, port, err := net.SplitHostPort(l.Addr().String())
	check(t, err)
	out, err := node(t, "esme.js", host, port).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "esme: all well") {
		t.Errorf("%v\n%s", err, out)
	}
	texts := map[string]bool{}
	for _, m := range s.Messages(handset) {
		texts[m.Text] = true
	}
	if !texts["Bonjour"] || !texts["Été 😀"] || !texts[strings.Repeat("a", 153)+strings.Repeat("b", 20)] {
		t.Errorf("on the handset: %v", texts)
	}
	check(t, s.Close(context.WithoutCancel(t.Context())))
	<-served
}

// output is what a running program has written so far.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.text.String(), text)
}

// The SMPP dissector of Wireshark finds nothing wrong with what we send, as client and as server.
func TestWiresharkFindsNoMalformedPDU(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Fatal("tshark is missing: run make test, or scripts/install-system")
	}
	p := sandboxtest.Start(t, "")
	_, port, err := net.SplitHostPort(p.Info.SMSC)
	check(t, err)
	file := t.TempDir() + "/smpp.pcapng"
	capture := exec.Command("tshark", "-i", "lo", "-f", "tcp port "+port, "-w", file, "-P", "-l", "-q") //nolint:gosec // it ends by its signal, to write what it has
	var told output
	capture.Stdout = &told
	check(t, capture.Start())
	// Tshark says that it captures before it does. It does so once it has seen a connection of ours, and has all up to that then.
	seen := func() {
		t.Helper()
		p.Until("a connection in the capture", func() bool {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Info.SMSC)
			check(t, err)
			conn.Close()
			_, from, _ := net.SplitHostPort(conn.LocalAddr().String())
			for range 20 {
				if told.has(" " + from + " → " + port + " ") {
					return true
				}
				<-time.After(10 * time.Millisecond)
			}
			return false
		})
	}
	seen()
	p.SetCarrier(map[string]any{"window": 10, "responseTimeoutSeconds": 2}) // binds anew, seen by the capture
	var ids []int64
	for _, way := range []string{"udh8", "udh16", "sar", "payload"} {
		p.SetCarrier(map[string]any{"concatenation": way})
		for _, text := range []string{"Bonjour", strings.Repeat("Été 5 € ", 40), strings.Repeat("Noël 😀 ", 30)} {
			ids = append(ids, p.Send(text, []string{handset, "+33639980002", "+33639980003", "+33639980008"}, map[string]any{"class": "flash"}).IDs...)
		}
	}
	for _, id := range ids {
		p.Until("an end", func() bool {
			p.Clock.Advance(time.Second)
			m, _, err := p.App.Store.Message(t.Context(), 0, id)
			return err == nil && m.State.Final()
		})
	}
	seen()
	p.Stop()
	// What was captured last is written when the capture ends.
	check(t, capture.Process.Signal(os.Interrupt))
	_ = capture.Wait()
	read := func(filter string) string {
		out, err := exec.CommandContext(t.Context(), "tshark", "-r", file, "-d", "tcp.port=="+port+",smpp", "-Y", filter).Output() //nolint:gosec // our own words
		check(t, err)
		return string(out)
	}
	if all := read("smpp"); strings.Count(all, "Submit_sm") < 40 {
		t.Fatalf("only this was captured:\n%s", all)
	}
	if bad := read("_ws.malformed || (smpp && _ws.expert.severity == error)"); bad != "" {
		t.Errorf("Wireshark complains:\n%s", bad)
	}
}
