package app_test

import (
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/simulator"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// However slow the operator answers, a planned stop waits for what it has been given, and what it has not been given stays in the
// queue: nothing is in doubt, and nothing is sent twice.
func TestAPlannedStopUnderLoadLeavesNoDoubt(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			o := options(database, seedOf(t), false)
			o.Mix = nil
			p := apptest.New(t, o)
			if err := p.Operator.Fault(simulator.Fault{Kind: simulator.Slow, Delay: 1500 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			n := p.Nodes[0]
			n.Start()
			n.Ready()
			load := p.Load(4)
			load.Allow(40)
			p.Until("all orders", func() bool { return len(load.Orders()) == 40 })
			orders := load.End()
			p.Until("some messages at the operator", func() bool { return p.Submitted() > 20 })
			n.Stop()
			p.Store(func(s *store.Store) {
				counts, err := s.Count(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				claims, err := s.CountClaims(t.Context(), p.Shop.Carrier.ID, "")
				if err != nil {
					t.Fatal(err)
				}
				if counts.InDoubt > 0 || claims > 0 {
					t.Errorf("%d in doubt, %d open claims", counts.InDoubt, claims)
				}
			})
			handed := p.Submitted()
			p.Operator.ClearFaults()
			n.Start()
			n.Ready()
			p.Settle()
			n.Stop()
			if p.Submitted() == handed {
				t.Error("all messages were handed over before: the stop met no load")
			}
			count := p.Count(orders)
			p.Check(count)
			if count.Marked+count.Cautious > 0 {
				t.Errorf("%d were in doubt", count.Marked+count.Cautious)
			}
		})
	}
}
