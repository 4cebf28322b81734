package auth

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role   sms.Role
		call   string
		allows bool
	}{
		{sms.OwnerRole, "DELETE /me/people/{login}", true},
		{sms.SenderRole, "POST /sms/{serviceName}/jobs", true},
		{sms.SenderRole, "POST /sms/{serviceName}/users/{login}/jobs", true},
		{sms.SenderRole, "PUT /sms/{serviceName}/receivers/{slotId}", true},
		{sms.SenderRole, "POST /sms/{serviceName}/users", false},
		{sms.SenderRole, "POST /sms/{serviceName}/transferCredits", false},
		{sms.SenderRole, "POST /me/people", false},
		{sms.SenderRole, "DELETE /me/api/credential/{credentialId}", false},
		{sms.ReaderRole, "GET /sms/{serviceName}/outgoing/{id}", true},
		{sms.ReaderRole, "POST /sms/{serviceName}/jobs", false},
		{sms.ReaderRole, "DELETE /sms/{serviceName}/outgoing/{id}", false},
		{sms.FinanceRole, "POST /order/sms/{serviceName}/credits", true},
		{sms.FinanceRole, "GET /sms/{serviceName}/reports", true},
		{sms.FinanceRole, "GET /sms/{serviceName}/outgoing", false},
		{sms.FinanceRole, "GET /sms/{serviceName}/outgoing/{id}", false},
		{sms.FinanceRole, "GET /sms/{serviceName}/jobs", false},
		{sms.FinanceRole, "GET /me/document/{id}", false},
		{sms.RemovedRole, "GET /me", false},
		{"anything", "GET /me", false},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		caller := &sms.Caller{Person: "x/marie", PersonID: 7, Role: c.role}
		if err := RolesAllow(caller, method, path); (err == nil) != c.allows {
			t.Errorf("%s, %s: %v", c.role, c.call, err)
		}
	}
	for _, c := range []struct {
		account, person sms.Role
		call            string
		allows          bool
	}{
		{"", "", "POST /operator/tokens", true},
		{sms.AdminRole, "", "POST /operator/tokens", true},
		{sms.SupportRole, "", "POST /operator/tokens", false},
		{sms.SupportRole, "", "POST /operator/services/{serviceName}/senders/{sender}/approve", true},
		{sms.SupportRole, "", "POST /operator/accounts/{account}/password", false},
		{sms.FinanceRole, "", "POST /operator/orders/{orderId}/settle", true},
		{sms.FinanceRole, "", "GET /operator/messages/{id}", false},
		{sms.AdminRole, sms.NoRole, "GET /operator/status", false},
		{sms.SupportRole, sms.AdminRole, "POST /operator/tokens", false},
		{sms.AdminRole, sms.SupportRole, "GET /operator/log", true},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		caller := &sms.Caller{Operator: true, OperatorRole: c.account, PersonOperatorRole: c.person}
		if err := RolesAllow(caller, method, path); (err == nil) != c.allows {
			t.Errorf("%s, %s, %s: %v", c.account, c.person, c.call, err)
		}
	}
}

func TestRulesWithinARole(t *testing.T) {
	rules := []sms.AccessRule{
		{Method: "GET", Path: "/sms/*"},
		{Method: "POST", Path: "/sms/*/jobs"},
		{Method: "POST", Path: "/sms/sms-1-1/*"},
		{Method: "GET", Path: "/*"},
		{Method: "DELETE", Path: "/*"},
		{Method: "GET", Path: "/operator/orders"},
	}
	for role, want := range map[sms.Role]string{
		"":              "GET /sms/*, POST /sms/*/jobs, POST /sms/sms-1-1/*, GET /*, DELETE /*, GET /operator/orders",
		sms.ReaderRole:  "GET /sms/*, GET /*",
		sms.SenderRole:  "GET /sms/*, POST /sms/*/jobs, POST /sms/sms-1-1/*, GET /*, DELETE /*",
		sms.FinanceRole: "GET /sms/*, POST /sms/sms-1-1/*, GET /*, DELETE /*",
		sms.RemovedRole: "",
	} {
		kept, _ := Within(rules, role, sms.NoRole)
		var words []string
		for _, r := range kept {
			words = append(words, r.String())
		}
		if got := strings.Join(words, ", "); got != want {
			t.Errorf("%s keeps %q, want %q", role, got, want)
		}
	}
	if kept, _ := Within(rules[5:], sms.ReaderRole, sms.FinanceRole); len(kept) != 1 {
		t.Error("an operator's rule is lost")
	}
}

// A path that fits two patterns shows that they overlap.
func TestOverlapFindsWhatFitsBoth(t *testing.T) {
	pattern := rapid.StringMatching(`/[ab*/]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, path := pattern.Draw(t, "a"), pattern.Draw(t, "b"), rapid.StringMatching(`/[ab/]{0,8}x?`).Draw(t, "path")
		// Not by Allows, which drops a slash at the end.
		fits := func(p string) bool { return (&sms.Caller{Actions: []string{p}}).MayDo(path) }
		if got := overlap(a, b); got != overlap(b, a) || fits(a) && fits(b) && !got {
			t.Fatalf("overlap(%q, %q) = %t, and %q fits", a, b, got, path)
		}
	})
}
