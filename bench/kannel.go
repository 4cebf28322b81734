package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/bench/proc"
)

// kannelConf is Kannel with what it has by default, but for: a window as wide as Ramier's, logs of warnings only, and no
// access log (it writes all that it does to its standard error too, unless -v is given). Without store-type its queue lives in memory alone; a crash loses it.
const kannelConf = `
group = core
admin-port = %[1]d
admin-password = bench
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
smsbox-port = %[2]d
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "%[3]s/bearerbox.log"
log-level = 2
dlr-storage = %[4]s

group = smsc
smsc = smpp
smsc-id = simulator
host = "%[5]s"
port = %[6]s
transceiver-mode = true
smsc-username = "kannel"
smsc-password = "kannel"
system-type = ""
interface-version = 34
max-pending-submits = %[7]d

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[8]d
log-file = "%[3]s/smsbox.log"
log-level = 2

group = sendsms-user
username = bench
password = bench
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
text = "none"
`

// kannelReceipts makes Kannel keep the receipts that it waits for in SQLite, as its example says.
const kannelReceipts = `
group = sqlite3-connection
id = receipts
database = "%s"
max-connections = 1

group = dlr-db
id = receipts
table = dlr
field-smsc = smsc
field-timestamp = ts
field-destination = destination
field-source = source
field-service = service
field-url = url
field-mask = mask
field-status = status
field-boxc-id = boxc
`

// kannelTable is the table of the same example, with an index that the example lacks.
const kannelTable = `CREATE TABLE dlr (smsc varchar(40), ts varchar(40), destination varchar(40), source varchar(40), service varchar(40),
	url varchar(255), mask int(10), status int(10), boxc varchar(40)); CREATE INDEX dlr_ts ON dlr (ts, smsc)`

// kannel runs the load on Kannel, with the same simulator behind it.
func (b *Bench) kannel(ctx context.Context, s Scenario, receipts, dir string) (r figures.Result, err error) {
	b.Tell.Stage(s.Name + ", receipts in " + receipts + ": starting")
	for _, program := range []string{"bearerbox", "smsbox"} {
		if _, err := exec.LookPath(program); err != nil {
			return r, fmt.Errorf("%s is not installed: apt-get install kannel", program)
		}
	}
	o, err := b.simulate(ctx, dir, s.messages())
	if err != nil {
		return r, err
	}
	defer o.end(10 * time.Second)
	calls, url, closeSink, err := receiptSink(ctx)
	if err != nil {
		return r, err
	}
	defer closeSink()
	conf, door, err := kannelFiles(ctx, dir, receipts, o)
	if err != nil {
		return r, err
	}
	door.Receipts = url
	bearerbox, _, err := startChild(ctx, "bearerbox-out", dir, Program{Path: "bearerbox"}, nil, "-v", "2", conf)
	if err != nil {
		return r, err
	}
	defer bearerbox.end(10 * time.Second)
	if err := bound(ctx, o); err != nil {
		return r, fmt.Errorf("%w:\n%s", err, bearerbox.tail())
	}
	smsbox, _, err := startChild(ctx, "smsbox-out", dir, Program{Path: "smsbox"}, nil, "-v", "2", conf)
	if err != nil {
		return r, err
	}
	defer smsbox.end(10 * time.Second)
	if err := listening(ctx, door.Host); err != nil {
		return r, fmt.Errorf("%w:\n%s", err, smsbox.tail())
	}
	m := &measurement{
		bench: b, scenario: s, door: door, operator: o, first: firstMessage,
		peer: func() proc.Usage { return proc.Of(bearerbox.pid(), smsbox.pid()) },
	}
	r, err = m.run(ctx)
	r.Platform, r.Database = "kannel", receipts
	r.Note = fmt.Sprintf("its calls for %s receipts had come when the last receipt was acknowledged", figures.Thousands(int(calls.Load())))
	return r, err
}

// receiptSink takes Kannel's calls for receipts and counts them.
func receiptSink(ctx context.Context) (calls *atomic.Int64, url string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	calls = &atomic.Int64{}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) })}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // until it is closed
	}()
	return calls, "http://" + l.Addr().String() + "/", func() {
		_ = server.Close()
		<-ended
	}, nil
}

// kannelFiles writes the configuration, and the database if there is one.
func kannelFiles(ctx context.Context, dir, receipts string, o *operator) (path string, door *load.Kannel, err error) {
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return "", nil, err
	}
	host, port, err := net.SplitHostPort(o.address)
	if err != nil {
		return "", nil, err
	}
	storage, more := "internal", ""
	if receipts == SQLite {
		file := filepath.Join(dir, "dlr.db")
		if err := makeReceipts(ctx, file); err != nil {
			return "", nil, err
		}
		storage, more = "sqlite3", fmt.Sprintf(kannelReceipts, file)
	}
	text := fmt.Sprintf(kannelConf, ports[0], ports[1], dir, storage, host, port, Window, ports[2])
	// Its reader wants the connection to the database before the groups that use it.
	text = strings.Replace(text, "\ngroup = smsc\n", more+"\ngroup = smsc\n", 1)
	path = filepath.Join(dir, "kannel.conf")
	door = &load.Kannel{Host: fmt.Sprintf("127.0.0.1:%d", ports[2]), User: "bench", Password: "bench", Sender: senderName}
	return path, door, os.WriteFile(path, []byte(text), 0o600)
}

func makeReceipts(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode=WAL; "+kannelTable)
	return errors.Join(err, db.Close())
}

// freePorts finds ports that nobody listens on now.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	var held []net.Listener // so that each is another one
	var err error
	for range n {
		var l net.Listener
		if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			break
		}
		held = append(held, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	for _, l := range held {
		_ = l.Close()
	}
	return ports, err
}

// bound waits until a client is bound to the simulator.
func bound(ctx context.Context, o *operator) error {
	return poll(ctx, 30*time.Second, "a bind to the simulator", func() (bool, error) {
		s := struct {
			Binds []struct{ SystemID string }
		}{}
		err := getJSON(ctx, o.control+"/status", &s)
		return len(s.Binds) > 0, err
	})
}

// listening waits until a port takes connections.
func listening(ctx context.Context, address string) error {
	return poll(ctx, 30*time.Second, "somebody who listens on "+address, func() (bool, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		return true, conn.Close()
	})
}
