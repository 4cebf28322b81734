package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

func TestPasswordsAreKnownAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := auth.NewPasswords(func() time.Time { return now })
	stored, other := auth.HashPassword("s3cretpw"), auth.HashPassword("s3cretpw")
	if stored == other || strings.Contains(stored, "s3cret") {
		t.Errorf("%s and %s", stored, other)
	}
	check := func(name, stored, password string) sms.Code {
		return sms.CodeOf(p.Check(t.Context(), name, stored, password))
	}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if got := check("shop", stored, "s3cretpw"); got != "" {
				t.Error("one of many at once: ", got)
			}
		})
	}
	all.Wait()
	for _, c := range []struct{ stored, password string }{
		{stored, ""},
		{stored, "S3cretpw"},
		{other, "x"},
		{"", "s3cretpw"},
		{"", ""},
		{"$x$1$$", "s3cretpw"},
		{"s3cretpw", "s3cretpw"},
		{"$pbkdf2-sha512$99999999999$AAAA$AAAA", "x"},
		{stored, strings.Repeat("x", 1000)},
	} {
		if got := check("wrong", c.stored, c.password); got != sms.InvalidCredential {
			t.Errorf("%q with %q: %s", c.password, c.stored, got)
		}
	}
}

func TestWrongPasswordsWearOut(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := auth.NewPasswords(func() time.Time { return now })
	stored := "$pbkdf2-sha512$1$AAAA$" + strings.Repeat("A", 86)
	right := auth.HashPassword("s3cretpw")
	check := func(name, password string) sms.Code { return sms.CodeOf(p.Check(t.Context(), name, stored, password)) }
	for range 10 {
		if got := check("shop", "x"); got != sms.InvalidCredential {
			t.Fatal(got)
		}
	}
	if got := check("shop", "y"); got != sms.TooFast {
		t.Error("the eleventh: ", got)
	}
	if got := check("elsewhere", "y"); got != sms.InvalidCredential {
		t.Error("another name: ", got)
	}
	now = now.Add(time.Minute)
	if err := p.Check(t.Context(), "shop", right, "s3cretpw"); err != nil {
		t.Error("a minute later: ", err)
	}
}
