package ovh

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// bases are the addresses below which the API answers; they are the same.
var bases = []string{"/1.0", "/v1"}

// below splits an escaped request path into its base and the segments below it. Slashes are tolerated where clients are
// known to put too many: before, after the base, and at the end.
func below(path string) (base string, segments []string, ok bool) {
	path = "/" + strings.TrimLeft(path, "/")
	for _, base := range bases {
		rest, found := strings.CutPrefix(path, base)
		if !found || rest != "" && rest[0] != '/' {
			continue
		}
		if rest = strings.Trim(rest, "/"); rest == "" {
			return base, nil, true
		}
		return base, strings.Split(rest, "/"), true
	}
	return "", nil, false
}

// unescape decodes each segment for itself, so that a sender "A/B" stays one.
func unescape(raw []string) ([]string, error) {
	segments := raw
	for i, segment := range raw {
		if strings.IndexByte(segment, '%') < 0 && segment != "" {
			continue
		}
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, sms.Errorf(sms.NoRoute, "the path is not percent-encoded correctly: %v", err)
		}
		if decoded == "" {
			return nil, sms.Errorf(sms.NoRoute, "a name in the path is empty")
		}
		if &segments[0] == &raw[0] {
			segments = slices.Clone(raw)
		}
		segments[i] = text([]byte(decoded))
	}
	return segments, nil
}

// A node is a place in the tree of the schema's paths.
type node struct {
	literal map[string]*node
	any     *node // {name}
	place   *place
}

// A place is a path of the schema.
type place struct {
	path      string
	described map[string]*schema.Operation // by method
	routes    map[string]*route            // by method: those that are offered
}

// at gives the place of a path, making it where needed.
func (n *node) at(path string) *place {
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		next := &n.any
		if _, ok := parameter(segment); !ok {
			if n.literal == nil {
				n.literal = map[string]*node{}
			}
			if n.literal[segment] == nil {
				n.literal[segment] = &node{}
			}
			n = n.literal[segment]
			continue
		}
		if *next == nil {
			*next = &node{}
		}
		n = *next
	}
	if n.place == nil {
		n.place = &place{path: path, described: map[string]*schema.Operation{}, routes: map[string]*route{}}
	}
	return n.place
}

// find gives the place of a request and the values of its parameters. A literal goes before a parameter, also where it
// leads nowhere only later: an SMS account may have the name of a resource.
func (n *node) find(segments []string, values []string) (*place, []string) {
	if len(segments) == 0 {
		return n.place, values
	}
	if next := n.literal[segments[0]]; next != nil {
		if found, v := next.find(segments[1:], values); found != nil {
			return found, v
		}
	}
	if n.any == nil {
		return nil, nil
	}
	return n.any.find(segments[1:], append(values[:len(values):len(values)], segments[0]))
}

// notOffered tells why a request found no route.
func notOffered(p *place, method, path string) error {
	switch {
	case p == nil:
		return sms.Errorf(sms.NoRoute, "there is nothing at %s", cut(path))
	case p.described[method] != nil && p.described[method].Extension:
		return sms.Errorf(sms.NoRoute, "%s %s is described, but not offered by this Ramier yet", method, p.path)
	case p.described[method] != nil:
		return sms.Errorf(sms.NoRoute, "%s %s is part of OVH's API but not offered by this Ramier yet", method, p.path)
	case len(p.routes) > 0:
		return sms.Errorf(sms.NoRoute, "%s is not offered on %s, only %s", method, p.path, methods(p.routes))
	}
	return sms.Errorf(sms.NoRoute, "%s is not part of OVH's API on %s, only %s, which this Ramier does not offer yet",
		method, p.path, methods(p.described))
}

func methods[T any](by map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(by)), " and ")
}

// granted checks the access rules of a consumer key, or the actions of a service account. Rules
// were written for the path as people read it or as clients encode it; a slash inside of a name stays encoded, so that no rule reaches across it.
func granted(c *sms.Caller, op *schema.Operation, method string, raw, segments []string) error {
	if len(segments) > 0 && segments[0] == "operator" && !c.Operator {
		return sms.Errorf(sms.NotGranted, "/operator is for operator accounts, and %s is not one", c.Account)
	}
	if op != nil {
		if err := auth.RolesAllow(c, op.HTTPMethod, op.Path); err != nil {
			return err
		}
	}
	if c.ServiceAccount != "" {
		return mayDo(c, op, segments)
	}
	if c.Rules == nil {
		return nil
	}
	encoded := "/" + strings.Join(raw, "/")
	readable := "/" + strings.Join(escapeSlashes(segments), "/")
	for _, rule := range c.Rules {
		if rule.Allows(method, readable) || rule.Allows(method, encoded) {
			return nil
		}
	}
	if len(c.Rules) == 0 {
		return sms.Errorf(sms.NotGranted, "the consumer key has no access rules, so it does not allow %s %s", method, cut(readable))
	}
	const most = 5
	rules, verb := make([]string, 0, most+1), "does"
	for i, rule := range c.Rules {
		if i == most {
			rules = append(rules, "…")
			break
		}
		rules = append(rules, rule.String())
	}
	noun := "rule"
	if len(rules) > 1 {
		noun, verb = "rules", "do"
	}
	return sms.Errorf(sms.NotGranted, "%s %s %s not allow %s %s", noun, strings.Join(rules, ", "), verb, method, cut(readable))
}

func escapeSlashes(segments []string) []string {
	for i, segment := range segments {
		if strings.IndexByte(segment, '/') >= 0 {
			segments = slices.Clone(segments)
			segments[i] = strings.ReplaceAll(segment, "/", "%2F")
		}
	}
	return segments
}
