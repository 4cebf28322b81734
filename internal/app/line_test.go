package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/sms"
	"ramier/internal/store"
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

// TestAPoisonousReceiverHoldsUpNobody has an operator that hangs up on whoever sends to one receiver.
func TestAPoisonousReceiverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p := apptest.New(t, options("sqlite", seedOf(t), false))
	n := p.Nodes[0]
	n.Start()
	n.Ready()
	const poison = "+33698765432"
	p.Line.Set(apptest.Line{Poison: strings.TrimPrefix(poison, "+")})
	p.Line.Break()
	client := p.Nodes[0].Client()
	send := func(receivers ...string) (ids []int64) {
		var report struct{ IDs []int64 }
		if err := client.Post("/sms/"+p.Shop.Service.Name+"/jobs", map[string]any{
			"message": "Bonjour", "receivers": receivers, "sender": "Ramier", "noStopClause": true,
		}, &report); err != nil {
			t.Fatal(err)
		}
		return report.IDs
	}
	receivers := make([]string, 100)
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+336120000%02d", i)
	}
	receivers[40] = poison
	ids := send(receivers...)
	others := func() bool {
		open, err := p.Nodes[0].Open(client)
		return err == nil && slices.Equal(open, ids[40:41])
	}
	p.Until("an end of all others, and of all attempts", others)
	// The last attempt was made long ago: what comes now meets a sound line.
	before := p.Submitted()
	ids = append(ids, send("+33612000100")...)
	p.Until("the next message", func() bool { return p.Submitted() > before && others() })
	n.Stop()
	p.Store(func(s *store.Store) {
		for i, id := range ids {
			m, _, err := s.Message(t.Context(), 0, id)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case i == 40 && (m.State != sms.InDoubt || !m.Duplicate):
				t.Errorf("the poisonous message is %s after %d attempts", m.State, m.Attempts)
			case i != 40 && !m.State.Final():
				t.Errorf("message %d to %s is %s after %d attempts", id, m.Receiver, m.State, m.Attempts)
			}
		}
	})
}
