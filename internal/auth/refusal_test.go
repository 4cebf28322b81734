package auth

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

const sent = public + "/1.0/sms"

func TestKeysAreRefusedWithTheirCause(t *testing.T) {
	d := newDesk(t)
	other := d.create(t, 0)
	add := func(app, cred string) Token {
		token := NewToken()
		a := store.Application{AccountID: d.account.ID, Key: token.ApplicationKey, Secret: token.ApplicationSecret, Name: "x", Status: app, CreatedAt: d.clock.Now()}
		c := store.Credential{Account: d.account, Status: cred, Rules: Everything(), CreatedAt: d.clock.Now()}
		if err := d.store.AddToken(t.Context(), &a, &c, token.ConsumerKey); err != nil {
			t.Fatal(err)
		}
		return token
	}
	use := func(token Token) func(*call) {
		return func(c *call) {
			c.header.Set(headerApplication, token.ApplicationKey)
			c.header.Set(headerConsumer, token.ConsumerKey)
			c.sign.secret, c.sign.consumer = token.ApplicationSecret, token.ConsumerKey
		}
	}
	badly := func(use func(*call)) func(*call) {
		return func(c *call) { use(c); c.sign.secret = "wrong" }
	}
	short := d.create(t, time.Nanosecond)
	for _, c := range []struct {
		name   string
		change func(*call)
		code   sms.Code
		words  []string
	}{
		{"nothing", func(c *call) {
			c.header[headerApplication], c.header[headerConsumer], c.header[headerSignature] = nil, nil, nil
		}, sms.NotAuthenticated, []string{"not signed", headerApplication}},
		{"bearer", func(c *call) {
			c.header[headerApplication], c.header[headerConsumer], c.header[headerSignature] = nil, nil, nil
			c.header.Set("Authorization", "Bearer x")
		}, sms.NotAuthenticated, []string{"Authorization", "POST /auth/oauth2/token"}},
		{"no application key", func(c *call) { c.header[headerApplication] = nil }, sms.NotAuthenticated, []string{headerApplication + " is missing"}},
		{"an empty application key", func(c *call) { c.header.Set(headerApplication, "  ") }, sms.NotAuthenticated, []string{headerApplication + " is missing"}},
		{"unknown application", func(c *call) { c.header.Set(headerApplication, "nosuchkey") }, sms.UnknownKey, []string{`"nosuchkey"`}},
		{"unknown application alone", func(c *call) {
			c.header.Set(headerApplication, "nosuchkey")
			c.header[headerConsumer] = nil
		}, sms.UnknownKey, nil},
		{"an endless application key", func(c *call) { c.header.Set(headerApplication, string(make([]byte, 9999))) }, sms.UnknownKey, []string{"…"}},
		{"two application keys", func(c *call) { c.header.Add(headerApplication, other.ApplicationKey) }, sms.UnknownKey, []string{d.token.ApplicationKey + ", " + other.ApplicationKey}},
		{"blocked application", use(add("blocked", "validated")), sms.UnknownKey, []string{"is blocked"}},
		{"trusted application", use(add("trusted", "validated")), "", nil},
		{"no consumer key", func(c *call) { c.header[headerConsumer] = nil }, sms.NotAuthenticated, []string{headerConsumer + " is missing"}},
		{"unknown consumer key", func(c *call) { c.header.Set(headerConsumer, "x") }, sms.UnknownCredential, []string{"no such consumer key", "1 characters"}},
		{"two consumer keys", func(c *call) { c.header.Add(headerConsumer, other.ConsumerKey) }, sms.UnknownCredential, nil},
		{"another application's consumer key", func(c *call) { c.header.Set(headerConsumer, other.ConsumerKey) }, sms.UnknownCredential, []string{"another application"}},
		{"pending", use(add("active", "pendingValidation")), sms.InvalidCredential, []string{"approval"}},
		{"refused", use(add("active", "refused")), sms.InvalidCredential, []string{"refused"}},
		{"ended", use(add("active", "expired")), sms.InvalidCredential, []string{"logged out"}},
		{"expired", use(short), sms.InvalidCredential, []string{"expired on 2026-11-23T12:00:00Z"}},
		{"pending and badly signed", badly(use(add("active", "pendingValidation"))), sms.BadSignature, nil},
		{"expired and badly signed", badly(use(short)), sms.BadSignature, nil},
		{"no signature", func(c *call) { c.header[headerSignature] = nil }, sms.BadSignature, []string{headerSignature + " is missing"}},
		{"two signatures", func(c *call) { c.header[headerSignature] = []string{c.signature(), "x"} }, sms.BadSignature, []string{"it must be $1$ and 40"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := d.call("GET", sent, "")
			c.change(call)
			d.refused(t, call, c.code, c.words...)
		})
	}
	unsigned := d.call("GET", public+"/1.0/auth/currentCredential", "")
	unsigned.header[headerConsumer], unsigned.header[headerSignature] = nil, nil
	d.refused(t, unsigned, sms.NotAuthenticated, "node-ovh does not sign")
}

