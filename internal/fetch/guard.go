package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// A Target is something that may be called although it is not public: a block of addresses or a host, with one port or with
// all that may be called anyway.
type Target struct {
	prefix netip.Prefix // of addresses, when host is empty
	host   string       // in small letters
	port   uint16       // 0 = each that may be called
}

// ParseTarget reads a target: an address or a block of them ("10.0.0.0/8", "fd00::1"), or a host or address with a port
// ("intranet.example.org:8080", "[fd00::1]:443").
func ParseTarget(text string) (Target, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return Target{prefix: prefix.Masked()}, nil
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return Target{prefix: block(address)}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" || !isPort(port) || strings.ContainsAny(host, "/@ ") {
		return Target{}, fmt.Errorf("%q is no target: give an address like 10.1.2.3, a block like 10.0.0.0/8, or a host with its port like intranet.example.org:8080", text)
	}
	n, _ := strconv.ParseUint(port, 10, 16) // isPort has looked at it
	t := Target{host: strings.ToLower(host), port: uint16(n)}
	if address, err := netip.ParseAddr(host); err == nil {
		t.host, t.prefix = "", block(address)
	}
	return t, nil
}

func block(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	return netip.PrefixFrom(address, address.BitLen())
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// metadata are addresses of cloud providers' machines that only look public: Azure's host.
var metadata = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}

// A guard decides about each connection when all names are resolved, so that no name can lead to another address than the one
// that was looked at.
type guard struct {
	allowed  []Target
	public   *ssrf.Guardian
	own      func() []netip.Addr
	resolver *net.Resolver
}

const dialTimeout = 10 * time.Second

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, Resolver: g.resolver}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !g.mayNamed(host, port) {
		d.Control = func(_, address string, _ syscall.RawConn) error { return g.check(host, address) }
	}
	return d.DialContext(ctx, network, address)
}

// mayNamed tells whether the operator trusts a host by its name, wherever it is.
func (g *guard) mayNamed(host, port string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, t := range g.allowed {
		if t.host != "" && t.host == host && port == strconv.Itoa(int(t.port)) {
			return true
		}
	}
	return false
}

// check decides about one address of a host.
func (g *guard) check(host, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	at, port := to.Addr().Unmap().WithZone(""), to.Port()
	if g.mayAddress(at, port) {
		return nil
	}
	switch {
	case !mayPort(port):
		return &refusal{host: host, what: fmt.Sprintf("port %d", port), why: "belongs to another protocol", cure: "use 80, 443, or one from 1024 up"}
	case g.public.SafeAddr(at) != nil:
		return &refusal{host: host, what: at.String(), why: "is " + kind(at) + " address", cure: "give a public one"}
	}
	for _, own := range g.own() {
		if own == at {
			return &refusal{host: host, what: at.String(), why: "is an address of this platform", cure: "give another one"}
		}
	}
	return nil
}

// mayPort keeps customers from speaking to mail servers and the like.
func mayPort(port uint16) bool { return port == 80 || port == 443 || port >= 1024 }

// mayAddress tells whether the operator allows an address. An IPv4 address inside of a translated one has to be allowed, or
// public, itself.
func (g *guard) mayAddress(at netip.Addr, port uint16) bool {
	for _, t := range g.allowed {
		if t.host != "" || !t.prefix.Contains(at) || t.port != port && (t.port != 0 || !mayPort(port)) {
			continue
		}
		if !ssrf.IPv6NAT64Prefix.Contains(at) {
			return true
		}
		octets := at.As16()
		inside := netip.AddrFrom4([4]byte(octets[12:]))
		return g.mayAddress(inside, port) || g.public.SafeAddr(inside) == nil
	}
	return false
}

// kind says in words why an address is not public.
func kind(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "a loopback"
	case a.IsUnspecified():
		return "an unspecified"
	case a.IsMulticast():
		return "a multicast"
	case a.IsLinkLocalUnicast():
		return "a link-local"
	case a.IsPrivate():
		return "a private"
	}
	return "a reserved"
}

// ownAddresses lists the addresses of this machine: what listens there may count on a firewall that a call from inside does
// not pass.
func ownAddresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, a := range all {
		if network, ok := a.(*net.IPNet); ok {
			if address, ok := netip.AddrFromSlice(network.IP); ok {
				own = append(own, address.Unmap())
			}
		}
	}
	return own
}

// A refusal is an address that is not called.
type refusal struct{ host, what, why, cure string }

func (r *refusal) Error() string {
	if r.host == r.what || strings.HasPrefix(r.what, "port ") {
		return fmt.Sprintf("%s %s: %s", r.what, r.why, r.cure)
	}
	return fmt.Sprintf("%s is at %s, which %s: %s", r.host, r.what, r.why, r.cure)
}
