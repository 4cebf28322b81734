package legacy

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"ramier/internal/sms"
)

// visitor is a session whose client comes from an address, at a door with some settings.
func visitor(ip string, c MailConfig) *session {
	c.Log = slog.New(slog.DiscardHandler)
	c = c.withDefaults()
	e := &Email2SMS{cfg: c, crowd: newCrowd(c)}
	return &session{e: e, line: &line{e: e, ip: netip.MustParseAddr(ip)}}
}

// believed gives whom a session takes a mail to be from.
func believed(t *testing.T, s *session, mail string) string {
	t.Helper()
	l, signed, err := s.read(t.Context(), strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	return s.sender(l, signed)
}

func TestOnlyOurOwnServersAreBelieved(t *testing.T) {
	c := MailConfig{Reports: Verified, AuthHost: "mx.shop.example", Relays: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	head := "From: Alice <alice@example.org>\r\nSubject: x\r\n"
	for name, k := range map[string]struct{ ip, from, results, want string }{
		"SPF":                    {"10.1.1.1", "alice@example.org", "mx.shop.example; spf=pass smtp.mailfrom=alice@example.org", "alice@example.org"},
		"SPF of the domain":      {"10.1.1.1", "bounce@example.org", "MX.shop.example; spf=pass smtp.mailfrom=example.org", "bounce@example.org"},
		"DKIM":                   {"10.1.1.1", "x@list.example", "mx.shop.example; dkim=pass header.d=example.org", "alice@example.org"},
		"DMARC":                  {"10.1.1.1", "x@list.example", "mx.shop.example; dmarc=pass header.from=example.org", "alice@example.org"},
		"failed":                 {"10.1.1.1", "alice@example.org", "mx.shop.example; spf=fail smtp.mailfrom=alice@example.org; dkim=none", ""},
		"somebody else's SPF":    {"10.1.1.1", "alice@example.org", "mx.shop.example; spf=pass smtp.mailfrom=evil.example", ""},
		"somebody else's DKIM":   {"10.1.1.1", "alice@example.org", "mx.shop.example; dkim=pass header.d=evil.example", ""},
		"another server's":       {"10.1.1.1", "alice@example.org", "mx.evil.example; spf=pass smtp.mailfrom=alice@example.org", ""},
		"not by our server":      {"192.0.2.1", "alice@example.org", "mx.shop.example; spf=pass smtp.mailfrom=alice@example.org", ""},
		"a top domain signs":     {"10.1.1.1", "alice@example.org", "mx.shop.example; dkim=pass header.d=org", ""},
		"an address that is not": {"10.1.1.1", "alice@example.org>\r\nBcc: x", "mx.shop.example; spf=pass smtp.mailfrom=example.org", ""},
	} {
		s := visitor(k.ip, c)
		s.from = k.from
		mail := "Authentication-Results: " + k.results + "\r\n" + head + "\r\nhello\r\n"
		if got := believed(t, s, mail); got != k.want {
			t.Errorf("%s: %q", name, got)
		}
		// What stands below is somebody's forgery.
		below := "Authentication-Results: mx.shop.example; spf=fail smtp.mailfrom=a@b.example\r\n" + mail
		if got := believed(t, s, below); got != "" {
			t.Errorf("%s, forged: %q", name, got)
		}
	}
}

// texts is a resolver that knows TXT records only; nil stands for a server that does not answer.
type texts func(name string) []string

func (f texts) LookupTXT(_ context.Context, name string) ([]string, error) {
	if all := f(name); all != nil {
		return all, nil
	}
	return nil, errors.New("the server does not answer")
}

func (f texts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Name: host, IsNotFound: true}
}

func (f texts) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

// Who may send for the domain of the envelope is proven by his address, but not one of our own servers, which hands on what others sent.
func TestSPFProvesTheEnvelope(t *testing.T) {
	c := MailConfig{Senders: Verified, Relays: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Resolver: texts(func(name string) []string {
		if strings.HasPrefix(name, "away.") {
			return nil
		}
		return []string{"v=spf1 ip4:192.0.2.1 ip4:10.0.0.0/8 -all"}
	})}
	for _, test := range []struct {
		ip, from, want string
		code           sms.Code
	}{
		{"192.0.2.1", "alice@example.org", "alice@example.org", ""},
		{"192.0.2.2", "alice@example.org", "", ""},
		{"10.1.1.1", "alice@example.org", "", ""},
		{"192.0.2.1", "alice", "", ""},
		{"192.0.2.1", "alice@away.example", "", sms.Unavailable},
	} {
		s := visitor(test.ip, c)
		s.from = test.from
		got, err := s.bySPF(t.Context())
		if got != test.want || (err != nil || test.code != "") && sms.CodeOf(err) != test.code {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestSignaturesAreChecked(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	c := MailConfig{Senders: Verified, Resolver: texts(func(domain string) []string {
		asked = append(asked, domain)
		return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}
	})}
	mail := "From: Alice <alice@shop.example.org>\r\nSubject: x\r\n\r\nhello\r\n" + strings.Repeat("more\r\n", 1000)
	var signed bytes.Buffer
	if err := dkim.Sign(&signed, strings.NewReader(mail), &dkim.SignOptions{Domain: "example.org", Selector: "k", Signer: private}); err != nil {
		t.Fatal(err)
	}
	s := visitor("192.0.2.1", c)
	s.from = "bounce@elsewhere.example"
	if got := believed(t, s, signed.String()); got != "alice@shop.example.org" || len(asked) != 1 || asked[0] != "k._domainkey.example.org" {
		t.Errorf("%q, %q", got, asked)
	}
	for name, other := range map[string]string{
		"changed":   strings.Replace(signed.String(), "hello", "hullo", 1),
		"unsigned":  mail,
		"another's": strings.Replace(signed.String(), "From: Alice <alice@shop.example.org>", "From: alice@elsewhere.example", 1),
		"broken":    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k; h=from; b=AAAA; bh=AAAA\r\n" + mail,
	} {
		if got := believed(t, s, other); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	// Many signatures cost few questions.
	asked = nil
	header, _, _ := strings.Cut(signed.String(), "From:")
	if _, _, err := s.read(t.Context(), strings.NewReader(strings.Repeat(header, 50)+mail)); err != nil {
		t.Error(err)
	}
	if len(asked) > maxSignatures {
		t.Errorf("%d questions", len(asked))
	}
	// A mail that breaks off leaves nobody waiting.
	if _, _, err := s.read(t.Context(), io.MultiReader(strings.NewReader(signed.String()[:300]), broken{io.ErrClosedPipe})); err == nil {
		t.Error("half a mail was read")
	}
}
