package sandbox_test

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sandbox"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A signedCall is a request before it is read: what came over a connection.
type signedCall struct {
	method, path, body string
}

// raw signs the call with a consumer key and writes it as it comes over a connection.
func (c signedCall) raw(to []byte, k auth.Token, stamp string) []byte {
	const host = "127.0.0.1:8080"
	sum := sha1.Sum([]byte(strings.Join([]string{k.ApplicationSecret, k.ConsumerKey, c.method, "http://" + host + "/1.0" + c.path, c.body, stamp}, "+"))) //nolint:gosec // the protocol's hash
	return fmt.Appendf(to, "%s /1.0%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nX-Ovh-Application: %s\r\nX-Ovh-Consumer: %s\r\nX-Ovh-Timestamp: %s\r\nX-Ovh-Signature: $1$%x\r\n\r\n%s",
		c.method, c.path, host, len(c.body), k.ApplicationKey, k.ConsumerKey, stamp, sum, c.body)
}

// A scaleClient is a connection that stays open, and costs as little as a client can.
type scaleClient struct {
	net.Conn
	in   *bufio.Reader
	used time.Time
}

// reach connects anew unless the connection was used just now: the server closes what is idle.
func (c *scaleClient) reach(b *testing.B, p *sandbox.Sandbox) {
	b.Helper()
	if time.Since(c.used) > time.Second {
		if c.Conn != nil {
			_ = c.Close()
		}
		var err error
		if c.Conn, err = (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(p.Info.Endpoint, "http://"), "/1.0")); err != nil {
			b.Fatal(err)
		}
		c.in = bufio.NewReader(c)
	}
	c.used = time.Now()
}

// call sends a request and reads its answer, of which it only understands what it must.
func (c *scaleClient) call(raw []byte) error {
	if _, err := c.Write(raw); err != nil {
		return err
	}
	status, length := "", 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(string(line)), ": "); {
		case status == "":
			status = name
		case name == "Content-Length":
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		case name == "":
			if !strings.Contains(status, " 200 ") {
				return errors.New(status)
			}
			_, err := c.in.Discard(length)
			return err
		}
	}
}

// A crowd is customers with a service and tokens each.
type crowd struct {
	tokens   []auth.Token
	services []string // of each token
	lanes    [64]scaleClient
}

