package bench

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/bench/load"
	"ramier/bench/proc"
	"ramier/internal/simulator"
)

// An operator is a simulated one in a process of its own, or one that runs already.
type operator struct {
	*child
	address string // of SMPP
	control string
}

var simulatorReady = regexp.MustCompile(`SMSC on (\S+)\ncontrol API on (\S+)\n`)

// simulate starts a simulated operator that counts so many messages.
func (b *Bench) simulate(ctx context.Context, dir string, messages int) (*operator, error) {
	args := []string{"simulate", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--quiet", "--seed", "1", "--keep", "10000", "--arrivals", strconv.Itoa(messages + messages/10 + 1000)}
	for _, m := range b.Mix {
		args = append(args, "--mix", m)
	}
	c, found, err := startChild(ctx, "simulator", dir, b.Program, simulatorReady, args...)
	if err != nil {
		return nil, err
	}
	return &operator{c, found[1], found[2]}, nil
}

// simulatorStatus is what matters of the simulator's status.
type simulatorStatus struct {
	Accepted int `json:"accepted"`
	Arrivals int `json:"arrivals"`
	Receipts struct {
		Acked int `json:"acked"`
	} `json:"receipts"`
}

func (o *operator) status(ctx context.Context) (s simulatorStatus, err error) {
	err = getJSON(ctx, o.control+"/status", &s)
	return s, err
}

// arrivals gives all that came, or those from one on.
func (o *operator) arrivals(ctx context.Context, after int) ([]simulator.Arrival, error) {
	body, err := get(ctx, fmt.Sprintf("%s/arrivals?after=%d", o.control, after))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var list []simulator.Arrival
	var one [simulator.ArrivalSize]byte
	from := bufio.NewReaderSize(body, 1<<20)
	for {
		switch _, err := io.ReadFull(from, one[:]); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		}
		at := int64(binary.BigEndian.Uint64(one[8:])) //nolint:gosec // since 1970
		list = append(list, simulator.Arrival{Message: binary.BigEndian.Uint64(one[:]), At: at})
	}
}

func get(ctx context.Context, address string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // the status says enough
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%s answers %s: %s", address, answer.Status, text)
	}
	return answer.Body, nil
}

