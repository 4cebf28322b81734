package auth_test

import (
	"strings"
	"testing"

	"ramier/internal/auth"
)

func TestAPasswordFitsItsHashOnly(t *testing.T) {
	hash, err := auth.HashPassword("s3cret_Wörd")
	if err != nil {
		t.Fatal(err)
	}
	again, err := auth.HashPassword("s3cret_Wörd")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are the same: %q, %v", again, err)
	}
	if !auth.CheckPassword(hash, "s3cret_Wörd") {
		t.Error("the password does not fit its hash")
	}
	fields := strings.Split(hash, "$")
	for name, c := range map[string]struct{ hash, password string }{
		"another password": {hash, "s3cret_Word"},
		"no password":      {hash, ""},
		"no hash":          {"", ""},
		"another method":   {"md5$" + strings.Join(fields[1:], "$"), "s3cret_Wörd"},
		"no rounds":        {strings.Join([]string{fields[0], "0", fields[2], fields[3]}, "$"), "s3cret_Wörd"},
		"endless rounds":   {strings.Join([]string{fields[0], "99999999999", fields[2], fields[3]}, "$"), "s3cret_Wörd"},
		"an empty key":     {strings.Join([]string{fields[0], fields[1], fields[2], ""}, "$"), "s3cret_Wörd"},
		"another salt":     {strings.Join([]string{fields[0], fields[1], "AAAA", fields[3]}, "$"), "s3cret_Wörd"},
	} {
		if auth.CheckPassword(c.hash, c.password) {
			t.Errorf("%s fits", name)
		}
	}
}
