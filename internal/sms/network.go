package sms

import (
	"net/netip"
	"slices"
	"strings"
)

// ParseBlock reads a block of addresses as it is written, like 192.0.2.0/24; a single address is a block of one. Errors are those of
// netip.
func ParseBlock(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// ParseNetwork reads an address or a network, without the bits of the network that stand for a host. An IPv4 address in the form
// of IPv6 is that IPv4 address. Error: Invalid.
func ParseNetwork(text string) (netip.Prefix, error) {
	p, err := ParseBlock(text)
	if err != nil {
		return p, Errorf(Invalid, "%q is no address: give one like 192.0.2.7, or a network like 192.0.2.0/24", text)
	}
	if !strings.Contains(text, "/") {
		ip := p.Addr().Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return p.Masked(), nil
}

// AllowsIP tells whether an address may come in by a list of addresses and networks; an empty list lets all in.
func AllowsIP(list []string, ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return len(list) == 0 || slices.ContainsFunc(list, func(entry string) bool {
		p, err := ParseNetwork(entry)
		return err == nil && p.Contains(ip)
	})
}
