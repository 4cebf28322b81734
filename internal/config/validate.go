package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are checked wherever we run
)

// A Problem is a setting that cannot be used.
type Problem struct {
	Setting string
	Value   string
	Cure    string // what is wrong, and what to do
}

func (p Problem) String() string { return fmt.Sprintf("%s = %q: %s", p.Setting, p.Value, p.Cure) }

// Problems is everything that is wrong with the settings.
type Problems []Problem

// Error lists them, one a line.
func (all Problems) Error() string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = "  " + p.String()
	}
	return fmt.Sprintf("%d setting(s) cannot be used:\n%s", len(all), strings.Join(lines, "\n"))
}

// check collects what is wrong.
func (all *Problems) check(ok bool, setting, value, cure string, args ...any) {
	if !ok {
		*all = append(*all, Problem{setting, value, fmt.Sprintf(cure, args...)})
	}
}

var nodeName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,30}[A-Za-z0-9])?$`)

// domainName is the name of a host in its plain form.
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// minSecret is the fewest characters of a secret that signs.
const minSecret = 24

// stopClause is the form; the text is looked at when the server starts.
var stopClause = regexp.MustCompile(`^\s*[A-Z]{2}\s*=`)

// Validate finds everything that is wrong with settled settings; ports in use show only at the start.
func (c Config) Validate() Problems {
	var all Problems
	c.checkStore(&all)
	all.check(nodeName.MatchString(c.Node), "node", c.Node, "give a name of up to 32 letters, digits, dots and dashes, another one for each node")
	_, err := time.LoadLocation(c.Zone)
	all.check(err == nil && c.Zone != "", "zone", c.Zone, "there is no such time zone: give one like Europe/Paris or UTC")
	c.checkPublicURLs(&all)
	for _, clause := range c.StopClauses {
		all.check(stopClause.MatchString(clause), "stop_clauses", clause, "give a country's code, = and the text, like FR=STOP:36180")
	}
	c.HTTP.check(&all)
	c.SMPP.check(&all)
	c.Mail.check(&all)
	c.Email2SMS.check(&all)
	c.Billing.check(&all)
	c.OIDC.check(&all)
	domain := c.Auth.PasskeyDomain
	all.check(domain == "" || domainName.MatchString(domain), "auth.passkey_domain", domain, "give the name of a host, like sms.example.org, without https:// and a port")
	for _, d := range []struct {
		setting     string
		value       time.Duration
		least, most time.Duration
	}{
		{"stop_timeout", c.StopTimeout, 0, time.Hour},
		{"limits.patience", c.Limits.Patience, time.Second, time.Minute},
		{"operator_log", c.OperatorLog, 0, 100 * 366 * 24 * time.Hour},
		{"auth.clock_tolerance", c.Auth.ClockTolerance, time.Second, 24 * time.Hour},
		{"email2sms.timeout", c.Email2SMS.Timeout, 5 * time.Second, 10 * time.Minute},
		{"fetch.timeout", c.Fetch.Timeout, time.Second, 90 * time.Second}, // requests wait for it, up to two minutes
	} {
		all.check(d.value >= d.least && d.value <= d.most, d.setting, d.value.String(), "give a time from %s to %s", d.least, d.most)
	}
	for _, n := range []struct {
		setting            string
		value, least, most int64
	}{
		{"limits.body", c.Limits.Body, 1 << 10, 1 << 30},
		{"limits.batch", int64(c.Limits.Batch), 1, 10_000},
		{"limits.receivers", int64(c.Limits.Receivers), 1, 1_000_000},
		{"limits.connections", int64(c.Limits.Connections), 1, 1_000_000},
		{"limits.address_connections", int64(c.Limits.AddressConnections), 1, 1_000_000},
		{"limits.at_once", int64(c.Limits.AtOnce), 1, 2000},
		{"limits.account_rate", int64(c.Limits.AccountRate), 0, 1_000_000},
		{"limits.key_rate", int64(c.Limits.KeyRate), 0, 1_000_000},
		{"limits.address_rate", int64(c.Limits.AddressRate), 0, 1_000_000},
		{"smpp.connections", int64(c.SMPP.Connections), 1, 100_000},
		{"smpp.address_connections", int64(c.SMPP.AddressConnections), 1, 100_000},
		{"fetch.size", c.Fetch.Size, 1 << 10, 4 << 30},
		{"mail.port", int64(c.Mail.Port), 1, 65_535},
		{"email2sms.size", c.Email2SMS.Size, 1 << 10, 64 << 20},
		{"email2sms.connections", int64(c.Email2SMS.Connections), 1, 10_000},
		{"email2sms.per_address", int64(c.Email2SMS.PerAddress), 1, 10_000},
		{"email2sms.rate", int64(c.Email2SMS.Rate), 1, 100_000},
	} {
		all.check(n.value >= n.least && n.value <= n.most, n.setting, strconv.FormatInt(n.value, 10), "give a number from %d to %d", n.least, n.most)
	}
	for _, target := range c.Fetch.Allow {
		all.check(isTarget(target), "fetch.allow", target, "give an address like 10.1.2.3, a block like 10.0.0.0/8, or a host with its port like intranet.example.org:8080")
	}
	oneOf(&all, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(&all, "log.format", c.Log.Format, "text", "json")
	return all
}

func (b Billing) check(all *Problems) {
	all.check(b.Secret == "" || len(b.Secret) >= minSecret, "billing.secret", strings.Repeat("*", len(b.Secret)),
		"give at least %d characters that nobody can guess, as openssl rand -hex 32 makes them", minSecret)
	u, err := url.Parse(b.StripeURL)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == ""
	all.check(ok, "billing.stripe_url", b.StripeURL, "give the address of Stripe's API, https://api.stripe.com, or of a stripe-mock")
	all.check(b.StripeKeyFile == "" || b.StripeWebhookSecretFile != "", "billing.stripe_webhook_secret_file", "",
		"name the file of the webhook's secret too: without webhooks nobody would know that an order was paid")
	for _, f := range [][2]string{{"billing.stripe_key_file", b.StripeKeyFile}, {"billing.stripe_webhook_secret_file", b.StripeWebhookSecretFile}} {
		if f[1] == "" {
			continue
		}
		text, err := ReadSecret(f[1])
		all.check(err == nil, f[0], f[1], "%v", err)
		all.check(err != nil || len(text) >= 8, f[0], f[1], "it holds %d characters, which is no key: copy it from Stripe's dashboard", len(text))
	}
}

// maxSecretFile is how many bytes a file with a secret may have.
const maxSecretFile = 4096

// ReadSecret reads a secret from a file of its own, without the white space around it. Empty for no file.
func ReadSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("there is no such file that can be read: correct the path")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil || len(text) > maxSecretFile {
		return "", fmt.Errorf("it cannot be read, or has more than %d bytes", maxSecretFile)
	}
	return strings.TrimSpace(string(text)), nil
}

func oneOf(all *Problems, setting, value string, words ...string) {
	all.check(slices.Contains(words, value), setting, value, "give one of %s", strings.Join(words, ", "))
}

// keySize is how many bytes the sealing key has.
const keySize = 32

func (c Config) checkStore(all *Problems) {
	info, err := os.Stat(c.DataDir)
	hasFolder := err == nil && info.IsDir()
	all.check(hasFolder, "data_dir", c.DataDir, "there is no such folder: make it, or run ramier init")
	if path, isFile := strings.CutPrefix(c.Database, "sqlite://"); isFile {
		all.check(filepath.IsAbs(path), "database", c.Database, "give a whole path after sqlite://, like sqlite:///var/lib/ramier/ramier.db")
		if folder := filepath.Dir(path); filepath.IsAbs(path) && folder != c.DataDir {
			_, err := os.Stat(folder)
			all.check(err == nil, "database", c.Database, "the folder %s does not exist: make it", folder)
		}
	} else {
		u, err := url.Parse(c.Database)
		ok := err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && strings.Trim(u.Path, "/") != ""
		all.check(ok, "database", ShowDatabase(c.Database), "give sqlite:///path/to/file or postgres://user:password@host/name")
	}
	// A key that is made anew opens no secret that the old one has sealed, so it is not made in passing.
	switch info, err := os.Stat(c.KeyFile); {
	case err != nil && !hasFolder && filepath.Dir(c.KeyFile) == c.DataDir: // told already
	case err != nil:
		all.check(false, "key_file", c.KeyFile, "there is no such file: run ramier init, or restore it from your backup")
	case info.Size() != keySize:
		all.check(false, "key_file", c.KeyFile, "it has %d bytes instead of %d: restore it from your backup", info.Size(), keySize)
	case info.Mode().Perm()&0o077 != 0:
		all.check(false, "key_file", c.KeyFile, "others may read it: chmod 600 %s", c.KeyFile)
	}
}

func (c Config) checkPublicURLs(all *Problems) {
	all.check(len(c.PublicURLs) > 0 || c.AnyHost, "public_urls", "", `name the addresses that clients sign, like ["https://sms.example.org"], or set any_host = true`)
	for _, address := range c.PublicURLs {
		u, err := url.Parse(address)
		ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
		all.check(ok, "public_urls", address, "give an address that clients are configured with, like https://sms.example.org")
	}
}

func (s SMPP) check(all *Problems) {
	for _, l := range [][2]string{{"smpp.listen", s.Listen}, {"smpp.tls_listen", s.TLSListen}, {"smpp.public", s.Public}, {"smpp.public_tls", s.PublicTLS}} {
		all.check(l[1] == "" || isAddress(l[1]), l[0], l[1], "give host:port, like :2775 for all addresses of this machine")
	}
	all.check(s.Listen == "" || s.Listen != s.TLSListen || strings.HasSuffix(s.Listen, ":0"), "smpp.tls_listen", s.TLSListen, "it is taken by smpp.listen: give another port")
	all.check(s.TLSListen == "" || s.TLSCert != "" && s.TLSKey != "", "smpp.tls_cert", s.TLSCert, "name the files of the certificate and of its key (smpp.tls_key), in PEM")
}

func (h HTTP) check(all *Problems) {
	all.check(h.Listen != "" || h.TLSListen != "", "http.listen", "", "name an address here or as http.tls_listen, like 127.0.0.1:8080")
	seen := map[string]string{}
	for _, l := range [][2]string{{"http.listen", h.Listen}, {"http.tls_listen", h.TLSListen}, {"http.metrics_listen", h.MetricsListen}} {
		setting, address := l[0], l[1]
		if address == "" {
			continue
		}
		all.check(isAddress(address), setting, address, "give host:port, like 127.0.0.1:8080, or :8080 for all addresses of this machine")
		other, twice := seen[address]
		all.check(!twice || strings.HasSuffix(address, ":0"), setting, address, "it is taken by %s: give another port", other)
		seen[address] = setting
	}
	h.checkTLS(all)
	for _, proxy := range h.TrustedProxies {
		_, err := netip.ParsePrefix(proxy)
		if !strings.Contains(proxy, "/") {
			_, err = netip.ParseAddr(proxy)
		}
		all.check(err == nil, "http.trusted_proxies", proxy, "give addresses or blocks of them, like 10.0.0.0/8")
	}
}

// isTarget tells what fetch.ParseTarget reads; a test compares them.
func isTarget(text string) bool {
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	host, port, err := net.SplitHostPort(text)
	n, none := strconv.ParseUint(port, 10, 16)
	return err == nil && none == nil && n > 0 && host != "" && !strings.ContainsAny(host, "/@ ")
}

func isAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	n, numeric := strconv.Atoi(port)
	return err == nil && numeric == nil && n >= 0 && n <= 65535
}

func (h HTTP) checkTLS(all *Problems) {
	switch {
	case h.TLSListen == "" && h.TLSCert == "" && h.TLSKey == "":
		return
	case h.TLSListen == "":
		all.check(false, "http.tls_listen", "", "name an address for TLS, like :443, or leave out http.tls_cert and http.tls_key")
		return
	case h.TLSCert == "":
		all.check(false, "http.tls_cert", "", "name the file of the certificate, with those that lead to its root, in PEM")
	case h.TLSKey == "":
		all.check(false, "http.tls_key", "", "name the file of the certificate's key, in PEM")
	}
	readable := true
	for _, f := range [][2]string{{"http.tls_cert", h.TLSCert}, {"http.tls_key", h.TLSKey}} {
		if f[1] == "" {
			readable = false
			continue
		}
		if _, err := os.Stat(f[1]); err != nil {
			readable = false
			all.check(false, f[0], f[1], "there is no such file: correct the path")
		}
	}
	if readable {
		_, err := tls.LoadX509KeyPair(h.TLSCert, h.TLSKey)
		all.check(err == nil, "http.tls_cert", h.TLSCert, "it cannot be used with http.tls_key: %v", err)
	}
}
