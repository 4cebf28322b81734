package fetch

import (
	"net/netip"
	"strings"
	"testing"

	"code.dny.dev/ssrf"
)

func TestTheGuardDecidesByTheAddress(t *testing.T) {
	var allowed []Target
	for _, text := range []string{"10.1.0.0/16", "10.2.0.1:25", "fd00::/8", "64:ff9b::/96", "[fc00::7]:22", "::1"} {
		target, err := ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		allowed = append(allowed, target)
	}
	g := guard{
		allowed: allowed, own: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("93.184.215.20")} },
		public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(metadata...)),
	}
	for _, test := range []struct{ address, want string }{
		{"93.184.215.14:80", ""},
		{"93.184.215.14:8443", ""},
		{"[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443", ""},
		{"93.184.215.14:25", "port 25 belongs to another protocol"},
		{"93.184.215.20:443", "is an address of this platform"},
		{"10.1.2.3:80", ""},
		{"10.1.2.3:8080", ""},
		{"[::ffff:10.1.2.3]:8080", ""},
		{"10.1.2.3:22", "port 22"},
		{"10.2.0.1:25", ""},
		{"10.2.0.1:80", "is a private address"},
		{"10.3.0.1:80", "is a private address"},
		{"[fd12::1]:80", ""},
		{"[fc00::7]:22", ""},
		{"[fc00::7]:80", "is a private address"},
		{"[::1]:80", ""},
		{"127.0.0.1:80", "is a loopback address"},
		{"[64:ff9b::5db8:d70e]:80", ""}, // 93.184.215.14 behind NAT64
		{"[64:ff9b::10.1.2.3]:80", ""},
		{"[64:ff9b::127.0.0.1]:80", "is a reserved address"},
		{"[64:ff9b::169.254.169.254]:80", "is a reserved address"},
		{"[fe80::1%eth0]:80", "is a link-local address"},
		{"168.63.129.16:80", "is a reserved address"},
	} {
		err := g.check("name.test", test.address)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, not %q", test.address, err, test.want)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, text := range []string{"", "host", "host:", "host:0", "host:70000", ":80", "10.0.0.0/33", "http://host:80", "a b:80", "me@host:80"} {
		if target, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), "give an address") {
			t.Errorf("%q: %v, %v", text, target, err)
		}
	}
	g := guard{}
	for _, text := range []string{"Intranet.Example.org:8080", "10.0.0.1:443", "[::1]:8080"} {
		target, err := ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		g.allowed = append(g.allowed, target)
	}
	for at, want := range map[[2]string]bool{
		{"intranet.example.org", "8080"}:  true,
		{"INTRANET.example.org.", "8080"}: true,
		{"intranet.example.org", "80"}:    false,
		{"example.org", "8080"}:           false,
		{"10.0.0.1", "443"}:               false, // by its address
		{"", "8080"}:                      false,
	} {
		if got := g.mayNamed(at[0], at[1]); got != want {
			t.Errorf("%v: %v", at, got)
		}
	}
}

func TestThisMachineHasAddresses(t *testing.T) {
	for _, a := range ownAddresses() {
		if a.IsLoopback() {
			return
		}
	}
	t.Error("no loopback address among its own")
}
