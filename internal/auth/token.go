package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Limits of a new token.
const (
	maxName        = 128
	maxDescription = 1024
	maxAllowedIPs  = 100
)

// A Token is what a client needs to sign for an account. It is shown once: the consumer key is not stored. Printed or
// logged it shows only the application key.
type Token struct {
	ApplicationKey    string
	ApplicationSecret string
	ConsumerKey       string
	CredentialID      int64
}

// String gives the application key.
func (t Token) String() string { return t.ApplicationKey }

// Conf writes the keys in the form of ovh.conf, which all of OVH's clients read.
func (t Token) Conf(endpoint string) []byte {
	return fmt.Appendf(nil, "[default]\nendpoint=%[1]s\n\n[%[1]s]\napplication_key=%s\napplication_secret=%s\nconsumer_key=%s\n",
		endpoint, t.ApplicationKey, t.ApplicationSecret, t.ConsumerKey)
}

// LogValue gives the application key.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.ApplicationKey) }

// NewToken gives new keys of the lengths that OVH's have.
func NewToken() Token {
	return Token{ApplicationKey: randomText(16), ApplicationSecret: randomText(32), ConsumerKey: randomText(32)}
}

// randomText draws from letters and digits, all equally likely.
func randomText(length int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const fair = 256 - 256%len(letters)
	text := make([]byte, 0, length)
	chance := make([]byte, 2*length)
	for {
		rand.Read(chance) // it never fails
		for _, b := range chance {
			if int(b) >= fair {
				continue
			}
			if text = append(text, letters[int(b)%len(letters)]); len(text) == length {
				return string(text)
			}
		}
	}
}

// CreateToken makes an application and a consumer key for an account itself; see CreateTokenFor.
func CreateToken(
	ctx context.Context, s *store.Store, now time.Time, account sms.Account, rules []sms.AccessRule, name, description string,
	validity time.Duration, ips []netip.Prefix,
) (Token, error) {
	return CreateTokenFor(ctx, s, now, account, store.Person{}, rules, name, description, validity, ips)
}

// CreateTokenFor makes an application and a consumer key for a person in an account, or for the account itself if she has no id; in force at once. She gets only the rules that her role reaches. No rules are all of them, no
// validity is forever, and no addresses are any. Errors: Invalid, Unavailable.
func CreateTokenFor(
	ctx context.Context, s *store.Store, now time.Time, account sms.Account, person store.Person, rules []sms.AccessRule, name, description string,
	validity time.Duration, ips []netip.Prefix,
) (Token, error) {
	if len(rules) == 0 {
		rules = Everything()
	}
	if err := CheckRules(rules); err != nil {
		return Token{}, err
	}
	if rules, _ = Within(rules, person.Role, person.OperatorRole); len(rules) == 0 {
		return Token{}, sms.Errorf(sms.Invalid, "the role %s allows nothing of what the rules name", person.Role)
	}
	if err := checkNames(name, description); err != nil {
		return Token{}, err
	}
	if validity < 0 {
		return Token{}, sms.Errorf(sms.Invalid, "the validity is %s and must not be negative; 0 is forever", validity)
	}
	allowed, err := plainPrefixes(ips)
	if err != nil {
		return Token{}, err
	}
	t := NewToken()
	app := store.Application{
		AccountID: account.ID, Key: t.ApplicationKey, Secret: t.ApplicationSecret, Name: name, Description: description,
		Status: "active", CreatedAt: now, PersonID: person.ID,
	}
	cred := store.Credential{Account: account, Person: person, Status: "validated", Rules: rules, AllowedIPs: allowed, CreatedAt: now}
	if validity > 0 {
		cred.ExpiresAt = now.Add(validity)
	}
	if err := s.AddToken(ctx, &app, &cred, t.ConsumerKey); err != nil {
		return Token{}, err
	}
	t.CredentialID = cred.ID
	return t, s.TellOwner(ctx, account.ID, sms.SafetyEvent{Kind: sms.SafetyKey, Who: person.Name, Detail: keyDetail(name, rules), At: now})
}

// keyDetail says in a mail what a key is for.
func keyDetail(application string, rules []sms.AccessRule) string {
	const most = 12
	words := make([]string, 0, most+1)
	for i, rule := range rules {
		if i == most {
			words = append(words, "…")
			break
		}
		words = append(words, rule.String())
	}
	return application + " (" + strings.Join(words, ", ") + ")"
}

func checkNames(name, description string) error {
	switch n, d := utf8.RuneCountInString(name), utf8.RuneCountInString(description); {
	case strings.TrimSpace(name) == "":
		return sms.Errorf(sms.Invalid, "the name of the application is empty: say what it is for, like \"shop\"")
	case n > maxName:
		return sms.Errorf(sms.Invalid, "the name of the application has %d characters, at most %d are taken", n, maxName)
	case d > maxDescription:
		return sms.Errorf(sms.Invalid, "the description of the application has %d characters, at most %d are taken", d, maxDescription)
	case !utf8.ValidString(name + description):
		return sms.Errorf(sms.Invalid, "the name or the description of the application is not UTF-8")
	case strings.ContainsRune(name+description, 0):
		return sms.Errorf(sms.Invalid, "the name or the description of the application has a NUL in it")
	}
	return nil
}

// CheckBlocks writes blocks of addresses the way that they are compared with. Error: Invalid.
func CheckBlocks(ips []netip.Prefix) ([]netip.Prefix, error) { return plainPrefixes(ips) }

// plainPrefixes writes blocks the way that addresses are compared with: IPv4 as such, and nothing past the block.
func plainPrefixes(ips []netip.Prefix) ([]netip.Prefix, error) {
	if len(ips) > maxAllowedIPs {
		return nil, sms.Errorf(sms.Invalid, "there are %d allowed addresses, at most %d are taken: join some to blocks", len(ips), maxAllowedIPs)
	}
	var plain []netip.Prefix
	for _, p := range ips {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if !p.IsValid() {
			return nil, sms.Errorf(sms.Invalid, "an allowed address is not valid: write 192.0.2.1/32 or 2001:db8::/32")
		}
		plain = append(plain, p.Masked())
	}
	return plain, nil
}
