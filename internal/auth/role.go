package auth

import (
	"slices"
	"strings"

	"ramier/internal/sms"
)

// The tables of what roles may do: a method and a path of the API as its schema writes it, where * stands for any method, or for any run
// of characters. What no line names is for owners and admins alone.
var (
	everybody = []string{"GET /auth/*", "POST /auth/logout", "GET /me", "GET /sms", "GET /sms/rates/*", "GET /sms/ptts"}
	reads     = []string{"GET /sms/*", "POST /sms/estimate", "GET /me/*", "GET /order/*"}

	personRoles = map[sms.Role][]string{
		sms.OwnerRole:  {"* /*"},
		sms.ReaderRole: slices.Concat(everybody, reads),
		sms.SenderRole: slices.Concat(everybody, reads, []string{
			"POST /sms/*/jobs", "DELETE /sms/*/jobs/*", "POST /sms/*/quotes", "* /sms/*/batches*", "POST /sms/*/hlr", "POST /sms/*/optOuts",
			"* /sms/*/receivers*", "* /sms/*/phonebooks*", "* /sms/*/templatesControl*", "* /me/document*",
		}),
		sms.FinanceRole: slices.Concat(everybody, []string{
			"* /order/*", "GET /me/order*", "GET /me/bill*", "GET /*statement*",
			"GET /sms/{serviceName}", "GET /sms/{serviceName}/serviceInfos", "GET /sms/{serviceName}/guards", "GET /sms/{serviceName}/reports",
			"GET /sms/{serviceName}/seeOffers", "GET /sms/{serviceName}/users", "GET /sms/{serviceName}/users/{login}",
			"POST /sms/{serviceName}/transferCredits",
			"GET /me/reseller*", "* /me/reseller/prices*", "* /me/reseller/orders*", "POST /me/reseller/accounts/*/credits",
		}),
	}

	operatorRoles = map[sms.Role][]string{
		sms.AdminRole:   {"* /operator/*"},
		sms.SupportRole: {"GET /operator/*", "POST /operator/*/approve", "POST /operator/*/refuse"},
		sms.FinanceRole: {
			"GET /operator/status", "GET /operator/accounts", "GET /operator/accounts/{account}", "GET /operator/services",
			"GET /operator/services/{serviceName}", "GET /operator/services/{serviceName}/guards", "GET /operator/services/{serviceName}/reports",
			"POST /operator/services/{serviceName}/credits", "* /operator/orders*", "* /operator/prices*", "* /operator/taxes*",
			"* /operator/rates*", "GET /operator/*statement*",
		},
	}
)

// allows looks an operation up in the table of a role.
func allows(table []string, method, path string) bool {
	return slices.ContainsFunc(table, func(line string) bool {
		m, pattern, _ := strings.Cut(line, " ")
		return (m == "*" || m == method) && sms.AccessRule{Method: method, Path: pattern}.Allows(method, path)
	})
}

// RolesAllow tells whether the roles of a caller allow an operation, given by its method and its path in the schema. Error: NotGranted,
// which names the role.
func RolesAllow(c *sms.Caller, method, path string) error {
	if strings.HasPrefix(path, "/operator") {
		for _, role := range []sms.Role{c.OperatorRole, c.PersonOperatorRole} {
			if role != "" && !allows(operatorRoles[role], method, path) {
				return sms.Errorf(sms.NotGranted, "the operator role %s does not allow %s %s: an operator with the role %s can give another", role, method, path, sms.AdminRole)
			}
		}
		return nil
	}
	if c.Role != "" && !allows(personRoles[c.Role], method, path) {
		return sms.Errorf(sms.NotGranted, "%s has the role %s, which does not allow %s %s: the owner of the account can give another", c.Person, c.Role, method, path)
	}
	return nil
}

// May tells whether a person with a role may do an operation in her account.
func May(role sms.Role, method, path string) bool {
	return role == "" || allows(personRoles[role], method, path)
}

// Within keeps of access rules those that reach something that a role allows, in an account or, for an operator's, under /operator. The
// rest would never count.
func Within(rules []sms.AccessRule, role, operator sms.Role) (kept, dropped []sms.AccessRule) {
	if role == "" {
		return rules, nil
	}
	tables := [][]string{personRoles[role], operatorRoles[operator]}
	for _, r := range rules {
		if slices.ContainsFunc(tables, func(table []string) bool { return reaches(table, r) }) {
			kept = append(kept, r)
		} else {
			dropped = append(dropped, r)
		}
	}
	return kept, dropped
}

func reaches(table []string, r sms.AccessRule) bool {
	return slices.ContainsFunc(table, func(line string) bool {
		m, pattern, _ := strings.Cut(line, " ")
		return (m == "*" || m == r.Method) && overlap(open(pattern), r.Path)
	})
}

// open writes the parameters of a path as stars.
func open(pattern string) string {
	for {
		from := strings.IndexByte(pattern, '{')
		to := strings.IndexByte(pattern, '}')
		if from < 0 || to < from {
			return pattern
		}
		pattern = pattern[:from] + "*" + pattern[to+1:]
	}
}

// overlap tells whether any path fits both of two patterns.
func overlap(a, b string) bool {
	row := make([]bool, len(b)+1) // which beginnings of b go with the beginning of a so far
	row[0] = true
	for j := 0; j < len(b) && b[j] == '*'; j++ {
		row[j+1] = true
	}
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		next[0] = row[0] && a[i] == '*'
		for j := range len(b) {
			switch {
			case a[i] == '*' || b[j] == '*':
				next[j+1] = row[j+1] || next[j]
			default:
				next[j+1] = row[j] && a[i] == b[j]
			}
		}
		row = next
	}
	return row[len(b)]
}
