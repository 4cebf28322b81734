package submit

import (
	"testing"
	"time"

	"ramier/internal/sms"
)

// MeasureVelocity counts messages to the receivers again and again.
func MeasureVelocity(b *testing.B, receivers []string) {
	b.Helper()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	v := newVelocity(nil)
	v.hour, v.counts, v.filled = hourOf(at), map[uint64]int64{}, true
	p := &sms.Plan{At: at, Service: sms.Service{ID: 7, Settings: sms.Settings{Guards: sms.Guards{ReceiverHour: 1 << 40}}}}
	for _, r := range receivers {
		p.Messages = append(p.Messages, sms.Planned{Receiver: r})
	}
	for b.Loop() {
		if _, err := v.take(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(receivers)), "ns/message")
}
