package sandbox_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ramier/bench/load"
	"ramier/internal/sandbox"
	"ramier/internal/smpp"
	"ramier/internal/store"
)

// BenchmarkMessages sends b.N messages over the whole way: signed HTTP, SQLite with every commit synced, SMPP, receipt. Client,
// platform and operator share the machine.
func BenchmarkMessages(b *testing.B) {
	for name, receivers := range map[string]int{"single": 1, "bulk": 1000} {
		b.Run(name, func(b *testing.B) {
			s, err := sandbox.Start(b.Context(), sandbox.Options{
				Dir: b.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Stop(b.Context()) }()
			k := s.Info.Keys
			target := &load.OVH{
				Endpoint: s.Info.Endpoint, ApplicationKey: k.ApplicationKey, ApplicationSecret: k.ApplicationSecret, ConsumerKey: k.ConsumerKey,
				Service: s.Info.ServiceName, Sender: s.Info.Sender,
			}
			if err := target.Prepare(); err != nil {
				b.Fatal(err)
			}
			requests := max(1, b.N/receivers)
			before := cpuTime(b)
			b.ResetTimer()
			r, err := load.Run(b.Context(), target, load.Options{Requests: requests, Receivers: receivers, Connections: 64})
			if err != nil || r.Refused > 0 {
				b.Fatal(err, r.First)
			}
			for s.Simulator.Status().Receipts.Acked < int64(r.Accepted) {
				<-time.After(time.Millisecond)
			}
			b.StopTimer()
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(r.Accepted), "cpu-us/message")
			b.ReportMetric(float64(r.Accepted)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkHTTP2SMS sends b.N messages, one a call, over 64 connections; client, platform and operator share the machine.
func BenchmarkHTTP2SMS(b *testing.B) {
	s, err := sandbox.Start(b.Context(), sandbox.Options{
		Dir: b.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Stop(b.Context()) }()
	i := s.Info
	address := i.HTTP2SMS + "?account=" + i.ServiceName + "&login=" + i.SMSLogin + "&password=" + i.SMSPassword + "&from=" + i.Sender +
		"&to=0033639980000&message=Bonjour&noStop=1"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var calls atomic.Int64
	before := cpuTime(b)
	b.ResetTimer()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for calls.Add(1) <= int64(b.N) {
				a, err := client.Get(address)
				if err != nil {
					b.Error(err)
					return
				}
				text, err := io.ReadAll(a.Body)
				if _ = a.Body.Close(); err != nil || !strings.HasPrefix(string(text), "OK\n") {
					b.Errorf("%s, %v", text, err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/message")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// cpuTime is what the process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSMPP sends b.N messages over four binds with a window of 500; client, platform and operator share the machine.
func BenchmarkSMPP(b *testing.B) {
	s, err := sandbox.Start(b.Context(), sandbox.Options{
		Dir: b.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Stop(b.Context()) }()
	v, err := s.App.Store.Service(b.Context(), s.Info.ServiceName)
	if err == nil {
		_, err = s.App.Store.ChangeSMPPAccount(b.Context(), v.ID, func(a *store.SMPPAccount) error {
			a.Settings.Binds, a.Settings.Throughput, a.Settings.Window = 4, 100_000, 500
			return nil
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	const binds = 4
	sessions := make([]*smpp.Session, binds)
	var receipts, refused atomic.Int64
	for i := range sessions {
		c := smpp.Config{Address: s.Info.SMPP, Bind: smpp.Bind{SystemID: s.Info.SMPPSystemID, Password: s.Info.SMPPPassword}}
		c.Window, c.MaxInbound = 500, 1000
		c.Handler = func(_ *smpp.Session, _ smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
			receipts.Add(1)
			respond(smpp.OK, &smpp.DeliverSMResp{})
		}
		if sessions[i], err = smpp.Dial(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	before := cpuTime(b)
	b.ResetTimer()
	var all sync.WaitGroup
	for i, session := range sessions {
		all.Go(func() {
			p := aMessage("Bonjour")
			var answers sync.WaitGroup
			for n := i; n < b.N; n += binds {
				answers.Add(1)
				session.Send(b.Context(), p, func(a smpp.Answer) {
					defer answers.Done()
					if a.Err != nil || a.Status != smpp.OK {
						refused.Add(1)
					}
				})
			}
			answers.Wait()
		})
	}
	all.Wait()
	accepted := b.Elapsed()
	for receipts.Load() < int64(b.N)-refused.Load() {
		<-time.After(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/accepted.Seconds(), "submits/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/message")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
	b.ReportMetric(float64(refused.Load()), "refused")
}
