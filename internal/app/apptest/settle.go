package apptest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ovh/go-ovh/ovh"
)

// stuck is how long messages may stay as they are before it counts that nothing more happens to them.
const stuck = 20 * time.Second

// Settle waits until nothing more happens: each message has ended, or is held in doubt. A server must run.
func (p *Platform) Settle() {
	p.t.Helper()
	for _, n := range p.Nodes {
		if n.Address() != "" {
			p.SettleAt(n)
			return
		}
	}
	p.t.Fatal("no server runs")
}

// SettleAt is Settle as a server sees it.
func (p *Platform) SettleAt(n *Node) {
	p.t.Helper()
	client := n.Client()
	var before []int64
	since := time.Now()
	p.UntilAt(time.Second/10, longPatience, "an end of all messages", func() bool {
		open, err := n.Open(client)
		if err != nil {
			since = time.Now()
			return false
		}
		if !slices.Equal(open, before) {
			before, since = open, time.Now()
		}
		return len(open) == 0 || time.Since(since) > stuck
	})
	if len(before) > 0 {
		p.t.Logf("%d messages stay as they are, such as %d", len(before), before[0])
	}
}

// Rest waits until nothing is left, or as much as is held in doubt for good: of that nobody can tell more. It is said in a log.
func (p *Platform) Rest(what string, left func() int) {
	p.t.Helper()
	before, since := -1, time.Now()
	p.UntilAt(10*time.Millisecond, longPatience, what, func() bool {
		n := left()
		if n != before {
			before, since = n, time.Now()
		}
		return n == 0 || time.Since(since) > stuck && float64(n) <= p.inDoubt()
	})
	if before > 0 {
		p.t.Logf("%s, but for %d that are held in doubt", what, before)
	}
}

// inDoubt is how many messages are.
func (p *Platform) inDoubt() float64 {
	p.t.Helper()
	n, err := strconv.ParseFloat(p.metric("ramier_in_doubt_messages"), 64)
	p.must(err)
	return n
}

// Open gives the messages that have not ended; nil and an error while some wait for an attempt.
func (n *Node) Open(client *ovh.Client) (handed []int64, err error) {
	n.p.t.Helper()
	var waiting []int64
	if err := client.Get("/sms/"+n.p.Shop.Service.Name+"/jobs", &waiting); err != nil {
		return nil, err
	}
	if n := max(float64(len(waiting)), n.queued()); n > 0 {
		return nil, fmt.Errorf("%v messages wait", n)
	}
	err = client.Get("/sms/"+n.p.Shop.Service.Name+"/outgoing?deliveryReceipt=4", &handed)
	return handed, err
}

// Client is a customer's connection to the server.
func (n *Node) Client() *ovh.Client {
	p := n.p
	p.t.Helper()
	c, err := ovh.NewClient("http://"+n.Address()+"/1.0", p.keys.ApplicationKey, p.keys.ApplicationSecret, p.keys.ConsumerKey)
	p.must(err)
	return c
}

// Submitted is how many parts the operator has taken.
func (p *Platform) Submitted() uint64 { return p.Operator.Status().Accepted }

// Table is rows of words in columns.
func Table(rows [][]string) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len(cell))
		}
	}
	out := "\n"
	for _, row := range rows {
		for i, cell := range row {
			out += fmt.Sprintf("%*s  ", width[i], cell)
		}
		out += "\n"
	}
	return out
}

// Goroutines is how many the first server has, without those of connections that nobody uses.
func (p *Platform) Goroutines() int {
	p.t.Helper()
	n, err := strconv.Atoi(p.metric("go_goroutines"))
	p.must(err)
	return n
}

// queued is how many messages wait for an attempt, those in doubt among them.
func (n *Node) queued() (messages float64) {
	n.p.t.Helper()
	for line := range strings.Lines(n.get("/metrics")) {
		if strings.HasPrefix(line, "ramier_queued_messages{") {
			value, err := strconv.ParseFloat(strings.Fields(line)[1], 64)
			n.p.must(err)
			messages += value
		}
	}
	return messages
}

// metric gives the value of a line of the first server's metrics.
func (p *Platform) metric(name string) string {
	p.t.Helper()
	for line := range strings.Lines(p.get("/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	p.t.Fatalf("there is no metric %s", name)
	return ""
}

// Carrier is the state of the carrier at the first server.
func (p *Platform) Carrier() string {
	p.t.Helper()
	return p.Nodes[0].Carrier()
}

// Carrier is the state of the carrier as the server knows it.
func (n *Node) Carrier() string {
	n.p.t.Helper()
	var ready struct{ Carriers map[string]string }
	n.p.must(json.Unmarshal([]byte(n.get("/readyz")), &ready))
	return ready.Carriers[n.p.Shop.Carrier.Name]
}

// get reads what the first server that runs says at a path.
func (p *Platform) get(path string) string {
	p.t.Helper()
	for _, n := range p.Nodes {
		if n.Address() != "" {
			return n.get(path)
		}
	}
	p.t.Fatal("no server runs")
	return ""
}

func (n *Node) get(path string) string {
	p := n.p
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+n.Address()+path, nil)
	p.must(err)
	wire := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: wire, Timeout: time.Minute}).Do(request)
	p.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	p.must(err)
	return string(body)
}
