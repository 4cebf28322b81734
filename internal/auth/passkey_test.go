package auth_test

import (
	"slices"
	"testing"
	"time"

	"ramier/internal/auth"
)

func TestWherePasskeysWork(t *testing.T) {
	for _, c := range []struct {
		domain string
		urls   []string
		want   []string
		wrong  bool
	}{
		{urls: []string{"http://127.0.0.1:8080", "https://[::1]:8443"}, want: []string{"http://localhost:8080", "https://localhost:8443"}},
		{urls: []string{"https://sms.example.org", "https://alias.example.net", "http://sms.example.org"}, want: []string{"https://sms.example.org"}},
		{urls: []string{"https://sms.example.org:8443/below", "https://eu.sms.example.org"}, want: []string{"https://sms.example.org:8443", "https://eu.sms.example.org"}},
		{domain: "example.org", urls: []string{"http://127.0.0.1:8080", "https://sms.example.org", "https://badexample.org"}, want: []string{"https://sms.example.org"}},
		{domain: "localhost", urls: []string{"https://sms.example.org", "http://localhost:80"}, want: []string{"http://localhost"}},
		{urls: []string{"http://127.0.0.1:8080", "https://SMS.example.org:443"}, want: []string{"https://sms.example.org"}},
		{urls: []string{"http://sms.example.org"}}, // not over TLS
		{urls: []string{"https://192.0.2.7"}},      // no name
		{urls: nil},
		{domain: "example.com", urls: []string{"https://sms.example.org"}, wrong: true},
		{domain: "org", urls: []string{"http://127.0.0.1:8080"}, wrong: true},
	} {
		s := auth.NewSignIns(nil, time.Now)
		err := s.UsePasskeys(c.domain, c.urls)
		if (err != nil) != c.wrong || !slices.Equal(s.PasskeyOrigins(), c.want) {
			t.Errorf("%q of %q: %q, %v", c.domain, c.urls, s.PasskeyOrigins(), err)
		}
	}
}