// populate makes accounts with a service and tokens.
func populate(b *testing.B, p *sandbox.Sandbox, accounts, each int) *crowd {
	b.Helper()
	all := &crowd{tokens: make([]auth.Token, accounts*each), services: make([]string, accounts*each)}
	work := make(chan int)
	var workers sync.WaitGroup
	for range 64 { // so that the database groups their commits
		workers.Go(func() {
			for i := range work {
				if err := all.account(b.Context(), p.App.Store, i, each); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range accounts {
		work <- i
	}
	close(work)
	if workers.Wait(); b.Failed() {
		b.FailNow()
	}
	return all
}

func (c *crowd) account(ctx context.Context, s *store.Store, i, each int) error {
	a := sms.Account{Name: fmt.Sprintf("scale-%d", i), Country: "FR", CreatedAt: time.Now()}
	if err := s.AddAccount(ctx, &a); err != nil {
		return err
	}
	v := sms.Service{
		AccountID: a.ID, Account: a.Name, Country: a.Country, Channel: "transactional", Status: sms.Enabled, CreatedAt: a.CreatedAt,
		Settings: sms.Settings{Guards: sms.DefaultGuards(), SendingHours: "none"},
	}
	if err := s.AddService(ctx, &v); err != nil {
		return err
	}
	if _, err := s.Grant(ctx, v.ID, 1_000_000*sms.Credit, "scale", a.CreatedAt); err != nil {
		return err
	}
	for j := range each {
		t, err := auth.CreateToken(ctx, s, time.Now(), a, nil, fmt.Sprint("scale ", j), "", 0, nil)
		if err != nil {
			return err
		}
		c.tokens[i*each+j], c.services[i*each+j] = t, v.Name
	}
	return nil
}

// scaleCalls are what is measured: the proof of the caller and nearly nothing else, a read, and an order of one message.
var scaleCalls = map[string]func(service string) signedCall{
	"details": func(string) signedCall { return signedCall{http.MethodGet, "/auth/details", ""} },
	"service": func(service string) signedCall { return signedCall{http.MethodGet, "/sms/" + service, ""} },
	"jobs": func(service string) signedCall {
		return signedCall{http.MethodPost, "/sms/" + service + "/jobs", `{"message":"Your code is 482913","receivers":["+33600000001"],"senderForResponse":true,"noStopClause":true,"priority":"high"}`}
	},
}

// BenchmarkScale is what a signed request costs the server, from the bytes of the request to those of the answer, in process: with one account,
// and with 10,000 that have 100,000 tokens, any of which is the next to call. Requests are signed and written while the time is not
// taken, as they would come from elsewhere. docs/auth.md has the figures.
func BenchmarkScale(b *testing.B) {
	for _, size := range []struct{ accounts, each int }{{1, 1}, {10_000, 10}} {
		p, err := sandbox.Start(b.Context(), sandbox.Options{Dir: b.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		all := populate(b, p, size.accounts, size.each)
		firsts := map[string]time.Duration{} // each has called before, as in a running platform
		for _, name := range slices.Sorted(maps.Keys(scaleCalls)) {
			for ids := range slices.Chunk(all.firsts(name), 500) {
				firsts[name] += all.do(b, p, ids, scaleCalls[name])
			}
			b.Logf("%v: %v of processor for each first request", name, firsts[name]/time.Duration(len(all.firsts(name))))
		}
		b.Logf("%d MiB of live memory with %d tokens, with those of the benchmark", liveMemory()>>20, len(all.tokens))
		for _, name := range slices.Sorted(maps.Keys(scaleCalls)) {
			b.Run(fmt.Sprintf("%s/accounts=%d/tokens=%d", name, size.accounts, len(all.tokens)), func(b *testing.B) {
				const together = 500
				var took time.Duration
				n := 0
				b.ReportAllocs()
				for b.Loop() {
					if n%together == 0 {
						next := make([]int, together)
						for i := range next {
							next[i] = rand.IntN(len(all.tokens))
						}
						took += all.do(b, p, next, scaleCalls[name])
					}
					n++
				}
				calls := (n + together - 1) / together * together
				b.ReportMetric(float64(took.Nanoseconds())/1e3/float64(calls), "cpu-us/request")
			})
		}
		if err := p.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// firsts are the tokens that call before the measurement: all, or one of each service.
func (c *crowd) firsts(name string) []int {
	var all []int
	for i := range c.tokens {
		if name == "details" || i == 0 || c.services[i] != c.services[i-1] {
			all = append(all, i)
		}
	}
	return all
}

// do has tokens call, and gives the time that the processors took for it. 64 call at once.
func (c *crowd) do(b *testing.B, p *sandbox.Sandbox, tokens []int, call func(service string) signedCall) time.Duration {
	b.Helper()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	raw := make([][]byte, len(tokens))
	for i, token := range tokens {
		raw[i] = call(c.services[token]).raw(nil, c.tokens[token], stamp)
	}
	for lane := range c.lanes {
		c.lanes[lane].reach(b, p)
	}
	before := cpuTime(b) // the machine may have other things to do
	var workers sync.WaitGroup
	for lane := range c.lanes {
		workers.Go(func() {
			for i := lane; i < len(raw); i += len(c.lanes) {
				if err := c.lanes[lane].call(raw[i]); err != nil {
					b.Errorf("%s: %v", raw[i], err)
					return
				}
			}
		})
	}
	if workers.Wait(); b.Failed() {
		b.FailNow()
	}
	return cpuTime(b) - before
}

// liveMemory is what is in use after a collection.
func liveMemory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
