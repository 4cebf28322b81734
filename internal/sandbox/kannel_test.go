package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ramier/internal/porttest"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

// kannelConf is Kannel as a customer: a bearerbox that is bound to us, and a smsbox that takes messages and passes replies on.
const kannelConf = `
group = core
admin-port = %[1]d
admin-password = test
smsbox-port = %[2]d
log-file = "%[3]s/bearerbox.log"
log-level = 0
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = ramier
host = "%[4]s"
port = %[5]s
transceiver-mode = true
smsc-username = "%[6]s"
smsc-password = "%[7]s"
system-type = ""
interface-version = 34
source-addr-autodetect = true
source-addr-ton = 3
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1
reconnect-delay = 1
enquire-link-interval = 2

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[8]d
log-file = "%[3]s/smsbox.log"
log-level = 0

group = sendsms-user
username = test
password = test
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%[9]s/reply?from=%%p&to=%%P&text=%%b&coding=%%c"
`

// kannel is a running one.
type kannel struct {
	t       *testing.T
	sendsms string
	server  *customerServer
}

func startKannel(t *testing.T, p *sandboxtest.Platform) *kannel {
	t.Helper()
	for _, program := range []string{"bearerbox", "smsbox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatal("Kannel is missing: run make test, or scripts/install-system")
		}
	}
	k := &kannel{t: t, server: newCustomerServer(t)}
	ports := []any{porttest.Free(t), porttest.Free(t), porttest.Free(t)}
	host, port, err := net.SplitHostPort(p.Info.SMPP)
	check(t, err)
	dir := t.TempDir()
	conf := filepath.Join(dir, "kannel.conf")
	check(t, os.WriteFile(conf, fmt.Appendf(nil, kannelConf, ports[0], ports[1], dir, host, port, p.Info.SMPPSystemID, p.Info.SMPPPassword, ports[2], k.server.URL), 0o600))
	k.sendsms = fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms", ports[2])
	for _, program := range []string{"bearerbox", "smsbox"} {
		c := exec.Command(program, "-v", "4", conf) //nolint:gosec // the test's own; it is ended below
		c.Dir = dir
		check(t, c.Start())
		t.Cleanup(func() {
			_ = c.Process.Signal(os.Interrupt)
			end := time.AfterFunc(5*time.Second, func() { _ = c.Process.Kill() })
			defer end.Stop()
			_ = c.Wait()
			if t.Failed() {
				log, _ := os.ReadFile(filepath.Join(dir, program+".log"))
				t.Logf("%s: %s", program, log[max(0, len(log)-20_000):])
			}
		})
		// The smsbox takes requests before it is able to: one crashes it until then.
		ready := map[string]string{"bearerbox": "MAIN: Start-up done", "smsbox": "Connected to bearerbox"}[program]
		p.Until(program+" is there", func() bool {
			log, err := os.ReadFile(filepath.Join(dir, program+".log"))
			return err == nil && strings.Contains(string(log), ready)
		})
	}
	return k
}

// send hands a message to Kannel, which is to call for each receipt.
func (k *kannel) send(name, from, to, text, coding string) {
	k.t.Helper()
	q := url.Values{
		"username": {"test"}, "password": {"test"}, "from": {from}, "to": {to}, "text": {text}, "charset": {"UTF-8"}, "coding": {coding},
		"dlr-mask": {"31"}, "dlr-url": {k.server.URL + "/dlr?state=%d&name=" + name},
	}
	r, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, k.sendsms+"?"+q.Encode(), nil)
	check(k.t, err)
	answer, err := http.DefaultClient.Do(r)
	check(k.t, err)
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusAccepted {
		k.t.Fatal(answer.Status, string(body), err)
	}
}

// receipts counts the calls that say a state of a message: 8 = our server has accepted it, 1 = delivered.
func (k *kannel) receipts(state, name string) (n int) {
	for _, c := range k.server.to("/dlr") {
		u, err := url.Parse(c.uri)
		if err == nil && u.Query().Get("state") == state && u.Query().Get("name") == name {
			n++
		}
	}
	return n
}

