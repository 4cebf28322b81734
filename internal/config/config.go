// Package config reads the settings of a server: defaults, then a TOML file, then the environment. They fill one struct,
// which is handed on; there is no global.
package config

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Config is all that `ramier serve` can be told. The tags are the names in the file; in the environment they are in
// capitals, with underscores for dots, after RAMIER_: RAMIER_HTTP_LISTEN.
type Config struct {
	DataDir     string        `koanf:"data_dir"`
	Database    string        `koanf:"database"`
	KeyFile     string        `koanf:"key_file"`
	Node        string        `koanf:"node"`
	Zone        string        `koanf:"zone"`
	PublicURLs  []string      `koanf:"public_urls"`
	AnyHost     bool          `koanf:"any_host"`
	StopTimeout time.Duration `koanf:"stop_timeout"`
	StopClauses []string      `koanf:"stop_clauses"` // "FR=STOP:36180"; others as sms.StopClauses
	HTTP        HTTP          `koanf:"http"`
	SMPP        SMPP          `koanf:"smpp"`
	Auth        Auth          `koanf:"auth"`
	OIDC        OIDC          `koanf:"oidc"`
	Limits      Limits        `koanf:"limits"`
	Fetch       Fetch         `koanf:"fetch"`
	Billing     Billing       `koanf:"billing"`
	Log         Log           `koanf:"log"`
}

// HTTP is where the API listens.
type HTTP struct {
	Listen         string   `koanf:"listen"`     // empty = not over plain HTTP
	TLSListen      string   `koanf:"tls_listen"` // empty = not over TLS
	TLSCert        string   `koanf:"tls_cert"`
	TLSKey         string   `koanf:"tls_key"`
	MetricsListen  string   `koanf:"metrics_listen"` // empty = on the same addresses
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// SMPP is where customers bind.
type SMPP struct {
	Listen    string `koanf:"listen"`     // empty = not in the clear
	TLSListen string `koanf:"tls_listen"` // empty = not over TLS
	TLSCert   string `koanf:"tls_cert"`   // empty = that of HTTP
	TLSKey    string `koanf:"tls_key"`
	Public    string `koanf:"public"` // host:port that customers are told, empty = listen
	PublicTLS string `koanf:"public_tls"`
}

// Auth is how signatures are checked, and where people sign in with passkeys.
type Auth struct {
	ClockTolerance time.Duration `koanf:"clock_tolerance"`
	PasskeyDomain  string        `koanf:"passkey_domain"` // empty = the first host of the public URLs with TLS
}

// OIDC is an OpenID provider that people may sign in with.
type OIDC struct {
	Issuer           string   `koanf:"issuer"` // empty = there is none
	ClientID         string   `koanf:"client_id"`
	ClientSecret     string   `koanf:"client_secret"`
	ClientSecretFile string   `koanf:"client_secret_file"` // instead of the secret itself
	Name             string   `koanf:"name"`               // on the button; empty = the issuer
	Scopes           []string `koanf:"scopes"`
	AccountClaim     string   `koanf:"account_claim"`   // whose text is the name of an account
	TrustEmail       bool     `koanf:"trust_email"`     // a verified address is enough to be linked with its account
	AllowedDomains   []string `koanf:"allowed_domains"` // of verified mail addresses; none = all
}

// Limits bound what one request may ask for.
type Limits struct {
	Body      int64 `koanf:"body"`      // bytes
	Batch     int   `koanf:"batch"`     // ids in one batch GET
	Receivers int   `koanf:"receivers"` // of one job
}

// Fetch is how the URLs of customers are called.
type Fetch struct {
	Allow   []string      `koanf:"allow"` // what may be called although it is not public
	Timeout time.Duration `koanf:"timeout"`
	Size    int64         `koanf:"size"` // bytes of a document, before and after decompression
}

// Billing is what orders of credits say, and who may say that one is paid.
type Billing struct {
	Seller string `koanf:"seller"` // name and address of who sells, several lines
	PayTo  string `koanf:"pay_to"` // how to pay, several lines
	Terms  string `koanf:"terms"`  // several lines
	Secret string `koanf:"secret"` // signs notices of payments; empty = none are taken
}

// Log is how the program tells what it does.
type Log struct {
	Level  string `koanf:"level"`  // debug, info, warn or error
	Format string `koanf:"format"` // text or json
}

// Default is what is used for settings that are named nowhere.
func Default() Config {
	return Config{
		DataDir: ".", Node: "ws-1", Zone: "Europe/Paris", PublicURLs: []string{"http://127.0.0.1:8080"}, StopTimeout: 30 * time.Second,
		HTTP:   HTTP{Listen: "127.0.0.1:8080"},
		Auth:   Auth{ClockTolerance: 5 * time.Minute},
		OIDC:   OIDC{Scopes: []string{"email", "profile"}},
		Limits: Limits{Body: 10 << 20, Batch: 500, Receivers: 5000},
		Fetch:  Fetch{Timeout: 30 * time.Second, Size: 256 << 20},
		Log:    Log{Level: "info", Format: "text"},
	}
}

// The files in the data folder, unless the settings name others.
const (
	databaseFile = "ramier.db"
	keyFile      = "ramier.key"
)

// SQLiteURL is the address of a SQLite database in a folder.
func SQLiteURL(dir string) string { return "sqlite://" + filepath.Join(dir, databaseFile) }

// settle makes paths absolute, those that are not being taken from the folder of the file, and fills in what follows
// from other settings.
func (c *Config) settle(dir string) {
	c.DataDir = under(dir, c.DataDir)
	if c.Database == "" {
		c.Database = SQLiteURL(c.DataDir)
	}
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.DataDir, keyFile)
	}
	c.KeyFile = under(dir, c.KeyFile)
	for _, path := range []*string{&c.HTTP.TLSCert, &c.HTTP.TLSKey, &c.SMPP.TLSCert, &c.SMPP.TLSKey, &c.OIDC.ClientSecretFile} {
		if *path != "" {
			*path = under(dir, *path)
		}
	}
	if s := &c.SMPP; s.TLSListen != "" && s.TLSCert == "" && s.TLSKey == "" {
		s.TLSCert, s.TLSKey = c.HTTP.TLSCert, c.HTTP.TLSKey
	}
	for i, address := range c.PublicURLs {
		c.PublicURLs[i] = BaseURL(address)
	}
}

func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// BaseURL takes from a public address what clients add themselves, and a slash at its end.
func BaseURL(address string) string {
	address = strings.TrimRight(strings.TrimSpace(address), "/")
	for _, version := range []string{"/1.0", "/v1"} {
		address = strings.TrimSuffix(address, version)
	}
	return strings.TrimRight(address, "/")
}

// ShowDatabase gives the address of a database without its password.
func ShowDatabase(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(cannot be read)"
	}
	return u.Redacted()
}
