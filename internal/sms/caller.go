package sms

import (
	"net/netip"
	"slices"
	"strings"
)

// Caller is who sent a request, proven by a door.
type Caller struct {
	AccountID   int64  // the customer
	Account     string // its name, like "ab12345-ovh"
	Country     string // ISO 3166 alpha-2; local numbers are read with it
	Operator    bool   // may call /operator
	Application int64
	Credential  int64
	Rules       []AccessRule // nil = everything
	// ServiceAccount is the client of a caller with a token of OAuth2, empty for one with keys. Then the actions and services count, not
	// the rules.
	ServiceAccount string
	Actions        []string // what it may do, in OVH's names; * stands for any run of characters
	Services       []string // names of the services that exist for it; none = all of the account
	RemoteIP       netip.Addr
	// Person is who made the key, empty if that was the account itself. Then the caller may do no more than her roles allow, in the
	// account and under /operator.
	Person             string
	PersonID           int64
	Role               Role   // empty = no limit
	PersonOperatorRole Role   // empty = no limit
	OperatorRole       Role   // of the account, if it is an operator's; empty = no limit
	QueryID            string // identifies the request in answers, logs and trails
}

// MayDo tells whether one of a service account's actions covers one of OVH's names of what is done, like "sms:apiovh:jobs/create".
func (c *Caller) MayDo(action string) bool {
	return slices.ContainsFunc(c.Actions, func(pattern string) bool { return match(pattern, action) })
}

// Sees tells whether a service of the account exists for the caller.
func (c *Caller) Sees(service string) bool {
	return len(c.Services) == 0 || slices.Contains(c.Services, service)
}

// AccessRule allows one method on the paths that match a pattern, in which * stands for any run of characters, slashes
// included. "/sms/*" does not cover "/sms": OVH's clients ask for both.
type AccessRule struct {
	Method string
	Path   string
}

// Allows tells whether the rule covers a call. The path is the one below the base (/1.0), without query; one trailing
// slash is dropped from both.
func (r AccessRule) Allows(method, path string) bool {
	return r.Method == method && match(trimSlash(r.Path), trimSlash(path))
}

// String gives "GET /sms/*".
func (r AccessRule) String() string { return r.Method + " " + r.Path }

func trimSlash(path string) string {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// match is linear in the common case and never worse than len(pattern) x len(path): a star remembers where it stood.
func match(pattern, path string) bool {
	p, s, star, mark := 0, 0, -1, 0
	for s < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, s
			p++
		case p < len(pattern) && pattern[p] == path[s]:
			p++
			s++
		case star >= 0:
			mark++
			p, s = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
