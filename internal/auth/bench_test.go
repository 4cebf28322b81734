package auth

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

func BenchmarkAuthenticate(b *testing.B) {
	for _, anyHost := range []bool{false, true} {
		for _, size := range []int{0, 150, 16 << 10} {
			b.Run(fmt.Sprintf("anyHost=%t/body=%d", anyHost, size), func(b *testing.B) {
				d := newDesk(b, func(cfg *Config) { cfg.AnyHost = anyHost })
				c := d.call("POST", jobs, strings.Repeat("x", size))
				r, body := c.request(), []byte(c.body)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := d.Authenticate(r, body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkSHA1 is the part of it that the protocol asks for.
func BenchmarkSHA1(b *testing.B) {
	for _, size := range []int{0, 150, 16 << 10} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			text := make([]byte, 32+1+32+1+4+1+len(jobs)+1+size+1+10)
			for b.Loop() {
				sha1.Sum(text)
			}
		})
	}
}

func BenchmarkRefuse(b *testing.B) {
	d := newDesk(b)
	for name, change := range map[string]func(*call, int){
		"same unknown application":        func(c *call, _ int) { c.header.Set(headerApplication, "x") },
		"always another application":      func(c *call, i int) { c.header.Set(headerApplication, fmt.Sprint("x", i)) },
		"bad signature, cause sought":     func(*call, int) { clear(d.causes.all) },
		"bad signature, cause not sought": func(*call, int) {},
	} {
		b.Run(name, func(b *testing.B) {
			c := d.call("POST", jobs, order)
			c.sign.secret = "x"
			r := c.request()
			for i := 0; b.Loop(); i++ {
				change(c, i)
				r.Header[headerApplication] = c.header[headerApplication]
				if _, err := d.Authenticate(r, []byte(c.body)); err == nil {
					b.Fatal("it passed")
				}
			}
		})
	}
}

// BenchmarkAuthenticateAmong is the proof alone, among so many keys in memory, each of an application of its own and ten of an account. Requests are
// made while the time is not taken.
func BenchmarkAuthenticateAmong(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint("keys=", n), func(b *testing.B) {
			d := newDesk(b)
			if err := d.follow(b.Context()); err != nil {
				b.Fatal(err)
			}
			tokens := make([]Token, n)
			for i := range tokens {
				t := NewToken()
				tokens[i] = t
				_, _, _ = d.applications.get(t.ApplicationKey, func() (*application, bool, bool, error) {
					return newApplication(store.Application{ID: int64(i), Key: t.ApplicationKey, Secret: t.ApplicationSecret, Status: "active"}), true, true, nil
				})
				_, _, _ = d.credentials.get(hashKey(t.ConsumerKey), func() (*credential, bool, bool, error) {
					return newCredential(&store.Credential{
						ID: int64(i), ApplicationID: int64(i), Status: "validated", Rules: Everything(), Account: sms.Account{ID: int64(i / 10), Name: fmt.Sprint("shop-", i/10)},
					}), true, true, nil
				})
			}
			const together = 500
			var took time.Duration
			calls := 0
			for b.Loop() {
				if calls++; calls%together != 1 {
					continue
				}
				requests := make([]*http.Request, together)
				for i := range requests {
					d.token = tokens[rand.IntN(n)]
					requests[i] = d.call("POST", jobs, order).request()
				}
				began := time.Now()
				for _, r := range requests {
					if _, err := d.Authenticate(r, []byte(order)); err != nil {
						b.Fatal(err)
					}
				}
				took += time.Since(began)
			}
			b.ReportMetric(float64(took.Nanoseconds())/1e3/float64((calls+together-1)/together*together), "us/proof")
			b.ReportMetric(float64(d.applications.total+d.credentials.total)/float64(n), "bytes/key")
		})
	}
}
