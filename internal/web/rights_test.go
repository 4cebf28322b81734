package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"ramier/internal/sms"
)

func TestRulesAreToldInPlainWords(t *testing.T) {
	all := func(path string) []sms.AccessRule {
		return []sms.AccessRule{{Method: "GET", Path: path}, {Method: "POST", Path: path}, {Method: "PUT", Path: path}, {Method: "DELETE", Path: path}}
	}
	for _, c := range []struct {
		rules  []sms.AccessRule
		en, fr string
	}{
		{all("/*"), "See, add or send, change and delete everything in your account", "Voir, ajouter ou envoyer, modifier et supprimer tout dans votre compte"},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms"}}, "See the list of your SMS accounts", "Voir la liste de vos comptes SMS"},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms/"}}, "See the list of your SMS accounts", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms*"}}, "See everything in all your SMS accounts", ""},
		{[]sms.AccessRule{{Method: "POST", Path: "/sms/*/jobs"}}, "Send messages from all your SMS accounts", "Envoyer des messages depuis tous vos comptes SMS"},
		{[]sms.AccessRule{{Method: "POST", Path: "/sms/sms-a-1/jobs/"}}, "Send messages from the SMS account sms-a-1", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms/sms-a-1/*"}}, "See everything in the SMS account sms-a-1", ""},
		{[]sms.AccessRule{{Method: "PUT", Path: "/sms/sms-a-1"}}, "Change the settings and credits of sms-a-1", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms/sms-a-*"}}, "See everything in the SMS accounts named sms-a-*", ""},
		{[]sms.AccessRule{{Method: "POST", Path: "/sms/*/users/*"}}, "Add users of all your SMS accounts", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/me"}}, "See your name and address", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/me*"}}, "See your customer data, keys and orders", ""},
		{[]sms.AccessRule{{Method: "DELETE", Path: "/me/api/credential/*"}}, "Delete your applications and keys", ""},
		{[]sms.AccessRule{{Method: "POST", Path: "/order/*"}}, "Add your orders", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/domain/*"}}, "See /domain/*", ""},
		{[]sms.AccessRule{{Method: "GET", Path: "/sms/*/nonsense"}}, "See /sms/*/nonsense", ""},
	} {
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr} {
			got := describe(c.rules, func(key string, args ...any) string { return say(lang, key, args...) })
			if want != "" && (len(got) != 1 || got[0].Verbs+" "+got[0].Object+got[0].Path != want) {
				t.Errorf("%v in %s is %+v, want %s", c.rules, lang, got, want)
			}
		}
	}
}

func TestWhatCostsMoneyOrReachesFarIsSaid(t *testing.T) {
	for _, c := range []struct {
		rule     string
		operator bool
		want     string
	}{
		{"GET /*", false, ""},
		{"POST /*", false, "warn.send warn.money warn.keys"},
		{"POST /sms/sms-own-1/jobs", false, "warn.send"},
		{"POST /sms/sms-foreign-1/jobs", false, ""},
		{"POST /sms/*/batches", false, "warn.send"},
		{"POST /sms/*/users/*/jobs", false, "warn.send"},
		{"POST /order/sms/*", false, "warn.money"},
		{"DELETE /me/api/*", false, "warn.keys"},
		{"GET /*", true, "warn.operator"},
	} {
		method, path, _ := strings.Cut(c.rule, " ")
		got := warnings([]sms.AccessRule{{Method: method, Path: path}}, sms.Account{Operator: c.operator}, []string{"sms-own-1"})
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s warns of %v, want %s", c.rule, got, c.want)
		}
	}
}

// Every word that a page or the code asks for is there in all languages, and has the same blanks.
func TestNoWordIsMissing(t *testing.T) {
	blank := regexp.MustCompile(`%.`)
	for key, texts := range words() {
		if len(texts) != len(languages) || texts[0] == "" || texts[1] == "" || !slices.Equal(blank.FindAllString(texts[0], -1), blank.FindAllString(texts[1], -1)) {
			t.Errorf("%s: %q", key, texts)
		}
	}
	entries, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := files.ReadFile("templates/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bt "([a-zA-Z0-9.]+)"`).FindAllStringSubmatch(string(text), -1) {
			if words()[m[1]] == nil {
				t.Errorf("%s wants the word %s", e.Name(), m[1])
			}
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add("GET", "/sms/*/jobs")
	f.Fuzz(func(t *testing.T, method, path string) {
		rights := describe([]sms.AccessRule{{Method: method, Path: path}}, func(key string, args ...any) string { return say("fr", key, args...) })
		if len(rights) != 1 || rights[0].Verbs == "" || rights[0].Object+rights[0].Path == "" && path != "" {
			t.Errorf("%q %q is %+v", method, path, rights)
		}
	})
}
