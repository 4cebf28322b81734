package auth

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// maxPublicURLs bounds how many URLs a bad signature is compared with.
const maxPublicURLs = 16

// apiBases are what the paths of the API begin with.
var apiBases = []string{"/1.0", "/v1"}

// publicBases gives what may stand before the request target in a signed URL, first what is named and then all of it. Node-ovh signs https:// and the host
// without its port, whatever the port; others write the host in capitals, or the port that the scheme has anyway, or not.
func publicBases(public []string) (named, bases []string, err error) {
	if len(public) > maxPublicURLs {
		return nil, nil, fmt.Errorf("there are %d public URLs, at most %d are taken", len(public), maxPublicURLs)
	}
	for _, text := range public {
		base, err := publicBase(text)
		if err != nil {
			return nil, nil, err
		}
		named = append(named, base)
	}
	bases = slices.Clone(named)
	for _, base := range bases {
		bases = append(bases, withoutPort(base)...)
	}
	for _, base := range bases {
		bases = append(bases, otherPort(base)...)
	}
	for _, base := range bases {
		bases = append(bases, inCase(base, strings.ToLower), inCase(base, strings.ToUpper))
	}
	return distinct(named), distinct(bases), nil
}

// ports are those that a URL need not name.
var ports = map[string]string{"https": ":443", "http": ":80"}

// otherPort gives a base with the port of its scheme where it has none, and without it where it has that.
func otherPort(base string) []string {
	scheme, authority, path := parts(base)
	port := ports[scheme]
	switch {
	case hostOf(authority) == authority:
		return []string{scheme + "://" + authority + port + path}
	case strings.HasSuffix(authority, port):
		return []string{scheme + "://" + hostOf(authority) + path}
	}
	return nil
}

// inCase gives a base with its host written in another case, which is the same host.
func inCase(base string, write func(string) string) string {
	scheme, authority, path := parts(base)
	return scheme + "://" + write(authority) + path
}

// parts takes a base apart; the path begins with a slash or is empty.
func parts(base string) (scheme, authority, path string) {
	scheme, rest, _ := strings.Cut(base, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return scheme, rest[:i], rest[i:]
	}
	return scheme, rest, ""
}

// publicBase reads one public URL. A path in it is that of a proxy which takes it away.
func publicBase(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("the public URL %q cannot be read: %w", text, err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("the public URL %q must begin with http:// or https:// and a host, like https://sms.example.org", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("the public URL %q must be an address alone, like https://sms.example.org", text)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	for _, api := range apiBases {
		if rest, ok := strings.CutSuffix(path, api); ok {
			path = strings.TrimRight(rest, "/")
			break
		}
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// withoutPort gives an https base without its port, if it has one.
func withoutPort(base string) []string {
	scheme, authority, path := parts(base)
	bare := hostOf(authority)
	if scheme != "https" || bare == authority {
		return nil
	}
	return []string{"https://" + bare + path}
}

// hostOf drops the port of an authority; an IPv6 address keeps its brackets.
func hostOf(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i > strings.LastIndexByte(authority, ']') {
		return authority[:i]
	}
	return authority
}

// targetOf gives the path and query exactly as they came. A proxy may be sent the whole URL.
func targetOf(r *http.Request) string {
	target := r.RequestURI
	if target == "" { // not from a server
		target = r.URL.RequestURI()
	}
	if target[0] == '/' {
		return target
	}
	_, rest, ok := strings.Cut(target, "://")
	if !ok {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// schemeOf gives the scheme of the connection.
func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// basesFor gives the bases that a request's signature may be made with. A client that writes a host in capitals may send it so, too.
func (v *Verifier) basesFor(r *http.Request) []string {
	capitals := strings.ContainsFunc(r.Host, unicode.IsUpper)
	if !capitals && (!v.cfg.AnyHost || r.Host == "") {
		return v.bases
	}
	local := schemeOf(r) + "://" + r.Host
	if !capitals && slices.Contains(v.bases, local) {
		return v.bases
	}
	bases := v.bases[:len(v.bases):len(v.bases)]
	for _, base := range v.bases {
		_, authority, _ := parts(base)
		if host := hostOf(r.Host); strings.EqualFold(hostOf(authority), host) {
			bases = append(bases, inCase(base, func(authority string) string { return host + authority[len(hostOf(authority)):] }))
		}
	}
	if v.cfg.AnyHost {
		bases = append(append(append(bases, local), withoutPort(local)...), otherPort(local)...)
		bases = append(bases, inCase(local, strings.ToLower), inCase(local, strings.ToUpper))
	}
	return distinct(bases)
}

// namedFor gives the bases that are worth telling of: what is configured, and the name that a client has come by where any is taken.
func (v *Verifier) namedFor(r *http.Request) []string {
	named := v.named[:len(v.named):len(v.named)]
	if v.cfg.AnyHost && r.Host != "" {
		named = append(named, schemeOf(r)+"://"+r.Host)
	}
	return distinct(named)
}

// guessBases gives the bases that clients sign by mistake: the other scheme, another name of this place, a port too few
// or too many, and OVH itself where a client could not be told and its traffic was led here.
func (v *Verifier) guessBases(r *http.Request) []string {
	hosts := []string{r.Host}
	for _, base := range v.bases {
		_, rest, _ := strings.Cut(base, "://")
		hosts = append(hosts, rest)
	}
	for _, name := range []string{"X-Forwarded-Host", "X-Original-Host"} {
		if host := field(r.Header, name); host != "" && len(host) < 256 {
			hosts = append(hosts, host)
		}
	}
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		hosts = append(hosts, at.String())
		if _, port, err := net.SplitHostPort(at.String()); err == nil {
			hosts = append(hosts, "127.0.0.1:"+port, "localhost:"+port, "[::1]:"+port)
		}
	}
	var bases []string
	for _, host := range distinct(hosts) {
		authority, path, _ := strings.Cut(host, "/")
		if path != "" {
			path = "/" + path
		}
		bare := hostOf(authority)
		for _, scheme := range []string{"https://", "http://"} {
			bases = append(bases, scheme+host, scheme+bare+path, scheme+strings.ToLower(authority)+path)
		}
		bases = append(bases, "https://"+bare+":443"+path, "http://"+bare+":80"+path)
	}
	for _, host := range []string{"eu.api.ovh.com", "ca.api.ovh.com", "api.us.ovhcloud.com", "api.ovh.com"} {
		bases = append(bases, "https://"+host)
	}
	if prefix := field(r.Header, "X-Forwarded-Prefix"); prefix != "" && len(prefix) < 256 {
		for _, base := range v.basesFor(r) {
			bases = append(bases, base+strings.TrimRight(prefix, "/"))
		}
	}
	bases = append(bases, "", "https://localhost", "http://localhost", "http://127.0.0.1", "https://127.0.0.1")
	mine := v.basesFor(r)
	return slices.DeleteFunc(distinct(bases), func(base string) bool { return slices.Contains(mine, base) })
}

// distinct drops repetitions and keeps the order.
func distinct(values []string) []string {
	var out []string
	for _, value := range values {
		if !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	return out
}