func getJSON(ctx context.Context, address string, into any) error {
	body, err := get(ctx, address)
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(body) // to its end, so that the connection serves again
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// A platform is Ramier in a process of its own, with a database of its own.
type platform struct {
	*child
	bench    *Bench
	dir      string
	database *database
	base     string // http://host:port
	pprof    string // the same, of the profiles; empty = none
	operator *ovh.Client
	settings []string // of this scenario, as of the environment
}

var serverReady = regexp.MustCompile(`"msg":"ready".*"http":"([^"]+)".*"profiles":"([^"]*)"`)

// prepare makes a folder with settings, keys and a fresh database.
func (b *Bench) prepare(ctx context.Context, dir, address string) (*platform, error) {
	d, err := newDatabase(ctx, address, dir)
	if err != nil {
		return nil, err
	}
	p := &platform{bench: b, dir: dir, database: d}
	args := []string{"init", "--yes", "--dir", filepath.Join(dir, "ramier"), "--country", "FR", "--database", d.url}
	c, _, err := startChild(ctx, "init", dir, b.Program, regexp.MustCompile("Ready: "), args...)
	if err != nil {
		return nil, errors.Join(err, d.drop(ctx))
	}
	<-c.done
	return p, nil
}

// start starts Ramier and waits until it takes requests.
func (p *platform) start(ctx context.Context) error {
	args := []string{"serve", "--config", filepath.Join(p.dir, "ramier", "ramier.toml")}
	if p.bench.Profile != "" {
		args = append(args, "--profiles", "127.0.0.1:0")
	}
	program := p.bench.Program
	program.Env = append(append([]string{}, program.Env...), "RAMIER_HTTP_LISTEN=127.0.0.1:0", "RAMIER_ANY_HOST=true", "RAMIER_LOG_FORMAT=json", "RAMIER_LOG_LEVEL=info")
	program.Env = append(program.Env, p.settings...)
	c, found, err := startChild(ctx, "ramier", p.dir, program, serverReady, args...)
	if err != nil {
		return err
	}
	p.child, p.base = c, "http://"+found[1]
	if found[2] != "" {
		p.pprof = "http://" + found[2]
	}
	keys, err := readKeys(filepath.Join(p.dir, "ramier", "operator.conf"))
	if err != nil {
		return err
	}
	p.operator, err = ovh.NewClient(p.base+"/1.0", keys["application_key"], keys["application_secret"], keys["consumer_key"])
	if err == nil {
		p.operator.Timeout = 2 * time.Minute // as long as the server may take for an answer
	}
	return err
}

// readKeys reads the only keys of an ovh.conf.
func readKeys(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, "="); ok {
			keys[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return keys, nil
}

// carrierName is the carrier that all messages go to.
const carrierName = "bench"

// connect makes the simulator the carrier of everything, with a window that a fast line to an operator has. Rate is
// messages a second, 0 for no limit.
func (p *platform) connect(ctx context.Context, to *operator, rate int) error {
	host, port, err := net.SplitHostPort(to.address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	err = p.call(ctx, "POST", "/operator/carriers", map[string]any{
		"name": carrierName, "host": host, "port": number, "systemId": "ramier", "window": Window, "rate": rate, "inDoubt": "resend",
	}, nil)
	if err != nil {
		return err
	}
	if err := p.call(ctx, "POST", "/operator/routes", map[string]any{"carrier": carrierName, "position": 100}, nil); err != nil {
		return err
	}
	return p.connected(ctx)
}

// Window is how many PDUs may be unanswered on the way to the simulator, for Ramier and for its peers.
const Window = 1000

// connected waits until the carrier is there.
func (p *platform) connected(ctx context.Context) error {
	return poll(ctx, 30*time.Second, "the carrier's connection", func() (bool, error) {
		var s struct {
			State string `json:"state"`
		}
		err := p.call(ctx, "GET", "/operator/carriers/"+carrierName+"/status", nil, &s)
		return s.State == "connected", err
	})
}

// customer makes an account with services, each with credits and a sender, and gives the way in to the first.
func (p *platform) customer(ctx context.Context, account string, credits int, services ...string) (*load.OVH, error) {
	if err := p.call(ctx, "POST", "/operator/accounts", map[string]any{"name": account, "country": "FR"}, nil); err != nil {
		return nil, err
	}
	for _, name := range services {
		for _, step := range []struct {
			path string
			body map[string]any
		}{
			{"/operator/services", map[string]any{"account": account, "name": name}},
			{"/operator/services/" + name + "/credits", map[string]any{"credits": credits, "reason": "benchmark"}},
			{"/operator/services/" + name + "/senders", map[string]any{"sender": senderName}},
		} {
			if err := p.call(ctx, "POST", step.path, step.body, nil); err != nil {
				return nil, err
			}
		}
	}
	var rules []map[string]string
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		rules = append(rules, map[string]string{"method": method, "path": "/*"})
	}
	var t struct{ ApplicationKey, ApplicationSecret, ConsumerKey string }
	if err := p.call(ctx, "POST", "/operator/tokens", map[string]any{"account": account, "rules": rules}, &t); err != nil {
		return nil, err
	}
	o := &load.OVH{
		Endpoint: p.base + "/1.0", ApplicationKey: t.ApplicationKey, ApplicationSecret: t.ApplicationSecret, ConsumerKey: t.ConsumerKey,
		Service: services[0], Sender: senderName,
	}
	err := o.Prepare()
	return o, err
}

const senderName = "Ramier"

func (p *platform) call(ctx context.Context, method, path string, body, answer any) error {
	if err := p.operator.CallAPIWithContext(ctx, method, path, body, answer, true); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// audit has the platform add up everything again, and gives what it finds wrong; also that it cannot be done.
func (p *platform) audit(ctx context.Context) []string {
	var r struct {
		Findings []struct{ ServiceName, Object, Text string }
	}
	if err := p.call(ctx, "GET", "/operator/audit", nil, &r); err != nil {
		return []string{"the audit could not be made: " + err.Error()}
	}
	list := []string{}
	for _, f := range r.Findings {
		list = append(list, strings.TrimSpace(f.ServiceName+" "+f.Object+": "+f.Text))
	}
	return list
}

// delivered is how many messages Ramier says were delivered.
func (p *platform) delivered(ctx context.Context) (int, error) {
	n, err := p.metric(ctx, "ramier_messages_total", `state="delivered"`)
	return int(n), err
}

// metric adds up the values of a metric that have a label, like state="delivered"; any with an empty one.
func (p *platform) metric(ctx context.Context, name, label string) (float64, error) {
	body, err := get(ctx, p.base+"/metrics")
	if err != nil {
		return 0, err
	}
	defer body.Close()
	sum := 0.0
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !strings.Contains(rest, label) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, lines.Err()
}

// usage is what Ramier uses.
func (p *platform) usage() proc.Usage { return proc.Of(p.pid()) }

// close ends everything and removes the database.
func (p *platform) close() error {
	if p.child != nil {
		p.end(time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return p.database.drop(ctx)
}

// poll asks every 20 ms until done says so.
func poll(ctx context.Context, patience time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s did not come within %v", what, patience))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// hostOf gives the host of an address, for tables.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return cmp.Or(u.Host, address)
}
