package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/app/apptest"
)

// A batch whose server is killed again and again while it plans has planned each receiver once at the end, charged it once, and sent it.
func TestKillsInTheMiddleOfABatch(t *testing.T) {
	for _, run := range []struct {
		database string
		nodes    int
	}{{"sqlite", 1}, {"postgres", 1}, {"postgres", 2}} {
		t.Run(fmt.Sprint(run.database, run.nodes), func(t *testing.T) {
			t.Parallel()
			p := apptest.New(t, apptest.Options{Database: run.database, Nodes: run.nodes, Seed: seedOf(t)})
			for _, n := range p.Nodes {
				n.Start()
			}
			for _, n := range p.Nodes {
				n.Ready()
			}
			o := &apptest.Order{Tag: "batch", Service: p.Shop.Service.Name, Parts: 1, Accepted: 1}
			for i := range 18_000 {
				o.Receivers = append(o.Receivers, fmt.Sprintf("+336%08d", 10_000_000+7*i))
			}
			var b struct {
				ID, Status       string
				ProcessedRecords int
				Credits          float64
			}
			path := "/sms/" + p.Shop.Service.Name + "/batches"
			body := map[string]any{
				"message": "batch of campaigns", "from": "Ramier", "noStop": true, "tag": o.Tag,
				"to": append(append([]string{"x"}, o.Receivers...), o.Receivers[:100]...), // the last are there twice
			}
			if err := p.Nodes[0].Client().Post(path, body, &b); err != nil {
				t.Fatal(err)
			}
			look := func() bool {
				err := p.Nodes[0].Client().Get(path+"/"+b.ID, &b)
				if refused, answered := errors.AsType[*ovh.APIError](err); answered && refused.Code != 503 {
					t.Fatal(err)
				}
				return err == nil
			}
			kills := 0
			for before := -1; kills < 4; kills++ {
				p.Until("it goes on", func() bool { return look() && b.ProcessedRecords > before })
				before = b.ProcessedRecords
				if b.Status != "PENDING" && b.Status != "INSERTING" {
					break
				}
				n := p.Nodes[kills%len(p.Nodes)]
				n.Kill()
				n.Start()
				n.Ready()
			}
			if kills < 2 {
				t.Errorf("it was killed %d times only", kills)
			}
			p.Until("its end", func() bool { return look() && b.Status == "COMPLETED" })
			p.Settle()
			if err := p.Nodes[0].Client().Get("/sms/"+p.Shop.Service.Name+"/outgoing?batchID="+b.ID, &o.IDs); err != nil {
				t.Fatal(err)
			}
			for _, n := range p.Nodes {
				n.Stop()
			}
			if b.Credits != 18_000 {
				t.Errorf("%v credits", b.Credits)
			}
			p.Check(p.Count([]*apptest.Order{o}))
			t.Logf("%d kills", kills)
		})
	}
}
