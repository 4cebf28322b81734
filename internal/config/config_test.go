package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"ramier/internal/config"
)

// folder is a prepared one, with a key and a file of settings.
func folder(t *testing.T, settings string) (path string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ramier.key"), strings.Repeat("k", 32))
	path = filepath.Join(dir, "ramier.toml")
	write(t, path, settings)
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDefaultsThenFileThenEnvironment(t *testing.T) {
	path := folder(t, `
public_urls = ["https://sms.example.org/", "https://alias.example.org/1.0/"]
zone = "UTC"
stop_timeout = "5s"
[http]
listen = ":9000"
[limits]
receivers = 100
[log]
`)
	c, err := config.Load(path, environment("RAMIER_ZONE", "Europe/London", "RAMIER_HTTP_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1",
		"RAMIER_LIMITS_BODY", "4096", "RAMIER_ANY_HOST", "true", "RAMIER_FETCH_ALLOW", "10.1.2.3,intranet.example.org:8080"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	want := config.Default()
	want.DataDir, want.Database, want.KeyFile = dir, "sqlite://"+filepath.Join(dir, "ramier.db"), filepath.Join(dir, "ramier.key")
	want.PublicURLs = []string{"https://sms.example.org", "https://alias.example.org"}
	want.Zone, want.AnyHost, want.StopTimeout = "Europe/London", true, 5*time.Second
	want.HTTP.Listen, want.HTTP.TrustedProxies = ":9000", []string{"10.0.0.0/8", "192.0.2.1"}
	want.Limits.Receivers, want.Limits.Body = 100, 4096
	want.Fetch.Allow = []string{"10.1.2.3", "intranet.example.org:8080"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestEachInvalidSettingIsNamedWithItsValueAndCure(t *testing.T) {
	for _, c := range []struct{ settings, setting, cure string }{
		{`databse = "x"`, "databse", "did you mean database?"},
		{"[http]\nentirely_other = 'x'", "http.entirely_other", "there is no such setting; there are data_dir"},
		{"[htp]\nlisten = 'x'", "htp.listen", "did you mean http.listen?"},
		{`database = "mysql://h/d"`, "database", "postgres://"},
		{`database = "postgres://host"`, "database", "host/name"},
		{`database = "sqlite://here.db"`, "database", "a whole path"},
		{`database = "sqlite:///no/such/folder/x.db"`, "database", "does not exist"},
		{`database = 7`, "database", "quotation marks"},
		{`data_dir = "/no/such/folder"`, "data_dir", "ramier init"},
		{`key_file = "other.key"`, "key_file", "restore it from your backup"},
		{`key_file = "ramier.toml"`, "key_file", "bytes instead of 32"},
		{`node = "a b"`, "node", "letters"},
		{`zone = "Mars/North"`, "zone", "no such time zone"},
		{`public_urls = []`, "public_urls", "name the addresses"},
		{`public_urls = ["sms.example.org"]`, "public_urls", "like https://sms.example.org"},
		{`public_urls = ["https://me:x@sms.example.org"]`, "public_urls", "like https://sms.example.org"},
		{`public_urls = [7]`, "public_urls", "list of texts"},
		{`public_urls = 7`, "public_urls", "list of texts"},
		{`stop_clauses = ["STOP:36111"]`, "stop_clauses", "like FR=STOP:36180"},
		{`any_host = "perhaps"`, "any_host", "true or false"},
		{`stop_timeout = "soon"`, "stop_timeout", "with its unit"},
		{`stop_timeout = "2h"`, "stop_timeout", "0s to 1h0m0s"},
		{"[auth]\nclock_tolerance = '1ms'", "auth.clock_tolerance", "1s to 24h"},
		{"[http]\nlisten = ''", "http.listen", "name an address"},
		{"[http]\nlisten = '8080'", "http.listen", "host:port"},
		{"[http]\nlisten = ':99999'", "http.listen", "host:port"},
		{"[http]\nmetrics_listen = '127.0.0.1:8080'", "http.metrics_listen", "taken by http.listen"},
		{"[http]\ntls_listen = ':8443'", "http.tls_cert", "name the file"},
		{"[http]\ntls_listen = ':8443'\ntls_cert = 'ramier.toml'", "http.tls_key", "name the file"},
		{"[http]\ntls_cert = 'ramier.toml'\ntls_key = 'ramier.toml'", "http.tls_listen", "name an address"},
		{"[http]\ntls_listen = ':8443'\ntls_cert = 'no.pem'\ntls_key = 'ramier.toml'", "http.tls_cert", "no such file"},
		{"[http]\ntls_listen = ':8443'\ntls_cert = 'ramier.toml'\ntls_key = 'ramier.toml'", "http.tls_cert", "cannot be used with"},
		{"[http]\ntrusted_proxies = ['proxy']", "http.trusted_proxies", "10.0.0.0/8"},
		{"[auth]\npasskey_domain = 'https://sms.example.org'", "auth.passkey_domain", "without https://"},
		{"[oidc]\nclient_id = 'x'", "oidc.issuer", "name the OpenID provider"},
		{"[oidc]\nissuer = 'http://login.example.org'\nclient_id = 'x'", "oidc.issuer", "must be https://"},
		{"[oidc]\nissuer = 'https://login.example.org'", "oidc.client_id", "give the name"},
		{"[oidc]\nissuer = 'https://login.example.org'\nclient_id = 'x'\nclient_secret_file = 'none'", "oidc.client_secret_file", "no such file"},
		{"[oidc]\nissuer = 'https://login.example.org'\nclient_id = 'x'\nclient_secret = 'y'\nclient_secret_file = 'ramier.key'", "oidc.client_secret_file", "not both"},
		{"[oidc]\nissuer = 'https://login.example.org'\nclient_id = 'x'\nallowed_domains = ['@example.org']", "oidc.allowed_domains", "behind the @"},
		{"[limits]\nbody = 1", "limits.body", "1024 to"},
		{"[limits]\nbatch = 0", "limits.batch", "1 to 10000"},
		{"[limits]\nreceivers = -1", "limits.receivers", "1 to 1000000"},
		{"[limits]\nreceivers = 'many'", "limits.receivers", "whole number"},
		{"[fetch]\ntimeout = '2m'", "fetch.timeout", "1s to 1m30s"},
		{"[fetch]\nsize = 1", "fetch.size", "1024 to"},
		{"[fetch]\nallow = ['intranet']", "fetch.allow", "a host with its port"},
		{"[log]\nlevel = 'loud'", "log.level", "debug, info, warn, error"},
		{"[log]\nformat = 'xml'", "log.format", "text, json"},
	} {
		_, err := config.Load(folder(t, c.settings), environment())
		all, _ := errors.AsType[config.Problems](err)
		if len(all) != 1 || all[0].Setting != c.setting || !strings.Contains(all[0].Cure, c.cure) {
			t.Errorf("%s: %v, want one problem of %s with %q", c.settings, err, c.setting, c.cure)
		}
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, err := config.Load(folder(t, "zone = 'x'\nunknown_thing = 1\n[log]\nlevel = 'x'"), environment("RAMIER_LIMITS_BATCH", "none", "RAMIER_NODE", "-"))
	all, ok := errors.AsType[config.Problems](err)
	if !ok || len(all) != 5 {
		t.Fatalf("got %v, want five problems", err)
	}
	for _, text := range []string{
		`unknown_thing = "1": there is no such setting`, `RAMIER_LIMITS_BATCH = "none": give a whole number`, `RAMIER_NODE = "-"`, `zone = "x"`,
		`log.level = "x"`, "5 setting(s)",
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in\n%v", text, err)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "none.toml"), environment()); err == nil || !strings.Contains(err.Error(), "ramier init") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := config.Load(folder(t, "= broken"), environment()); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a broken file: %v", err)
	}
}

func TestKeyThatOthersMayReadIsAProblem(t *testing.T) {
	path := folder(t, "")
	if err := os.Chmod(filepath.Join(filepath.Dir(path), "ramier.key"), 0o644); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	if _, err := config.Load(path, environment()); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	_, err := config.Load(folder(t, `database = "postgres://me:secret@host"`), environment())
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if got := config.ShowDatabase("postgres://me:secret@host/name"); strings.Contains(got, "secret") || !strings.Contains(got, "host/name") {
		t.Errorf("shown as %s", got)
	}
}

func TestTLS(t *testing.T) {
	path := folder(t, "[http]\nlisten = ''\ntls_listen = ':8443'\ntls_cert = 'cert.pem'\ntls_key = 'key.pem'\n")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	c, err := config.Load(path, environment())
	if err != nil || c.HTTP.TLSCert != filepath.Join(dir, "cert.pem") {
		t.Errorf("got %+v, %v", c.HTTP, err)
	}
}

var (
	commented = regexp.MustCompile(`^# [a-z_]+ = `)
	// needsFiles are settings that name files, and a user, who needs one.
	needsFiles = regexp.MustCompile(`tls_|_file = |# user = `)
)

func TestExampleHoldsAllSettings(t *testing.T) {
	c := config.Default()
	c.Database = "postgres://ramier:x@db.example.org/ramier"
	c.HTTP.Listen = ":8000"
	text := string(config.Example(c))
	read, err := config.Load(folder(t, text), environment())
	if err != nil || read.Database != c.Database || read.HTTP.Listen != ":8000" {
		t.Errorf("%v, %+v", err, read)
	}
	// With every comment that is a setting made one, nothing is unknown and nothing is missing.
	var all strings.Builder
	for line := range strings.Lines(text) {
		if commented.MatchString(line) && !needsFiles.MatchString(line) {
			line = line[2:]
		}
		all.WriteString(line)
	}
	if _, err := config.Load(folder(t, all.String()), environment()); err != nil {
		t.Errorf("%v\n%s", err, all.String())
	}
	var names func(v reflect.Type)
	names = func(v reflect.Type) {
		for f := range v.Fields() {
			if name := f.Tag.Get("koanf"); f.Type.Kind() == reflect.Struct {
				names(f.Type)
			} else if !strings.Contains(text, name+" = ") {
				t.Errorf("the example does not have %s", name)
			}
		}
	}
	names(reflect.TypeFor[config.Config]())
}
