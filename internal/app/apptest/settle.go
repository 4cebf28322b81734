package apptest

import (
	"fmt"
	"slices"
	"time"

	"github.com/ovh/go-ovh/ovh"
)

// stuck is how long messages may stay as they are before it counts that nothing more happens to them.
const stuck = 20 * time.Second

// Settle waits until nothing more happens: each message has ended, or is held in doubt. A server must run.
func (p *Platform) Settle() {
	p.t.Helper()
	client := p.Client()
	var before []int64
	since := time.Now()
	p.UntilAt(time.Second/10, longPatience, "an end of all messages", func() bool {
		var waiting, handed []int64
		err := client.Get("/sms/"+p.Shop.Service.Name+"/jobs", &waiting)
		if err == nil && len(waiting) == 0 {
			err = client.Get("/sms/"+p.Shop.Service.Name+"/outgoing?deliveryReceipt=4", &handed)
		}
		if err != nil {
			p.t.Log("settling: ", err)
			return false
		}
		if len(waiting) > 0 || !slices.Equal(handed, before) {
			before, since = handed, time.Now()
		}
		return len(waiting)+len(handed) == 0 || time.Since(since) > stuck
	})
	if len(before) > 0 {
		p.t.Logf("%d messages stay as they are, such as %d", len(before), before[0])
	}
}

// Client is a customer's connection to the first server that runs.
func (p *Platform) Client() *ovh.Client {
	p.t.Helper()
	for _, n := range p.Nodes {
		if address := n.Address(); address != "" {
			c, err := ovh.NewClient("http://"+address+"/1.0", p.keys.ApplicationKey, p.keys.ApplicationSecret, p.keys.ConsumerKey)
			p.must(err)
			return c
		}
	}
	p.t.Fatal("no server runs")
	return nil
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
