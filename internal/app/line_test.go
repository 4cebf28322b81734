package app_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/sms"
)

// TestABadLineLosesNothing breaks the line to the operator in every way that lines break.
func TestABadLineLosesNothing(t *testing.T) {
	t.Parallel()
	o := options("sqlite", seedOf(t), false)
	o.Carrier = func(s *sms.CarrierSettings) { s.ResponseSeconds, s.EnquireLinkSeconds = 2, 2 }
	p := apptest.New(t, o)
	n := p.Nodes[0]
	n.Start()
	n.Ready()
	load := p.Load(2)
	r := rand.New(rand.NewPCG(o.Seed, 7)) //nolint:gosec // chance is to be repeatable
	flows := func(what string, parts int) {
		before := p.Submitted()
		load.Allow(20)
		p.Until(what, func() bool { return p.Submitted() >= before+uint64(parts) }) //nolint:gosec // few
	}
	flows("messages over a sound line", 20)
	goroutines := p.Goroutines()
	for _, most := range []int{60, 1000, 10_000, 30_000} {
		// In the middle of a PDU, of the bind as of messages.
		p.Line.Set(apptest.Line{Cut: 1 + r.IntN(most)})
		p.Line.Break()
		flows("messages over a line that breaks", 5)
	}
	p.Line.Set(apptest.Line{Trickle: true, Delay: 5 * time.Millisecond})
	p.Line.Break()
	flows("messages octet by octet", 5)
	p.Line.Set(apptest.Line{Overtake: true})
	p.Line.Break()
	flows("messages whose receipts overtake their answers", 20)
	for _, stalled := range []apptest.Line{{StallUp: true}, {StallDown: true}} {
		p.Line.Set(stalled)
		p.Until("the end of a link that stalls", func() bool { return p.Carrier() != "connected" })
		load.Allow(10)
		more(p, load, http.StatusOK, 5)
		p.Line.Set(apptest.Line{})
		flows("messages after a stall", 20)
	}
	p.Line.Set(apptest.Line{Down: true})
	p.Until("the loss of the operator", func() bool { return p.Carrier() != "connected" })
	load.Allow(20)
	more(p, load, http.StatusOK, 10)
	p.Line.Set(apptest.Line{})
	flows("messages after the operator was away", 20)
	orders := load.End()
	p.Settle()
	p.Until("no more goroutines than before", func() bool { return p.Goroutines() <= goroutines })
	n.Stop()
	p.Check(p.Count(orders))
}
