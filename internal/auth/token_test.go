package auth

import (
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestNewKeysHaveOVHsLengthsAndEvenLetters(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-zA-Z]{16} [0-9a-zA-Z]{32} [0-9a-zA-Z]{32}$`)
	count := map[rune]int{}
	const tokens = 3000
	for range tokens {
		k := NewToken()
		if text := k.ApplicationKey + " " + k.ApplicationSecret + " " + k.ConsumerKey; !form.MatchString(text) {
			t.Fatal(text)
		}
		for _, c := range k.ConsumerKey + k.ApplicationSecret + k.ApplicationKey {
			count[c]++
		}
	}
	// 240,000 letters: 3,871 of each, with a deviation of 62. Bias by modulo would give some 4,690.
	for c, n := range count {
		if n < 3400 || n > 4350 {
			t.Errorf("%c came %d times", c, n)
		}
	}
	if len(count) != 62 {
		t.Errorf("%d letters", len(count))
	}
}

func TestATokenIsNotPrinted(t *testing.T) {
	k := NewToken()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "token", k)
	text := fmt.Sprintf("%v %+v %s", k, k, k) + log.String()
	if strings.Contains(text, k.ApplicationSecret) || strings.Contains(text, k.ConsumerKey) || !strings.Contains(text, k.ApplicationKey) {
		t.Error(text)
	}
}

func TestTokensOnBothDatabases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := deskOn(t, s)
		rule, err := ParseRule("get /sms*")
		if err != nil {
			t.Fatal(err)
		}
		d.token, err = CreateToken(t.Context(), s, d.clock.Now(), d.account, []sms.AccessRule{rule}, "shop", "sends", time.Hour, []netip.Prefix{netip.MustParsePrefix("192.0.2.77/24")})
		if err != nil {
			t.Fatal(err)
		}
		caller, err := d.ask(d.call("GET", sent, ""))
		if err != nil {
			t.Fatal(err)
		}
		if len(caller.Rules) != 1 || caller.Rules[0].String() != "GET /sms*" {
			t.Errorf("rules %v", caller.Rules)
		}
		c, err := d.Credential(t.Context(), caller)
		if err != nil {
			t.Fatal(err)
		}
		if c.ID != d.token.CredentialID || c.ApplicationID != caller.Application || c.Status != "validated" || !c.LastUse.Equal(storetest.Noon) ||
			!c.CreatedAt.Equal(storetest.Noon) || !c.ExpiresAt.Equal(storetest.Noon.Add(time.Hour)) || c.AllowedIPs[0].String() != "192.0.2.0/24" || c.Account.Country != "FR" {
			t.Errorf("%+v", c)
		}
		d.forgetAll() // as if it were pushed out of memory
		again, err := d.Credential(t.Context(), caller)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
			t.Errorf("got %+v (%v), want %+v", again, err, c)
		}
		if _, err := d.Credential(t.Context(), &sms.Caller{Credential: 1}); sms.CodeOf(err) != sms.NoObject {
			t.Error(err)
		}
	})
}

func TestLogoutCountsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := deskOn(t, s)
		first := d.token
		d.token = d.create(t, 0)
		other := d.call("GET", sent, "")
		d.refused(t, other, "")
		d.token = first
		caller, err := d.ask(d.call("GET", sent, ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Logout(t.Context(), caller); err != nil {
			t.Fatal(err)
		}
		d.refused(t, d.call("GET", sent, ""), sms.InvalidCredential, "logged out")
		d.refused(t, other, "")
		if err := d.Logout(t.Context(), &sms.Caller{Credential: 1}); sms.CodeOf(err) != sms.NoObject {
			t.Error(err)
		}
	})
}

func TestAnotherNodesChangeIsSeenInTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := deskOn(t, s)
		d.refused(t, d.call("GET", sent, ""), "")
		if err := s.EndCredential(t.Context(), d.token.CredentialID); err != nil {
			t.Fatal(err)
		}
		d.refused(t, d.call("GET", sent, ""), "")
		d.changes.at = d.changes.at.Add(-followEvery) // as if the time had gone by
		d.refused(t, d.call("GET", sent, ""), sms.InvalidCredential)
	})
}

// TestAChangeDropsOnlyWhomItIsAbout: what one customer does must not have the keys of all others read anew.
func TestAChangeDropsOnlyWhomItIsAbout(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := deskOn(t, s)
		d.refused(t, d.call("GET", sent, ""), "")
		other := sms.Account{Name: "other", Country: "FR", CreatedAt: storetest.Noon}
		if err := s.AddAccount(t.Context(), &other); err != nil {
			t.Fatal(err)
		}
		theirs, err := CreateToken(t.Context(), s, d.clock.Now(), other, nil, "theirs", "", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		d.CatchUp(t.Context())
		mine := d.token
		d.refused(t, d.call("GET", sent, ""), "")
		d.token = theirs
		d.refused(t, d.call("GET", sent, ""), "")
		kept := func(apps, keys int, what string) {
			t.Helper()
			if d.CatchUp(t.Context()); len(d.applications.known) != apps || len(d.credentials.known) != keys {
				t.Errorf("%s: %d applications and %d keys are kept, want %d and %d", what, len(d.applications.known), len(d.credentials.known), apps, keys)
			}
		}
		kept(2, 2, "no change")
		if err := s.EndCredential(t.Context(), theirs.CredentialID); err != nil {
			t.Fatal(err)
		}
		kept(1, 1, "a key ended")
		d.refused(t, d.call("GET", sent, ""), sms.InvalidCredential)
		if err := s.UpdateAccount(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		kept(1, 1, "an account changed")
		d.token = mine
		d.refused(t, d.call("GET", sent, ""), "")
	})
}

// A consumer key leads to its application only for as long as that is known: a change may be about the application alone.
func TestAForgottenApplicationIsReadAnew(t *testing.T) {
	d := newDesk(t)
	d.refused(t, d.call("GET", sent, ""), "")
	d.refused(t, d.call("GET", sent, ""), "")
	d.applications.drop(func(*application) bool { return true })
	d.refused(t, d.call("GET", sent, ""), "")
	if len(d.applications.known) != 1 {
		t.Error("the application was not read")
	}
	d.token.ApplicationKey = d.create(t, 0).ApplicationKey
	d.refused(t, d.call("GET", sent, ""), sms.UnknownCredential, "another application")
}

func TestAClosedStoreIsNotTheCallersFault(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "sqlite"))
	d := deskOn(t, s)
	s.Close()
	d.refused(t, d.call("GET", sent, ""), sms.Unavailable)
}

func TestNewTokensAreChecked(t *testing.T) {
	d := newDesk(t)
	many := make([]sms.AccessRule, maxRules+1)
	for _, c := range []struct {
		name, description string
		rules             []sms.AccessRule
		validity          time.Duration
		ips               []netip.Prefix
		word              string
	}{
		{name: " ", word: "the name of the application is empty"},
		{name: strings.Repeat("é", maxName+1), word: "129 characters, at most 128"},
		{name: "x", description: strings.Repeat("é", maxDescription+1), word: "1025 characters, at most 1024"},
		{name: "\xff", word: "UTF-8"},
		{name: "a\x00", word: "NUL"},
		{name: "x", rules: many, word: "101 access rules, at most 100"},
		{name: "x", rules: many[:1], word: "the method"},
		{name: "x", validity: -time.Second, word: "-1s"},
		{name: "x", ips: make([]netip.Prefix, 1), word: "write 192.0.2.1/32"},
		{name: "x", ips: make([]netip.Prefix, maxAllowedIPs+1), word: "101 allowed addresses"},
	} {
		_, err := CreateToken(t.Context(), d.store, d.clock.Now(), d.account, c.rules, c.name, c.description, c.validity, c.ips)
		if sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct{ text, rule, word string }{
		{"GET /sms/*", "GET /sms/*", ""},
		{"  post\t/sms/*/jobs ", "POST /sms/*/jobs", ""},
		{"PATCH /*", "PATCH /*", ""},
		{"GET /", "GET /", ""},
		{"GET /1.00", "GET /1.00", ""},
		{"", "", "like \"GET /sms/*\""},
		{"/sms", "", "a method and a path"},
		{"GET /sms /me", "", "a method and a path"},
		{"HEAD /sms", "", `"HEAD", which must be one of GET, POST, PUT, DELETE`},
		{"GET sms", "", `"sms", which must begin with a slash`},
		{"GET /sms?a=b", "", "without query"},
		{"GET /1.0/sms/*", "", `write "GET /sms/*"`},
		{"GET /v1", "", `write "GET /"`},
		{"GET /" + strings.Repeat("x", maxRulePath), "", "513 bytes, at most 512"},
	} {
		rule, err := ParseRule(c.text)
		switch {
		case c.word == "" && (err != nil || rule.String() != c.rule):
			t.Errorf("%q: %v, %v", c.text, rule, err)
		case c.word != "" && (sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), c.word)):
			t.Errorf("%q: %v", c.text, err)
		}
	}
	if err := CheckRules(nil); sms.CodeOf(err) != sms.Invalid {
		t.Error(err)
	}
	if err := CheckRules(Everything()); err != nil {
		t.Error(err)
	}
}
