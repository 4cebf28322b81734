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
	// OperatorLog is how long it is kept what operators have done, 0 = for ever.
	OperatorLog time.Duration `koanf:"operator_log"`
	StopClauses []string      `koanf:"stop_clauses"` // "FR=STOP:36180"; others as sms.StopClauses
	HTTP        HTTP          `koanf:"http"`
	SMPP        SMPP          `koanf:"smpp"`
	Auth        Auth          `koanf:"auth"`
	OIDC        OIDC          `koanf:"oidc"`
	Limits      Limits        `koanf:"limits"`
	Fetch       Fetch         `koanf:"fetch"`
	Billing     Billing       `koanf:"billing"`
	Mail        Mail          `koanf:"mail"`
	Email2SMS   Email2SMS     `koanf:"email2sms"`
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
	// Connections in all, and of one address.
	Connections        int `koanf:"connections"`
	AddressConnections int `koanf:"address_connections"`
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

// Limits bound what one request may ask for, and what one customer may ask for at once.
type Limits struct {
	Body      int64 `koanf:"body"`      // bytes
	Batch     int   `koanf:"batch"`     // ids in one batch GET
	Receivers int   `koanf:"receivers"` // of one job

	Connections        int `koanf:"connections"`         // over HTTP
	AddressConnections int `koanf:"address_connections"` // of them from one address
	AtOnce             int `koanf:"at_once"`             // requests of one account that are worked on
	AccountRate        int `koanf:"account_rate"`        // requests of one account a second, 0 = any number
	KeyRate            int `koanf:"key_rate"`            // of one key
	AddressRate        int `koanf:"address_rate"`        // of one address

	Patience time.Duration `koanf:"patience"` // with slow peers
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
	// Files that hold the key of Stripe's API and the secret of its webhook; empty = no payments by card.
	StripeKeyFile           string `koanf:"stripe_key_file"`
	StripeWebhookSecretFile string `koanf:"stripe_webhook_secret_file"`
	StripeURL               string `koanf:"stripe_url"` // of the API
}

// Mail is the server that takes the platform's mails.
type Mail struct {
	Host         string `koanf:"host"` // empty = no mails are sent
	Port         int    `koanf:"port"`
	Security     string `koanf:"security"` // starttls, tls or none
	User         string `koanf:"user"`     // empty = no authentication
	PasswordFile string `koanf:"password_file"`
	CAFile       string `koanf:"ca_file"` // empty = the system's authorities
	From         string `koanf:"from"`
	Hello        string `koanf:"hello"` // how we introduce ourselves; empty = the machine's name
}

// Email2SMS is where mails come in that become messages.
type Email2SMS struct {
	Listen      string        `koanf:"listen"` // empty = not at all
	Hostname    string        `koanf:"hostname"`
	Domains     []string      `koanf:"domains"`  // mails to these are taken
	TLSCert     string        `koanf:"tls_cert"` // for STARTTLS; empty = that of HTTP
	TLSKey      string        `koanf:"tls_key"`
	RequireTLS  bool          `koanf:"require_tls"`
	Senders     string        `koanf:"senders"`   // any or verified
	Reports     string        `koanf:"reports"`   // verified, always or never
	Relays      []string      `koanf:"relays"`    // our own mail servers
	AuthHost    string        `koanf:"auth_host"` // whose Authentication-Results are believed when a relay brings them
	Size        int64         `koanf:"size"`      // bytes of a mail
	Connections int           `koanf:"connections"`
	PerAddress  int           `koanf:"per_address"` // connections
	Rate        int           `koanf:"rate"`        // mails a minute from one address
	Timeout     time.Duration `koanf:"timeout"`     // for a command or a whole mail
}

// Log is how the program tells what it does.
type Log struct {
	Level  string `koanf:"level"`  // debug, info, warn or error
	Format string `koanf:"format"` // text or json
}

// Default is what is used for settings that are named nowhere.
func Default() Config {
	return Config{
		DataDir: ".", Node: "ws-1", Zone: "Europe/Paris", PublicURLs: []string{"http://127.0.0.1:8080"}, StopTimeout: 30 * time.Second, OperatorLog: 400 * 24 * time.Hour,
		HTTP:    HTTP{Listen: "127.0.0.1:8080"},
		Auth:    Auth{ClockTolerance: 5 * time.Minute},
		OIDC:    OIDC{Scopes: []string{"email", "profile"}},
		SMPP:    SMPP{Connections: 1000, AddressConnections: 50},
		Limits:  Limits{Body: 10 << 20, Batch: 500, Receivers: 5000, Connections: 10_000, AddressConnections: 1000, AtOnce: 256, Patience: 10 * time.Second},
		Billing: Billing{StripeURL: "https://api.stripe.com"},
		Fetch:   Fetch{Timeout: 30 * time.Second, Size: 256 << 20},
		Mail:    Mail{Port: 587, Security: "starttls"},
		Email2SMS: Email2SMS{
			Senders: "any", Reports: "verified", Size: 2 << 20, Connections: 200, PerAddress: 10, Rate: 60, Timeout: 2 * time.Minute,
		},
		Log: Log{Level: "info", Format: "text"},
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
	for _, path := range []*string{
		&c.HTTP.TLSCert, &c.HTTP.TLSKey, &c.SMPP.TLSCert, &c.SMPP.TLSKey, &c.Email2SMS.TLSCert, &c.Email2SMS.TLSKey, &c.Mail.PasswordFile, &c.Mail.CAFile,
		&c.Billing.StripeKeyFile, &c.Billing.StripeWebhookSecretFile, &c.OIDC.ClientSecretFile,
	} {
		if *path != "" {
			*path = under(dir, *path)
		}
	}
	if s := &c.SMPP; s.TLSListen != "" && s.TLSCert == "" && s.TLSKey == "" {
		s.TLSCert, s.TLSKey = c.HTTP.TLSCert, c.HTTP.TLSKey
	}
	if e := &c.Email2SMS; e.Listen != "" && e.TLSCert == "" && e.TLSKey == "" {
		e.TLSCert, e.TLSKey = c.HTTP.TLSCert, c.HTTP.TLSKey
	}
	for i, domain := range c.Email2SMS.Domains {
		c.Email2SMS.Domains[i] = strings.ToLower(strings.TrimSuffix(domain, "."))
	}
	if e := &c.Email2SMS; e.Hostname == "" && len(e.Domains) > 0 {
		e.Hostname = e.Domains[0]
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
