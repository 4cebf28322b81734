package auth

import (
	"slices"
	"strings"

	"ramier/internal/sms"
)

// Limits of access rules.
const (
	maxRules    = 100
	maxRulePath = 512
)

// ruleMethods are OVH's.
var ruleMethods = []string{"GET", "POST", "PUT", "DELETE", "PATCH"}

// Everything gives the rules that allow every call.
func Everything() []sms.AccessRule {
	return []sms.AccessRule{{Method: "GET", Path: "/*"}, {Method: "POST", Path: "/*"}, {Method: "PUT", Path: "/*"}, {Method: "DELETE", Path: "/*"}}
}

// ParseRule reads an access rule such as "GET /sms/*". Error: Invalid.
func ParseRule(text string) (sms.AccessRule, error) {
	words := strings.Fields(text)
	if len(words) != 2 {
		return sms.AccessRule{}, sms.Errorf(sms.Invalid, "the rule %s must be a method and a path, like \"GET /sms/*\"", quote(text))
	}
	rule := sms.AccessRule{Method: strings.ToUpper(words[0]), Path: words[1]}
	return rule, checkRule(rule)
}

// CheckRules tells whether a consumer key may have these rules. Error: Invalid.
func CheckRules(rules []sms.AccessRule) error {
	if len(rules) == 0 {
		return sms.Errorf(sms.Invalid, "there are no access rules: a consumer key without one allows nothing; GET /* allows to read everything")
	}
	if len(rules) > maxRules {
		return sms.Errorf(sms.Invalid, "there are %d access rules, at most %d are taken: join some with *", len(rules), maxRules)
	}
	for _, rule := range rules {
		if err := checkRule(rule); err != nil {
			return err
		}
	}
	return nil
}

func checkRule(rule sms.AccessRule) error {
	shown := quote(rule.String())
	if !slices.Contains(ruleMethods, rule.Method) {
		return sms.Errorf(sms.Invalid, "the rule %s has the method %s, which must be one of %s", shown, quote(rule.Method), strings.Join(ruleMethods, ", "))
	}
	switch {
	case !strings.HasPrefix(rule.Path, "/"):
		return sms.Errorf(sms.Invalid, "the rule %s has the path %s, which must begin with a slash, like /sms/*", shown, quote(rule.Path))
	case len(rule.Path) > maxRulePath:
		return sms.Errorf(sms.Invalid, "the rule %s has a path of %d bytes, at most %d are taken: shorten it with *", shown, len(rule.Path), maxRulePath)
	case strings.ContainsFunc(rule.Path, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '?' || c == '#' }):
		return sms.Errorf(sms.Invalid, "the rule %s has a path with a space, ? or #: rules are for the path alone, without query", shown)
	}
	for _, api := range apiBases {
		if rest, ok := strings.CutPrefix(rule.Path, api); ok && (rest == "" || rest[0] == '/') {
			return sms.Errorf(sms.Invalid, "the rule %s names %s, but rules are for the path below it: write %s", shown, api, quote(rule.Method+" /"+strings.TrimLeft(rest, "/")))
		}
	}
	return nil
}
