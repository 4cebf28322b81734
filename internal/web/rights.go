package web

import (
	"regexp"
	"slices"
	"strings"

	"ramier/internal/sms"
)

// A right is what access rules allow, in words.
type right struct {
	Verbs  string // "See, change"
	Object string // "everything in all your SMS accounts"
	Path   string // shown as it is where there are no words for it
}

// verbs are the words for methods, in the order in which they are said.
var verbs = []string{"verb.see", "verb.add", "verb.send", "verb.both", "verb.change", "verb.delete"}

// resources are the words for what an SMS account has.
var resources = map[string]string{
	"jobs": "res.jobs", "outgoing": "res.outgoing", "incoming": "res.incoming", "senders": "res.senders", "users": "res.users",
	"blacklists": "res.optouts", "optOuts": "res.optouts", "receivers": "res.receivers", "batches": "res.batches", "phonebooks": "res.phonebooks",
	"hlr": "res.hlr", "templatesControl": "res.templates", "virtualNumbers": "res.numbers", "document": "res.documents", "quotes": "res.quotes",
	"task": "res.tasks", "serviceInfos": "res.contract", "transferCredits": "res.transfer",
}

// describe puts rules into words, those about one thing together.
func describe(rules []sms.AccessRule, t func(string, ...any) string) []right {
	var rights []right
	asked := map[string][]string{} // words for methods, by object
	for _, r := range rules {
		object, path := objectOf(r.Path, t)
		if asked[object+path] == nil {
			rights = append(rights, right{Object: object, Path: path})
		}
		asked[object+path] = append(asked[object+path], verbOf(r))
	}
	for i, r := range rights {
		var words []string
		for _, v := range verbs {
			if slices.Contains(asked[r.Object+r.Path], v) && !slices.Contains(words, t(v)) {
				words = append(words, t(v))
			}
		}
		rights[i].Verbs = sentence(words, t("and"))
	}
	return rights
}

// wholeAccount fits the paths of everything, of all SMS accounts or of one.
var wholeAccount = regexp.MustCompile(`^/(\*|sms\*|sms/[^/]*\*|sms/[^/]+/\*)$`)

// verbOf gives the word for the method of a rule.
func verbOf(r sms.AccessRule) string {
	switch r.Method {
	case "POST":
		switch {
		case strings.Contains(r.Path, "/jobs") || strings.Contains(r.Path, "/batches"):
			return "verb.send"
		case wholeAccount.MatchString(r.Path):
			return "verb.both"
		}
		return "verb.add"
	case "PUT", "PATCH":
		return "verb.change"
	case "DELETE":
		return "verb.delete"
	}
	return "verb.see"
}

// sentence joins words: "see, add and delete", with a capital.
func sentence(words []string, and string) string {
	last := len(words) - 1
	text := words[last]
	if last > 0 {
		text = strings.Join(words[:last], ", ") + " " + and + " " + text
	}
	first := []rune(text)
	return strings.ToUpper(string(first[:1])) + string(first[1:])
}

// objectOf says what a path is about. A star stands for any run of characters, so "/sms/*" is all that lies below.
func objectOf(path string, t func(string, ...any) string) (object, raw string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	switch first := segments[0]; {
	case first == "*" || first == "":
		return t("obj.everything"), ""
	case first == "sms*":
		return t("obj.sms.all"), ""
	case first == "sms":
		return smsObject(segments[1:], path, t)
	case strings.HasPrefix(path, "/me/api"):
		return t("obj.keys"), ""
	case strings.HasPrefix(path, "/me/order"), strings.TrimSuffix(first, "*") == "order":
		return t("obj.orders"), ""
	case strings.HasPrefix(path, "/me/document"):
		return t("res.documents.me"), ""
	case first == "me" && len(segments) == 1:
		return t("obj.me"), ""
	case first == "me*" || first == "me" && segments[1] == "*":
		return t("obj.me.all"), ""
	case strings.TrimSuffix(first, "*") == "auth":
		return t("obj.auth"), ""
	case strings.TrimSuffix(first, "*") == "operator":
		return t("obj.operator"), ""
	}
	return "", path
}

// smsObject is about what stands after /sms.
func smsObject(rest []string, path string, t func(string, ...any) string) (object, raw string) {
	if len(rest) == 0 {
		return t("obj.sms.list"), ""
	}
	switch service := rest[0]; {
	case service == "*" && len(rest) == 1:
		return t("obj.sms.all"), ""
	case slices.Contains([]string{"estimate", "ptts", "rates"}, service):
		return t("obj.rates"), ""
	case service == "virtualNumbers":
		return t("res.numbers", t("obj.sms.every")), ""
	case len(rest) == 1 && !strings.HasSuffix(service, "*"):
		return t("obj.sms.settings", service), ""
	default:
		who := t("obj.sms.one", service)
		if service == "*" {
			who = t("obj.sms.every")
		} else if strings.Contains(service, "*") {
			who = t("obj.sms.named", service)
		}
		if len(rest) == 1 || rest[1] == "*" {
			return t("obj.sms.in", who), ""
		}
		if word := resources[strings.TrimSuffix(rest[1], "*")]; word != "" {
			return t(word, who), ""
		}
		return "", path
	}
}

// warnings say what an application could do that costs money or reaches far, with those rules, in that account.
func warnings(rules []sms.AccessRule, account sms.Account, services []string) []string {
	services = append(slices.Clone(services), "sms-xx11111-1") // one that it may get
	below := func(prefix string, ends ...string) (paths []string) {
		for _, s := range services {
			for _, end := range ends {
				paths = append(paths, prefix+s+end)
			}
		}
		return paths
	}
	every := []string{"GET", "POST", "PUT", "DELETE"}
	var found []string
	for _, w := range []struct {
		word    string
		methods []string
		paths   []string
	}{
		{"warn.send", []string{"POST"}, below("/sms/", "/jobs", "/batches", "/users/a/jobs", "/virtualNumbers/a/jobs")},
		{"warn.money", []string{"POST"}, append(below("/sms/", "/transferCredits"), below("/order/sms/", "/credits")...)},
		{"warn.keys", []string{"POST", "PUT", "DELETE"}, []string{"/me/api/credential/1", "/me/api/application/1", "/me/api/oauth2/client", "/me/api/oauth2/client/1"}},
		{"warn.operator", every, []string{"/operator/accounts", "/operator/accounts/a", "/operator/accounts/a/password", "/operator/tokens", "/operator/carriers/a"}},
	} {
		if w.word == "warn.operator" && !account.Operator {
			continue
		}
		if slices.ContainsFunc(rules, func(r sms.AccessRule) bool {
			return slices.ContainsFunc(w.paths, func(path string) bool {
				return slices.ContainsFunc(w.methods, func(m string) bool { return r.Allows(m, path) })
			})
		}) {
			found = append(found, w.word)
		}
	}
	return found
}
