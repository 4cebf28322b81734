package sandbox_test

import (
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sandbox"
	"ramier/internal/sms"
)

// signedGet makes a request of a consumer key, as OVH's clients do.
func signedGet(k auth.Token, path, stamp string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/1.0"+path, http.NoBody)
	sum := sha1.Sum([]byte(strings.Join([]string{k.ApplicationSecret, k.ConsumerKey, "GET", "http://127.0.0.1:8080/1.0" + path, "", stamp}, "+"))) //nolint:gosec // the protocol's hash
	for name, value := range map[string]string{
		"X-Ovh-Application": k.ApplicationKey, "X-Ovh-Consumer": k.ConsumerKey, "X-Ovh-Timestamp": stamp, "X-Ovh-Signature": fmt.Sprintf("$1$%x", sum),
	} {
		r.Header.Set(name, value)
	}
	return r
}

// populate makes accounts with tokens, and gives the tokens.
func populate(b *testing.B, p *sandbox.Sandbox, accounts, each int) []auth.Token {
	b.Helper()
	all := make([]auth.Token, accounts*each)
	work := make(chan int)
	var workers sync.WaitGroup
	for range 64 { // so that the database groups their commits
		workers.Go(func() {
			for i := range work {
				a := sms.Account{Name: fmt.Sprintf("scale-%d", i), Country: "FR", CreatedAt: time.Now()}
				err := p.App.Store.AddAccount(b.Context(), &a)
				for j := range each {
					if err == nil {
						all[i*each+j], err = auth.CreateToken(b.Context(), p.App.Store, time.Now(), a, nil, "scale", "", 0, nil)
					}
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range accounts {
		work <- i
	}
	close(work)
	workers.Wait()
	return all
}

// BenchmarkScale is what a signed request (GET /auth/details) costs the server, with one account, and with 10,000 that have 100,000
// tokens: when any of 5,000 is the next to call, and when any of all is. docs/auth.md has the figures.
func BenchmarkScale(b *testing.B) {
	for _, size := range []struct{ accounts, each int }{{1, 1}, {10_000, 10}} {
		p, err := sandbox.Start(b.Context(), sandbox.Options{Dir: b.TempDir(), HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		tokens := populate(b, p, size.accounts, size.each)
		for _, inUse := range []int{1, 5_000, 100_000} {
			if inUse > len(tokens) || size.accounts > 1 && inUse == 1 {
				continue
			}
			b.Run(fmt.Sprintf("accounts=%d/tokens=%d/in-use=%d", size.accounts, len(tokens), inUse), func(b *testing.B) {
				stamp := strconv.FormatInt(time.Now().Unix(), 10)
				calls := make([]*http.Request, inUse)
				for i := range calls {
					calls[i] = signedGet(tokens[i*len(tokens)/inUse], "/auth/details", stamp)
					if w := httptest.NewRecorder(); i < 5_000 {
						if p.App.Handler.ServeHTTP(w, calls[i]); w.Code != http.StatusOK {
							b.Fatal(w.Code, w.Body)
						}
					}
				}
				b.ReportAllocs()
				before := cpuTime(b) // the machine may have other things to do
				for b.Loop() {
					p.App.Handler.ServeHTTP(httptest.NewRecorder(), calls[rand.IntN(inUse)])
				}
				b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-us/request")
			})
		}
		if err := p.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
