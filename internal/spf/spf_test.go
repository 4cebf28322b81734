package spf_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ramier/internal/spf"
)

// names is a resolver that knows some names: "name TXT" and the like.
type names map[string][]string

var errDown = errors.New("the server does not answer")

func (n names) look(kind, name string) ([]string, error) {
	name = strings.TrimSuffix(name, ".")
	if strings.HasSuffix(name, "down.test") {
		return nil, errDown
	}
	if all, ok := n[kind+" "+name]; ok {
		return all, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (n names) LookupTXT(_ context.Context, name string) ([]string, error) {
	return n.look("TXT", name)
}

func (n names) LookupNetIP(_ context.Context, network, host string) (all []netip.Addr, err error) {
	texts, err := n.look("A", host)
	for _, text := range texts {
		if a := netip.MustParseAddr(text); a.Is4() == (network == "ip4") {
			all = append(all, a)
		}
	}
	if err == nil && len(all) == 0 {
		err = &net.DNSError{Name: host, IsNotFound: true}
	}
	return all, err
}

func (n names) LookupMX(_ context.Context, name string) (all []*net.MX, err error) {
	texts, err := n.look("MX", name)
	for _, text := range texts {
		all = append(all, &net.MX{Host: text + "."})
	}
	return all, err
}

func TestCheck(t *testing.T) {
	n := names{
		"A shop.test": {"192.0.2.10", "2001:db8::10"}, "A mail.shop.test": {"192.0.2.20"}, "MX shop.test": {"mail.shop.test"},
		"TXT good.test": {"v=spf1 ip4:192.0.2.1 -all"}, "TXT loop.test": {"v=spf1 include:loop.test -all"},
		"TXT ten.test": {"v=spf1 " + strings.Repeat("a:shop.test ", 10) + "+all"}, "TXT eleven.test": {"v=spf1 " + strings.Repeat("a:shop.test ", 11) + "+all"},
		"A 1.2.0.192._spf.test": {"127.0.0.2"}, "A me._at.sender.test.test": {"127.0.0.2"}, "A client.test.h.test": {"127.0.0.2"},
		"TXT soft.test": {"v=spf1 ~all"}, "TXT dead.test": {"v=spf1 include:x.down.test -all"},
	}
	many := make([]string, 11)
	for i := range many {
		many[i] = fmt.Sprintf("m%d.shop.test", i)
	}
	n["MX many.test"] = many
	for _, test := range []struct {
		records, ip string
		want        spf.Result
	}{
		{"", "192.0.2.1", spf.None},
		{"google-site-verification=x", "192.0.2.1", spf.None},
		{"v=spf10 +all", "192.0.2.1", spf.None},
		{"v=spf1", "192.0.2.1", spf.Neutral},
		{"V=SPF1 +ALL", "192.0.2.1", spf.Pass},
		{"v=spf1 +all|v=spf1 -all", "192.0.2.1", spf.PermError},
		{"other|v=spf1 -all", "192.0.2.1", spf.Fail},
		{"v=spf1 ~all", "192.0.2.1", spf.SoftFail},
		{"v=spf1 ?all", "192.0.2.1", spf.Neutral},
		{"v=spf1 ip4:192.0.2.1 -all", "192.0.2.1", spf.Pass},
		{"v=spf1 ip4:192.0.2.1 -all", "192.0.2.2", spf.Fail},
		{"v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", spf.Pass},
		{"v=spf1 ip4:192.0.2.0/24  -all", "192.0.2.99", spf.Pass},
		{"v=spf1 -ip4:192.0.2.0/24 +all", "192.0.2.99", spf.Fail},
		{"v=spf1 ip4:0.0.0.0/0 -all", "2001:db8::1", spf.Fail},
		{"v=spf1 ip6:2001:db8::/32 -all", "2001:db8:1::1", spf.Pass},
		{"v=spf1 ip6:2001:db8::1 -all", "2001:db8::2", spf.Fail},
		{"v=spf1 ip4:192.0.2.0/33 -all", "192.0.2.1", spf.PermError},
		{"v=spf1 ip4:2001:db8::1 -all", "192.0.2.1", spf.PermError},
		{"v=spf1 ip4 -all", "192.0.2.1", spf.PermError},
		{"v=spf1 +all nonsense", "192.0.2.1", spf.PermError},
		{"v=spf1 +all:x", "192.0.2.1", spf.PermError},
		{"v=spf1 a:shop.test -all", "192.0.2.10", spf.Pass},
		{"v=spf1 a:shop.test -all", "2001:db8::10", spf.Pass},
		{"v=spf1 a:shop.test/24 -all", "192.0.2.77", spf.Pass},
		{"v=spf1 a:shop.test/24//64 -all", "2001:db8::77", spf.Pass},
		{"v=spf1 a:shop.test//64 -all", "192.0.2.77", spf.Fail},
		{"v=spf1 a:shop.test/x -all", "192.0.2.10", spf.PermError},
		{"v=spf1 a: -all", "192.0.2.10", spf.PermError},
		{"v=spf1 a/24 -all", "192.0.2.10", spf.Fail}, // of the domain itself, which has none
		{"v=spf1 mx:shop.test -all", "192.0.2.20", spf.Pass},
		{"v=spf1 mx:shop.test -all", "192.0.2.10", spf.Fail},
		{"v=spf1 mx:many.test -all", "192.0.2.10", spf.PermError},
		{"v=spf1 include:good.test -all", "192.0.2.1", spf.Pass},
		{"v=spf1 include:good.test ?all", "192.0.2.2", spf.Neutral},
		{"v=spf1 include:soft.test -all", "192.0.2.2", spf.Fail},
		{"v=spf1 include:nothing.test -all", "192.0.2.1", spf.PermError},
		{"v=spf1 include -all", "192.0.2.1", spf.PermError},
		{"v=spf1 redirect=good.test", "192.0.2.1", spf.Pass},
		{"v=spf1 redirect=good.test", "192.0.2.2", spf.Fail},
		{"v=spf1 redirect=good.test ?all", "192.0.2.1", spf.Neutral},
		{"v=spf1 redirect=nothing.test", "192.0.2.1", spf.PermError},
		{"v=spf1 redirect=good.test redirect=good.test", "192.0.2.1", spf.PermError},
		{"v=spf1 include:loop.test -all", "192.0.2.1", spf.PermError},
		{"v=spf1 redirect=sender.test", "192.0.2.1", spf.PermError},
		{"v=spf1 include:dead.test -all", "192.0.2.1", spf.TempError},
		{"v=spf1 a:x.down.test -all", "192.0.2.1", spf.TempError},
		{"v=spf1 redirect=ten.test", "192.0.2.99", spf.PermError}, // eleven with itself
		{"v=spf1 redirect=eleven.test", "192.0.2.99", spf.PermError},
		{"v=spf1 " + strings.Repeat("a:shop.test ", 10) + "+all", "192.0.2.99", spf.Pass},
		{"v=spf1 a:no1.test a:no2.test +all", "192.0.2.1", spf.Pass},
		{"v=spf1 a:no1.test a:no2.test a:no3.test +all", "192.0.2.1", spf.PermError},
		{"v=spf1 exists:%{ir}._spf.test -all", "192.0.2.1", spf.Pass},
		{"v=spf1 exists:%{ir}._spf.test -all", "192.0.2.2", spf.Fail},
		{"v=spf1 exists:%{l}._at.%{o}.test -all", "192.0.2.2", spf.Pass},
		{"v=spf1 exists:%{h}.%{d1r}.test -all", "192.0.2.2", spf.Fail},
		{"v=spf1 exists:%{h}.h.test -all", "192.0.2.2", spf.Pass},
		{"v=spf1 exists:%{x}.test -all", "192.0.2.2", spf.PermError},
		{"v=spf1 exists:%(l).test -all", "192.0.2.2", spf.PermError},
		{"v=spf1 exists:%{d0}.test -all", "192.0.2.2", spf.PermError},
		{"v=spf1 ptr ptr:shop.test -all", "192.0.2.10", spf.Fail},
		{"v=spf1 exp=why.test unknown=thing ip4:192.0.2.1 -all", "192.0.2.1", spf.Pass},
	} {
		with := names{}
		for name, values := range n {
			with[name] = values
		}
		if test.records != "" {
			with["TXT sender.test"] = strings.Split(test.records, "|")
		}
		c := spf.Client{IP: netip.MustParseAddr(test.ip), HELO: "client.test", Sender: "me@Sender.test"}
		if got := spf.Check(t.Context(), with, c); got != test.want {
			t.Errorf("%q for %s: %s, want %s", test.records, test.ip, got, test.want)
		}
	}
	for _, sender := range []string{"", "me", "me@", "me@localhost", "me@a..test", "me@" + strings.Repeat("x", 64) + ".test", "me@sénder.test"} {
		if got := spf.Check(t.Context(), n, spf.Client{IP: netip.MustParseAddr("192.0.2.1"), Sender: sender}); got != spf.None {
			t.Errorf("%q: %s", sender, got)
		}
	}
	if got := spf.Check(t.Context(), n, spf.Client{IP: netip.MustParseAddr("192.0.2.1"), Sender: "me@x.down.test"}); got != spf.TempError {
		t.Error(got)
	}
}

// Whatever a record says, the answer is one of the seven, and so much is asked at most.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		"v=spf1 a mx/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:x.test exists:%{ir}.%{l1r-}.%{d} ?all", "v=spf1 redirect=%{d}", "v=spf1 +",
		"v=spf1 a:%{s}/24 ptr:x -all", "v=spf1 exists:%{S}%%%_%-.test",
	} {
		f.Add(text, "me@sender.test")
	}
	results := []spf.Result{spf.None, spf.Neutral, spf.Pass, spf.Fail, spf.SoftFail, spf.TempError, spf.PermError}
	f.Fuzz(func(t *testing.T, text, sender string) {
		r := &counting{names: names{}, text: text}
		for _, ip := range []string{"192.0.2.1", "2001:db8::1"} {
			r.asked = 0
			got := spf.Check(t.Context(), r, spf.Client{IP: netip.MustParseAddr(ip), HELO: sender, Sender: sender})
			if !slices.Contains(results, got) || r.asked > 130 {
				t.Errorf("%q: %s after %d questions", text, got, r.asked)
			}
		}
	})
}

// counting says the same of every domain.
type counting struct {
	names
	text  string
	asked int
}

func (c *counting) LookupTXT(context.Context, string) ([]string, error) {
	c.asked++
	return []string{c.text}, nil
}

func (c *counting) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	c.asked++
	return []netip.Addr{netip.MustParseAddr("192.0.2.99")}, nil
}

func (c *counting) LookupMX(context.Context, string) ([]*net.MX, error) {
	c.asked++
	return slices.Repeat([]*net.MX{{Host: "mx.test."}}, 10), nil
}
