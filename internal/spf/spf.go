// Package spf finds out whether an address may send mails for a domain, by the records of RFC 7208. The mechanism ptr, which the RFC advises
// against, never matches.
package spf

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
)

// Result is what a domain says about an address.
type Result string

// The results of RFC 7208, section 2.6.
const (
	None      Result = "none"      // the domain says nothing
	Neutral   Result = "neutral"   // it does not say
	Pass      Result = "pass"      // the address may send
	Fail      Result = "fail"      // it may not
	SoftFail  Result = "softfail"  // it probably may not
	TempError Result = "temperror" // names cannot be looked up now
	PermError Result = "permerror" // its record, or one that it includes, is wrong
)

// Resolver looks names up, as net.Resolver does.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Limits of RFC 7208, section 4.6.4.
const (
	maxLookups = 10 // terms that ask for names
	maxVoid    = 2  // of them, whose names are not there
	maxMX      = 10 // mail servers of one name
	maxRecord  = 4096
)

// A Client is who brings a mail.
type Client struct {
	IP     netip.Addr
	HELO   string // the name that it gives itself
	Sender string // of the envelope, with an @
}

// Check asks the domain of the sender whether the client may send for it. The context bounds the time that this takes.
func Check(ctx context.Context, r Resolver, c Client) Result {
	domain := c.Sender[strings.LastIndexByte(c.Sender, '@')+1:]
	c.IP = c.IP.Unmap().WithZone("")
	if !isName(domain) || !c.IP.IsValid() {
		return None
	}
	k := &check{ctx: ctx, resolver: r, client: c}
	return k.host(strings.ToLower(strings.TrimSuffix(domain, ".")))
}

// isName tells that a domain can be asked: it has several labels of 1 to 63 characters.
func isName(domain string) bool {
	domain = strings.TrimSuffix(domain, ".")
	if len(domain) > 253 || !strings.Contains(domain, ".") {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return !strings.ContainsFunc(domain, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// A check is one question, with all that its answer leads to.
type check struct {
	ctx           context.Context
	resolver      Resolver
	client        Client
	lookups, void int
}

// errPerm and errTemp end a check.
var (
	errPerm = errors.New("the record is wrong")
	errTemp = errors.New("names cannot be looked up now")
)

// failed gives the result of a check that an error has ended.
func failed(err error) Result {
	if errors.Is(err, errTemp) {
		return TempError
	}
	return PermError
}

// host is check_host() of the RFC.
func (k *check) host(domain string) Result {
	text, err := k.record(domain)
	if err != nil {
		return failed(err)
	}
	if text == "" {
		return None
	}
	rec, err := parse(text)
	if err != nil {
		return PermError
	}
	for _, m := range rec.mechanisms {
		ok, err := k.matches(m, domain)
		if err != nil {
			return failed(err)
		}
		if ok {
			return m.result
		}
	}
	if rec.redirect == "" {
		return Neutral
	}
	if err := k.count(); err != nil {
		return PermError
	}
	to, err := k.expand(rec.redirect, domain)
	if err != nil {
		return PermError
	}
	if result := k.host(to); result != None {
		return result
	}
	return PermError
}

// record gives the only record of a domain, empty if it has none.
func (k *check) record(domain string) (string, error) {
	all, err := k.resolver.LookupTXT(k.ctx, domain+".")
	if err != nil && !isMissing(err) {
		return "", errTemp
	}
	found := ""
	for _, text := range all {
		if version, _, _ := strings.Cut(text, " "); !strings.EqualFold(version, "v=spf1") {
			continue
		}
		if found != "" || len(text) > maxRecord {
			return "", errPerm
		}
		found = text
	}
	return found, nil
}

func isMissing(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// count counts a term that asks for names.
func (k *check) count() error {
	if k.lookups++; k.lookups > maxLookups {
		return errPerm
	}
	return nil
}

// missing judges the error of a lookup; names that are not there may be few.
func (k *check) missing(err error) error {
	switch {
	case err == nil:
		return nil
	case !isMissing(err):
		return errTemp
	}
	if k.void++; k.void > maxVoid {
		return errPerm
	}
	return nil
}

// matches tells whether a mechanism is about the client.
func (k *check) matches(m mechanism, domain string) (bool, error) {
	switch m.name {
	case "all":
		return true, nil
	case "ip4", "ip6":
		return m.block.Contains(k.client.IP), nil
	}
	if err := k.count(); err != nil {
		return false, err
	}
	name := domain
	if m.domain != "" {
		var err error
		if name, err = k.expand(m.domain, domain); err != nil {
			return false, err
		}
	}
	switch m.name {
	case "include":
		switch k.host(name) {
		case Pass:
			return true, nil
		case TempError:
			return false, errTemp
		case PermError, None:
			return false, errPerm
		}
		return false, nil
	case "a":
		return k.hasAddress(name, m)
	case "mx":
		return k.hasMailServer(name, m)
	case "exists":
		all, err := k.resolver.LookupNetIP(k.ctx, "ip4", name+".")
		return len(all) > 0, k.missing(err)
	}
	return false, nil // ptr
}

// hasAddress tells whether a name has the client's address, or one of the same block.
func (k *check) hasAddress(name string, m mechanism) (bool, error) {
	network, bits := "ip4", m.bits4
	if k.client.IP.Is6() {
		network, bits = "ip6", m.bits6
	}
	all, err := k.resolver.LookupNetIP(k.ctx, network, name+".")
	if err := k.missing(err); err != nil {
		return false, err
	}
	for _, address := range all {
		if p, err := address.Unmap().Prefix(bits); err == nil && p.Contains(k.client.IP) {
			return true, nil
		}
	}
	return false, nil
}

func (k *check) hasMailServer(name string, m mechanism) (bool, error) {
	all, err := k.resolver.LookupMX(k.ctx, name+".")
	if err := k.missing(err); err != nil {
		return false, err
	}
	if len(all) > maxMX {
		return false, errPerm
	}
	for _, one := range all {
		if host := strings.TrimSuffix(one.Host, "."); isName(host) {
			if ok, err := k.hasAddress(host, m); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}
