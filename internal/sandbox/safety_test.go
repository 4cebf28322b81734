package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

// TestTheOwnerIsToldWhatHappensToTheAccount: a sign-in from an unknown browser, a new password and a new key come as mails, in the owner's language and
// under the brand of the reseller.
func TestTheOwnerIsToldWhatHappensToTheAccount(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		resellerOf(t, p)
		var sub struct{ Account, Password string }
		check(t, p.OVH.Post("/me/reseller/accounts", map[string]any{"country": "FR", "email": "owner@example.org"}, &sub))
		told := func(what string, n int, words ...string) {
			t.Helper()
			var last string
			p.Until(what, func() bool {
				count := 0
				for _, m := range mailbox(t, p, "owner@example.org") {
					if text := m.Subject + "\n" + m.Text; strings.Contains(text, words[0]) {
						count, last = count+1, text
					}
				}
				return count == n
			})
			for _, word := range append(words, "-- \nPigeon Express") {
				if !strings.Contains(last, word) {
					t.Errorf("%s: no %q in\n%s", what, word, last)
				}
			}
		}
		v := newVisitor(t, p)
		v.signIn(sub.Account, sub.Password)
		told("the first sign-in", 1, "Nouvelle connexion à "+sub.Account, "Adresse : 127.0.0.1", "Quand : ")

		form := url.Values{"csrf": {v.get("/createToken/").mark("csrf")}, "name": {"Boutique"}, "validity": {"0"}, "method": {"GET"}, "path": {"/sms/*"}}
		if got := v.post("/createToken/", form); got.status != http.StatusOK {
			t.Fatal(got.status, got.text)
		}
		told("a key", 1, "Nouvelle clé d'API", "Boutique (GET /sms/*)")

		check(t, p.Operator.Put("/operator/accounts/"+sub.Account, map[string]any{"country": "GB"}, nil))
		v.signIn(sub.Account, sub.Password) // the browser is known now
		other := newVisitor(t, p)
		other.signIn(sub.Account, sub.Password)
		told("a sign-in with another browser", 1, "New sign-in to "+sub.Account, "If this was not you")
		var again struct{ Password string }
		check(t, p.OVH.Post("/me/reseller/accounts/"+sub.Account+"/password", map[string]any{}, &again))
		told("a new password", 1, "An operator has given the account "+sub.Account+" a new password")
	})
}
