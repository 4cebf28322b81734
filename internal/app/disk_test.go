package app_test

import (
	"net/http"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/simulator"
)

// onDisk runs a server on SQLite under load, breaks its disk, and counts at the end.
func onDisk(t *testing.T, f func(p *apptest.Platform, n *apptest.Node, load *apptest.Load)) {
	t.Helper()
	t.Parallel()
	p := apptest.New(t, options("sqlite", seedOf(t), false))
	n := p.Nodes[0]
	n.Start()
	n.Ready()
	load := p.Load(4)
	load.Allow(100_000)
	p.Until("messages at the operator", func() bool { return p.Submitted() > 50 })
	f(p, n, load)
	orders := load.End()
	p.Settle()
	n.Stop()
	p.Check(p.Count(orders))
	if load.Hurried.Load() > 0 {
		t.Errorf("%d answers with 503 do not say when to try again", load.Hurried.Load())
	}
	t.Logf("answers by status: %v; the longest wait was %v", load.Codes(), time.Duration(load.Slowest.Load()))
}

// more waits until customers have got n more answers with a status.
func more(p *apptest.Platform, load *apptest.Load, status, n int) {
	before := load.Codes()[status]
	p.Until(http.StatusText(status), func() bool { return load.Codes()[status] >= before+n })
}

func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	onDisk(t, func(p *apptest.Platform, n *apptest.Node, load *apptest.Load) {
		for range 2 {
			n.SetDisk(apptest.Disk{Full: true})
			more(p, load, http.StatusServiceUnavailable, 10)
			var ids []int64
			if err := p.Nodes[0].Client().Get("/sms/"+p.Shop.Service.Name+"/outgoing", &ids); err != nil || len(ids) == 0 {
				t.Errorf("with a full disk, %d messages can be read: %v", len(ids), err)
			}
			n.SetDisk(apptest.Disk{})
			more(p, load, http.StatusOK, 10)
		}
		// Killed on a full disk, it starts again when there is room.
		n.SetDisk(apptest.Disk{Full: true})
		more(p, load, http.StatusServiceUnavailable, 5)
		n.Kill()
		n.Start()
		n.Ready()
		more(p, load, http.StatusOK, 5)
	})
}

func TestFailedSyncsAreNoPromises(t *testing.T) {
	onDisk(t, func(p *apptest.Platform, n *apptest.Node, load *apptest.Load) {
		// Without the operator nothing but orders is written, so the last thing in the log is one that failed.
		if err := p.Operator.Fault(simulator.Fault{Kind: simulator.Drop}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			n.SetDisk(apptest.Disk{FailSyncs: true})
			more(p, load, http.StatusServiceUnavailable, 1)
			n.SetDisk(apptest.Disk{})
			more(p, load, http.StatusOK, 5)
			n.SetDisk(apptest.Disk{FailSyncs: true})
			more(p, load, http.StatusServiceUnavailable, 1)
			n.Kill() // what was written may be there, though it was answered with an error
			n.Start()
			n.Ready()
			more(p, load, http.StatusOK, 5)
		}
		p.Operator.ClearFaults()
	})
}

func TestASlowDiskIsOnlySlow(t *testing.T) {
	onDisk(t, func(p *apptest.Platform, n *apptest.Node, load *apptest.Load) {
		for _, delay := range []time.Duration{200 * time.Millisecond, time.Second} {
			n.SetDisk(apptest.Disk{Delay: delay})
			more(p, load, http.StatusOK, 8)
		}
		n.SetDisk(apptest.Disk{})
		more(p, load, http.StatusOK, 8)
		if refused := load.Codes()[http.StatusServiceUnavailable]; refused > 0 {
			t.Errorf("%d requests were refused", refused)
		}
	})
}