func TestClocks(t *testing.T) {
	d := newDesk(t)
	now := d.clock.Now().Unix()
	text := func(off int64) string { return strconv.FormatInt(now+off, 10) }
	for _, c := range []struct {
		timestamp string
		code      sms.Code
		word      string
	}{
		{text(0), "", ""},
		{text(-300), "", ""},
		{text(300), "", ""},
		{text(-301), sms.StaleRequest, "your clock is 301 s late; at most 300 s are allowed: take the offset from GET /auth/time"},
		{text(301), sms.StaleRequest, "your clock is 301 s ahead"},
		{text(-3600), sms.StaleRequest, "3600 s late, which is about 1 h, as if local time"},
		{text(2*3600 + 20), sms.StaleRequest, "7220 s ahead, which is about 2 h"},
		{text(3600 + 1000), sms.StaleRequest, "4600 s ahead; at most"},
		{text(0) + "000", sms.StaleRequest, "milliseconds"},
		{text(-400) + "000", sms.StaleRequest, "no time of these days"},
		{"0", sms.StaleRequest, "late"},
		{"-1", sms.StaleRequest, "no time"},
		{"9223372036854775807", sms.StaleRequest, "no time"},
		{"-9223372036854775808", sms.StaleRequest, "no time"},
		{"9223372036854775808", sms.StaleRequest, "no time"},
		{"99999999999999999999999999999999999999999999999999", sms.StaleRequest, "…"},
		{"", sms.BadSignature, headerTimestamp + " is missing"},
		{"noon", sms.BadSignature, `"noon" and must be whole seconds`},
		{text(0) + ".5", sms.BadSignature, "whole seconds"},
		{"+" + text(0), sms.BadSignature, "whole seconds"},
		{text(0) + ", " + text(1), sms.BadSignature, "whole seconds"},
		{"1e9", sms.BadSignature, "whole seconds"},
		{"0x6", sms.BadSignature, "whole seconds"},
	} {
		t.Run(c.timestamp, func(t *testing.T) {
			call := d.call("GET", sent, "")
			call.sign.timestamp = c.timestamp
			call.header.Set(headerTimestamp, c.timestamp)
			d.refused(t, call, c.code, c.word)
			if call.sign.secret = "wrong"; c.code != "" { // the time goes first
				d.refused(t, call, c.code, c.word)
			}
		})
	}
	strict := newDesk(t, func(cfg *Config) { cfg.Tolerance = 40 * time.Second })
	call := strict.call("GET", sent, "")
	strict.clock.Advance(41 * time.Second)
	strict.refused(t, call, sms.StaleRequest, "your clock is 41 s late")
}

func TestAKeyEndsWithItsValidity(t *testing.T) {
	d := newDesk(t)
	d.token = d.create(t, time.Hour)
	d.clock.Advance(time.Hour - time.Microsecond)
	d.refused(t, d.call("GET", sent, ""), "")
	d.clock.Advance(time.Microsecond)
	d.refused(t, d.call("GET", sent, ""), sms.InvalidCredential, "expired on 2026-11-23T13:00:00Z")
}

func TestAddresses(t *testing.T) {
	prefixes := func(texts ...string) (all []netip.Prefix) {
		for _, text := range texts {
			all = append(all, netip.MustParsePrefix(text))
		}
		return all
	}
	d := newDesk(t, func(cfg *Config) { cfg.TrustedProxies = prefixes("10.0.0.0/8", "fd00::/8") })
	for _, c := range []struct {
		name, remote, forwarded, ip string
		allowed                     bool
	}{
		{"direct", "192.0.2.1:1", "", "192.0.2.1", true},
		{"direct, not allowed", "192.0.3.1:1", "", "192.0.3.1", false},
		{"in IPv6's clothes", "[::ffff:192.0.2.1]:1", "", "192.0.2.1", true},
		{"IPv6", "[2001:db8::7%eth0]:1", "", "2001:db8::7", true},
		{"a header of a stranger", "192.0.3.1:1", "192.0.2.1", "192.0.3.1", false},
		{"behind a proxy", "10.0.0.1:1", "192.0.2.1", "192.0.2.1", true},
		{"behind two", "[fd00::1]:1", "192.0.2.1, 10.9.9.9", "192.0.2.1", true},
		{"an address put in front", "10.0.0.1:1", "192.0.2.1, 192.0.3.1", "192.0.3.1", false},
		{"with ports", "10.0.0.1:1", "192.0.2.1:99,[fd00::2]:5", "192.0.2.1", true},
		{"in brackets", "10.0.0.1:1", "[2001:db8::7]", "2001:db8::7", true},
		{"nonsense", "10.0.0.1:1", "192.0.2.1, unknown", "10.0.0.1", false},
		{"only proxies", "10.0.0.1:1", "10.0.0.2", "10.0.0.2", false},
		{"no header", "10.0.0.1:1", "", "10.0.0.1", false},
		{"a socket", "@", "192.0.2.1", "invalid IP", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, err := CreateToken(t.Context(), d.store, d.clock.Now(), d.account, nil, "shop", "", 0,
				append(prefixes("192.0.2.0/24", "2001:db8::/64"), netip.MustParsePrefix("::ffff:198.51.100.7/104")))
			if err != nil {
				t.Fatal(err)
			}
			d.token = token
			call := d.call("GET", sent, "")
			call.remote = c.remote
			if c.forwarded != "" {
				call.header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := RemoteIP(call.request(), d.cfg.TrustedProxies).String(); got != c.ip {
				t.Errorf("it comes from %s, want %s", got, c.ip)
			}
			if c.allowed {
				d.refused(t, call, "")
			} else {
				d.refused(t, call, sms.Forbidden, "192.0.2.0/24, 2001:db8::/64, 198.0.0.0/8 only")
			}
			call.sign.secret = "wrong"
			d.refused(t, call, sms.BadSignature)
		})
	}
}
