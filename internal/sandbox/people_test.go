package sandbox_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

// newPassword is the answer to what gives a person a password.
type newPassword struct{ Login, SignIn, Password string }

// keysOf makes a consumer key on the page createToken as somebody.
func keysOf(t *testing.T, p *sandboxtest.Platform, who newPassword, rules ...string) *ovh.Client {
	t.Helper()
	v := newVisitor(t, p)
	v.signIn(who.SignIn, who.Password)
	form := url.Values{"csrf": {v.get("/createToken/").mark("csrf")}, "name": {who.Login + " " + strings.Join(rules, " ")}, "validity": {"0"}}
	for _, r := range rules {
		method, path, _ := strings.Cut(r, " ")
		form.Add("method", method)
		form.Add("path", path)
	}
	got := v.post("/createToken/", form)
	if got.status != http.StatusOK {
		t.Fatalf("%d\n%s", got.status, got.text)
	}
	find := func(name string) string {
		m := regexp.MustCompile(name + `=(\w+)`).FindStringSubmatch(got.text)
		if m == nil {
			t.Fatalf("no %s in\n%s", name, got.text)
		}
		return m[1]
	}
	return p.Client(sandbox.Keys{ApplicationKey: find("application_key"), ApplicationSecret: find("application_secret"), ConsumerKey: find("consumer_key")})
}

var allRules = []string{"GET /*", "POST /*", "PUT /*", "DELETE /*"}

// A person does what her role allows, by her keys and by what she approves; when the role shrinks so do the keys, and when she is gone
// they end.
func TestPeopleDoWhatTheirRolesAllow(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var marie newPassword
		check(t, p.OVH.Post("/me/people", map[string]any{"login": "marie", "role": "sender", "description": "Marie"}, &marie))
		if marie.SignIn != "rm12345-ovh/marie" || len(marie.Password) < 10 {
			t.Fatalf("%+v", marie)
		}
		refusedWith(t, p.OVH.Post("/me/people", map[string]any{"login": "marie", "role": "reader"}, nil), 409, "marie")
		refusedWith(t, p.OVH.Post("/me/people", map[string]any{"login": "Ma/rie", "role": "reader"}, nil), 400, "login")
		refusedWith(t, p.OVH.Post("/me/people", map[string]any{"login": "x", "role": "king"}, nil), 400, "sender")
		var same newPassword
		check(t, p.Other.Post("/me/people", map[string]any{"login": "marie", "role": "reader"}, &same)) // names of others are free

		hers := keysOf(t, p, marie, allRules...)
		send := func() error {
			return hers.Post(p.Path("/jobs"), map[string]any{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}, nil)
		}
		check(t, send())
		refusedWith(t, hers.Post("/me/people", map[string]any{"login": "eve", "role": "owner"}, nil), 403, "role sender")
		refusedWith(t, hers.Post(p.Path("/users"), map[string]any{"login": "x", "password": "12345678"}, nil), 403, "role sender")
		refusedWith(t, hers.Post("/me/api/oauth2/client", map[string]any{}, nil), 403, "role sender")
		var details struct {
			Method, User string
			Roles        []string
		}
		check(t, hers.Get("/auth/details", &details))
		if details.Method != "user" || details.User != marie.SignIn || len(details.Roles) != 1 || details.Roles[0] != "sender" {
			t.Errorf("%+v", details)
		}

		check(t, p.OVH.Put("/me/people/marie", map[string]any{"role": "reader"}, nil))
		refusedWith(t, send(), 403, "role reader")
		check(t, hers.Get(p.Path("/outgoing"), nil))
		check(t, p.OVH.Put("/me/people/marie", map[string]any{"role": "finance"}, nil))
		refusedWith(t, hers.Get(p.Path("/outgoing"), nil), 403, "role finance")
		check(t, hers.Get("/order/sms/"+p.Info.ServiceName+"/credits?quantity=100", nil))

		// Others do not see her, and cannot sign in as her.
		refusedWith(t, p.Other.Delete("/me/people/marie2", nil), 404, "marie2")
		check(t, p.Other.Delete("/me/people/marie", nil)) // their own
		check(t, hers.Get("/me", nil))
		var names []string
		check(t, p.Operator.Get("/operator/accounts", &names))
		for _, n := range names {
			if strings.Contains(n, "/") {
				t.Errorf("%s is listed as a customer", n)
			}
		}
		refusedWith(t, p.Operator.Get("/operator/accounts/"+url.PathEscape(marie.SignIn), nil), 404, "marie")

		v := newVisitor(t, p)
		v.signIn(marie.SignIn, marie.Password)
		check(t, p.OVH.Delete("/me/people/marie", nil))
		refusedWith(t, hers.Get("/me", nil), 403, "This credential is not valid")
		if got := v.get("/account/"); !strings.Contains(got.text, `name="password"`) {
			t.Error("her session goes on")
		}
		if got := newVisitor(t, p).post("/signin", url.Values{"account": {marie.SignIn}, "password": {marie.Password}}); got.status != http.StatusForbidden {
			t.Errorf("she signs in: %d", got.status)
		}
		check(t, p.OVH.Post("/me/people", map[string]any{"login": "marie", "role": "reader"}, &marie)) // the name is free again
		refusedWith(t, hers.Get("/me", nil), 403, "This credential is not valid")
	})
}

