package auth

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"
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
