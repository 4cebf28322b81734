package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// RemoteIP tells where a request comes from: from its peer, or if that is a trusted proxy, from the last address in
// X-Forwarded-For that is not one. What stands left of that anybody may have written. It is the zero Addr when the peer
// has no address.
func RemoteIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	ip, ok := parseIP(r.RemoteAddr)
	if !ok || !isTrusted(ip, trusted) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := parseIP(strings.TrimSpace(hop))
		if !ok {
			return ip
		}
		if ip = next; !isTrusted(ip, trusted) {
			return ip
		}
	}
	return ip
}

func isTrusted(ip netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// parseIP reads an address with or without a port; some proxies add one.
func parseIP(s string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return ip.Unmap().WithZone(""), err == nil
}