// A page of approval shows, and gives, no more than the role allows.
func TestApprovalsKeepToTheRole(t *testing.T) {
	p := sandboxtest.Start(t, "")
	var rita newPassword
	check(t, p.OVH.Post("/me/people", map[string]any{"login": "rita", "role": "reader"}, &rita))
	client, asked := ask(t, p, "", readAndSend...)
	v := newVisitor(t, p)
	v.signIn(rita.SignIn, rita.Password)
	page := v.get(strings.TrimPrefix(asked.ValidationURL, strings.TrimSuffix(p.Info.Endpoint, "/1.0")))
	if !strings.Contains(page.text, "Your role, reader, does not allow") || strings.Contains(page.text, "It can send messages in your name") {
		t.Error(page.text)
	}
	v.approve(asked.ValidationURL, "0")
	check(t, client.Get("/sms", nil))
	refusedWith(t, client.Post(p.Path("/jobs"), map[string]any{"message": "x"}, nil), 403, "not been granted")
	var ids []int64
	check(t, p.OVH.Get("/me/api/credential", &ids))
	var got credential
	check(t, client.Get("/me", nil))
	for _, id := range ids {
		check(t, p.OVH.Get("/me/api/credential/"+strconv.FormatInt(id, 10), &got))
		if len(got.Rules) == 4 && got.Rules[2].Method == "POST" && got.Rules[2].Path == "/sms/*/jobs" {
			t.Errorf("the key got %v", got.Rules)
		}
	}
	var d document
	check(t, p.OVH.Post("/me/document", map[string]any{"name": "list.csv"}, &d))
	reader := keysOf(t, p, rita, "GET /*")
	var seen document
	check(t, reader.Get("/me/document/"+d.ID, &seen))
	if seen.PutURL != "" || seen.GetURL == "" {
		t.Errorf("a reader may write at %q", seen.PutURL)
	}
	refusedWith(t, client.Get("/me/document", nil), 403, "not been granted") // the application did not ask for it

	// What the role does not reach at all cannot be approved.
	_, asked = ask(t, p, "", ovh.AccessRule{Method: "POST", Path: "/sms/*/jobs"})
	if page := v.get(strings.TrimPrefix(asked.ValidationURL, strings.TrimSuffix(p.Info.Endpoint, "/1.0"))); strings.Contains(page.text, `value="approve"`) {
		t.Error(page.text)
	}
}

// Operators do what their roles allow, and all that they change or try is written down.
func TestOperatorsHaveRolesAndALog(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var people [2]newPassword
		add := func(login, role string, to *newPassword) {
			check(t, p.Operator.Post("/operator/accounts/operator-ovh/people", map[string]any{"login": login, "role": "reader", "operatorRole": role}, to))
		}
		add("sue", "support", &people[0])
		add("finn", "finance", &people[1])
		support, finance := keysOf(t, p, people[0], allRules...), keysOf(t, p, people[1], allRules...)
		check(t, support.Get("/operator/carriers", nil))
		check(t, support.Get("/operator/log", nil))
		refusedWith(t, support.Post("/operator/accounts/rm12345-ovh/password", nil, nil), 403, "operator role support")
		refusedWith(t, support.Put("/operator/rates/fr", map[string]any{"credits": 2}, nil), 403, "operator role support")
		check(t, finance.Put("/operator/rates/fr", map[string]any{"credits": 2}, nil))
		refusedWith(t, finance.Get("/operator/carriers", nil), 403, "operator role finance")
		refusedWith(t, finance.Get("/operator/log", nil), 403, "operator role finance")
		check(t, p.OVH.Post(p.Path("/senders"), map[string]any{"sender": "Boutique", "reason": "ours"}, nil))
		check(t, support.Post("/operator/services/"+p.Info.ServiceName+"/senders/Boutique/approve", map[string]any{"comment": "ok"}, nil))
		refusedWith(t, p.OVH.Post("/operator/accounts", map[string]any{"country": "FR"}, nil), 403, "operator")
		check(t, p.Operator.Put("/operator/accounts/operator-ovh/people/finn", map[string]any{"operatorRole": "none"}, nil))
		refusedWith(t, finance.Put("/operator/rates/fr", map[string]any{"credits": 1}, nil), 403, "operator role none")
		refusedWith(t, p.Operator.Put("/operator/accounts/operator-ovh", map[string]any{"operatorRole": "support"}, nil), 409, "lock you out")

		var log []struct {
			ID                                                             int64
			Account, Person, Operation, Outcome, Parameters, Path, Address string
			Datetime                                                       time.Time
		}
		check(t, p.Operator.Get("/operator/log?outcome=refused", &log))
		var got []string
		for _, e := range log {
			got = append(got, e.Person+" "+e.Account+" "+e.Operation)
			if e.Address != "127.0.0.1" || e.Datetime.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		want := "operator-ovh/finn operator-ovh PUT /operator/rates/{country}\n rm12345-ovh POST /operator/accounts\n" +
			"operator-ovh/sue operator-ovh PUT /operator/rates/{country}\noperator-ovh/sue operator-ovh POST /operator/accounts/{account}/password"
		if strings.Join(got, "\n") != want {
			t.Errorf("refused:\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
		check(t, p.Operator.Get("/operator/log?person=operator-ovh/sue&outcome=done", &log))
		if len(log) != 1 || !strings.Contains(log[0].Parameters, `"sender":"Boutique"`) {
			t.Errorf("%+v", log)
		}
		check(t, p.App.Store.DropOperatorLogs(t.Context(), p.Clock.Now().Add(time.Hour)))
		if check(t, p.Operator.Get("/operator/log", &log)); len(log) != 0 {
			t.Errorf("%d entries are kept for too long", len(log))
		}
	})
}
