package simulator_test

import (
	"context"
	"sync"
	"testing"

	"ramier/internal/clock"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// BenchmarkMessages is the whole life of messages with ordinary behaviour, both ends here: submit_sm, its answer,
// the receipt half a tenth of a second later, its answer.
func BenchmarkMessages(b *testing.B) {
	o := start(b, simulator.Options{Clock: clock.New()})
	var receipts, answers sync.WaitGroup
	c, err := smpp.Dial(context.Background(), smpp.Config{
		Address: o.address, Bind: smpp.Bind{SystemID: "bench"},
		Settings: smpp.Settings{Window: 256, Handler: func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
			respond(smpp.OK, nil)
			receipts.Done()
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	numbers := make([]*smpp.SubmitSM, 10_000)
	for i := range numbers {
		numbers[i] = to("+336120"+string([]byte{'0' + byte(i/1000), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)}), "Votre code est 123456")
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		receipts.Add(1)
		answers.Add(1)
		c.Send(b.Context(), numbers[n%len(numbers)], func(a smpp.Answer) {
			if a.Err != nil || a.Status != smpp.OK {
				b.Error(a)
			}
			answers.Done()
		})
		n++
	}
	answers.Wait()
	receipts.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
