package notify_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ramier/internal/clock"
	"ramier/internal/fetch"
	"ramier/internal/notify"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// BenchmarkCallbacks measures the whole way of a callback, from the receipt that is written down to the answer that is: b.N of
// them to a server on this machine, with none and with 1,000 dead endpoints beside it that are owed as much.
func BenchmarkCallbacks(b *testing.B) {
	for _, database := range storetest.Databases {
		for _, dead := range []int{0, 1000} {
			b.Run(fmt.Sprintf("%s/%d-dead", database, dead), func(b *testing.B) { callbacks(b, database, dead) })
		}
	}
}

// group is how many receipts are written in one transaction, and how many receivers an order has.
const group = 1000

func callbacks(b *testing.B, database string, dead int) {
	s := storetest.Open(b, storetest.URL(b, database))
	w := newWorld(b, s)
	w.clock = clock.New()
	_, err := s.Grant(b.Context(), w.shop.Service.ID, 100_000_000*sms.Credit, "bench", w.clock.Now())
	w.check(err)
	var got atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer server.Close()
	deadEndpoints(w, dead)
	n := notify.New(w.config(fetch.Config{Allowed: []fetch.Target{loopback(b)}, PerHost: 64}))
	n.Start(b.Context())
	defer n.Stop(context.Background())
	var receivers []string
	for i := range group {
		receivers = append(receivers, fmt.Sprintf("+3363998%04d", i))
	}
	var claims []*store.Claim // messages that were sent before anybody was told
	for range (b.N + group - 1) / group {
		w.shop.Accept(b, s, storetest.Order("Bonjour", receivers...), w.clock.Now())
		c, err := s.Claim(b.Context(), w.shop.Carrier.ID, w.hold, group, w.clock.Now())
		w.check(err)
		claims = append(claims, c)
	}
	w.callBack(server.URL + "/dlr")
	b.ResetTimer()
	begun, used := time.Now(), processor()
	left := b.N
	for _, c := range claims {
		o := &store.Outcome{}
		for _, m := range c.Messages[:min(left, len(c.Messages))] {
			o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: m.CarrierID, State: sms.Sent, PTT: 3, Refs: []string{fmt.Sprint(m.ID)}, At: w.clock.Now()})
		}
		left -= len(o.Answers)
		w.check(s.Settle(b.Context(), o))
		_, err := s.WriteAnswers(b.Context(), 0)
		w.check(err)
	}
	written := time.Since(begun)
	for got.Load() < int64(b.N) {
		seen := got.Load()
		w.until("more arrive", func() bool { return got.Load() > seen })
	}
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "callbacks/s")
	b.ReportMetric(float64(processor()-used)/float64(b.N)/1000, "cpu-us/callback") // of the receiving server, too
	b.ReportMetric(float64(b.N)/written.Seconds(), "receipts/s")
}

// deadEndpoints makes services whose callBack takes connections and never answers, and owes each something.
func deadEndpoints(w *world, number int) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	w.t.Cleanup(func() { silent.Close() })
	for i := range number {
		v := sms.Service{
			Name: fmt.Sprint("sms-dead-", i), AccountID: w.shop.Account.ID, Account: w.shop.Account.Name, Country: "FR", Channel: "transactional",
			Status: sms.Enabled, CreatedAt: storetest.Noon, Settings: sms.Settings{CallBack: "http://" + silent.Addr().String() + "/"},
		}
		w.check(w.AddService(w.t.Context(), &v))
		_, err := w.Grant(w.t.Context(), v.ID, 100*sms.Credit, "bench", w.clock.Now())
		w.check(err)
		w.check(w.AddSender(w.t.Context(), sms.Sender{ServiceID: v.ID, Sender: "Ramier", Type: "alpha", Status: sms.Enabled, Referer: "custom", CreatedAt: storetest.Noon}))
		other := w.shop
		other.Service = v
		other.Accept(w.t, w.Store, storetest.Order("Bonjour", alice), w.clock.Now())
	}
	for range (number + group - 1) / group {
		c, err := w.Claim(w.t.Context(), w.shop.Carrier.ID, w.hold, group, w.clock.Now())
		w.check(err)
		o := &store.Outcome{Ended: []int64{c.ID}}
		for m := range slices.Values(c.Messages) {
			o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: m.CarrierID, State: sms.Sent, PTT: 3, Refs: []string{fmt.Sprint("d", m.ID)}, At: w.clock.Now()})
		}
		w.check(w.Settle(w.t.Context(), o))
		_, err = w.WriteAnswers(w.t.Context(), 0)
		w.check(err)
	}
}

// processor is the time that this process has used of it.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
