package cli_test

import (
	"strings"
	"testing"
	"time"
)

func TestBatchesOnTheCommandLine(t *testing.T) {
	m := newTerminal(t)
	at, _ := m.start(`"endpoint":"(http://[^"]+)/1\.0".*"dir":"([^"]+)"`, "sandbox --http 127.0.0.1:0 --https 127.0.0.1:0 --smpp 127.0.0.1:0 --smpp-tls 127.0.0.1:0 --json")
	run := func(args string, want ...string) string {
		t.Helper()
		return m.ok("batch "+args+" --service sms-rm12345-1 --conf "+at[2]+"/ovh.conf", want...)
	}
	run("list", "(none)")
	order := " --from Ramier --to +33639980000 --to 12 --no-stop --name first Bonjour"
	var quote struct {
		ID      string
		Credits float64
	}
	read(t, run("quote --json"+order), &quote)
	run("quote"+order, "credits 1", "messages 1", "invalid total 1")
	var b struct{ ID, Status string }
	read(t, run("create --json --quote "+quote.ID+order), &b)
	if b.ID == "" || quote.Credits != 1 {
		t.Fatalf("%+v, %+v", quote, b)
	}
	m.fails(1, "batch create --service sms-rm12345-1 --conf "+at[2]+"/ovh.conf --quote "+quote.ID+order, "was used by the batch "+b.ID)
	m.fails(2, "batch create --service sms-rm12345-1 --conf "+at[2]+"/ovh.conf --from Ramier Bonjour", "--slot or --to is needed")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if read(t, run("show --json "+b.ID), &b); b.Status == "COMPLETED" {
			break
		}
		<-tick.C
	}
	run("show "+b.ID, "status COMPLETED", "sent 1", "name first")
	run("list", b.ID+" first COMPLETED")
	if out := run("errors " + b.ID); !strings.HasPrefix(out, "line,receiver,reason,message\n2,12,too_short,") {
		t.Error(out)
	}
	read(t, run("create --json --hold-minutes 5 --from Ramier --to +33639980000 x"), &b)
	run("pause "+b.ID, "paused batch "+b.ID)
	run("resume "+b.ID, "resumed batch "+b.ID)
	run("cancel "+b.ID, "cancelled batch "+b.ID)
	run("show "+b.ID, "status CANCELED")
}