// Kannel binds to our server, sends long and Unicode texts, is cut off, binds again, and gets what it is owed.
func TestKannelAsACustomer(t *testing.T) {
	port := porttest.Free(t)
	p := sandboxtest.Start(t, "", func(o *sandbox.Options) { o.SMPP = fmt.Sprintf("127.0.0.1:%d", port) })
	k := startKannel(t, p)
	const away = "33639980001" // comes after ten seconds
	short, long, unicode, ask := "Été à 10 € [ok]", strings.Repeat("abcdefghi ", 30), strings.Repeat("Noël 😀 ", 20), "Un avis ?"
	k.send("short", "Ramier", away, short, "0")
	k.send("long", "Ramier", away, long, "0")
	k.send("unicode", "Ramier", away, unicode, "2")
	k.send("ask", "38000", "33639980000", ask, "0")
	names := []string{"short", "long", "unicode", "ask"}
	p.Until("they are accepted", func() bool {
		for _, name := range names {
			if k.receipts("8", name) == 0 {
				return false
			}
		}
		return len(p.Simulator.Messages(handset)) == 1
	})
	// While the platform is down, and until Kannel is back, a handset writes and the operator reports.
	p.Restart()
	for _, text := range []string{"STOP", "Été 😀"} {
		check(t, p.Simulator.Reply(handset, "", text))
	}
	p.Until("receipts and replies", func() bool {
		p.Clock.Advance(time.Second)
		for _, name := range names {
			if k.receipts("1", name) == 0 {
				return false
			}
		}
		return len(k.server.to("/reply")) >= 2
	})
	got := map[string]bool{}
	for _, m := range p.Simulator.Messages("+" + away) {
		got[m.Text] = true
	}
	if !got[short] || !got[long] || !got[unicode] {
		t.Errorf("on the handset: %v", got)
	}
	replies := map[string]bool{}
	for _, c := range k.server.to("/reply") {
		u, err := url.Parse(c.uri)
		check(t, err)
		if u.Query().Get("from") != handset && "+"+u.Query().Get("from") != handset {
			t.Error(c.uri)
		}
		replies[u.Query().Get("text")] = true
	}
	if !replies["STOP"] || len(replies) != 2 {
		t.Errorf("%v", replies)
	}
	var numbers []string
	p.Get("/blacklists", &numbers)
	if len(numbers) != 1 {
		t.Errorf("opted out: %v", numbers)
	}
	p.Audit()
}

// npm smpp goes away after it has sent, and gets the receipt and the replies when it is back.
func TestNpmSMPPComesBack(t *testing.T) {
	p := sandboxtest.Start(t, "")
	host, port, err := net.SplitHostPort(p.Info.SMPP)
	check(t, err)
	c := node(t, "away.js", host, port, p.Info.SMPPSystemID, p.Info.SMPPPassword, "2")
	in, err := c.StdinPipe()
	check(t, err)
	out, err := c.StdoutPipe()
	check(t, err)
	var complaints strings.Builder
	c.Stderr = &complaints
	check(t, c.Start())
	first := make([]byte, len("left\n"))
	if _, err := io.ReadFull(out, first); err != nil || string(first) != "left\n" {
		t.Fatalf("%q %v %s", first, err, &complaints)
	}
	p.Until("the message", func() bool { p.Clock.Advance(time.Second); return len(p.Simulator.Messages(handset)) == 1 })
	for _, text := range []string{"Oui 😀", "STOP"} {
		check(t, p.Simulator.Reply(handset, "", text))
	}
	_, err = io.WriteString(in, "\n")
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			p.Clock.Advance(time.Second)
			<-tick.C
		}
	}()
	rest, err := io.ReadAll(out)
	if err := errors.Join(err, c.Wait()); err != nil || !strings.Contains(string(rest), "reply Oui 😀\n") || !strings.Contains(string(rest), "reply STOP\n") {
		t.Errorf("%v\n%s%s", err, rest, &complaints)
	}
}
