package config

import (
	"net/netip"
	"net/url"
	"os"
	"strings"
)

func (o OIDC) check(all *Problems) {
	if o.Issuer == "" {
		set := o.ClientID != "" || o.ClientSecret != "" || o.ClientSecretFile != "" || o.AccountClaim != "" || o.TrustEmail || len(o.AllowedDomains) > 0
		all.check(!set, "oidc.issuer", "", "name the OpenID provider, like https://login.example.org, or leave the other settings of [oidc] out")
		return
	}
	u, err := url.Parse(o.Issuer)
	ok := err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && onThisMachine(u.Hostname()))
	all.check(ok, "oidc.issuer", o.Issuer, "give the provider's address as it writes it itself, like https://login.example.org; it must be https://")
	all.check(o.ClientID != "", "oidc.client_id", "", "give the name that the provider has for this platform")
	all.check(o.ClientSecret == "" || o.ClientSecretFile == "", "oidc.client_secret_file", o.ClientSecretFile, "give the secret here or as oidc.client_secret, not both")
	if o.ClientSecretFile != "" {
		info, err := os.Stat(o.ClientSecretFile)
		switch {
		case err != nil:
			all.check(false, "oidc.client_secret_file", o.ClientSecretFile, "there is no such file: write the secret into it, or correct the path")
		case info.Mode().Perm()&0o077 != 0:
			all.check(false, "oidc.client_secret_file", o.ClientSecretFile, "others may read it: chmod 600 %s", o.ClientSecretFile)
		}
	}
	for _, domain := range o.AllowedDomains {
		all.check(domainName.MatchString(strings.ToLower(domain)), "oidc.allowed_domains", domain, "give what stands behind the @, like example.org")
	}
}

// onThisMachine tells whether a host is this machine, to which nobody listens in.
func onThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
